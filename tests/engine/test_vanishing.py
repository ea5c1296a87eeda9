"""Fields and objects that disappear, are hidden, or change their rights between one look and the next."""

from __future__ import annotations

import pytest

from tests.support.office import Office


@pytest.fixture
def ana(office: Office) -> str:
    ana = office.in_crm(
        "Contact", FirstName="Ana", LastName="Sample", Email="ana@example.com", Title="Buyer", Phone="+1 555 0100"
    )
    office.sync("Contact", ana)
    return ana


def test_a_field_hidden_since_the_last_look_is_left_out_and_named(office: Office, ana: str) -> None:
    office.permit(fields={"Contact.Title": "hidden"})
    office.edit(ana, FirstName="Anna")
    told = office.sync("Contact", ana)
    assert told.calls == ["GET queryAll", "GET describe", "GET queryAll"]
    assert told.changes == {("first_name", "here", "Ana", "Anna")}
    assert told.left_alone == {"job_title": "FIELD_GONE"}
    assert office.values(office.linked("Contact", ana), "job_title") == {"job_title": "Buyer"}


def test_the_next_sync_knows_it_already(office: Office, ana: str) -> None:
    office.permit(fields={"Contact.Title": "hidden"})
    office.sync("Contact", ana)
    told = office.sync("Contact", ana)
    assert (told.calls, told.left_alone) == (["GET queryAll"], {"job_title": "FIELD_GONE"})


def test_a_field_hidden_between_our_read_and_our_write(office: Office, ana: str) -> None:
    office.change(office.linked("Contact", ana), job_title="Owner", first_name="Anna")
    with office.while_waiting("composite", lambda: office.permit(fields={"Contact.Title": "hidden"})):
        told = office.sync("Contact", ana)
    assert told.written == {"FirstName": "Anna"}
    assert told.left_alone == {"job_title": "FIELD_GONE"}
    assert told.changes == {("first_name", "crm", "Ana", "Anna")}


def test_an_inbound_field_hidden_between_our_read_and_our_write(office: Office, ana: str) -> None:
    """The write is done and its own reading back is refused: it is looked for again, booked, and not repeated."""
    office.change(office.linked("Contact", ana), job_title="Owner")
    with office.while_waiting("composite", lambda: office.permit(fields={"Contact.Phone": "hidden"})):
        told = office.sync("Contact", ana)
    assert (told.status, told.written) == ("queued", {"Title": "Owner"})
    done = office.again(told)
    assert done.changes == {("job_title", "crm", "Buyer", "Owner")}
    assert (done.status, done.writes, done.left_alone) == ("succeeded", [], {"phone": "FIELD_GONE"})


def test_a_field_mapped_that_the_org_never_had(office: Office, ana: str) -> None:
    office.map_field("Contact", "Shoe_Size__c", "lead_score")
    told = office.sync("Contact", ana)
    assert (told.outcome, told.left_alone) == ("unchanged", {"lead_score": "FIELD_GONE"})
    assert "Shoe_Size__c" not in str(told.journal)


def test_a_field_that_comes_into_being_is_found_when_the_fields_are_asked_for_again(office: Office, ana: str) -> None:
    office.map_field("Contact", "Shoe_Size__c", "lead_score")
    office.sync("Contact", ana)
    office.org.control("objects", {"object": "Contact", "fields": [{"name": "Shoe_Size__c", "type": "int"}]})
    office.edit(ana, Shoe_Size__c=39)
    office.forget_fields()
    assert office.sync("Contact", ana).changes == {("lead_score", "here", None, 39)}


def test_the_email_field_hidden_is_not_a_missing_email(office: Office, ana: str) -> None:
    """Telling the rep to fill in an address would send them the wrong way."""
    office.permit(fields={"Contact.Email": "hidden"})
    told = office.sync("Contact", ana)
    assert told.code != "NO_EMAIL"
    assert (told.outcome, told.code) == ("skipped", "FIELD_GONE")


def test_a_right_to_write_lost_since_the_last_look(office: Office, ana: str) -> None:
    office.permit(fields={"Contact.Title": "read"})
    office.forget_fields()
    office.change(office.linked("Contact", ana), job_title="Owner")
    told = office.sync("Contact", ana)
    assert (told.calls[-1], told.writes) == ("GET queryAll", [])
    assert told.left_alone == {"job_title": "READ_ONLY_IN_CRM"}


@pytest.mark.parametrize("known", [True, False], ids=["its fields were known", "nothing was known"])
def test_an_object_taken_away_fails_with_the_reason(office: Office, ana: str, known: bool) -> None:
    office.permit(objects={"Contact": "none"})
    if not known:
        office.forget_fields()
    told = office.sync("Contact", ana)
    assert (told.status, told.outcome) == ("failed", "failed")
    assert told.code == "OBJECT_GONE"
    assert told.entry.message
    assert told.entry.remedy
    assert told.writes == []
