"""A worker is killed at every step of a sync. The click completes, nothing is written twice, nothing is lost.

SIGKILL leaves no chance to tidy up: what the next worker finds in the rows and in the org is all it has.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest
from sqlalchemy import select

from jobs.models import RecordLink
from jobs.sync.push_ask import PushAsk
from jobs.tasks import request_push
from tests.faults.conftest import RECOVERY
from tests.faults.installation import Installation, until
from tests.faults.people import OBJECT, Person, new_person, new_stranger
from tests.support.org_server import Json

PROMISED_SECONDS = 15.0
AT_ONCE = 2  # so many workers are killed at the same moment, each at work for another person

Kill = Callable[[Installation, list[Person]], list[int]]


def before_the_claim(here: Installation, people: list[Person]) -> list[int]:
    """The job is off the queue, and nobody has the run yet."""
    started = here.jobs_started()
    here.pause(*here.workers)  # so that the clicks are accepted before the database is locked
    run_ids = _click(people)
    with here.database_locked():
        here.resume(*here.workers)
        until(lambda: len(here.jobs_started() - started) == AT_ONCE, what="each worker has taken a job")
        time.sleep(0.05)
        here.kill(*here.workers)
    assert {here.run(run_id).status for run_id in run_ids} == {"queued"}
    return run_ids


def while_reading(here: Installation, people: list[Person]) -> list[int]:
    """The run is claimed; the org has been asked and has not answered."""
    faults = [here.org.fault("hang", f"queryAll.*{person.record_id}", seconds=3) for person in people]
    run_ids = _click(people)
    until(lambda: here.has_struck(*faults), what="the org is being asked")
    here.kill(*here.workers)
    assert {here.run(run_id).step for run_id in run_ids} == {"reading"}
    return run_ids


def before_the_intent(here: Installation, people: list[Person]) -> list[int]:
    """The org has answered; what is to be written is not noted yet."""
    for person in people:
        here.org.fault("latency", f"queryAll.*{person.record_id}", seconds=1.2)
    run_ids = _click(people)
    until(lambda: len(here.calls(people[0].since, "/queryAll")) == AT_ONCE, what="the read is under way")
    with here.database_locked():
        until(lambda: all(call["status"] for call in here.calls(people[0].since, "/queryAll")), what="it is answered")
        time.sleep(0.1)
        here.kill(*here.workers)
    assert [here.entries_of(run_id) for run_id in run_ids] == [[], []]
    return run_ids


def before_the_write_arrives(here: Installation, people: list[Person]) -> list[int]:
    """What is to be written is noted, and the org never hears of it."""
    faults = [here.org.fault("hang", f"sobjects/.*{person.record_id}", seconds=3) for person in people]
    run_ids = _click(people)
    until(lambda: here.has_struck(*faults), what="the write is on its way")
    here.kill(*here.workers)
    assert [person.our_writes() for person in people] == [[], []]
    _require_intents(here, run_ids)
    return run_ids


def after_the_write(here: Installation, people: list[Person]) -> list[int]:
    """The org has written and we have not: the worst moment of all."""
    for person in people:
        here.org.fault("hang", f"sobjects/.*{person.record_id}", seconds=3, apply=True)
    run_ids = _click(people)
    until(lambda: all(person.our_writes() for person in people), what="the org has written")
    here.kill(*here.workers)
    _require_intents(here, run_ids)
    return run_ids


def after_the_commit(here: Installation, people: list[Person]) -> list[int]:
    """All is done; only the queue does not know."""
    faults = [here.org.fault("latency", f"sobjects/.*{person.record_id}", seconds=0.5) for person in people]
    run_ids = _click(people)
    until(lambda: here.has_struck(*faults), what="the write is under way")
    with queue_frozen(here):
        until(lambda: all(here.is_over(run_id) for run_id in run_ids), what="both runs are committed")
        here.kill(*here.workers)
    return run_ids


STEPS: dict[str, Kill] = {
    "before the claim": before_the_claim,
    "while reading": while_reading,
    "before the intent": before_the_intent,
    "before the write arrives": before_the_write_arrives,
    "after the write": after_the_write,
    "after the commit": after_the_commit,
}


@pytest.mark.parametrize("step", STEPS)
def test_a_worker_killed_at_any_step_costs_only_time(
    here: Installation, step: str, rounds: int, record_property: Callable[[str, object], None]
) -> None:
    _kill_again_and_again(here, STEPS[step], rounds, record_property)


@pytest.mark.postgres
@pytest.mark.parametrize("step", ["before the claim", "after the write"])
def test_the_same_holds_on_postgres(
    here_on_postgres: Installation, step: str, rounds: int, record_property: Callable[[str, object], None]
) -> None:
    _kill_again_and_again(here_on_postgres, STEPS[step], max(AT_ONCE, rounds // 5), record_property)


@pytest.mark.postgres
def test_a_database_that_ends_every_connection_at_the_commit_costs_only_time(here_on_postgres: Installation) -> None:
    """As when it is restarted, or fails over: the org has written, and our commit is refused."""
    here = here_on_postgres
    person = new_person(here)
    person.change_both_sides()
    fault = here.org.fault("latency", f"sobjects/.*{person.record_id}", seconds=1)
    run_id = person.rep.click()
    until(lambda: here.has_struck(fault), what="the write is under way")
    with here.database_locked():
        until(lambda: bool(person.our_writes()), what="the org has written")
        here.end_database_connections()
    until(lambda: here.is_over(run_id), what="the run completes by itself")
    assert here.run(run_id).attempts == 2
    person.rep.follow()
    person.require_one_write(run_id)
    person.require_quiet()
    assert all(process.poll() is None for process in here.children.values())


@pytest.mark.parametrize("is_made", [False, True], ids=["before it is made", "after it is made"])
def test_a_push_whose_worker_is_killed_makes_one_record(
    here: Installation, is_made: bool, rounds: int, record_property: Callable[[str, object], None]
) -> None:
    taken: list[float] = []
    for _ in range(max(1, rounds // AT_ONCE)):
        since = here.mark()
        strangers = [new_stranger(here) for _ in range(AT_ONCE)]
        fault = here.org.fault("hang", f"sobjects/{OBJECT}$", count=AT_ONCE, seconds=3, apply=is_made)
        run_ids = [_push(here, local_id) for local_id in strangers]
        until(lambda fault=fault: here.has_struck(fault), what="both records are on their way")
        if is_made:
            until(lambda since=since: len(_made(here, since)) == AT_ONCE, what="the org has made both")
        here.kill(*here.workers)
        assert [[entry.finished_at for entry in here.entries_of(run_id)] for run_id in run_ids] == [[None], [None]]
        taken += _seconds_to_recover(here, run_ids)
        records = {write["id"] for write in _made(here, since)}
        assert len(_made(here, since)) == AT_ONCE
        entries = [entry for run_id in run_ids for entry in here.entries_of(run_id)]
        assert [(entry.outcome, entry.local_record_id) for entry in entries] == [
            ("created", each) for each in strangers
        ]
        assert {entry.crm_record_id for entry in entries} == records == _linked_to(here, strangers)
    record_property(RECOVERY, taken)
    assert max(taken) <= PROMISED_SECONDS, taken


def test_a_write_that_arrives_after_its_worker_died_is_not_done_twice(here: Installation) -> None:
    """The dead worker's request lies in the network while another worker does the same: one of the two is refused."""
    person = new_person(here)
    person.change_both_sides()
    lease = here.settings.lease_seconds
    fault = here.org.fault("latency", f"sobjects/.*{person.record_id}", seconds=lease + 8)
    run_id = person.rep.click()
    until(lambda: here.has_struck(fault), what="the write is under way")
    here.kill(*here.workers)
    here.restart(*here.workers)
    until(lambda: here.is_over(run_id), what="another worker finishes the run")
    until(
        lambda: all(call["status"] for call in here.calls(person.since, "/composite")),
        what="the write of the dead worker arrives",
    )
    assert sorted(person.patches()) == [204, 412]
    person.require_one_write(run_id)
    person.require_quiet()


