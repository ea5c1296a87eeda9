"""One HubSpot contact through the real job: what a sync costs, what it writes, and whose change is the newer one."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tests.support.portal_office import PortalOffice

READ = "GET contacts"
WRITE = "PATCH contacts"
EARLIER = timedelta(minutes=20)
LATER = timedelta(minutes=5)
NOW = timedelta()


@pytest.fixture
def ana(portal_office: PortalOffice) -> str:
    """A contact that both sides know and agree on. Token, fields and people are known, as in any process at work."""
    office = portal_office
    ana = office.in_crm("contacts", firstname="Ana", lastname="Sample", email="ana@example.com", jobtitle="Buyer")
    assert office.sync("contacts", ana).outcome == "created"
    return ana


class TestCosts:
    def test_nothing_to_do_costs_one_call(self, portal_office: PortalOffice, ana: str) -> None:
        told = portal_office.sync("contacts", ana)
        assert (told.outcome, told.calls, told.run.calls) == ("unchanged", [READ], 1)

    def test_taking_a_change_over_costs_one_call(self, portal_office: PortalOffice, ana: str) -> None:
        portal_office.edit(ana, jobtitle="Head of Buying")
        told = portal_office.sync("contacts", ana)
        assert (told.outcome, told.calls, told.writes) == ("updated", [READ], [])
        assert told.changes == {("job_title", "here", "Buyer", "Head of Buying")}

    def test_writing_a_change_costs_the_write_and_one_read_back(self, portal_office: PortalOffice, ana: str) -> None:
        office = portal_office
        office.change(office.linked("contacts", ana), job_title="Head of Buying")
        told = office.sync("contacts", ana)
        assert (told.outcome, told.calls, told.run.calls) == ("updated", [READ, WRITE, READ], 3)
        assert told.written == {"jobtitle": "Head of Buying"}
        assert office.shown_in_crm(ana, "jobtitle") == {"jobtitle": "Head of Buying"}

    def test_fields_and_people_are_asked_for_once_per_connection(self, portal_office: PortalOffice, ana: str) -> None:
        """Another process finds token, fields and people in the database."""
        portal_office.runtime.describes.clear()
        assert portal_office.sync("contacts", ana).calls == [READ]

    def test_its_own_write_is_an_echo(self, portal_office: PortalOffice, ana: str) -> None:
        office = portal_office
        office.change(office.linked("contacts", ana), job_title="Head of Buying")
        office.sync("contacts", ana)
        for _ in range(3):
            told = office.sync("contacts", ana)
            assert (told.outcome, told.calls, told.writes) == ("unchanged", [READ], [])


class TestMostRecent:
    """HubSpot tells when each property changed, so a newer change of another one says nothing."""

    def test_their_later_change_of_the_field_wins(self, portal_office: PortalOffice, ana: str) -> None:
        office = portal_office
        office.change(office.linked("contacts", ana), job_title="Ours", ago=EARLIER)
        office.edit(ana, jobtitle="Theirs", ago=LATER)
        assert office.sync("contacts", ana).changes == {("job_title", "here", "Ours", "Theirs")}

    def test_our_later_change_wins_though_the_record_changed_after_it(
        self, portal_office: PortalOffice, ana: str
    ) -> None:
        office = portal_office
        office.edit(ana, jobtitle="Theirs", ago=EARLIER)
        office.change(office.linked("contacts", ana), job_title="Ours", ago=LATER)
        office.edit(ana, city="Springfield", lastname="Samples", ago=NOW)
        assert office.sync("contacts", ana).changes == {
            ("job_title", "crm", "Theirs", "Ours"),
            ("last_name", "here", "Sample", "Samples"),
        }

    def test_a_value_that_came_from_hubspot_is_as_old_as_it_was_there(
        self, portal_office: PortalOffice, ana: str
    ) -> None:
        office = portal_office
        office.edit(ana, jobtitle="Theirs", ago=EARLIER)
        office.edit(ana, lastname="Samples", ago=NOW)
        office.sync("contacts", ana)
        said = office.local(office.linked("contacts", ana)).provenance["job_title"]
        assert (said["source"], said["by"]) == ("hubspot", "Riley Rep")
        age = office.crm_now() - datetime.fromisoformat(said["at"])
        assert EARLIER - timedelta(minutes=1) < age < EARLIER + timedelta(minutes=1)


class TestRaces:
    def test_a_change_of_another_field_during_our_write_is_left_alone(
        self, portal_office: PortalOffice, ana: str
    ) -> None:
        office = portal_office
        office.change(office.linked("contacts", ana), job_title="Head of Buying")
        with office.while_waiting(ana, lambda: office.edit(ana, firstname="Anna", ago=NOW), method="PATCH"):
            office.sync("contacts", ana)
        shown = office.shown_in_crm(ana, "firstname", "jobtitle")
        assert shown == {"firstname": "Anna", "jobtitle": "Head of Buying"}

    def test_what_slipped_in_before_our_write_is_in_the_log_and_can_be_taken_back(
        self, portal_office: PortalOffice, ana: str
    ) -> None:
        """HubSpot has no write on a condition: the history of the field tells what was really replaced."""
        office = portal_office
        office.change(office.linked("contacts", ana), job_title="Ours", ago=LATER)
        with office.while_waiting(ana, lambda: office.edit(ana, jobtitle="Theirs", ago=NOW), method="PATCH"):
            told = office.sync("contacts", ana)
        assert ("job_title", "crm", "Theirs", "Ours") in told.changes
        office.undo(told)
        assert office.shown_in_crm(ana, "jobtitle") == {"jobtitle": "Theirs"}


class TestFates:
    def test_an_archived_contact_is_skipped_and_synced_again_when_it_is_back(
        self, portal_office: PortalOffice, ana: str
    ) -> None:
        office = portal_office
        office.org.control("archive", {"object": "contacts", "id": ana})
        told = office.sync("contacts", ana)
        assert (told.outcome, told.calls) == ("skipped", [READ, READ])
        office.org.control("restore", {"object": "contacts", "id": ana})
        assert office.sync("contacts", ana).outcome == "unchanged"

    def test_a_merged_contact_is_skipped_and_says_so(self, portal_office: PortalOffice, ana: str) -> None:
        office = portal_office
        other = office.in_crm("contacts", lastname="Sample", email="other@example.com")
        body = {"primaryObjectId": other, "objectIdToMerge": ana}
        office.org.api(office.org.token("admin")).objects("POST", "/contacts/merge", body)
        assert office.sync("contacts", ana).code == "RECORD_MERGED"

    def test_one_nobody_ever_had_is_not_found(self, portal_office: PortalOffice) -> None:
        assert portal_office.sync("contacts", "987654321").code == "OBJECT_NOT_FOUND"


class TestRefusals:
    def test_a_refused_value_is_left_out_and_the_rest_goes_through(self, portal_office: PortalOffice, ana: str) -> None:
        office = portal_office
        local_id = office.linked("contacts", ana)
        office.in_crm("contacts", lastname="Other", email="taken@example.com")
        office.org.control("rules", {"object": "contacts", "required": ["lastname"]})
        office.change(local_id, last_name=None, job_title="Owner")
        told = office.sync("contacts", ana)
        assert (told.status, told.code) == ("partial", "MISSING_REQUIRED_PROPERTY")
        assert told.written == {"jobtitle": "Owner"}
        assert told.left_alone == {"last_name": "MISSING_REQUIRED_PROPERTY"}

    def test_an_address_that_another_contact_has_is_told_with_its_id(
        self, portal_office: PortalOffice, ana: str
    ) -> None:
        office = portal_office
        office.in_crm("contacts", lastname="Other", email="taken@example.com")
        office.change(office.linked("contacts", ana), email="taken@example.com")
        told = office.sync("contacts", ana)
        assert (told.status, told.code, told.writes) == ("failed", "CONFLICT", [])
