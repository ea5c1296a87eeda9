"""A preview says what a sync would do, asks the CRM once, writes nowhere, and is kept to by the sync that follows."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

import pytest

from jobs.asking import Ask
from jobs.crm.errors import RateLimited
from jobs.runtime import utc_now
from jobs.sync.preview import Preview, preview
from tests.support.office import Office


def look(office: Office, record_id: str, object_name: str = "Contact", **ask: object) -> Preview:
    return preview(office.runtime, Ask(office.connection_id, object_name, record_id, "panel", **ask))  # type: ignore[arg-type]


def told(found: Preview) -> dict[str, list[tuple[str, object, object]]]:
    return {
        side: [(each.rule.local_field, each.old, each.value) for each in decisions]
        for side, decisions in (("here", found.here), ("crm", found.in_crm))
    }


@pytest.fixture
def ana(office: Office) -> str:
    return office.in_crm("Contact", FirstName="Ana", LastName="Sample", Email="ana@example.com", Title="Buyer")


@pytest.fixture
def linked(office: Office, ana: str) -> int:
    office.sync("Contact", ana)
    return office.linked("Contact", ana)


def test_it_names_each_field_and_its_side(office: Office, ana: str, linked: int) -> None:
    office.edit(ana, Title="Owner")
    office.change(linked, first_name="Anna")
    found = look(office, ana)
    assert told(found) == {"here": [("job_title", "Buyer", "Owner")], "crm": [("first_name", "Ana", "Anna")]}
    assert (found.skip, found.creates, found.conflicts) == (None, False, ())


def test_it_costs_the_one_call_of_the_read_and_writes_nowhere(office: Office, ana: str, linked: int) -> None:
    office.edit(ana, Title="Owner")
    office.warm("Contact")
    since, before = office.next_seq(), office.local(linked).version
    look(office, ana)
    journal = office.org.control(f"journal?since={since}&limit=1000", method="GET")["entries"]
    assert [(each["method"], each["path"].rsplit("/", 1)[-1]) for each in journal if each["kind"] == "call"] == [
        ("GET", "queryAll")
    ]
    assert [each for each in journal if each["kind"] == "write"] == []
    assert office.local(linked).version == before


def test_the_sync_then_does_what_was_said(office: Office, ana: str, linked: int) -> None:
    office.edit(ana, Title="Owner")
    office.change(linked, first_name="Anna")
    found = look(office, ana)
    done = office.sync("Contact", ana, previewed=found.stamp)
    assert done.changes == {("job_title", "here", "Buyer", "Owner"), ("first_name", "crm", "Ana", "Anna")}
    assert done.code == ""


def test_a_sync_that_does_otherwise_says_so(office: Office, ana: str, linked: int) -> None:
    office.edit(ana, Title="Owner")
    found = look(office, ana)
    office.edit(ana, FirstName="Anna", ago=timedelta(seconds=30))
    done = office.sync("Contact", ana, previewed=found.stamp)
    assert done.changes == {("job_title", "here", "Buyer", "Owner"), ("first_name", "here", "Ana", "Anna")}
    assert (done.code, done.entry.message) == ("CHANGED_SINCE_PREVIEW", "Something had changed since the preview.")


def test_a_rule_changed_meanwhile_is_a_difference_too(office: Office, ana: str, linked: int) -> None:
    office.edit(ana, Title="Owner")
    found = look(office, ana)
    office.set_field("Contact", "job_title", enabled=False)
    assert office.sync("Contact", ana, previewed=found.stamp).code == "CHANGED_SINCE_PREVIEW"


SAID = "Something had changed since the preview."


def test_it_is_said_also_by_a_run_that_had_to_wait_first(office: Office, ana: str, linked: int) -> None:
    found = seen_then_moved_on(office, ana)
    office.set_connection(paused_until=utc_now().replace(year=2099))
    waits = office.sync("Contact", ana, previewed=found.stamp)
    office.set_connection(paused_until=None)
    told = office.again(waits)
    assert (told.run.attempts, told.code, told.entry.message) == (2, "CHANGED_SINCE_PREVIEW", SAID)


def test_it_is_said_also_when_the_attempt_that_wrote_did_not_hear_of_it(office: Office, ana: str, linked: int) -> None:
    """What is decided after the write follows from it, so what was found before is kept with the intent."""
    office.change(linked, job_title="Owner")
    same, moved = look(office, ana), look(office, ana)
    for found, said in ((same, ""), (moved, "CHANGED_SINCE_PREVIEW")):
        if said:
            office.change(linked, job_title="Founder", first_name="Anna")
        office.org.fault("lose_response", "/composite")
        waits = office.sync("Contact", ana, previewed=found.stamp)
        assert waits.status == "queued"
        told = office.again(waits)
        assert (told.status, told.code) == ("succeeded", said)
        office.time_passes()


def test_it_is_said_also_when_the_click_joins_a_run(office: Office, ana: str, linked: int) -> None:
    found = seen_then_moved_on(office, ana, before=lambda: office.ask("Contact", ana))
    told = office.sync("Contact", ana, previewed=found.stamp)
    assert (told.code, told.entry.message) == ("CHANGED_SINCE_PREVIEW", SAID)


def test_a_second_click_on_the_same_preview_is_no_change(office: Office, ana: str, linked: int) -> None:
    office.edit(ana, Title="Owner")
    found = look(office, ana)
    office.ask("Contact", ana, previewed=found.stamp)
    assert office.sync("Contact", ana, previewed=found.stamp).code == ""


def test_two_who_saw_different_previews_are_both_told(office: Office, ana: str, linked: int) -> None:
    first = seen_then_moved_on(office, ana)
    office.ask("Contact", ana, previewed=first.stamp)
    assert office.sync("Contact", ana, previewed=look(office, ana).stamp).code == "CHANGED_SINCE_PREVIEW"


def test_it_is_said_besides_what_the_crm_refused(office: Office, ana: str, linked: int) -> None:
    found = look(office, ana)
    office.change(linked, job_title="x" * 300)
    told = office.sync("Contact", ana, previewed=found.stamp)
    assert told.code == "STRING_TOO_LONG"
    assert told.entry.message.endswith(SAID)
    assert told.entry.message != SAID


def test_it_is_said_besides_why_a_record_is_left_alone_after_all(office: Office, ana: str, linked: int) -> None:
    found = look(office, ana)
    office.edit(ana, Email="")
    told = office.sync("Contact", ana, previewed=found.stamp)
    assert (told.outcome, told.code) == ("skipped", "NO_EMAIL")
    assert told.entry.message.endswith(SAID)
    again = office.sync("Contact", ana, previewed=look(office, ana).stamp)
    assert (again.code, SAID in again.entry.message) == ("NO_EMAIL", False)


def test_what_the_crm_refuses_as_foreseen_is_no_change_since(office: Office, ana: str, linked: int) -> None:
    office.change(linked, job_title="x" * 300)
    told = office.sync("Contact", ana, previewed=look(office, ana).stamp)
    assert SAID not in told.entry.message


def seen_then_moved_on(office: Office, ana: str, before: Callable[[], object] = lambda: None) -> Preview:
    office.edit(ana, Title="Owner")
    found = look(office, ana)
    before()
    office.edit(ana, FirstName="Anna", ago=timedelta(seconds=30))
    return found


def test_our_own_value_is_part_of_what_was_seen(office: Office, ana: str, linked: int) -> None:
    """The CRM's value would be written over another one than was shown."""
    office.set_field("Contact", "job_title", conflict_rule="prefer_crm")
    office.edit(ana, Title="Owner")
    found = look(office, ana)
    office.change(linked, job_title="Founder")
    told = office.sync("Contact", ana, previewed=found.stamp)
    assert (told.changes, told.code) == ({("job_title", "here", "Founder", "Owner")}, "CHANGED_SINCE_PREVIEW")


