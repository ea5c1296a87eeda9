"""What an admin has switched off is not written to the CRM, by an undo either; it is named with the reason."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.office import Office
from tests.support.told import Told


@pytest.fixture
def ana(office: Office) -> str:
    ana = office.in_crm("Contact", FirstName="Ana", LastName="Sample", Email="ana@example.com", Title="Buyer")
    office.sync("Contact", ana)
    return ana


@pytest.fixture
def pushed(office: Office, ana: str) -> Told:
    """A title that went there, and a first name that came here by the same sync."""
    office.edit(ana, FirstName="Anna")
    office.change(office.linked("Contact", ana), job_title="Owner")
    told = office.sync("Contact", ana)
    office.time_passes()
    return told


@pytest.mark.parametrize("trigger", ["panel", "admin"])
@pytest.mark.parametrize(
    ("switch", "code"), [({"outbound": False}, "OUTBOUND_OFF"), ({"may_update_there": False}, "UPDATE_THERE_OFF")]
)
def test_with_writing_there_switched_off_only_ours_goes_back(
    office: Office, ana: str, pushed: Told, switch: dict[str, Any], code: str, trigger: str
) -> None:
    office.set_object("Contact", **switch)
    undone = office.undo(pushed, trigger=trigger)
    assert (undone.writes, undone.left_alone) == ([], {"job_title": code})
    assert undone.changes == {("first_name", "here", "Anna", "Ana")}
    assert (undone.status, undone.code) == ("partial", code)
    assert undone.entry.message.startswith("Job title stays as it is: ")
    assert undone.entry.remedy
    assert office.sync("Contact", ana).outcome == "unchanged"


@pytest.mark.parametrize("switch", [{"enabled": False}, {"direction": "inbound"}, {"crm_field": "Department"}])
def test_nor_is_a_field_whose_mapping_writes_there_no_more(
    office: Office, ana: str, pushed: Told, switch: dict[str, Any]
) -> None:
    office.set_field("Contact", "job_title", **switch)
    undone = office.undo(pushed, trigger="admin")
    assert (undone.writes, undone.left_alone) == ([], {"job_title": "NOT_SENT_THERE"})
    assert office.shown_in_crm(ana, "Title") == {"Title": "Owner"}


def test_nor_is_a_field_that_is_known_to_be_read_only_there_tried(office: Office, ana: str, pushed: Told) -> None:
    office.permit(fields={"Contact.Title": "read"})
    office.forget_fields()
    undone = office.undo(pushed)
    assert undone.left_alone == {"job_title": "READ_ONLY_IN_CRM"}
    assert "POST composite" not in undone.calls


def test_switched_on_again_it_goes_back(office: Office, ana: str, pushed: Told) -> None:
    office.set_object("Contact", outbound=False)
    office.undo(pushed)
    office.set_object("Contact", outbound=True)
    assert office.undo(pushed).written == {"Title": "Buyer"}
