"""What was undone is not done again, by whatever link: the one it came by may have moved, and there may be another."""

from __future__ import annotations

from datetime import timedelta

import pytest

from jobs.runtime import utc_now
from tests.engine.test_two_crms import Both, both
from tests.support.office import Office
from tests.support.told import Told

__all__ = ["both"]


@pytest.fixture
def ana(office: Office) -> str:
    ana = office.in_crm("Contact", FirstName="Ana", LastName="Sample", Email="ana@example.com", Title="Buyer")
    office.sync("Contact", ana)
    return ana


def pulled(office: Office, object_name: str, record_id: str) -> Told:
    """A title that came here by a sync."""
    office.edit(record_id, Title="Owner")
    return office.sync(object_name, record_id)


def assert_at_rest(office: Office, record_id: str) -> None:
    """Ours is as it was before, theirs as they have it, and no sync changes that."""
    for _ in range(2):
        told = office.sync("Contact", record_id)
        assert (told.outcome, told.changes, told.writes) == ("unchanged", set(), [])
    assert office.values(office.linked("Contact", record_id), "job_title") == {"job_title": "Buyer"}
    assert office.shown_in_crm(record_id, "Title") == {"Title": "Owner"}


def test_after_a_lead_was_converted(office: Office) -> None:
    lead = office.in_crm("Lead", LastName="Sample", Email="ana@example.com", Company="Mill", Title="Buyer")
    office.sync("Lead", lead)
    told = pulled(office, "Lead", lead)
    contact = str(office.org.control("convert_lead", {"id": lead})["contact_id"])
    office.sync("Lead", lead)
    office.undo(told)
    assert_at_rest(office, contact)
    office.edit(contact, Title="Director")
    assert office.sync("Contact", contact).changes == {("job_title", "here", "Buyer", "Director")}


def test_a_change_of_ours_from_before_still_reaches_the_other_link(office: Office) -> None:
    lead = office.in_crm("Lead", LastName="Sample", Email="ana@example.com", Company="Mill", Title="Buyer")
    contact = office.in_crm("Contact", LastName="Sample", Email="ana@example.com", Title="Buyer")
    office.sync("Lead", lead)
    office.sync("Contact", contact)
    office.change(office.linked("Lead", lead), job_title="Head", ago=timedelta(minutes=2))
    told = pulled(office, "Lead", lead)
    office.undo(told)
    office.time_passes()
    assert office.sync("Contact", contact).written == {"Title": "Head"}


def test_after_a_merge(office: Office, ana: str) -> None:
    told = pulled(office, "Contact", ana)
    survivor = office.in_crm("Contact", FirstName="Ana", LastName="Sample", Email="ana@example.com", Title="Owner")
    office.org.control("merge", {"object": "Contact", "master": survivor, "losers": [ana]})
    office.sync("Contact", ana)
    office.undo(told)
    assert_at_rest(office, survivor)


def test_after_the_same_pair_was_mapped_anew(office: Office, ana: str) -> None:
    told = pulled(office, "Contact", ana)
    office.set_field("Contact", "job_title", mapped_at=utc_now())
    office.undo(told)
    assert_at_rest(office, ana)


def test_but_what_is_mapped_to_another_field_by_now_begins_anew(office: Office, ana: str) -> None:
    told = pulled(office, "Contact", ana)
    office.set_field("Contact", "job_title", crm_field="Department", mapped_at=utc_now())
    office.undo(told)
    office.time_passes()
    assert office.sync("Contact", ana).written == {"Department": "Buyer"}


def test_nor_is_it_by_another_crm_that_brings_the_field_in_too(both: Both) -> None:
    both.org.edit(both.contact, Phone="111")
    both.portal.edit(both.hubspot_contact, phone="222")
    both.sync_both()
    both.org.sync("Contact", both.contact)
    both.portal.edit(both.hubspot_contact, phone="444", ago=timedelta(seconds=30))
    told = both.portal.sync("contacts", both.hubspot_contact)
    both.org.sync("Contact", both.contact)
    both.portal.undo(told)
    assert both.phone() == "222"
    both.assert_silence(rounds=2)
    assert both.phone() == "222"


def test_a_record_made_here_stays_while_another_link_has_it(both: Both) -> None:
    made = both.org.sync("Contact", both.contact)
    assert made.outcome == "created"
    both.portal.sync("contacts", both.hubspot_contact)
    undone = both.org.undo(made)
    assert set(undone.left_alone.values()) == {"CREATION_KEPT"}
    assert both.org.local(both.org.linked("Contact", both.contact)).deleted_at is None
