"""What the CRM refuses: told with cause and remedy, and the rest of the record goes through without it."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from jobs.models.run import FAILED, PARTIAL, QUEUED
from tests.support.office import Office
from tests.support.told import Told

CALL_CENTER = "Call Center Agent"
"""Refused by a rule of the org, that names no field, for a contact that is not to be called."""


@pytest.fixture
def ana(office: Office) -> str:
    """A linked contact both sides agree on."""
    ana = office.in_crm("Contact", FirstName="Ana", LastName="Sample", Email="ana@example.com", Title="Buyer")
    office.sync("Contact", ana)
    return ana


@pytest.fixture
def local_id(office: Office, ana: str) -> int:
    return office.linked("Contact", ana)


def assert_told(told: Told, code: str, *words: str) -> None:
    """The entry names the CRM's code, says the cause with these words, and what to do."""
    entry = told.entry
    assert entry.code == told.run.code == code
    assert entry.remedy
    for word in words:
        assert word in entry.message, entry.message
    assert "{" not in entry.message + entry.remedy


class TestOneFieldOfSeveral:
    """The first name is fine; the other one is not."""

    def sync_with(self, office: Office, ana: str, local_id: int, **values: Any) -> Told:
        office.change(local_id, first_name="Anna", **values)
        told = office.sync("Contact", ana)
        assert office.shown_in_crm(ana, "FirstName") == {"FirstName": "Anna"}
        assert (told.status, told.outcome) == (PARTIAL, "updated")
        assert told.changes == {("first_name", "crm", "Ana", "Anna")}
        return told

    def test_a_text_of_300_kilobytes(self, office: Office, ana: str, local_id: int) -> None:
        told = self.sync_with(office, ana, local_id, job_title="x" * 300_000)
        assert_told(told, "STRING_TOO_LONG", "Job title", "too long")
        assert told.left_alone == {"job_title": "STRING_TOO_LONG"}
        assert len(told.entry.message) < 500

    def test_a_choice_that_is_not_on_the_list(self, office: Office, ana: str, local_id: int) -> None:
        office.set_field("Lead", "company", direction="two_way")  # or it would be read-only here
        office.map_field("Contact", "Level__c", "company", label="Level")
        told = self.sync_with(office, ana, local_id, company="Quaternary")
        assert_told(told, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST", "Level", "choices")

    def test_a_validation_rule_that_names_its_field(self, office: Office, ana: str, local_id: int) -> None:
        office.map_field("Contact", "Lead_Score__c", "lead_score")
        told = self.sync_with(office, ana, local_id, lead_score=500)
        assert_told(told, "FIELD_CUSTOM_VALIDATION_EXCEPTION", "Lead Score must be between 0 and 100")

    def test_a_required_field_that_was_emptied(self, office: Office, ana: str, local_id: int) -> None:
        told = self.sync_with(office, ana, local_id, last_name="")
        assert_told(told, "REQUIRED_FIELD_MISSING", "Last name")
        assert office.shown_in_crm(ana, "LastName") == {"LastName": "Sample"}

    def test_a_field_the_integration_user_may_no_longer_write(self, office: Office, ana: str, local_id: int) -> None:
        office.permit(fields={"Contact.Title": "read"})
        told = self.sync_with(office, ana, local_id, job_title="Owner")
        assert_told(told, "INVALID_FIELD_FOR_INSERT_UPDATE", "Job title")

    def test_a_field_that_nobody_may_write(self, office: Office, ana: str, local_id: int) -> None:
        """Known from the describe, so it is not even tried."""
        office.map_field("Contact", "Account_Industry__c", "notes", label="Industry")
        office.change(local_id, first_name="Anna", notes="Ours")
        told = office.sync("Contact", ana)
        assert set(told.written) == {"FirstName"}
        assert told.calls == ["GET queryAll", "POST composite"]

    def test_an_address_that_is_none_is_never_sent(self, office: Office, ana: str, local_id: int) -> None:
        office.change(local_id, first_name="Anna", email="not an address")
        told = office.sync("Contact", ana)
        assert "Email" not in told.written
        assert told.left_alone == {"email": "INVALID_EMAIL"}
        assert office.shown_in_crm(ana, "Email") == {"Email": "ana@example.com"}

    def test_two_refused_fields_are_both_named(self, office: Office, ana: str, local_id: int) -> None:
        told = self.sync_with(office, ana, local_id, job_title="x" * 200, last_name="y" * 100)
        assert told.left_alone == {"job_title": "STRING_TOO_LONG", "last_name": "STRING_TOO_LONG"}

    def test_it_goes_through_once_the_cause_is_mended(self, office: Office, ana: str, local_id: int) -> None:
        self.sync_with(office, ana, local_id, job_title="x" * 200)
        office.time_passes()
        office.change(local_id, job_title="Owner")
        told = office.sync("Contact", ana)
        assert (told.status, told.written) == ("succeeded", {"Title": "Owner"})


class TestTheWholeWrite:
    def test_a_rule_that_names_no_field(self, office: Office, ana: str, local_id: int) -> None:
        office.edit(ana, DoNotCall=True)
        office.change(local_id, job_title=CALL_CENTER)
        told = office.sync("Contact", ana)
        assert (told.status, told.outcome, told.writes) == (FAILED, "failed", [])
        assert_told(told, "FIELD_CUSTOM_VALIDATION_EXCEPTION", "A call center contact cannot be marked Do Not Call")
        assert (told.run.failed_count, told.run.updated_count) == (1, 0)

    def test_what_comes_from_the_crm_still_arrives(self, office: Office, ana: str, local_id: int) -> None:
        office.edit(ana, DoNotCall=True, FirstName="Anna")
        office.change(local_id, job_title=CALL_CENTER)
        told = office.sync("Contact", ana)
        assert (told.status, told.changes) == (PARTIAL, {("first_name", "here", "Ana", "Anna")})

    def test_the_crm_has_that_address_already(self, office: Office, ana: str, local_id: int) -> None:
        office.in_crm("Contact", LastName="Other", Email="taken@example.com")
        office.change(local_id, email="taken@example.com")
        told = office.sync("Contact", ana)
        assert (told.status, told.writes) == (FAILED, [])
        assert_told(told, "DUPLICATES_DETECTED", "already")

    def test_the_record_may_only_be_read(self, office: Office, ana: str, local_id: int) -> None:
        office.permit(records={ana: "read"})
        office.change(local_id, job_title="Owner")
        told = office.sync("Contact", ana)
        assert (told.status, told.writes) == (FAILED, [])
        assert_told(told, "INSUFFICIENT_ACCESS_OR_READONLY", "does not let us change this record")

    def test_a_value_that_is_refused_is_refused_again_and_not_hidden(
        self, office: Office, ana: str, local_id: int
    ) -> None:
        """A standing cause is told every time, at the same price."""
        office.change(local_id, job_title="x" * 200)
        first = office.sync("Contact", ana)
        second = office.sync("Contact", ana)
        assert (first.code, second.code) == ("STRING_TOO_LONG", "STRING_TOO_LONG")
        assert second.calls == first.calls == ["GET queryAll", "POST composite", "GET queryAll"]


class TestNoFieldNamed:
    """The CRM says no and not to what: the field is found that is to blame, and the rest goes through."""

    def test_a_value_that_another_record_has_is_named_by_the_text_alone(
        self, office: Office, ana: str, local_id: int
    ) -> None:
        badge = {"name": "Badge__c", "label": "Badge", "type": "string", "length": 20, "unique": True}
        office.org.control("objects", {"object": "Contact", "fields": [badge]})
        office.forget_fields()
        office.map_field("Contact", "Badge__c", "notes", label="Badge")
        office.in_crm("Contact", LastName="Other", Email="other@example.com", Badge__c="B1")
        office.change(local_id, notes="B1", job_title="Owner")
        told = office.sync("Contact", ana)
        assert (told.status, told.written) == (PARTIAL, {"Title": "Owner"})
        assert told.left_alone == {"notes": "DUPLICATE_VALUE"}
        assert told.calls.count("POST composite") == 2

    def test_an_address_that_a_duplicate_rule_refuses_costs_one_write_more(
        self, office: Office, ana: str, local_id: int
    ) -> None:
        office.in_crm("Contact", LastName="Other", Email="taken@example.com")
        office.change(local_id, email="taken@example.com", job_title="Owner", first_name="Anna")
        told = office.sync("Contact", ana)
        assert (told.status, told.written) == (PARTIAL, {"Title": "Owner", "FirstName": "Anna"})
        assert told.left_alone == {"email": "DUPLICATES_DETECTED"}
        assert told.calls.count("POST composite") == 2
        office.change(local_id, email="free@example.com")
        office.time_passes()
        assert office.sync("Contact", ana).written == {"Email": "free@example.com"}

    def test_a_rule_without_a_field_holds_back_the_one_that_breaks_it(
        self, office: Office, ana: str, local_id: int
    ) -> None:
        office.edit(ana, DoNotCall=True)
        office.map_field("Contact", "Lead_Score__c", "lead_score")
        office.change(local_id, job_title=CALL_CENTER, first_name="Anna", last_name="Simple", lead_score=7)
        told = office.sync("Contact", ana)
        assert (told.status, told.outcome) == (PARTIAL, "updated")
        assert told.left_alone == {"job_title": "FIELD_CUSTOM_VALIDATION_EXCEPTION"}
        shown = office.shown_in_crm(ana, "FirstName", "LastName", "Lead_Score__c", "Title")
        assert shown == {"FirstName": "Anna", "LastName": "Simple", "Lead_Score__c": 7, "Title": "Buyer"}
        changed = {(field, side) for field, side, _, _ in told.changes}
        assert changed == {("first_name", "crm"), ("last_name", "crm"), ("lead_score", "crm")}
        assert office.sync("Contact", ana).writes == []

    def test_a_rule_that_minds_the_record_itself_is_not_asked_for_ever(self, office: Office) -> None:
        eve = office.in_crm("Contact", LastName="Sample", Email="eve@example.com", Title=CALL_CENTER, DoNotCall=True)
        office.sync("Contact", eve)
        office.set_field("Contact", "phone", direction="two_way")
        office.set_object("Lead", enabled=False)
        office.map_field("Contact", "Lead_Score__c", "lead_score")
        wanted = {"first_name": "Eva", "last_name": "Simple", "lead_score": 7, "phone": "1"}
        office.change(office.linked("Contact", eve), **wanted)
        told = office.sync("Contact", eve)
        assert (told.status, told.writes) == (FAILED, [])
        assert_told(told, "FIELD_CUSTOM_VALIDATION_EXCEPTION", "A call center contact")
        assert set(told.left_alone) == set(wanted)
        assert told.calls.count("POST composite") <= 2 * len(wanted)


class TestLater:
    """Nothing is wrong with the record: the run is kept and goes on by itself."""

    def test_a_locked_record_is_written_when_it_is_free(self, office: Office, ana: str, local_id: int) -> None:
        office.org.fault("lock_rows", ids=[ana], seconds=600)
        office.change(local_id, job_title="Owner")
        told = office.sync("Contact", ana)
        assert (told.status, told.run.code, told.writes) == (QUEUED, "UNABLE_TO_LOCK_ROW", [])
        office.org.control("faults", method="DELETE")
        done = office.again(told)
        assert (done.status, done.outcome, done.written) == ("succeeded", "updated", {"Title": "Owner"})

    def test_a_spent_limit_pauses_the_connection_and_keeps_the_click(
        self, office: Office, ana: str, local_id: int
    ) -> None:
        office.org.fault("rate_limit")
        told = office.sync("Contact", ana)
        assert (told.status, told.run.code) == (QUEUED, "REQUEST_LIMIT_EXCEEDED")
        assert told.run.resume_at == office.connection.paused_until
        other = office.in_crm("Contact", LastName="Other", Email="other@example.com")
        assert office.sync("Contact", other).calls == []
        office.set_connection(paused_until=None)
        assert office.again(told).outcome == "unchanged"

    def test_an_org_that_is_down_is_asked_again_later(self, office: Office, ana: str, local_id: int) -> None:
        office.org.fault("status", "queryAll", status=503, count=3)
        told = office.sync("Contact", ana)
        assert (told.status, told.run.calls) == (QUEUED, 3)
        assert office.again(told).outcome == "unchanged"

    def test_a_write_whose_answer_was_lost_is_found_and_not_repeated(
        self, office: Office, ana: str, local_id: int
    ) -> None:
        office.org.fault("lose_response", "composite")
        office.change(local_id, job_title="Owner")
        lost = office.sync("Contact", ana)
        assert (lost.status, lost.written) == (QUEUED, {"Title": "Owner"})
        done = office.again(lost)
        assert (done.status, done.outcome, done.writes) == ("succeeded", "updated", [])
        assert done.changes == {("job_title", "crm", "Buyer", "Owner")}
        assert done.calls == ["GET queryAll"]

    def test_a_write_whose_answer_was_lost_is_booked_even_if_the_object_was_switched_off_since(
        self, office: Office, ana: str, local_id: int
    ) -> None:
        office.org.fault("lose_response", "composite")
        office.change(local_id, job_title="Owner", first_name="Anna")
        lost = office.sync("Contact", ana)
        office.set_object("Contact", enabled=False)
        done = office.again(lost)
        assert (done.outcome, done.code, done.writes) == ("updated", "OBJECT_OFF", [])
        assert done.changes == {("job_title", "crm", "Buyer", "Owner"), ("first_name", "crm", "Ana", "Anna")}

    def test_a_write_that_can_no_longer_be_looked_for_says_so(self, office: Office, ana: str, local_id: int) -> None:
        office.org.fault("lose_response", "composite")
        office.change(local_id, job_title="Owner")
        lost = office.sync("Contact", ana)
        office.permit(records={ana: "none"})
        done = office.again(lost)
        assert (done.status, done.code) == ("failed", "WRITE_UNKNOWN")
        assert done.changes == {("job_title", "crm", "Buyer", "Owner")}
        assert [each["unsure"] for each in done.entry.changes] == [True]

    def test_a_write_that_never_arrived_is_made_now(self, office: Office, ana: str, local_id: int) -> None:
        office.org.fault("drop", "composite")
        office.change(local_id, job_title="Owner")
        lost = office.sync("Contact", ana)
        assert (lost.status, lost.writes) == ("queued", [])
        done = office.again(lost)
        assert (done.outcome, done.written) == ("updated", {"Title": "Owner"})

    def test_a_lost_write_that_somebody_overwrote_meanwhile_stays_in_the_books(
        self, office: Office, ana: str, local_id: int
    ) -> None:
        """Nobody can tell whether it was stored; it was meant, and the org may have seen it."""
        office.org.fault("lose_response", "composite")
        office.change(local_id, job_title="Owner", ago=timedelta(hours=1))
        lost = office.sync("Contact", ana)
        office.time_passes()
        office.edit(ana, Title="Theirs", ago=timedelta())
        done = office.again(lost)
        assert office.values(local_id, "job_title") == {"job_title": "Theirs"}
        assert ("job_title", "crm", "Buyer", "Owner") in done.changes


def test_however_many_values_are_refused_one_by_one_the_run_comes_to_an_end(
    office: Office, ana: str, local_id: int
) -> None:
    """The CRM names one at a time: none of them is a sign that the record keeps changing."""
    office.map_field("Contact", "Lead_Score__c", "lead_score")
    office.set_field("Contact", "phone", direction="two_way")
    office.set_object("Lead", enabled=False)
    refused = {"first_name": "x" * 41, "last_name": None, "job_title": "y" * 129, "phone": "1" * 41, "lead_score": 101}
    office.change(local_id, **refused)
    told = office.sync("Contact", ana)
    assert (told.status, told.outcome) == (FAILED, "failed")
    assert set(told.left_alone) == set(refused)
