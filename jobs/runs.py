"""The life of a SyncRun: asked for, claimed, kept alive, finished or put back. The row is the truth.

Every change is one conditional update on `fence` or `status`. A worker that has lost its lease finds out by losing.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from jobs.db import changed_one
from jobs.models import SyncRun
from jobs.models.run import FAILED, OPEN, QUEUED, RUNNING
from jobs.runtime import utc_now

# The web process enqueues at once; the tick looks again after this long, and then ever more rarely.
FIRST_LOOK = timedelta(seconds=4)
LOOK_AGAIN = timedelta(seconds=6)
LOOK_AGAIN_AT_MOST = timedelta(minutes=2)
# Waits between tries while a CRM does not answer, and when to stop trying.
RETRY_WAITS = (timedelta(seconds=2), timedelta(seconds=5), timedelta(seconds=15), timedelta(seconds=30))
GIVE_UP_AFTER = timedelta(hours=1)


class LeaseLost(Exception):
    """Another worker owns the run now: stop, and write nothing."""


@dataclass(frozen=True)
class Ask:
    """What a person or program asks for: one record brought in line."""

    connection_id: int
    object: str
    crm_record_id: str
    trigger: str
    requested_by: str = ""
    requested_by_id: str = ""
    readable_fields: list[str] | None = field(default=None)
    editable_fields: list[str] | None = field(default=None)
    chosen_local_record_id: int | None = None


def open_single(session: Session, ask: Ask) -> tuple[SyncRun, bool]:
    """The open single run of this record, and whether it is a new one. The database settles who was first."""
    while True:
        if (run := _open_run(session, ask)) is not None:
            return run, False
        run = _new_single(ask)
        try:
            with session.begin_nested():
                session.add(run)
            return run, True
        except IntegrityError:
            continue  # somebody was faster; the next look finds theirs, unless it is finished already


def claim(session: Session, run_id: int, *, seconds: float) -> SyncRun | None:
    """Take a run that is due, or whose worker went silent. None when somebody else has it: losing is normal."""
    now = utc_now()
    lease = timedelta(seconds=seconds)
    due = and_(SyncRun.status == QUEUED, or_(SyncRun.resume_at.is_(None), SyncRun.resume_at <= now))
    abandoned = and_(SyncRun.status == RUNNING, SyncRun.lease_until < now)
    return session.execute(
        update(SyncRun)
        .where(SyncRun.id == run_id, or_(due, abandoned))
        .values(
            status=RUNNING,
            step="reading",
            fence=SyncRun.fence + 1,
            attempts=SyncRun.attempts + 1,
            version=SyncRun.version + 1,
            started_at=func.coalesce(SyncRun.started_at, now),
            lease_until=now + lease,
            enqueue_at=now + lease,
            resume_at=None,
        )
        .returning(SyncRun)
    ).scalar_one_or_none()


def keep(session: Session, run: SyncRun, *, seconds: float, step: str = "") -> None:
    """Renew the lease, and say which step the run is at. Raises LeaseLost."""
    until = utc_now() + timedelta(seconds=seconds)
    change = {"lease_until": until, "enqueue_at": until} | ({"step": step} if step else {})
    owned = _owned(run).values(**change, version=SyncRun.version + (1 if step else 0))
    if not changed_one(session, owned):
        raise LeaseLost


def finish(session: Session, run: SyncRun, *, status: str, code: str = "", message: str = "", **counts: int) -> None:
    """Close the run. Raises LeaseLost."""
    done = _owned(run).values(
        status=status,
        step="",
        code=code,
        message=message,
        finished_at=utc_now(),
        lease_until=None,
        resume_at=None,
        version=SyncRun.version + 1,
        **{name: getattr(SyncRun, name) + count for name, count in counts.items()},
    )
    if not changed_one(session, done):
        raise LeaseLost


def put_back(session: Session, run: SyncRun, *, resume_at: datetime, code: str, message: str, calls: int) -> None:
    """Queue the run again for later; what it has done so far is kept. Raises LeaseLost."""
    waiting = _owned(run).values(
        status=QUEUED,
        step="",
        code=code,
        message=message,
        resume_at=resume_at,
        enqueue_at=resume_at,
        lease_until=None,
        calls=SyncRun.calls + calls,
        version=SyncRun.version + 1,
    )
    if not changed_one(session, waiting):
        raise LeaseLost


def retry_at(run: SyncRun, now: datetime) -> datetime | None:
    """When to try again a run whose CRM does not answer; None when it has been tried for long enough."""
    if now - run.created_at > GIVE_UP_AFTER:
        return None
    return now + RETRY_WAITS[min(run.attempts, len(RETRY_WAITS)) - 1]


def take_due(session: Session, limit: int = 200) -> list[int]:
    """Ids of runs the queue should be told about again: due, never picked up, or abandoned by their worker.

    Each is postponed as it is taken, so two clocks do not both enqueue it, and a long queue is not flooded.
    """
    now = utc_now()
    # PostgreSQL: the row another clock is taking is skipped, not waited for. SQLite serialises writers anyway.
    due = (
        select(SyncRun)
        .where(SyncRun.status.in_(OPEN), SyncRun.enqueue_at <= now)
        .order_by(SyncRun.enqueue_at)
        .limit(limit)
        .with_for_update(skip_locked=True)
    )
    taken = list(session.scalars(due))
    for run in taken:
        # The older the run, the rarer the look: half its age, within bounds.
        pause = min(max((now - run.created_at) / 2, LOOK_AGAIN), LOOK_AGAIN_AT_MOST)
        run.enqueue_at = now + pause
    return [run.id for run in taken]


def give_up(session: Session, run_id: int, *, code: str, message: str) -> None:
    """Close a run nobody owns."""
    session.execute(
        update(SyncRun)
        .where(SyncRun.id == run_id, SyncRun.status.in_(OPEN))
        .values(
            status=FAILED,
            code=code,
            message=message,
            finished_at=utc_now(),
            version=SyncRun.version + 1,
            lease_until=None,
        )
    )


def _owned(run: SyncRun) -> Any:
    return update(SyncRun).where(SyncRun.id == run.id, SyncRun.fence == run.fence, SyncRun.status == RUNNING)


def _open_run(session: Session, ask: Ask) -> SyncRun | None:
    query = select(SyncRun).where(
        SyncRun.kind == "single",
        SyncRun.status.in_(OPEN),
        SyncRun.connection_id == ask.connection_id,
        SyncRun.object == ask.object,
        SyncRun.crm_record_id == ask.crm_record_id,
    )
    return session.scalar(query)


def _new_single(ask: Ask) -> SyncRun:
    now = utc_now()
    return SyncRun(
        kind="single",
        trigger=ask.trigger,
        connection_id=ask.connection_id,
        object=ask.object,
        crm_record_id=ask.crm_record_id,
        status=QUEUED,
        requested_by=ask.requested_by,
        requested_by_id=ask.requested_by_id,
        readable_fields=ask.readable_fields,
        editable_fields=ask.editable_fields,
        chosen_local_record_id=ask.chosen_local_record_id,
        fence=0,
        attempts=0,
        version=1,
        created_at=now,
        enqueue_at=now + FIRST_LOOK,
    )
