"""A value is never overwritten unseen: whatever changes between our look and our write is looked at again."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import select

from jobs.models import ObjectMapping
from jobs.runtime import utc_now
from tests.faults.installation import Installation, until
from tests.faults.people import Person, new_person


def test_an_edit_in_the_org_between_our_read_and_our_write_wins_when_it_is_newer(here: Installation) -> None:
    person = new_person(here)
    _change_title_here(person, "Title from us")
    fault = here.org.fault("latency", f"sobjects/.*{person.record_id}", seconds=2.6)
    run_id = person.rep.click()
    until(lambda: here.has_struck(fault), what="our write is under way")
    # The org tells whole seconds, of its stamps and of its clock: nearer to each other nobody can tell the newer one.
    time.sleep(1.8)
    person.edit(Title="Title from the rep")
    until(lambda: here.is_over(run_id), what="the run completes")

    assert person.patches() == [412]
    assert person.our_writes() == []
    (entry,) = here.entries_of(run_id)
    assert [(each["side"], each["field"], each["old"], each["new"]) for each in entry.changes] == [
        ("here", "job_title", "Title from us", "Title from the rep")
    ]
    person.require_in_step()
    person.require_quiet()


def test_an_edit_of_another_field_meanwhile_is_kept_and_our_own_change_still_goes_through(here: Installation) -> None:
    person = new_person(here)
    _change_title_here(person, "Title from us")
    fault = here.org.fault("latency", f"sobjects/.*{person.record_id}", seconds=1.2)
    run_id = person.rep.click()
    until(lambda: here.has_struck(fault), what="our write is under way")
    person.edit(FirstName="Patricia")
    until(lambda: here.is_over(run_id), what="the run completes")

    assert sorted(person.patches()) == [204, 412]
    assert [write["new"] for write in person.our_writes()] == [{"Title": "Title from us"}]
    assert (person.in_org()["FirstName"], person.local().values["first_name"]) == ("Patricia", "Patricia")
    person.require_in_step()
    person.require_quiet()


def test_edits_within_the_second_of_our_read_are_not_overwritten(here: Installation) -> None:
    """The org's condition is blind within one second: such a record is read again in a later one."""
    person = new_person(here)
    _change_title_here(person, "Title from us")
    _to_the_start_of_a_second(here)
    person.edit(LastName="Edited-0")  # read in the same second
    person.rep.click()
    until(lambda: _reads(person) > 0, what="the org has been read")
    person.edit(Title="Title from the rep", LastName="Edited-1")
    person.rep.follow()

    ours = [write["new"] for write in person.our_writes()]
    assert ours == []
    assert person.in_org()["Title"] == "Title from the rep"
    person.require_in_step()
    person.require_quiet()


def test_a_change_of_ours_while_the_org_is_writing_survives(here: Installation) -> None:
    """One field of ours is on its way to the org when a colleague changes it again, and another field too."""
    person = new_person(here)
    person.edit(Title="Title from the rep")
    person.change_here(lead_score=41)
    here.let_org_time_pass()
    person.since = here.mark()
    fault = here.org.fault("latency", f"sobjects/.*{person.record_id}", seconds=1.2)
    person.rep.click()
    until(lambda: here.has_struck(fault), what="our write is under way")
    person.change_here(lead_score=42, first_name="Patricia")
    person.rep.follow()

    assert person.local().values["lead_score"] == 42
    assert person.local().values["first_name"] == "Patricia"
    assert [write["new"].get("Lead_Score__c") for write in person.our_writes()][-1] == 42
    person.require_in_step()
    _require_every_write_is_logged(person)
    person.require_quiet()


@pytest.mark.parametrize("also_changed_there", [False, True])
def test_our_own_write_is_not_taken_for_a_newer_change_of_the_org(here: Installation, also_changed_there: bool) -> None:
    """A colleague changes a field again while its first change is on its way: the org stamps the first one later."""
    person = new_person(here)
    if also_changed_there:  # there is something to bring here too: our record is compared once more
        person.edit(FirstName="Patricia")
    _change_title_here(person, "First title")
    fault = here.org.fault("latency", f"sobjects/.*{person.record_id}", seconds=2)
    person.rep.click()
    until(lambda: here.has_struck(fault), what="our write is under way")
    person.change_here(job_title="Second title")
    person.rep.follow()
    if not also_changed_there:  # it came after the click, and goes with the next one
        person.rep.click()
        person.rep.follow()

    assert person.local().values["job_title"] == "Second title"
    assert [write["new"] for write in person.our_writes()] == [{"Title": "First title"}, {"Title": "Second title"}]
    person.require_in_step()
    _require_every_write_is_logged(person)
    person.require_quiet()


