"""The life of a SyncRun: asked for, claimed, kept alive, finished or put back. The row is the truth.

Every change is one conditional update on `fence` or `status`. A worker that has lost its lease finds out by losing.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field, replace
from datetime import datetime, timedelta
from functools import cache
from typing import Any, cast

from sqlalchemy import Executable, Table, Update, and_, bindparam, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from jobs import joining
from jobs.db import changed_one, row_of
from jobs.models import Conflict, SyncRun
from jobs.models.base import UtcDateTime
from jobs.models.run import FAILED, OPEN, OPEN_SINGLE, QUEUED, RUNNING
from jobs.runtime import utc_now
from jobs.shown import shown_stamp

# The web process enqueues at once; the tick looks again after this long, and then ever more rarely.
FIRST_LOOK = timedelta(seconds=4)
LOOK_AGAIN = timedelta(seconds=6)
LOOK_AGAIN_AT_MOST = timedelta(minutes=2)
# What is told of a record while it is read is often one of many: the rest of them is waited for.
FOLLOW_UP_AFTER = timedelta(seconds=1)
# A click so soon after a run began is the same click again, not word of something new.
DOUBLE_CLICK = timedelta(seconds=1)
# Waits between tries while a CRM does not answer, and when to stop trying.
RETRY_WAITS = (timedelta(seconds=2), timedelta(seconds=5), timedelta(seconds=15), timedelta(seconds=30))
GIVE_UP_AFTER = timedelta(hours=1)


COUNTS = ("created_count", "updated_count", "unchanged_count", "skipped_count", "failed_count", "calls")

# The table itself, not the model: these statements run on every click, and the ORM's own share would be most of them.
_RUNS = cast(Table, SyncRun.__table__)
_NOW, _UNTIL = bindparam("now", type_=UtcDateTime()), bindparam("until", type_=UtcDateTime())
_DUE = and_(_RUNS.c.status == QUEUED, or_(_RUNS.c.resume_at.is_(None), _RUNS.c.resume_at <= _NOW))
_ABANDONED = and_(_RUNS.c.status == RUNNING, _RUNS.c.lease_until < _NOW)
_CLAIM = (
    update(_RUNS)
    .where(_RUNS.c.id == bindparam("run_id"), or_(_DUE, _ABANDONED))
    .values(
        status=RUNNING,
        step="reading",
        fence=_RUNS.c.fence + 1,
        attempts=_RUNS.c.attempts + 1,
        version=_RUNS.c.version + 1,
        started_at=func.coalesce(_RUNS.c.started_at, _NOW),
        lease_until=_UNTIL,
        enqueue_at=_UNTIL,
        resume_at=None,
        again=False,
        asked_again=False,
    )
    .returning(*_RUNS.c)
)
_OWNED = and_(_RUNS.c.id == bindparam("run_id"), _RUNS.c.fence == bindparam("own_fence"), _RUNS.c.status == RUNNING)
_KEEP = update(_RUNS).where(_OWNED).values(lease_until=_UNTIL, enqueue_at=_UNTIL)
_STEP = _KEEP.values(step=bindparam("at_step"), version=_RUNS.c.version + 1)
_FINISH = (
    update(_RUNS)
    .where(_OWNED)
    .values(
        status=bindparam("to"),
        step="",
        code=bindparam("why"),
        message=bindparam("said"),
        finished_at=_NOW,
        lease_until=None,
        resume_at=None,
        version=_RUNS.c.version + 1,
        **{name: _RUNS.c[name] + bindparam(f"more_{name}") for name in COUNTS},
    )
    .returning(_RUNS.c.again, _RUNS.c.asked_again, _RUNS.c.followers)
)


class LeaseLost(Exception):
    """Another worker owns the run now: stop, and write nothing."""


class AskedAgain(Exception):
    """Somebody clicked since the run began, and may know of a change it has not read: read again, then finish."""


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
    previewed: str = ""  # the stamp of the preview the person saw
    choices: dict[str, str] | None = None  # local field -> "crm" or "local": a person settles a conflict
    shown: dict[str, str] | None = None  # local field -> the stamp of the two values they chose between


def open_single(session: Session, ask: Ask) -> tuple[SyncRun, bool]:
    """The open single run of this record, and whether it is a new one. The database settles who was first.

    A run that waits takes along what the person chose. One that is at work reads again before it ends: what made the
    person click may have come too late for its read.
    """
    ask = _with_what_was_shown(session, ask) if ask.choices else ask
    while True:
        run, is_new = _open_or_join(session, ask)
        if is_new or _is_told(session, run, ask):
            return run, is_new
        session.expire_all()  # it has just finished: ask again


def _with_what_was_shown(session: Session, ask: Ask) -> Ask:
    """Where a choice comes without it: the two values the open conflict shows to everybody now."""
    told = ask.shown or {}
    if told.keys() >= (ask.choices or {}).keys():
        return ask
    open_now = select(Conflict.local_field, Conflict.ours, Conflict.theirs).where(
        Conflict.connection_id == ask.connection_id,
        Conflict.object == ask.object,
        Conflict.crm_record_id == ask.crm_record_id,
        Conflict.settled_at.is_(None),
    )
    known = {name: shown_stamp(ours, theirs) for name, ours, theirs in session.execute(open_now)}
    return replace(ask, shown={name: known[name] for name in ask.choices or {} if name in known} | told)


def _open_or_join(session: Session, ask: Ask) -> tuple[SyncRun, bool]:
    while True:
        values = _new_single(ask)
        insert = _insert_unless_open(session.get_bind().dialect.name, tuple(values))
        run_id = session.connection().execute(insert, values).scalar_one_or_none()
        if run_id is not None:
            return SyncRun(id=run_id, **values), True
        if (run := _open_run(session, ask)) is not None:
            return run, False
        # The run that was in the way has just finished: ask again.


def _is_told(session: Session, run: SyncRun, ask: Ask) -> bool:
    """Whether what is asked now will be done, by the run that was joined or after it; False when it has just finished.

    Nothing is lost where two who join in the same moment both bring something: the row is locked, and read once more.
    """
    if not joining.is_more_of_the_same(run, ask):
        run = session.get_one(SyncRun, run.id, with_for_update=True, populate_existing=True)
    way = joining.way_of(run, ask)
    is_open = update(_RUNS).where(_RUNS.c.id == run.id, _RUNS.c.status.in_(OPEN))
    if way == "follow":
        return changed_one(session, is_open.values(followers=_with_follower(run, ask)))
    if way == "take over":
        return changed_one(session, is_open.values(**joining.as_follower(asdict(ask)), version=_RUNS.c.version + 1))
    news = joining.brought(run, ask) if way == "join" else {}
    if not news and not _reads_too_soon(run):
        return True
    return changed_one(session, is_open.values(asked_again=True, **news))


def _with_follower(run: SyncRun, ask: Ask) -> list[dict[str, Any]]:
    """Those who wait for a run of their own, this one among them: one run for all who may do the same."""
    waiting = [_ask_of(run, each) for each in run.followers or ()]
    for number, known in enumerate(waiting):
        way = joining.way_of(known, ask)
        if way == "join":
            waiting[number] = replace(known, **joining.brought(known, ask))
        elif way == "take over":
            waiting[number] = ask
        if way != "follow":
            break
    else:
        waiting.append(ask)
    return [joining.as_follower(asdict(each)) for each in waiting]


def _ask_of(run: SyncRun, follower: dict[str, Any]) -> Ask:
    return Ask(run.connection_id, run.object, run.crm_record_id, **follower)


def _reads_too_soon(run: SyncRun) -> bool:
    """Whether a click now may tell of what the run does not read any more."""
    if run.status == QUEUED or run.asked_again:
        return False
    return run.started_at is None or utc_now() - run.started_at >= DOUBLE_CLICK


@cache
def _insert_unless_open(dialect: str, columns: tuple[str, ...]) -> Executable:
    insert = sqlite_insert if dialect == "sqlite" else postgres_insert
    values = {name: bindparam(name, type_=_RUNS.c[name].type) for name in columns}
    unless_open = insert(_RUNS).on_conflict_do_nothing(
        index_elements=["connection_id", "object", "crm_record_id"], index_where=OPEN_SINGLE
    )
    return unless_open.values(values).returning(_RUNS.c.id)


def open_hinted(session: Session, ask: Ask) -> int | None:
    """Somebody says that the record changed: the id of a new run, or None where an open one sees to it.

    A run that waits will read the record yet. One that is at work may have read it already, and is followed by another.
    """
    while True:
        run, is_new = _open_or_join(session, ask)
        if is_new:
            return run.id
        if run.status == QUEUED:
            return None
        still_at_work = _owned(run).values(again=True)
        if changed_one(session, still_at_work):
            return None
        session.expire_all()  # it has just finished, or changed hands: look again


def open_again(session: Session, failed: SyncRun, *, trigger: str) -> int | None:
    """Ask again for what that run was asked for, with the same rights: the id of a new run, or None where one is open.

    What a person chose with it is left out: what it was chosen between may be different by now.
    """
    rights = (failed.readable_fields, failed.editable_fields)
    who = (failed.requested_by, failed.requested_by_id)
    ask = Ask(failed.connection_id, failed.object, failed.crm_record_id, trigger, *who, *rights)
    run, is_new = _open_or_join(session, ask)
    return run.id if is_new else None


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
    anew = _owned(run).values(
        step="reading",
        asked_again=False,
        lease_until=until,
        enqueue_at=until,
        version=_RUNS.c.version + 1,
    )
    chosen = session.execute(
        anew.returning(_RUNS.c.choices, _RUNS.c.shown, _RUNS.c.chosen_local_record_id, _RUNS.c.previewed)
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
    following = [_ask_of(run, each) for each in marks.followers or ()]
    if marks.again or (marks.asked_again and status != FAILED):
        following.append(_once_more(run, with_rights=not marks.again))
    if following:
        _follow_up(session, following, at_once=bool(marks.followers))


def _once_more(run: SyncRun, *, with_rights: bool) -> Ask:
    """To read the record again. `with_rights`: a person asked for it, so it may do no more than this run might."""
    rights = (run.readable_fields, run.editable_fields) if with_rights else (None, None)
    return Ask(run.connection_id, run.object, run.crm_record_id, "webhook", "", "", *rights)


def _follow_up(session: Session, following: list[Ask], *, at_once: bool) -> None:
    """One run more, in the same transaction: the tick starts it, and whatever is heard until then joins it.

    The others of `following` come after it. `at_once`: a person waits for it.
    """
    first, *others = following
    due_at = utc_now() + (timedelta() if at_once else FOLLOW_UP_AFTER)
    followers = [joining.as_follower(asdict(each)) for each in others] or None
    values = _new_single(first) | {"resume_at": due_at, "enqueue_at": due_at, "followers": followers}
    session.connection().execute(_insert_unless_open(session.get_bind().dialect.name, tuple(values)), values)


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
        calls=_RUNS.c.calls + calls,
        version=_RUNS.c.version + 1,
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


def _owned(run: SyncRun) -> Update:
    return update(_RUNS).where(_RUNS.c.id == run.id, _RUNS.c.fence == run.fence, _RUNS.c.status == RUNNING)


def _open_run(session: Session, ask: Ask) -> SyncRun | None:
    query = select(SyncRun).where(
        SyncRun.kind == "single",
        SyncRun.status.in_(OPEN),
        SyncRun.connection_id == ask.connection_id,
        SyncRun.object == ask.object,
        SyncRun.crm_record_id == ask.crm_record_id,
    )
    return session.scalar(query)


def _new_single(ask: Ask) -> dict[str, Any]:
    now = utc_now()
    return {
        **asdict(ask),
        "kind": "single",
        "status": QUEUED,
        "step": "",
        "version": 1,
        "followers": None,
        "again": False,
        "asked_again": False,
        "fence": 0,
        "attempts": 0,
        "created_at": now,
        "enqueue_at": now + FIRST_LOOK,
        "code": "",
        "message": "",
        **dict.fromkeys(COUNTS, 0),
    }
