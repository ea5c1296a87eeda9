"""The life of a run: asked for once, claimed by one, kept alive, finished or put back. The row is the truth."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from typing import Any, TypeVar

import pytest
from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from jobs import asking, runs
from jobs.db import Database
from jobs.models import SyncRun
from jobs.models.run import CANCELLED, FAILED, PARTIAL, QUEUED, RUNNING, SUCCEEDED
from jobs.runs import LeaseLost
from jobs.runtime import utc_now

Answer = TypeVar("Answer")
A_WHILE = timedelta(minutes=1)


def ask(connection_id: int, record_id: str = "003000000000001AAA", **more: Any) -> asking.Ask:
    return asking.Ask(connection_id, "Contact", record_id, "panel", requested_by="Sample Rep", **more)


def opened(database: Database, connection_id: int, record_id: str = "003000000000001AAA") -> int:
    with database.write() as session:
        run, _ = asking.open_single(session, ask(connection_id, record_id))
        return run.id


def claimed(database: Database, run_id: int, *, seconds: float = 60) -> SyncRun | None:
    with database.write() as session:
        return runs.claim(session, run_id, seconds=seconds)


def held(database: Database, run_id: int, *, seconds: float = 60) -> SyncRun:
    run = claimed(database, run_id, seconds=seconds)
    assert run is not None
    return run


def as_it_is(database: Database, run_id: int) -> SyncRun:
    with database.read() as session:
        return session.get_one(SyncRun, run_id)


def change(database: Database, run_id: int, **values: Any) -> None:
    """What time does to a row: the clock is not ours to turn."""
    with database.write() as session:
        session.execute(update(SyncRun).where(SyncRun.id == run_id).values(**values))


def worker_dies(database: Database, run_id: int) -> None:
    past = utc_now() - timedelta(seconds=1)
    change(database, run_id, lease_until=past, enqueue_at=past)


def all_at_once(threads: int, act: Callable[[], Answer]) -> list[Answer]:
    barrier = threading.Barrier(threads)

    def one(_: int) -> Answer:
        barrier.wait()
        return act()

    with ThreadPoolExecutor(threads) as pool:
        return list(pool.map(one, range(threads)))


# --- Asked for ------------------------------------------------------------------------------------------------------


def test_fifty_clicks_at_once_are_one_run(database: Database, connection_id: int) -> None:
    def click() -> tuple[int, bool]:
        with database.write() as session:
            run, is_new = asking.open_single(session, ask(connection_id))
            return run.id, is_new

    answers = all_at_once(50, click)

    assert len({run_id for run_id, _ in answers}) == 1
    assert [is_new for _, is_new in answers].count(True) == 1
    with database.read() as session:
        assert session.scalar(select(func.count()).select_from(SyncRun)) == 1


def test_a_new_run_says_who_asked_and_what_they_may(database: Database, connection_id: int) -> None:
    rights: dict[str, Any] = {
        "readable_fields": ["Email", "Title"],
        "editable_fields": ["Title"],
        "chosen_local_record_id": 7,
    }
    with database.write() as session:
        run, is_new = asking.open_single(session, ask(connection_id, **rights))
    row = as_it_is(database, run.id)
    assert is_new
    assert (row.kind, row.trigger, row.status, row.requested_by) == ("single", "panel", QUEUED, "Sample Rep")
    assert (row.readable_fields, row.editable_fields, row.chosen_local_record_id) == (["Email", "Title"], ["Title"], 7)
    assert row.enqueue_at > row.created_at
    assert (run.id, run.status, run.version) == (row.id, row.status, row.version)


@pytest.mark.parametrize("status", [QUEUED, RUNNING])
def test_an_open_run_is_joined(database: Database, connection_id: int, status: str) -> None:
    first = opened(database, connection_id)
    change(database, first, status=status)
    assert opened(database, connection_id) == first


@pytest.mark.parametrize("status", [SUCCEEDED, PARTIAL, FAILED, CANCELLED])
def test_a_closed_run_is_not_joined(database: Database, connection_id: int, status: str) -> None:
    first = opened(database, connection_id)
    change(database, first, status=status)
    assert opened(database, connection_id) != first


def test_another_record_is_another_run(database: Database, connection_id: int) -> None:
    assert opened(database, connection_id) != opened(database, connection_id, "003000000000002AAA")


# --- Claimed --------------------------------------------------------------------------------------------------------


def test_of_many_workers_one_wins(database: Database, connection_id: int) -> None:
    run_id = opened(database, connection_id)
    won = [run for run in all_at_once(12, lambda: claimed(database, run_id)) if run is not None]
    assert len(won) == 1
    assert (won[0].fence, won[0].attempts, won[0].status, won[0].step) == (1, 1, RUNNING, "reading")


def test_a_claimed_run_is_the_row(database: Database, connection_id: int) -> None:
    run = held(database, opened(database, connection_id))
    row = as_it_is(database, run.id)
    for column in SyncRun.__table__.columns:
        assert getattr(run, column.name) == getattr(row, column.name), column.name
    assert row.started_at is not None
    assert row.lease_until is not None
    assert row.version == 2


@pytest.mark.parametrize("status", [SUCCEEDED, PARTIAL, FAILED, CANCELLED])
def test_a_closed_run_is_not_claimed(database: Database, connection_id: int, status: str) -> None:
    run_id = opened(database, connection_id)
    change(database, run_id, status=status)
    assert claimed(database, run_id) is None


def test_a_run_that_is_not_there_is_not_claimed(database: Database, connection_id: int) -> None:
    assert claimed(database, 987_654_321) is None


def test_a_run_is_not_claimed_before_its_time(database: Database, connection_id: int) -> None:
    run_id = opened(database, connection_id)
    change(database, run_id, resume_at=utc_now() + A_WHILE)
    assert claimed(database, run_id) is None
    change(database, run_id, resume_at=utc_now() - A_WHILE)
    assert held(database, run_id).resume_at is None


Loses = Callable[[Any, SyncRun], None]
WAYS_TO_LOSE: dict[str, Loses] = {
    "keep": lambda session, run: runs.keep(session, run, seconds=60),
    "report a step": lambda session, run: runs.keep(session, run, seconds=60, step="writing"),
    "finish": lambda session, run: runs.finish(session, run, status=SUCCEEDED, updated_count=1),
    "put back": lambda session, run: runs.put_back(
        session, run, resume_at=utc_now(), code="NO_ANSWER", message="", calls=1
    ),
}


@pytest.mark.parametrize("act", WAYS_TO_LOSE.values(), ids=WAYS_TO_LOSE)
def test_a_worker_that_was_given_up_loses_and_writes_nothing(
    database: Database, connection_id: int, act: Loses
) -> None:
    run_id = opened(database, connection_id)
    first = held(database, run_id)
    assert claimed(database, run_id) is None
    worker_dies(database, run_id)
    second = held(database, run_id)
    assert (second.fence, second.attempts, second.started_at) == (2, 2, first.started_at)

    with pytest.raises(LeaseLost), database.write() as session:
        act(session, first)

    row = as_it_is(database, run_id)
    assert (row.status, row.fence, row.version, row.calls) == (RUNNING, 2, second.version, 0)
    with database.write() as session:
        act(session, second)  # the one who holds it does not lose


@pytest.mark.parametrize("act", WAYS_TO_LOSE.values(), ids=WAYS_TO_LOSE)
def test_a_closed_run_is_nobodys(database: Database, connection_id: int, act: Loses) -> None:
    run = held(database, opened(database, connection_id))
    change(database, run.id, status=CANCELLED)
    with pytest.raises(LeaseLost), database.write() as session:
        act(session, run)
    assert as_it_is(database, run.id).status == CANCELLED


def test_what_is_written_beside_a_lost_lease_is_not_kept(database: Database, connection_id: int) -> None:
    run = held(database, opened(database, connection_id))
    worker_dies(database, run.id)
    held(database, run.id)
    with pytest.raises(LeaseLost), database.write() as session:
        _write_then_find_out(session, run)
    assert as_it_is(database, run.id).message == ""


def _write_then_find_out(session: Session, run: SyncRun) -> None:
    session.get_one(SyncRun, run.id).message = "written by the one who lost"
    session.flush()
    runs.keep(session, run, seconds=60)


# --- Kept, finished, put back ---------------------------------------------------------------------------------------


def test_keeping_renews_the_lease_and_a_step_is_news(database: Database, connection_id: int) -> None:
    run = held(database, opened(database, connection_id), seconds=5)
    with database.write() as session:
        runs.keep(session, run, seconds=600)
    kept = as_it_is(database, run.id)
    assert kept.lease_until is not None
    assert run.lease_until is not None
    assert kept.lease_until > run.lease_until
    assert kept.enqueue_at == kept.lease_until
    assert (kept.step, kept.version) == ("reading", run.version)
    with database.write() as session:
        runs.keep(session, run, seconds=600, step="writing")
    assert (as_it_is(database, run.id).step, as_it_is(database, run.id).version) == ("writing", run.version + 1)


def test_a_finished_run_is_counted_and_free(database: Database, connection_id: int) -> None:
    run = held(database, opened(database, connection_id))
    with database.write() as session:
        runs.finish(session, run, status=PARTIAL, code="STRING_TOO_LONG", message="Too long.", updated_count=1, calls=2)
    row = as_it_is(database, run.id)
    assert (row.status, row.step, row.code, row.message) == (PARTIAL, "", "STRING_TOO_LONG", "Too long.")
    assert (row.updated_count, row.created_count, row.calls) == (1, 0, 2)
    assert row.finished_at is not None
    assert (row.lease_until, row.resume_at) == (None, None)
    assert row.version == run.version + 1
    assert opened(database, connection_id) != run.id


def test_a_run_put_back_keeps_its_calls_and_waits(database: Database, connection_id: int) -> None:
    run = held(database, opened(database, connection_id))
    later = utc_now() + A_WHILE
    with database.write() as session:
        runs.put_back(session, run, resume_at=later, code="NO_ANSWER", message="No answer.", calls=3)
    row = as_it_is(database, run.id)
    assert (row.status, row.code, row.message, row.calls) == (QUEUED, "NO_ANSWER", "No answer.", 3)
    assert (row.resume_at, row.enqueue_at, row.lease_until) == (later, later, None)
    assert claimed(database, run.id) is None
    assert opened(database, connection_id) == run.id  # a click meanwhile joins it

    change(database, run.id, resume_at=utc_now())
    again = held(database, run.id)
    assert (again.attempts, again.calls) == (2, 3)
    with database.write() as session:
        runs.finish(session, again, status=SUCCEEDED, unchanged_count=1, calls=1)
    assert as_it_is(database, run.id).calls == 4


def test_an_open_run_nobody_owns_can_be_closed_and_a_closed_one_stays(database: Database, connection_id: int) -> None:
    run_id = opened(database, connection_id)
    for code in ("GAVE_UP", "INTERNAL"):
        with database.write() as session:
            runs.give_up(session, run_id, code=code, message="")
    row = as_it_is(database, run_id)
    assert (row.status, row.code) == (FAILED, "GAVE_UP")
    assert row.finished_at is not None


# --- When to try again ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("attempts", "seconds"), [(1, 2), (2, 5), (3, 15), (4, 30), (5, 30), (99, 30)])
def test_the_waits_grow_to_half_a_minute(attempts: int, seconds: int) -> None:
    now = utc_now()
    assert runs.retry_at(SyncRun(attempts=attempts, created_at=now), now) == now + timedelta(seconds=seconds)


@pytest.mark.parametrize(
    ("age", "tries"),
    [(timedelta(0), True), (timedelta(minutes=59), True), (timedelta(hours=1), True), (timedelta(minutes=61), False)],
)
def test_after_an_hour_it_is_given_up(age: timedelta, tries: bool) -> None:
    now = utc_now()
    assert (runs.retry_at(SyncRun(attempts=3, created_at=now - age), now) is not None) is tries


# --- The tick -------------------------------------------------------------------------------------------------------


def take_due(database: Database, limit: int = 200) -> list[int]:
    with database.write() as session:
        return runs.take_due(session, limit)


def test_a_run_is_due_when_its_time_has_come(database: Database, connection_id: int) -> None:
    fresh = opened(database, connection_id, "003000000000001AAA")
    forgotten = opened(database, connection_id, "003000000000002AAA")
    change(database, forgotten, enqueue_at=utc_now() - A_WHILE)
    abandoned = held(database, opened(database, connection_id, "003000000000003AAA")).id
    worker_dies(database, abandoned)
    working = held(database, opened(database, connection_id, "003000000000004AAA")).id
    closed = opened(database, connection_id, "003000000000005AAA")
    change(database, closed, status=FAILED, enqueue_at=utc_now() - A_WHILE)

    assert take_due(database) == [forgotten, abandoned]  # the longest overdue first
    assert {fresh, working, closed}.isdisjoint(take_due(database))


def test_each_due_run_is_handed_to_one_clock(database: Database, connection_id: int) -> None:
    due = {opened(database, connection_id, f"{number:018}") for number in range(30)}
    with database.write() as session:
        session.execute(update(SyncRun).values(enqueue_at=utc_now() - A_WHILE))

    taken = [run_id for ids in all_at_once(4, lambda: take_due(database)) for run_id in ids]

    assert sorted(taken) == sorted(due)
    assert take_due(database) == []


def test_a_long_queue_is_told_in_portions(database: Database, connection_id: int) -> None:
    due = {opened(database, connection_id, f"{number:018}") for number in range(5)}
    with database.write() as session:
        session.execute(update(SyncRun).values(enqueue_at=utc_now() - A_WHILE))
    portions = [take_due(database, limit=2) for _ in range(4)]
    assert [len(portion) for portion in portions] == [2, 2, 1, 0]
    assert {run_id for portion in portions for run_id in portion} == due


@pytest.mark.parametrize(
    ("age", "pause"),
    [
        (timedelta(seconds=1), runs.LOOK_AGAIN),
        (timedelta(seconds=60), timedelta(seconds=30)),
        (timedelta(days=1), runs.LOOK_AGAIN_AT_MOST),
    ],
)
def test_the_older_a_run_the_rarer_the_look(
    database: Database, connection_id: int, age: timedelta, pause: timedelta
) -> None:
    run_id = opened(database, connection_id)
    created: datetime = utc_now() - age
    change(database, run_id, created_at=created, enqueue_at=created)
    before = utc_now()
    assert take_due(database) == [run_id]
    next_look = as_it_is(database, run_id).enqueue_at
    assert before + pause <= next_look < utc_now() + pause + A_WHILE
