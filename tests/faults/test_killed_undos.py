"""Workers are killed at every step of an undo, of one sync and of a run of several: it is finished, and done once.

At the same moment one worker is at an undo of a single entry and another in the midst of an undo of a whole run.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
from sqlalchemy import update

from jobs.models import SyncLogEntry, SyncRun
from jobs.runtime import utc_now
from jobs.sync.undo_ask import UndoAsk
from jobs.tasks import request_undo
from tests.faults.conftest import RECOVERY
from tests.faults.installation import Installation, until
from tests.faults.people import Person, new_person
from tests.faults.test_killed_workers import PROMISED_SECONDS, queue_frozen

IN_ONE_RUN = 3
AT_WORK = 2  # undos, each in the hands of a worker of its own


@dataclass
class Synced:
    """One person whom a sync has just changed on both sides, and what both had before."""

    person: Person
    entry_id: int
    title_before: Any  # ours
    score_before: Any  # theirs


@dataclass
class Undos:
    """One entry that is to be taken back, and a whole run."""

    here: Installation
    single: Synced
    several: list[Synced]  # in the order in which the undo comes to them: the newest first
    of_run: int

    @property
    def all(self) -> list[Synced]:
        return [self.single, *self.several]

    @property
    def in_the_midst(self) -> list[Synced]:
        """Whom the two workers are at when one of the several is done and one is still to come."""
        return [self.single, self.several[1]]

    def ask(self) -> list[int]:
        asks = (UndoAsk("admin", entry_id=self.single.entry_id), UndoAsk("admin", run_id=self.of_run))
        return [request_undo(self.here.runtime, ask).run.id for ask in asks]

    def writes_at(self, synced: list[Synced], fault: str, *, seconds: float, **more: Any) -> list[int]:
        """Put a fault in the way of the writes to these; the faults' ids."""
        return [
            self.here.org.fault(fault, f"sobjects/.*{each.person.record_id}", seconds=seconds, **more)
            for each in synced
        ]


Kill = Callable[[Undos], list[int]]


def before_the_claim(undos: Undos) -> list[int]:
    """The jobs are off the queue, and nobody has the runs yet."""
    here = undos.here
    here.pause(*here.workers)
    started = here.jobs_started()
    run_ids = undos.ask()
    with here.database_locked():
        here.resume(*here.workers)
        until(lambda: len(here.jobs_started() - started) == AT_WORK, what="each worker has taken a job")
        here.kill(*here.workers)
    assert {here.run(run_id).status for run_id in run_ids} == {"queued"}
    return run_ids


def after_the_intent(undos: Undos) -> list[int]:
    """What is to be written is noted, and the org never hears of it; of the several, one is done."""
    here = undos.here
    faults = undos.writes_at(undos.in_the_midst, "hang", seconds=3)
    run_ids = undos.ask()
    until(lambda: here.has_struck(*faults), what="the writes are on their way")
    here.kill(*here.workers)
    assert [each.person.our_writes() for each in undos.in_the_midst] == [[], []]
    assert [_open_entries(here, run_id) for run_id in run_ids] == [1, 1]
    return run_ids


def after_the_write(undos: Undos) -> list[int]:
    """The org has written and we have not: the worst moment of all."""
    here = undos.here
    undos.writes_at(undos.in_the_midst, "hang", seconds=3, apply=True)
    run_ids = undos.ask()
    until(lambda: all(each.person.our_writes() for each in undos.in_the_midst), what="the org has written")
    here.kill(*here.workers)
    assert [_open_entries(here, run_id) for run_id in run_ids] == [1, 1]
    return run_ids


def after_the_commit(undos: Undos) -> list[int]:
    """All is done; only the queue does not know."""
    here = undos.here
    faults = undos.writes_at([undos.single, undos.several[-1]], "latency", seconds=0.8)
    run_ids = undos.ask()
    until(lambda: here.has_struck(*faults), what="the last writes are under way")
    with queue_frozen(here):
        until(lambda: all(here.is_over(run_id) for run_id in run_ids), what="both runs are committed")
        here.kill(*here.workers)
    return run_ids


STEPS: dict[str, Kill] = {
    "before the claim": before_the_claim,
    "after the intent": after_the_intent,
    "after the write": after_the_write,
    "after the commit": after_the_commit,
}


