"""Each default object on its whole way: made here, found here, linked, and kept alike in both directions."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from jobs.kinds import KINDS
from jobs.mapping_defaults import DEFAULTS
from jobs.records import RecordError
from tests.support.office import Office
from tests.support.org_server import Json

A_MINUTE = timedelta(minutes=1)
# What every read may name besides the mapped fields: who, when, and what became of the record.
HOUSEKEEPING = {
    "Id",
    "Name",
    "IsDeleted",
    "LastModifiedDate",
    "LastModifiedBy.Name",
    "MasterRecordId",
    "IsConverted",
    "ConvertedContactId",
}


@dataclass(frozen=True)
class Case:
    """One object as the CRM has it, and what has to become of it here."""

    object: str
    kind: str
    crm: Json
    here: Json
    changed_in_crm: Json  # every field that comes to us
    then_here: Json
    changed_here: Json  # every two-way field
    then_in_crm: Json
    inbound: str  # one of ours that only the CRM may change
    beside: Json = field(default_factory=dict)  # CRM fields that are nobody's business

    def __str__(self) -> str:
        return self.object


CASES = (
    Case(
        object="Account",
        kind="account",
        crm={
            "Name": "Sample Mill",
            "Website": "https://www.sample-mill.example/about?x=1",
            "Industry": "Retail",
            "NumberOfEmployees": 40,
            "Phone": "+1 555 0100",
        },
        here={
            "name": "Sample Mill",
            "domain": "sample-mill.example",
            "industry": "Retail",
            "employee_count": 40,
            "phone": "+1 555 0100",
        },
        changed_in_crm={
            "Name": "Sample Mills",
            "Website": "mills.example",
            "Industry": "Energy",
            "NumberOfEmployees": 41,
            "Phone": "+1 555 0101",
        },
        then_here={
            "name": "Sample Mills",
            "domain": "mills.example",
            "industry": "Energy",
            "employee_count": 41,
            "phone": "+1 555 0101",
        },
        changed_here={"name": "The Mill", "domain": "the-mill.example", "employee_count": 44},
        then_in_crm={"Name": "The Mill", "Website": "the-mill.example", "NumberOfEmployees": 44},
        inbound="industry",
        beside={"Description": "not mapped", "AnnualRevenue": 5},
    ),
    Case(
        object="Contact",
        kind="contact",
        crm={
            "Email": "ana@example.com",
            "FirstName": "Ana",
            "LastName": "Sample",
            "Title": "Buyer",
            "Phone": "+1 555 0100",
        },
        here={
            "email": "ana@example.com",
            "first_name": "Ana",
            "last_name": "Sample",
            "job_title": "Buyer",
            "phone": "+1 555 0100",
        },
        changed_in_crm={
            "Email": "anna@example.com",
            "FirstName": "Anna",
            "LastName": "Samples",
            "Title": "Head of Buying",
            "Phone": "+1 555 0101",
        },
        then_here={
            "email": "anna@example.com",
            "first_name": "Anna",
            "last_name": "Samples",
            "job_title": "Head of Buying",
            "phone": "+1 555 0101",
        },
        changed_here={
            "email": "a.s@example.com",
            "first_name": "A.",
            "last_name": "Specimen",
            "job_title": "Owner",
        },
        then_in_crm={
            "Email": "a.s@example.com",
            "FirstName": "A.",
            "LastName": "Specimen",
            "Title": "Owner",
        },
        inbound="phone",
        beside={"Description": "not mapped", "Department": "Sales"},
    ),
    Case(
        object="Lead",
        kind="contact",
        crm={
            "Email": "lea@example.com",
            "FirstName": "Lea",
            "LastName": "Example",
            "Title": "Buyer",
            "Phone": "+1 555 0100",
            "Company": "Sample Mill",
        },
        here={
            "email": "lea@example.com",
            "first_name": "Lea",
            "last_name": "Example",
            "job_title": "Buyer",
            "phone": "+1 555 0100",
            "company": "Sample Mill",
        },
        changed_in_crm={
            "Email": "leah@example.com",
            "FirstName": "Leah",
            "LastName": "Examples",
            "Title": "Owner",
            "Phone": "1",
            "Company": "Mills",
        },
        then_here={
            "email": "leah@example.com",
            "first_name": "Leah",
            "last_name": "Examples",
            "job_title": "Owner",
            "phone": "1",
            "company": "Mills",
        },
        changed_here={
            "email": "l.e@example.com",
            "first_name": "L.",
            "last_name": "Trial",
            "job_title": "Boss",
            "company": "The Mill",
        },
        then_in_crm={
            "Email": "l.e@example.com",
            "FirstName": "L.",
            "LastName": "Trial",
            "Title": "Boss",
            "Company": "The Mill",
        },
        inbound="phone",
        beside={"Description": "not mapped", "City": "Salem"},
    ),
    Case(
        object="Opportunity",
        kind="opportunity",
        crm={"Name": "Mill Renewal", "Amount": 1250.5, "StageName": "Qualification", "CloseDate": "2027-03-31"},
        here={
            "name": "Mill Renewal",
            "amount": 1250.5,
            "stage": "Qualification",
            "close_date": "2027-03-31",
            "owner": "admin@example.com",
        },
        changed_in_crm={"Name": "Mill Pilot", "Amount": 99, "StageName": "Needs Analysis", "CloseDate": "2027-04-30"},
        then_here={
            "name": "Mill Pilot",
            "amount": 99,
            "stage": "Needs Analysis",
            "close_date": "2027-04-30",
            "owner": "admin@example.com",
        },
        changed_here={"name": "Mill Upgrade", "amount": 7.25, "stage": "Closed Won", "close_date": "2027-05-31"},
        then_in_crm={"Name": "Mill Upgrade", "Amount": 7.25, "StageName": "Closed Won", "CloseDate": "2027-05-31"},
        inbound="owner",
        beside={"Description": "not mapped", "NextStep": "Call back"},
    ),
)


@pytest.fixture(params=CASES, ids=str)
def case(request: pytest.FixtureRequest) -> Case:
    chosen: Case = request.param
    return chosen


@pytest.fixture
def crm_id(office: Office, case: Case) -> str:
    """The case's record in the CRM."""
    return office.in_crm(case.object, **case.crm, **case.beside)


