"""A run that a rep started touches no field they may not see, and writes none in the CRM that they may not edit."""

from __future__ import annotations

import pytest

from tests.support.office import Office

READABLE = ["Email", "FirstName", "LastName", "Title"]  # not Phone
EDITABLE = ["Email", "FirstName", "LastName"]  # and not Title


@pytest.fixture
def ana(office: Office) -> str:
    return office.in_crm(
        "Contact", FirstName="Ana", LastName="Sample", Email="ana@example.com", Title="Buyer", Phone="+1 555 0100"
    )


@pytest.fixture
def linked(office: Office, ana: str) -> int:
    office.sync("Contact", ana)
    return office.linked("Contact", ana)


def test_a_hidden_field_is_not_taken_over(office: Office, ana: str, linked: int) -> None:
    office.edit(ana, Phone="+1 555 0199", FirstName="Anna")
    told = office.sync("Contact", ana, readable_fields=READABLE, editable_fields=EDITABLE)
    assert told.changes == {("first_name", "here", "Ana", "Anna")}
    assert told.left_alone == {"phone": "HIDDEN_FROM_YOU"}
    assert office.values(linked, "phone") == {"phone": "+1 555 0100"}


def test_a_hidden_field_is_not_even_taken_over_into_a_new_record(office: Office, ana: str) -> None:
    told = office.sync("Contact", ana, readable_fields=READABLE, editable_fields=EDITABLE)
    assert told.outcome == "created"
    assert "phone" not in office.values(office.linked("Contact", ana))
    assert told.left_alone == {"phone": "HIDDEN_FROM_YOU"}


def test_a_read_only_field_comes_here_and_is_not_written_there(office: Office, ana: str, linked: int) -> None:
    office.change(linked, job_title="Owner", first_name="Anna")
    told = office.sync("Contact", ana, readable_fields=READABLE, editable_fields=EDITABLE)
    assert set(told.written) == {"FirstName"}
    assert told.left_alone == {"job_title": "NOT_YOURS_TO_EDIT"}
    office.edit(ana, Title="Director")
    office.change(linked, job_title="Buyer")
    office.time_passes()
    pulled = office.sync("Contact", ana, readable_fields=READABLE, editable_fields=EDITABLE)
    assert pulled.changes == {("job_title", "here", "Buyer", "Director")}


def test_a_hidden_field_is_not_written_there_either(office: Office, ana: str, linked: int) -> None:
    office.set_field("Contact", "phone", direction="two_way")
    office.put_raw(linked, phone="+1 555 0177")
    told = office.sync("Contact", ana, readable_fields=READABLE, editable_fields=[*EDITABLE, "Phone"])
    assert told.writes == []
    assert told.left_alone == {"phone": "HIDDEN_FROM_YOU"}


def test_the_reason_says_what_to_do(office: Office, ana: str, linked: int) -> None:
    office.edit(ana, Phone="+1 555 0199")
    told = office.sync("Contact", ana, readable_fields=READABLE, editable_fields=EDITABLE)
    [left] = told.entry.left_alone
    assert (left["field"], left["crm_field"], left["label"]) == ("phone", "Phone", "Phone")
    assert left["reason"] == "You may not see this field in Salesforce."


def test_a_hidden_value_is_not_in_the_log(office: Office, ana: str, linked: int) -> None:
    office.edit(ana, Phone="+1 555 0199")
    told = office.sync("Contact", ana, readable_fields=READABLE, editable_fields=EDITABLE)
    assert "0199" not in str([told.entry.changes, told.entry.left_alone, told.entry.message])


def test_another_rep_who_may_see_it_brings_it_over_later(office: Office, ana: str, linked: int) -> None:
    office.edit(ana, Phone="+1 555 0199")
    office.sync("Contact", ana, readable_fields=READABLE, editable_fields=EDITABLE)
    told = office.sync("Contact", ana, readable_fields=[*READABLE, "Phone"], editable_fields=EDITABLE)
    assert told.changes == {("phone", "here", "+1 555 0100", "+1 555 0199")}
    assert told.left_alone == {}


def test_a_rep_who_may_see_and_edit_nothing_changes_nothing(office: Office, ana: str, linked: int) -> None:
    office.edit(ana, FirstName="Anna")
    office.change(linked, last_name="Samples")
    told = office.sync("Contact", ana, readable_fields=[], editable_fields=[])
    assert (told.outcome, told.writes, told.entry.changes) == ("unchanged", [], [])
