"""An object with a filter, through the real engine and against the real org."""

from __future__ import annotations

from typing import Any

import pytest

from jobs.crm.describes import describe
from jobs.crm.salesforce import SalesforceAdapter
from jobs.runtime import utc_now
from jobs.sync.filters import parse
from tests.support.office import Office

LANGUAGES = {"all": [{"field": "Languages__c", "operator": "includes_any", "value": ["German", "French"]}]}


@pytest.fixture
def ana(office: Office) -> str:
    return office.in_crm("Contact", FirstName="Ana", LastName="Sample", Email="ana@example.com", Languages__c="German")


def test_a_record_that_passes_is_synced_at_the_same_cost(office: Office, ana: str) -> None:
    office.warm("Contact")
    office.set_object("Contact", filter=LANGUAGES)
    told = office.sync("Contact", ana)
    assert (told.outcome, told.calls) == ("created", ["GET queryAll"])


def test_a_record_that_does_not_pass_is_skipped_with_the_clause(office: Office) -> None:
    office.set_object("Contact", filter=LANGUAGES)
    ben = office.in_crm("Contact", LastName="Sample", Email="ben@example.com", Languages__c="English")
    told = office.sync("Contact", ben)
    assert (told.outcome, told.code, told.status, told.writes) == ("skipped", "FILTERED_OUT", "succeeded", [])
    assert "“Languages includes any of German, French” does not hold." in told.entry.message
    assert office.how_many("contact") == 0


def test_the_link_of_a_record_that_left_the_filter_stays(office: Office, ana: str) -> None:
    office.sync("Contact", ana)
    office.set_object("Contact", filter=LANGUAGES)
    office.edit(ana, FirstName="Anna", Languages__c="English")
    assert office.sync("Contact", ana).code == "FILTERED_OUT"
    assert office.values(office.linked("Contact", ana), "first_name") == {"first_name": "Ana"}
    office.edit(ana, Languages__c="French")
    assert office.sync("Contact", ana).changes == {("first_name", "here", "Ana", "Anna")}


@pytest.mark.parametrize(
    ("operator", "value", "passes"),
    [("contains", "www.", True), ("is", "example.com", False), ("ends", None, None)],
)
def test_a_website_is_asked_as_it_stands_in_the_crm(office: Office, operator: str, value: Any, passes: Any) -> None:
    """It is mapped as a domain, and kept here without its scheme and path."""
    document = {"all": [{"field": "Website", "operator": operator, "value": value}]}
    office.set_object("Account", filter=document)
    told = office.sync("Account", office.in_crm("Account", Name="Sample", Website="https://www.example.com/x"))
    assert told.code == ("" if passes else "FILTER_PAUSED" if passes is None else "FILTERED_OUT")


def test_an_owner_is_asked_by_address(office: Office) -> None:
    mine = {"all": [{"field": "OwnerId", "operator": "is", "value": "nobody@example.com"}]}
    office.set_object("Contact", filter=mine)
    told = office.sync("Contact", office.in_crm("Contact", LastName="Sample", Email="x@example.com"))
    assert told.code == "FILTERED_OUT"
    office.set_object("Contact", filter={"all": [{**mine["all"][0], "operator": "is_not"}]})
    assert office.sync("Contact", office.in_crm("Contact", LastName="S", Email="y@example.com")).outcome == "created"


def test_a_field_that_vanished_pauses_the_object_with_the_reason_and_it_goes_on_by_itself(
    office: Office, ana: str
) -> None:
    office.warm("Contact")
    office.set_object("Contact", filter=LANGUAGES)
    office.permit(fields={"Contact.Languages__c": "hidden"})
    told = office.sync("Contact", ana)
    assert (told.outcome, told.code, told.writes) == ("skipped", "FILTER_PAUSED", [])
    assert "“Languages__c” is not a field of Contact, or one that is hidden from us." in told.entry.message
    assert office.sync("Contact", ana).calls == []  # paused: nothing is asked for nothing
    office.time_passes()  # a describe is dated to the second
    office.permit(fields={"Contact.Languages__c": "edit"})
    office.forget_fields()
    assert office.sync("Contact", ana).outcome == "created"


def test_the_adapter_counts_what_passes_in_one_call(office: Office, ana: str) -> None:
    adapter = office.adapter()
    assert isinstance(adapter, SalesforceAdapter)
    info = describe(office.runtime, adapter, office.connection_id, "Contact")
    question = parse({"all": [{"field": "Id", "operator": "is", "value": ana}, *LANGUAGES["all"]]}, info).at(utc_now())
    before = adapter.calls
    assert adapter.count("Contact", question) == 1
    assert adapter.calls == before + 1
    assert adapter.count("Contact") > 1