class TestOnItsWay:
    def test_a_record_we_do_not_have_is_made_here(self, office: Office, case: Case, crm_id: str) -> None:
        told = office.sync(case.object, crm_id)
        assert (told.outcome, told.entry.direction, told.status) == ("created", "inbound", "succeeded")
        assert office.values(office.linked(case.object, crm_id)) == case.here
        assert told.writes == []

    def test_a_second_sync_finds_nothing_to_do(self, office: Office, case: Case, crm_id: str) -> None:
        office.sync(case.object, crm_id)
        told = office.sync(case.object, crm_id)
        assert (told.outcome, told.entry.changes, told.writes) == ("unchanged", [], [])

    def test_every_mapped_field_that_changed_in_the_crm_comes_here(
        self, office: Office, case: Case, crm_id: str
    ) -> None:
        office.sync(case.object, crm_id)
        office.edit(crm_id, **case.changed_in_crm)
        told = office.sync(case.object, crm_id)
        assert (told.outcome, told.entry.direction, told.writes) == ("updated", "inbound", [])
        assert office.values(office.linked(case.object, crm_id)) == case.then_here

    def test_every_two_way_field_that_changed_here_goes_there_and_no_other(
        self, office: Office, case: Case, crm_id: str
    ) -> None:
        office.sync(case.object, crm_id)
        office.change(office.linked(case.object, crm_id), **case.changed_here)
        told = office.sync(case.object, crm_id)
        assert (told.outcome, told.entry.direction, told.status) == ("updated", "outbound", "succeeded")
        assert told.written == case.then_in_crm
        assert office.shown_in_crm(crm_id, *case.then_in_crm) == case.then_in_crm

    def test_an_inbound_field_is_read_only_here_and_a_stray_change_is_undone(
        self, office: Office, case: Case, crm_id: str
    ) -> None:
        office.sync(case.object, crm_id)
        local_id = office.linked(case.object, crm_id)
        with pytest.raises(RecordError, match="comes from the CRM"):
            office.change(local_id, ago=A_MINUTE, **{case.inbound: "elsewhere@example.com"})
        office.put_raw(local_id, **{case.inbound: "elsewhere@example.com"})
        told = office.sync(case.object, crm_id)
        assert office.values(local_id, case.inbound) == {case.inbound: case.here[case.inbound]}
        assert told.writes == []

    def test_only_mapped_fields_are_ever_asked_for(self, office: Office, case: Case, crm_id: str) -> None:
        told = office.sync(case.object, crm_id)
        [query] = [each["query"] for each in told.journal if each.get("path", "").endswith("queryAll")]
        asked = set(query.removeprefix("q=SELECT ").partition(" FROM ")[0].split(", "))
        mapped = {("Owner.Email" if name == "OwnerId" else name) for name in case.crm} - {"Name"}
        if case.object == "Opportunity":
            mapped |= {"Owner.Email"}
        assert asked - HOUSEKEEPING == mapped
        assert not asked & case.beside.keys()

    def test_a_change_beside_the_mapping_is_nobodys_business(self, office: Office, case: Case, crm_id: str) -> None:
        office.sync(case.object, crm_id)
        office.edit(crm_id, user="rep", ago=A_MINUTE, **dict.fromkeys(case.beside, None))
        assert office.sync(case.object, crm_id).outcome == "unchanged"