@pytest.fixture(scope="module")
def people(shared_installation: Installation) -> list[Person]:
    return [new_person(shared_installation) for _ in range(1 + IN_ONE_RUN)]


@pytest.mark.parametrize("step", STEPS)
def test_a_worker_killed_at_any_step_of_an_undo_costs_only_time(
    here: Installation,
    people: list[Person],
    step: str,
    rounds: int,
    record_property: Callable[[str, object], None],
) -> None:
    taken: list[float] = []
    for _ in range(max(1, rounds // AT_WORK)):
        undos = synced(here, people)
        run_ids = STEPS[step](undos)
        killed_at = time.monotonic()
        here.restart(*here.workers)
        for run_id in run_ids:
            until(lambda run_id=run_id: here.is_over(run_id), what="the undo completes by itself")
            taken.append(time.monotonic() - killed_at)
        require_taken_back_once(here, undos.single, run_ids[0])
        for each in undos.several:
            require_taken_back_once(here, each, run_ids[1])
        assert [here.run(run_id).status for run_id in run_ids] == ["succeeded"] * AT_WORK
        assert [here.run(run_id).updated_count for run_id in run_ids] == [1, IN_ONE_RUN]
        for person in people:
            require_quiet(person)
    record_property(RECOVERY, taken)
    assert max(taken) <= PROMISED_SECONDS, taken


def synced(here: Installation, people: list[Person]) -> Undos:
    """Everybody changed on both sides and synced; all but the first by one run, as a full sync leaves it."""
    first, *others = [_sync(person) for person in people]
    with here.runtime.database.write() as session:
        run = SyncRun(
            connection_id=here.connection_id,
            kind="full",
            trigger="admin",
            object="Contact",
            status="succeeded",
            created_at=utc_now(),
            enqueue_at=utc_now(),
        )
        session.add(run)
        session.flush()
        ids = [each.entry_id for each in others]
        session.execute(update(SyncLogEntry).where(SyncLogEntry.id.in_(ids)).values(run_id=run.id))
        run_id = run.id
    here.let_org_time_pass()
    for person in people:
        person.since = here.mark()
    return Undos(here, first, others[::-1], run_id)


def _sync(person: Person) -> Synced:
    person.change_both_sides()
    title, score = person.local().values["job_title"], person.in_org()["Lead_Score__c"]
    run_id = person.rep.click()
    until(lambda: person.here.is_over(run_id), what="the sync is done")
    person.rep.follow()
    [entry] = person.here.entries_of(run_id)
    assert {change["side"] for change in entry.changes} == {"here", "crm"}
    return Synced(person, entry.id, title, score)


def require_taken_back_once(here: Installation, synced: Synced, undo_run_id: int) -> None:
    """By one write there and one log entry, with old and new; both sides are as they were."""
    person = synced.person
    assert person.change is not None
    title, score = person.change.title[1], person.change.score[1]
    assert [(write["old"], write["new"]) for write in person.our_writes()] == [
        ({"Lead_Score__c": score}, {"Lead_Score__c": synced.score_before})
    ]
    [entry] = [each for each in here.entries_of(undo_run_id) if each.undoes_entry_id == synced.entry_id]
    assert entry.finished_at is not None
    assert (entry.outcome, entry.code) == ("updated", ""), entry.message
    told = sorted((each["side"], each["field"], each["old"], each["new"]) for each in entry.changes)
    assert told == [
        ("crm", "lead_score", score, synced.score_before),
        ("here", "job_title", title, synced.title_before),
    ]
    assert person.in_org()["Lead_Score__c"] == synced.score_before
    assert person.local().values.get("job_title") == synced.title_before


def require_quiet(person: Person) -> None:
    """The two sides are left apart on purpose: one more sync changes nothing on either."""
    since, local = person.here.mark(), person.local()
    run_id = person.rep.click()
    person.rep.follow()
    assert person.here.run(run_id).unchanged_count == 1
    assert [each for each in person.here.journal(since, "write") if each["id"] == person.record_id] == []
    assert person.local().version == local.version


def _open_entries(here: Installation, run_id: int) -> int:
    return sum(1 for each in here.entries_of(run_id) if each.finished_at is None)
