"""A conflict whose record is gone in the CRM waits for nobody; it is asked anew when the record comes back."""

from __future__ import annotations

import pytest

from tests.support.either_crm import Place
from tests.support.office import Office


@pytest.fixture
def ana(place: Place) -> str:
    """Both sides have changed the title, and a sync has looked."""
    ana = place.known("Sample")
    place.office.set_field(place.object, "job_title", conflict_rule="ask")
    place.office.edit(ana, **{place.title: "Theirs"})
    place.office.change(place.ours(ana), job_title="Ours")
    assert place.sync(ana).outcome == "conflict"
    return ana


def require_none_open(place: Place, ana: str) -> None:
    assert place.office.conflicts() == []
    [settled] = place.office.conflicts(settled=True)
    assert (settled.choice, settled.settled_by) == ("gone", "")
    assert (settled.ours, settled.theirs) == ("Ours", "Theirs")
    link = place.office.link(place.object, ana)
    assert link is not None
    assert link.open_conflicts == 0


def test_deleted_it_is_not_open_any_more(place: Place, ana: str) -> None:
    place.delete(ana)
    assert place.sync(ana).code == "RECORD_DELETED"
    require_none_open(place, ana)


def test_gone_for_good_it_is_not_open_any_more(place: Place, ana: str) -> None:
    place.forget(ana)
    assert place.sync(ana).outcome == "skipped"
    require_none_open(place, ana)


def test_a_choice_that_comes_too_late_changes_nothing(place: Place, ana: str) -> None:
    place.delete(ana)
    told = place.sync(ana, choices={"job_title": "local"})
    assert (told.code, told.writes) == ("RECORD_DELETED", [])
    require_none_open(place, ana)


@pytest.mark.parametrize("when_deleted_there", ["keep", "delete"])
def test_restored_it_is_asked_anew_with_nothing_lost(place: Place, ana: str, when_deleted_there: str) -> None:
    place.office.set_object(place.object, when_deleted_there=when_deleted_there)
    place.delete(ana)
    place.sync(ana)
    place.restore(ana)
    place.sync(ana)
    [asked] = place.office.conflicts()
    assert (asked.base, asked.ours, asked.theirs) == ("Buyer", "Ours", "Theirs")
    assert asked.theirs_at is not None
    place.office.time_passes()
    place.sync(ana, choices={"job_title": "local"})
    assert (place.title_of(ana), place.office.conflicts()) == ("Ours", [])


def test_restored_and_equal_by_then_nobody_is_asked(place: Place, ana: str) -> None:
    place.delete(ana)
    place.sync(ana)
    place.restore(ana)
    place.office.change(place.ours(ana), job_title="Theirs")
    place.sync(ana)
    assert place.office.conflicts() == []


def test_a_lead_that_became_a_contact_nobody_maps_asks_nobody(office: Office) -> None:
    """Its link rests, and nothing can be written to it any more."""
    office.set_object("Contact", object="Sample_Person__c")
    office.set_field("Lead", "job_title", conflict_rule="ask")
    lead = office.in_crm("Lead", LastName="Sample", Email="ana@example.com", Company="Sample Mill", Title="Buyer")
    office.sync("Lead", lead)
    office.edit(lead, Title="Theirs")
    office.change(office.linked("Lead", lead), job_title="Ours")
    assert office.sync("Lead", lead).outcome == "conflict"
    office.org.control("convert_lead", {"id": lead})
    assert office.sync("Lead", lead).code == "LEAD_CONVERTED"
    assert office.conflicts() == []