def test_a_worker_that_wakes_up_too_late_writes_nothing(here: Installation) -> None:
    """Stopped in the middle of its read, taken for dead, and woken when another one has done its work."""
    person, sleeper, other, run_id = _falls_asleep_while_reading(here)
    here.restart(other)
    until(lambda: here.is_over(run_id), what="another worker finishes the run")
    here.kill(other)
    version = person.local().version

    here.resume(sleeper)
    new_person(here)  # only the sleeper can have done this: it is through with the old run
    assert here.run(run_id).fence == 2
    assert person.patches() == [204]
    assert person.local().version == version
    person.require_one_write(run_id)
    here.restart(other)
    person.require_quiet()


def test_a_worker_that_wakes_up_while_another_one_writes_keeps_out_of_its_way(here: Installation) -> None:
    person, sleeper, other, run_id = _falls_asleep_while_reading(here)
    fault = here.org.fault("latency", f"sobjects/.*{person.record_id}", seconds=1.5)
    here.restart(other)
    until(lambda: here.has_struck(fault), what="another worker is writing")
    here.resume(sleeper)
    until(lambda: here.is_over(run_id), what="the other worker finishes the run")
    assert here.run(run_id).fence == 2
    assert person.patches() == [204]
    person.require_one_write(run_id)
    person.require_quiet()


