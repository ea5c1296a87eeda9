"""Writes whose answer was lost, and what comes in between before anybody can look: nothing is forgotten of them."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.support.office import Office
from tests.support.org_server import Json
from tests.support.portal_office import PortalOffice
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


class TestWhatTheCrmRounds:
    """Neither what was sent nor what was there before: still it is known for what it is."""

    @pytest.fixture
    def scored(self, office: Office, ana: str) -> str:
        office.map_field("Contact", "Lead_Score__c", "lead_score")
        office.sync("Contact", ana)
        return ana

    def rounded_and_unheard(self, office: Office, ana: str) -> Told:
        office.change(office.linked("Contact", ana), lead_score=12.345)
        told = synced_but_unheard(office, ana)
        assert office.shown_in_crm(ana, "Lead_Score__c") == {"Lead_Score__c": 12.3}
        return told

    def test_it_is_booked_as_the_checked_write_would_have_been(self, office: Office, scored: str) -> None:
        finished = office.again(self.rounded_and_unheard(office, scored))
        assert (finished.status, finished.code, finished.writes) == ("succeeded", "", [])
        both = {("lead_score", "crm", None, 12.345), ("lead_score", "here", 12.345, 12.3)}
        assert finished.changes == both
        [written] = [each for each in finished.entry.changes if each["side"] == "crm"]
        assert (written["stored"], "unsure" in written) == (12.3, False)

    def test_it_can_be_taken_back(self, office: Office, scored: str) -> None:
        finished = office.again(self.rounded_and_unheard(office, scored))
        office.time_passes()
        undone = office.undo(finished)
        assert (undone.status, undone.left_alone) == ("succeeded", {})
        assert office.shown_in_crm(scored, "Lead_Score__c") == {"Lead_Score__c": None}
        assert office.values(office.linked("Contact", scored), "lead_score") == {"lead_score": 12.345}
        office.time_passes()
        assert office.sync("Contact", scored).outcome == "unchanged"

    def test_it_is_no_conflict(self, office: Office, scored: str) -> None:
        office.set_field("Contact", "lead_score", conflict_rule="ask")
        office.again(self.rounded_and_unheard(office, scored))
        assert office.conflicts() == []

    def test_where_nothing_comes_back_it_is_left_as_it_is(self, office: Office, scored: str) -> None:
        office.set_field("Contact", "lead_score", direction="outbound")
        finished = office.again(self.rounded_and_unheard(office, scored))
        assert (finished.changes, finished.calls) == ({("lead_score", "crm", None, 12.345)}, ["GET queryAll"])
        assert office.values(office.linked("Contact", scored), "lead_score") == {"lead_score": 12.345}
        assert office.sync("Contact", scored).outcome == "unchanged"

    def test_what_it_made_of_our_older_value_does_not_win(self, office: Office, scored: str) -> None:
        told = self.rounded_and_unheard(office, scored)
        office.change(office.linked("Contact", scored), lead_score=50)
        office.time_passes()
        assert office.again(told).written == {"Lead_Score__c": 50}

    def test_what_a_person_made_of_it_is_not_taken_for_ours(self, office: Office, scored: str) -> None:
        told = self.rounded_and_unheard(office, scored)
        office.time_passes()
        office.edit(scored, ago=timedelta(), Lead_Score__c=12.4)
        assert office.again(told).code == "WRITE_UNKNOWN"


class TestWhatAPersonMakesOfItInHubSpot:
    """HubSpot tells what a property has held: that our value was there, and who put another in its place."""

    @pytest.fixture
    def ana(self, portal_office: PortalOffice) -> str:
        office = portal_office
        ana = office.in_crm("contacts", firstname="Ana", lastname="Sample", email="ana@example.com", jobtitle="Buyer")
        office.sync("contacts", ana)
        office.change(office.linked("contacts", ana), job_title="Owner")
        return ana

    def trouble(self, office: PortalOffice, ana: str, fault: str = "lose_response") -> Told:
        office.time_passes()
        office.org.fault(fault, method="PATCH")
        told = office.sync("contacts", ana)
        assert told.status == "queued"
        office.time_passes()
        return told

    def test_set_back_to_the_old_value_it_is_their_change_after_ours(
        self, portal_office: PortalOffice, ana: str
    ) -> None:
        office = portal_office
        told = self.trouble(office, ana)
        office.edit(ana, ago=timedelta(), jobtitle="Buyer")
        finished = office.again(told)
        assert (finished.status, finished.code, finished.writes, finished.calls) == (
            "succeeded",
            "",
            [],
            ["GET contacts"],
        )
        assert finished.changes == {("job_title", "crm", "Buyer", "Owner"), ("job_title", "here", "Owner", "Buyer")}
        assert office.sync("contacts", ana).outcome == "unchanged"

    def test_changed_to_a_third_value_too_and_nothing_is_unsure(self, portal_office: PortalOffice, ana: str) -> None:
        office = portal_office
        told = self.trouble(office, ana)
        office.edit(ana, ago=timedelta(), jobtitle="Director")
        finished = office.again(told)
        assert (finished.code, finished.writes) == ("", [])
        assert finished.changes == {("job_title", "crm", "Buyer", "Owner"), ("job_title", "here", "Owner", "Director")}

    @pytest.mark.parametrize(
        ("rule", "outcome", "written"),
        [
            ("ask", "conflict", []),
            ("prefer_local", "updated", [{"jobtitle": "Head"}]),
            ("prefer_crm", "updated", []),
            ("most_recent", "updated", []),
        ],
    )
    def test_where_ours_has_changed_since_the_conflict_rule_decides(
        self, portal_office: PortalOffice, ana: str, rule: str, outcome: str, written: list[Json]
    ) -> None:
        office = portal_office
        office.set_field("contacts", "job_title", conflict_rule=rule)
        told = self.trouble(office, ana)
        office.change(office.linked("contacts", ana), job_title="Head")
        office.edit(ana, ago=timedelta(), jobtitle="Buyer")
        finished = office.again(told)
        assert [each["new"] for each in finished.writes] == written
        assert ("job_title", "crm", "Buyer", "Owner") in finished.changes
        assert len(office.conflicts()) == (outcome == "conflict")

    def test_what_never_arrived_is_written_whatever_people_did_meanwhile(
        self, portal_office: PortalOffice, ana: str
    ) -> None:
        office = portal_office
        told = self.trouble(office, ana, "drop")
        office.edit(ana, ago=timedelta(), jobtitle="Owner")
        office.time_passes()
        office.edit(ana, ago=timedelta(), jobtitle="Buyer")
        finished = office.again(told)
        assert (finished.written, finished.changes) == (
            {"jobtitle": "Owner"},
            {("job_title", "crm", "Buyer", "Owner")},
        )

    def test_written_there_and_back_both_writes_are_in_the_log(self, portal_office: PortalOffice, ana: str) -> None:
        office = portal_office
        told = self.trouble(office, ana)
        office.change(office.linked("contacts", ana), job_title="Buyer")
        office.org.fault("lose_response", method="PATCH")
        office.again(told)
        office.time_passes()
        finished = office.again(told)
        there_and_back = [("Buyer", "Owner"), ("Owner", "Buyer")]
        assert [(each["old"], each["new"]) for each in finished.entry.changes] == there_and_back
        assert finished.writes == []

    def test_the_log_keeps_no_trace_of_how_it_was_found(self, portal_office: PortalOffice, ana: str) -> None:
        finished = portal_office.again(self.trouble(portal_office, ana))
        portal_office.change(portal_office.linked("contacts", ana), job_title="Head")
        answered = portal_office.sync("contacts", ana)
        assert {"field", "crm_field", "label", "type", "side", "old", "new", "rule", "confirmed"} == {
            name for told in (finished, answered) for change in told.entry.changes for name in change
        }
