"""Finding and making records in Salesforce: what its ways of saying no mean, and what only it can do."""

from __future__ import annotations

from datetime import timedelta

import pytest

from jobs.crm.base import CrmRow
from jobs.crm.errors import DuplicateFound
from jobs.runtime import utc_now
from jobs.sync.matching import Rule
from jobs.values import Value
from tests.support.office import Office

PERSON = {"Email": "email", "LastName": "text", "Company": "text"}
BY_EMAIL = Rule("Email", "email", "email")
BY_DOMAIN = Rule("Website", "domain", "domain")


def make_lead(office: Office, key: str = "k-1", **more: Value) -> CrmRow:
    values = {"LastName": "Sample", "Company": "Sample Mill", **more}
    return office.adapter().create("Lead", values, PERSON, key=key)


def test_one_composite_makes_it_and_the_owner_does_not_jump(office: Office) -> None:
    lead = make_lead(office, LeadSource="Web")
    call = [each for each in office.org.journal("call") if each["path"].endswith("/composite")][-1]
    assert [(each["method"], each["status"]) for each in call["subrequests"]] == [("POST", 201), ("GET", 200)]
    shown = office.shown_in_crm(lead.record_id, "OwnerId", "CRM_Sync_Id__c")
    assert shown == {"OwnerId": office.org.user("integration")["id"], "CRM_Sync_Id__c": "k-1"}


def test_a_duplicate_of_another_object_is_no_record_of_this_one(office: Office) -> None:
    rule = {
        "name": "Lead_is_contact",
        "action": "alert",
        "fields": ["Email"],
        "also": [{"object": "Contact", "fields": ["Email"]}],
        "matching_rule": "By_email",
        "message": "Use one of these records?",
    }
    office.org.control("objects", {"object": "Lead", "duplicate_rules": [rule]})
    contact = office.in_crm("Contact", LastName="Sample", Email="ana@example.com")
    with pytest.raises(DuplicateFound) as caught:
        make_lead(office, Email="ana@example.com")
    assert (caught.value.record_ids, caught.value.objects) == ((), {contact: "Contact"})
    lead = office.in_crm("Lead", LastName="Sample", Company="Sample Mill", Email="ana@example.com")
    with pytest.raises(DuplicateFound) as caught:
        make_lead(office, Email="ana@example.com")
    assert caught.value.record_ids == (lead,)


def test_a_value_that_must_be_unique_names_its_holder_in_full(office: Office) -> None:
    badge = {"name": "Badge__c", "type": "string", "length": 20, "unique": True}
    office.org.control("objects", {"object": "Lead", "fields": [badge]})
    holder = make_lead(office, Badge__c="B-7").record_id
    with pytest.raises(DuplicateFound) as caught:
        make_lead(office, "k-2", LastName="Other", Badge__c="B-7")
    assert caught.value.record_ids == (holder,)


def test_one_that_was_deleted_since_was_made_all_the_same(office: Office) -> None:
    lead = make_lead(office).record_id
    office.org.control("delete", {"object": "Lead", "id": lead})
    since = utc_now() - timedelta(seconds=5)
    row = office.adapter().created("Lead", {"LastName": "Sample"}, PERSON, key="k-1", since=since)
    assert row is not None
    assert (row.record_id, row.is_deleted) == (lead, True)


def test_a_converted_lead_is_found_only_where_there_is_no_other(office: Office) -> None:
    ana = {"LastName": "Sample", "Company": "Sample Mill", "Email": "ana@example.com"}
    old = office.in_crm("Lead", **ana)
    office.org.control("convert_lead", {"id": old})
    assert [row.record_id for row in office.adapter().find("Lead", BY_EMAIL, "ana@example.com", PERSON)] == [old]
    new = office.in_crm("Lead", **ana)
    assert [row.record_id for row in office.adapter().find("Lead", BY_EMAIL, "ana@example.com", PERSON)] == [new]


def test_look_alikes_of_several_pages_are_looked_through(office: Office) -> None:
    alike = [{"Name": f"Sample {number}", "Website": "kiefer.test.example.com"} for number in range(1_000)]
    office.org.control("records", {"object": "Account", "records": alike})
    meant = office.in_crm("Account", Name="Sample Company", Website="kiefer.test")
    adapter = office.adapter()
    # Rows with a long text are so wide that not all fit on one page.
    found = adapter.find("Account", BY_DOMAIN, "kiefer.test", {"Website": "url", "Description": "long_text"})
    assert [row.record_id for row in found] == [meant]
    assert len([each for each in office.org.journal("call") if "/query" in each["path"]]) == 2