class TestOutbound:
    def test_our_value_goes_there_and_theirs_never_comes_here(self, office: Office) -> None:
        office.map_field("Contact", "Lead_Score__c", "lead_score", "outbound")
        ana = office.in_crm("Contact", LastName="Sample", Email="ana@example.com", Lead_Score__c=1)
        local_id = office.here("contact", email="ana@example.com", last_name="Sample", lead_score=72)
        assert office.sync("Contact", ana).written == {"Lead_Score__c": 72.0}
        office.time_passes()
        office.edit(ana, Lead_Score__c=99)
        assert office.sync("Contact", ana).written == {"Lead_Score__c": 72.0}
        assert office.values(local_id, "lead_score") == {"lead_score": 72}


class TestDefaults:
    """The fields that a new connection maps, as the feature list names them."""

    def test_an_account_has_name_domain_industry_and_employee_count(self) -> None:
        assert {"name", "domain", "industry", "employee_count"} <= mapped("Account").keys()

    @pytest.mark.parametrize("object_name", ["Contact", "Lead"])
    def test_a_person_has_email_first_and_last_name_and_job_title(self, object_name: str) -> None:
        assert {"email", "first_name", "last_name", "job_title"} <= mapped(object_name).keys()

    def test_an_opportunity_has_name_amount_stage_close_date_and_owner(self) -> None:
        assert {"name", "amount", "stage", "close_date", "owner"} == mapped("Opportunity").keys()

    @pytest.mark.parametrize("object_name", ["Account", "Contact", "Lead", "Opportunity"])
    def test_all_of_them_exist_in_the_org_and_here(self, office: Office, object_name: str) -> None:
        described = office.adapter().describe(object_name)
        assert described is not None
        default = DEFAULTS["salesforce"][object_name]
        assert {theirs for theirs, _, _ in default.fields} <= described.info.fields.keys()
        for theirs, ours, direction in default.fields:
            there, here = described.info.fields[theirs], KINDS[default.kind].fields[ours]
            assert direction == "inbound" or there.may_update, theirs
            assert {there.field_type, here.field_type} not in ({"text", "number"}, {"date", "text"}), theirs

    def test_people_need_an_email_and_nothing_else_does(self) -> None:
        needing = {name for name, default in DEFAULTS["salesforce"].items() if default.needs_email}
        assert needing == {"Contact", "Lead"}


def mapped(object_name: str) -> dict[str, Any]:
    return {ours: direction for _, ours, direction in DEFAULTS["salesforce"][object_name].fields}
