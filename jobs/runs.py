"""The life of a SyncRun from its claim on: kept alive, finished or put back. The row is the truth.

Every change is one conditional update on `fence` or `status`. A worker that has lost its lease finds out by losing.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, bindparam, func, or_, select, update
from sqlalchemy.orm import Session

from jobs.asking import ask_of, follow_up, once_more
from jobs.db import changed_one, row_of
from jobs.models import SyncRun
from jobs.models.base import UtcDateTime
from jobs.models.run import FAILED, OPEN, QUEUED, RUNNING
from jobs.run_rows import COUNTS, RUNS, at_work
from jobs.runtime import utc_now

# The tick looks again after this long, and then ever more rarely.
LOOK_AGAIN = timedelta(seconds=6)
LOOK_AGAIN_AT_MOST = timedelta(minutes=2)
# Waits between tries while a CRM does not answer, and when to stop trying.
RETRY_WAITS = (timedelta(seconds=2), timedelta(seconds=5), timedelta(seconds=15), timedelta(seconds=30))
GIVE_UP_AFTER = timedelta(hours=1)


_NOW, _UNTIL = bindparam("now", type_=UtcDateTime()), bindparam("until", type_=UtcDateTime())
_DUE = and_(RUNS.c.status == QUEUED, or_(RUNS.c.resume_at.is_(None), RUNS.c.resume_at <= _NOW))
_ABANDONED = and_(RUNS.c.status == RUNNING, RUNS.c.lease_until < _NOW)
_CLAIM = (
    update(RUNS)
    .where(RUNS.c.id == bindparam("run_id"), or_(_DUE, _ABANDONED))
    .values(
        status=RUNNING,
        step="reading",
        fence=RUNS.c.fence + 1,
        attempts=RUNS.c.attempts + 1,
        version=RUNS.c.version + 1,
        started_at=func.coalesce(RUNS.c.started_at, _NOW),
        lease_until=_UNTIL,
        enqueue_at=_UNTIL,
        resume_at=None,
        again=False,
        asked_again=False,
    )
    .returning(*RUNS.c)
)
_OWNED = and_(RUNS.c.id == bindparam("run_id"), RUNS.c.fence == bindparam("own_fence"), RUNS.c.status == RUNNING)
_KEEP = update(RUNS).where(_OWNED).values(lease_until=_UNTIL, enqueue_at=_UNTIL)
_STEP = _KEEP.values(step=bindparam("at_step"), version=RUNS.c.version + 1)
_FINISH = (
    update(RUNS)
    .where(_OWNED)
    .values(
        status=bindparam("to"),
        step="",
        code=bindparam("why"),
        message=bindparam("said"),
        finished_at=_NOW,
        lease_until=None,
        resume_at=None,
        version=RUNS.c.version + 1,
        **{name: RUNS.c[name] + bindparam(f"more_{name}") for name in COUNTS},
    )
    .returning(RUNS.c.again, RUNS.c.asked_again, RUNS.c.followers)
)


class LeaseLost(Exception):
    """Another worker owns the run now: stop, and write nothing."""


class AskedAgain(Exception):
    """Somebody clicked since the run began, and may know of a change it has not read: read again, then finish."""

    # The run that was in the way has just finished: ask again.


def claim(session: Session, run_id: int, *, seconds: float) -> SyncRun | None:
    """Take a run that is due, or whose worker went silent. None when somebody else has it: losing is normal."""
    now = utc_now()
    until = now + timedelta(seconds=seconds)
    taken = session.connection().execute(_CLAIM, {"run_id": run_id, "now": now, "until": until}).one_or_none()
    return row_of(SyncRun, taken) if taken is not None else None


def keep(session: Session, run: SyncRun, *, seconds: float, step: str = "") -> None:
    """Renew the lease, and say which step the run is at. Raises LeaseLost."""
    until = utc_now() + timedelta(seconds=seconds)
    values: dict[str, Any] = {"run_id": run.id, "own_fence": run.fence, "until": until}
    if not (changed_one(session, _STEP, values | {"at_step": step}) if step else changed_one(session, _KEEP, values)):
        raise LeaseLost


def start_over(session: Session, run: SyncRun, *, seconds: float) -> None:
    """Before the record is read once more: whoever has asked until now is answered by that. Raises LeaseLost.

    The lease is renewed, and what people chose meanwhile is taken along.
    """
    until = utc_now() + timedelta(seconds=seconds)
    anew = at_work(run).values(
        step="reading",
        asked_again=False,
        lease_until=until,
        enqueue_at=until,
        version=RUNS.c.version + 1,
    )
    chosen = session.execute(
        anew.returning(RUNS.c.choices, RUNS.c.shown, RUNS.c.chosen_local_record_id, RUNS.c.previewed)
    ).one_or_none()
    if chosen is None:
        raise LeaseLost
    run.choices, run.shown, run.chosen_local_record_id, run.previewed = chosen


def finish(
    session: Session,
    run: SyncRun,
    *,
    status: str,
    code: str = "",
    message: str = "",
    may_read_again: bool = False,
    **counts: int,
) -> None:
    """Close the run, adding to its counts. Raises LeaseLost, and AskedAgain where the run may read again.

    Either leaves nothing written: the caller's transaction is to be rolled back.
    """
    values = {"run_id": run.id, "own_fence": run.fence, "to": status, "why": code, "said": message, "now": utc_now()}
    values |= {f"more_{name}": counts.get(name, 0) for name in COUNTS}
    marks = session.connection().execute(_FINISH, values).one_or_none()
    if marks is None:
        raise LeaseLost
    if marks.asked_again and may_read_again:
        raise AskedAgain
    following = [ask_of(run, each) for each in marks.followers or ()]
    if marks.again or (marks.asked_again and status != FAILED):
        following.append(once_more(run, with_rights=not marks.again))
    if following:
        follow_up(session, following, at_once=bool(marks.followers))


def put_back(session: Session, run: SyncRun, *, resume_at: datetime, code: str, message: str, calls: int) -> None:
    """Queue the run again for later; what it has done so far is kept. Raises LeaseLost."""
    waiting = at_work(run).values(
        status=QUEUED,
        step="",
        code=code,
        message=message,
        resume_at=resume_at,
        enqueue_at=resume_at,
        lease_until=None,
        calls=RUNS.c.calls + calls,
        version=RUNS.c.version + 1,
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
