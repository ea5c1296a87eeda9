"""The clock or the web server dies. What was clicked is done, and whoever follows it hears so in the end."""

from __future__ import annotations

import os
import signal
from pathlib import Path

import pytest

from tests.faults.installation import Installation, until
from tests.faults.people import Person, new_person


def test_without_a_clock_a_dead_worker_is_missed_and_with_it_again_relieved(here: Installation) -> None:
    person = new_person(here)
    person.change_both_sides()
    fault = here.org.fault("hang", f"sobjects/.*{person.record_id}", seconds=1, apply=True)
    run_id = person.rep.click()
    until(lambda: here.has_struck(fault), what="the write is under way")
    here.kill("clock", *here.workers)
    here.restart(*here.workers)
    other = new_person(here)  # what nothing befalls needs no clock
    other.require_quiet()
    assert not here.is_over(run_id)
    here.restart("clock")
    until(lambda: here.is_over(run_id), what="the clock finds the run")
    person.rep.follow()
    person.require_one_write(run_id)
    person.require_quiet()


@pytest.mark.parametrize("victim", ["its server process", "all of it"])
def test_a_web_server_that_dies_under_a_page_takes_nothing_with_it(here: Installation, victim: str) -> None:
    person = new_person(here)
    person.change_both_sides()
    fault = here.org.fault("latency", f"sobjects/.*{person.record_id}", seconds=1.5)
    run_id = person.rep.click()
    until(lambda: here.has_struck(fault), what="the write is under way")
    if victim == "all of it":
        here.kill("web")
        here.restart("web")
    else:
        _kill_child_of(here, "web")
    screen = person.rep.follow()  # the page asks on, with the token it has
    assert screen.headline == "1 field from Salesforce, 1 field to Salesforce."
    person.require_one_write(run_id)
    until(here.is_ready, what="the web server is back")
    person.require_quiet()


def test_everything_but_the_database_dies_at_once(here: Installation) -> None:
    """Power is gone for our machines; the queue server comes back without its memory."""
    people = [new_person(here) for _ in range(2)]
    for person in people:
        person.change_both_sides()
        here.org.fault("hang", f"sobjects/.*{person.record_id}", seconds=1, apply=True)
    run_ids = [person.rep.click() for person in people]
    until(lambda: all(person.our_writes() for person in people), what="the org has written")
    here.kill(*here.children)
    here.runtime.redis.flushall()
    here.restart(*here.children)
    for person, run_id in zip(people, run_ids, strict=True):
        _completes(here, person, run_id)


def _completes(here: Installation, person: Person, run_id: int) -> None:
    until(lambda: here.is_over(run_id), what="the run completes")
    person.rep.follow()
    person.require_one_write(run_id)
    person.require_quiet()


def _kill_child_of(here: Installation, name: str) -> None:
    pid = here.children[name].pid
    (child,) = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    os.kill(int(child), signal.SIGKILL)