def test_its_call_counts_as_any_other(office: Office, ana: str, linked: int) -> None:
    office.warm("Contact")
    before = office.calls_today()
    look(office, ana)
    assert office.calls_today() == before + 1


def test_a_record_that_would_be_made_here_is_announced(office: Office, ana: str) -> None:
    found = look(office, ana)
    assert found.creates
    assert ("job_title", None, "Buyer") in told(found)["here"]
    assert office.how_many("contact") == 0


def test_a_record_that_would_be_skipped_says_why(office: Office) -> None:
    nobody = office.in_crm("Contact", LastName="Sample")
    found = look(office, nobody)
    assert found.skip is not None
    assert found.skip.code == "NO_EMAIL"
    office.set_object("Contact", enabled=False)
    found = look(office, nobody)
    assert found.skip is not None
    assert found.skip.code == "OBJECT_OFF"


def test_a_field_hidden_from_the_person_would_not_be_touched(office: Office, ana: str, linked: int) -> None:
    office.edit(ana, Title="Owner")
    found = look(office, ana, readable_fields=["Email"], editable_fields=[])
    assert told(found) == {"here": [], "crm": []}
    assert [(each.rule.local_field, each.why) for each in found.left] == [("job_title", "HIDDEN_FROM_YOU")]


def test_a_pause_is_kept(office: Office, ana: str) -> None:
    office.set_connection(paused_until=utc_now().replace(year=2099))
    with pytest.raises(RateLimited):
        look(office, ana)
