"""Records that are not synced: each with its reason, what to do about it, and nothing written on either side."""

from __future__ import annotations

import pytest

from tests.support.office import Office
from tests.support.told import Told


@pytest.fixture
def ana(office: Office) -> str:
    return office.in_crm("Contact", FirstName="Ana", LastName="Sample", Email="ana@example.com")


def assert_skipped(told: Told, code: str) -> None:
    """Skipped for that reason, said in words with a remedy; the run itself is fine and wrote nothing."""
    entry = told.entry
    assert (entry.outcome, entry.code) == ("skipped", code)
    assert entry.message
    assert entry.remedy
    assert "{" not in entry.message + entry.remedy
    assert (entry.changes, entry.direction, entry.finished_at is not None) == ([], "", True)
    assert (told.status, told.run.skipped_count, told.run.code) == ("succeeded", 1, code)
    assert told.writes == []


class TestSwitches:
    def test_all_syncs_are_off(self, office: Office, ana: str) -> None:
        office.set_connection(syncs_enabled=False)
        told = office.sync("Contact", ana)
        assert_skipped(told, "SYNCS_OFF")
        assert told.writes == []

    def test_the_object_is_off(self, office: Office, ana: str) -> None:
        office.set_object("Contact", enabled=False)
        told = office.sync("Contact", ana)
        assert_skipped(told, "OBJECT_OFF")
        assert "Contact" in told.entry.message

    def test_even_the_very_first_sync_makes_no_call_when_it_is_off(self, office: Office, ana: str) -> None:
        office.set_object("Contact", enabled=False)
        assert office.sync("Contact", ana).calls == []

    def test_no_new_ones_are_made_here(self, office: Office, ana: str) -> None:
        office.set_object("Contact", may_create_here=False)
        assert_skipped(office.sync("Contact", ana), "CREATE_OFF")
        assert office.how_many("contact") == 0

    def test_existing_ones_are_left_alone(self, office: Office, ana: str) -> None:
        local_id = office.here("contact", email="ana@example.com", last_name="Other")
        office.set_object("Contact", duplicate_handling="skip")
        assert_skipped(office.sync("Contact", ana), "EXISTING_SKIPPED")
        assert office.values(local_id, "last_name") == {"last_name": "Other"}
        assert office.link("Contact", ana) is None

    def test_an_object_that_is_not_mapped_fails_with_the_reason(self, office: Office) -> None:
        told = office.sync("Sample_Project__c", "a00000000000001AAA")
        assert (told.outcome, told.code, told.calls) == ("failed", "NOT_MAPPED", [])


class TestEmail:
    def test_there_is_none(self, office: Office) -> None:
        assert_skipped(office.sync("Contact", office.in_crm("Contact", LastName="Sample")), "NO_EMAIL")
        assert office.how_many("contact") == 0

    def test_it_was_taken_away_after_the_link(self, office: Office, ana: str) -> None:
        office.sync("Contact", ana)
        office.edit(ana, Email=None)
        assert_skipped(office.sync("Contact", ana), "NO_EMAIL")
        assert office.values(office.linked("Contact", ana), "email") == {"email": "ana@example.com"}

    def test_it_is_none_by_our_rules_though_the_crm_took_it(self, office: Office) -> None:
        odd = office.in_crm("Contact", LastName="Sample", Email="ana@example..com".replace("..", ".-x."))
        assert_skipped(office.sync("Contact", odd), "INVALID_EMAIL")

    def test_an_admin_may_do_without(self, office: Office) -> None:
        office.set_object("Contact", needs_email=False)
        nameless = office.in_crm("Contact", LastName="Sample")
        assert office.sync("Contact", nameless).outcome == "created"


class TestFates:
    def test_a_converted_lead(self, office: Office) -> None:
        lead = office.in_crm("Lead", LastName="Sample", Email="ana@example.com", Company="Sample Mill")
        office.org.control("convert_lead", {"id": lead})
        assert_skipped(office.sync("Lead", lead), "LEAD_CONVERTED")

    def test_a_deleted_record_keeps_ours(self, office: Office, ana: str) -> None:
        office.sync("Contact", ana)
        before = office.values(office.linked("Contact", ana))
        office.org.control("delete", {"object": "Contact", "id": ana})
        assert_skipped(office.sync("Contact", ana), "RECORD_DELETED")
        assert office.values(office.linked("Contact", ana)) == before

    def test_a_restored_record_goes_on_where_it_was(self, office: Office, ana: str) -> None:
        office.sync("Contact", ana)
        office.org.control("delete", {"object": "Contact", "id": ana})
        office.sync("Contact", ana)
        office.org.control("undelete", {"object": "Contact", "id": ana})
        office.edit(ana, Title="Back again")
        assert office.sync("Contact", ana).outcome == "updated"

    def test_a_merged_record(self, office: Office, ana: str) -> None:
        survivor = office.in_crm("Contact", LastName="Survivor", Email="survivor@example.com")
        office.org.control("merge", {"object": "Contact", "master": survivor, "losers": [ana]})
        assert_skipped(office.sync("Contact", ana), "RECORD_MERGED")

    def test_a_record_that_left_the_recycle_bin(self, office: Office, ana: str) -> None:
        office.org.control("delete", {"object": "Contact", "id": ana})
        office.org.control("purge", {"object": "Contact", "id": ana})
        assert_skipped(office.sync("Contact", ana), "NOT_FOUND")

    def test_a_record_private_to_others(self, office: Office, ana: str) -> None:
        office.sync("Contact", ana)
        office.permit(records={ana: "none"})
        assert_skipped(office.sync("Contact", ana), "NOT_FOUND")
        assert office.values(office.linked("Contact", ana), "last_name") == {"last_name": "Sample"}

    def test_our_record_was_deleted(self, office: Office, ana: str) -> None:
        office.sync("Contact", ana)
        office.delete_here(office.linked("Contact", ana))
        assert_skipped(office.sync("Contact", ana), "LOCAL_DELETED")
        assert office.how_many("contact") == 1


class TestCounterparts:
    def test_several_could_be_it_and_all_are_named(self, office: Office, ana: str) -> None:
        first = office.here("contact", email="ana@example.com", last_name="First", job_title="Buyer")
        second = office.here("contact", email="ANA@example.com", last_name="Second")
        told = office.sync("Contact", ana)
        assert_skipped(told, "AMBIGUOUS_MATCH")
        assert [each["id"] for each in told.entry.candidates] == [first, second]
        assert [each["name"] for each in told.entry.candidates] == ["First", "Second"]
        assert "Buyer" in told.entry.candidates[0]["detail"]
        assert office.link("Contact", ana) is None

    def test_choosing_one_of_several_settles_it(self, office: Office, ana: str) -> None:
        office.here("contact", email="ana@example.com", last_name="First")
        second = office.here("contact", email="ana@example.com", last_name="Second")
        office.sync("Contact", ana)
        assert office.sync("Contact", ana, chosen_local_record_id=second).outcome == "updated"
        assert office.sync("Contact", ana).outcome == "unchanged"

    def test_ours_belongs_to_another_record_already(self, office: Office, ana: str) -> None:
        office.sync("Contact", ana)
        twin = office.in_crm("Contact", LastName="Twin", Email="ana@example.com")
        assert_skipped(office.sync("Contact", twin), "ALREADY_LINKED")
        assert office.how_many("contact") == 1
