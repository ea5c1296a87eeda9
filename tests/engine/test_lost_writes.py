"""Writes whose answer was lost, and what comes in between before anybody can look: nothing is forgotten of them."""

from __future__ import annotations

import pytest

from tests.support.office import Office
from tests.support.told import Told


@pytest.fixture
def ana(office: Office) -> str:
    ana = office.in_crm("Contact", FirstName="Ana", LastName="Sample", Email="ana@example.com", Title="Buyer")
    office.sync("Contact", ana)
    return ana


def synced_but_unheard(office: Office, ana: str) -> Told:
    """The CRM writes, and its answer is lost: the run waits to look again."""
    office.time_passes()
    office.org.fault("lose_response", method="PATCH")
    told = office.sync("Contact", ana)
    assert told.status == "queued"
    return told


def test_a_write_that_a_later_attempt_takes_back_stays_in_the_log(office: Office, ana: str) -> None:
    """Lost twice in one run, there and back again: what the CRM holds now does not tell that it was ever away."""
    local_id = office.linked("Contact", ana)
    office.change(local_id, job_title="Owner")
    told = synced_but_unheard(office, ana)
    office.change(local_id, job_title="Buyer")
    office.time_passes()
    office.org.fault("lose_response", method="PATCH")
    office.again(told)
    office.time_passes()
    finished = office.again(told)
    assert finished.status == "succeeded"
    there_and_back = [("Buyer", "Owner"), ("Owner", "Buyer")]
    assert [(each["old"], each["new"]) for each in finished.entry.changes] == there_and_back
    assert [(each["old"]["Title"], each["new"]["Title"]) for each in office.org.writes()] == there_and_back


def test_a_write_found_after_syncs_were_switched_off_is_agreed_on(office: Office, ana: str) -> None:
    """Else our own value in the CRM would pass for the CRM's change, and win over what we changed since."""
    local_id = office.linked("Contact", ana)
    office.change(local_id, job_title="Owner")
    told = synced_but_unheard(office, ana)
    office.set_object("Contact", enabled=False)
    assert (office.again(told).outcome, office.again(told).code) == ("updated", "OBJECT_OFF")
    office.set_object("Contact", enabled=True)
    office.set_field("Contact", "job_title", conflict_rule="prefer_crm")
    office.change(local_id, job_title="Director")
    office.time_passes()
    assert office.sync("Contact", ana).changes == {("job_title", "crm", "Owner", "Director")}