@pytest.mark.parametrize("conflict_rule", ["prefer_crm", "ask"])
def test_nor_is_the_write_of_a_worker_that_was_killed(here: Installation, conflict_rule: str) -> None:
    """It had written, and died before it could say so; meanwhile a colleague changes the same field again."""
    person = new_person(here)
    _change_title_here(person, "First title")
    with _conflicts_are_settled_by(here, conflict_rule):
        here.org.fault("hang", f"sobjects/.*{person.record_id}", seconds=1, apply=True)
        run_id = person.rep.click()
        until(lambda: bool(person.our_writes()), what="the org has written")
        here.kill(*here.workers)
        person.change_here(job_title="Second title")
        here.restart(*here.workers)
        until(lambda: here.is_over(run_id), what="the run completes")
        person.rep.follow()

    assert person.local().values["job_title"] == "Second title"
    assert [write["new"] for write in person.our_writes()] == [{"Title": "First title"}, {"Title": "Second title"}]
    person.require_in_step()
    _require_every_write_is_logged(person)
    person.require_quiet()


def test_clicks_under_a_stream_of_edits_on_both_sides_lose_no_edit(here: Installation) -> None:
    """A rep types in the org and a colleague types here, each in fields of their own, while somebody clicks."""
    person = new_person(here)
    person.since = here.mark()
    done = threading.Event()

    def edit_all_the_time() -> None:
        for number in range(12):
            person.edit(Title=f"Title {number}")
            person.change_here(lead_score=number, first_name=f"Pat {number}")
            here.let_org_time_pass()
            time.sleep(0.15)
        done.set()

    typist = threading.Thread(target=edit_all_the_time)
    typist.start()
    while not done.is_set():
        person.rep.click()
        person.rep.follow()
    typist.join()
    person.rep.click()
    person.rep.follow()
    assert (person.in_org()["Title"], person.local().values["job_title"]) == ("Title 11", "Title 11")
    assert (person.in_org()["FirstName"], person.in_org()["Lead_Score__c"]) == ("Pat 11", 11)
    person.require_in_step()
    person.require_quiet()


@contextmanager
def _conflicts_are_settled_by(here: Installation, rule: str) -> Iterator[None]:
    """As an admin would set it for the title."""
    _set_conflict_rule(here, rule)
    try:
        yield
    finally:
        _set_conflict_rule(here, "most_recent")


def _set_conflict_rule(here: Installation, rule: str) -> None:
    with here.runtime.database.write() as session:
        mapping = session.scalars(select(ObjectMapping).where(ObjectMapping.object == "Contact")).one()
        next(each for each in mapping.fields if each.crm_field == "Title").conflict_rule = rule
        mapping.updated_at = utc_now()


def _change_title_here(person: Person, title: str) -> None:
    person.here.let_org_time_pass()
    person.change_here(job_title=title)
    person.since = person.here.mark()


def _reads(person: Person) -> int:
    calls = person.here.calls(person.since, "/queryAll")
    return sum(1 for call in calls if person.record_id in call["query"] and call["status"])


def _to_the_start_of_a_second(here: Installation) -> None:
    """Wait until the org's clock has just begun a new second."""
    while float(here.org.control("clock", method="GET")["now"][19:23]) > 0.15:
        time.sleep(0.02)


def _require_every_write_is_logged(person: Person) -> None:
    """What the org wrote for us, and what our log says it wrote, are the same, in the same order."""
    told = [
        (each["crm_field"], each["old"], each["new"])
        for entry in person.entries()
        for each in entry.changes
        if each["side"] == "crm"
    ]
    done = [(name, write["old"][name], write["new"][name]) for write in person.our_writes() for name in write["new"]]
    assert told == done