def _falls_asleep_while_reading(here: Installation) -> tuple[Person, str, str, int]:
    """The person, the stopped worker, a killed one, and the run that the stopped one has claimed."""
    person = new_person(here)
    person.change_both_sides()
    sleeper, other = here.workers
    here.kill(other)
    fault = here.org.fault("latency", f"queryAll.*{person.record_id}", seconds=0.5)
    run_id = person.rep.click()
    until(lambda: here.has_struck(fault), what="the read is under way")
    here.pause(sleeper)
    return person, sleeper, other, run_id


@contextmanager
def queue_frozen(here: Installation) -> Iterator[None]:
    """The queue server holds back every write while inside."""
    here.runtime.redis.client_pause(20_000, all=False)
    try:
        yield
    finally:
        here.runtime.redis.client_unpause()


def _push(here: Installation, local_id: int) -> int:
    ask = PushAsk(here.connection_id, OBJECT, local_id, "admin")
    return request_push(here.runtime, ask).run.id


def _made(here: Installation, since: int) -> list[Json]:
    """The records that the product has made in the org, from the journal."""
    return [each for each in here.journal(since, "write") if each["op"] == "insert" and each["object"] == OBJECT]


def _linked_to(here: Installation, local_ids: list[int]) -> set[str]:
    query = select(RecordLink.crm_record_id).where(RecordLink.local_record_id.in_(local_ids))
    with here.runtime.database.read() as session:
        return set(session.scalars(query))


def _kill_again_and_again(
    here: Installation, kill: Kill, rounds: int, record_property: Callable[[str, object], None]
) -> None:
    taken: list[float] = []
    for _ in range(max(1, rounds // AT_ONCE)):
        people = [new_person(here) for _ in range(AT_ONCE)]
        for person in people:
            person.change_both_sides()
        people[0].since = min(person.since for person in people)
        run_ids = kill(here, people)
        taken += _seconds_to_recover(here, run_ids)
        for person, run_id in zip(people, run_ids, strict=True):
            person.require_one_write(run_id)
            person.require_quiet()
    record_property(RECOVERY, taken)
    assert max(taken) <= PROMISED_SECONDS, taken


def _seconds_to_recover(here: Installation, run_ids: list[int]) -> list[float]:
    killed_at = time.monotonic()
    here.restart(*here.workers)
    taken: list[float] = []
    for run_id in run_ids:
        until(lambda run_id=run_id: here.is_over(run_id), what="the run completes by itself")
        taken.append(time.monotonic() - killed_at)
    return taken


def _click(people: list[Person]) -> list[int]:
    return [person.rep.click() for person in people]


def _require_intents(here: Installation, run_ids: list[int]) -> None:
    for run_id in run_ids:
        (intent,) = here.entries_of(run_id)
        assert intent.finished_at is None
        assert [change["field"] for change in intent.changes] == ["lead_score"]
