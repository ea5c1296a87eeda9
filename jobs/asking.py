"""How a run comes to be: a person, a hint or the clock asks for a record; who comes second joins, or comes after.

The database settles who was first. What becomes of the run is told in `jobs/runs.py`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field, replace
from datetime import timedelta
from functools import cache
from typing import Any

from sqlalchemy import Executable, bindparam, select, update
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from jobs import joining
from jobs.db import changed_one
from jobs.models import Conflict, SyncRun
from jobs.models.run import OPEN, OPEN_SINGLE, QUEUED
from jobs.run_rows import COUNTS, RUNS, at_work
from jobs.runtime import utc_now
from jobs.shown import shown_stamp

# The web process enqueues at once; the tick looks after this long.
FIRST_LOOK = timedelta(seconds=4)
# What is told of a record while it is read is often one of many: the rest of them is waited for.
FOLLOW_UP_AFTER = timedelta(seconds=1)
# A click so soon after a run began is the same click again, not word of something new.
DOUBLE_CLICK = timedelta(seconds=1)


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
        still_at_work = at_work(run).values(again=True)
        if changed_one(session, still_at_work):
            return None
        session.expire_all()  # it has just finished, or changed hands: look again


def waiting(session: Session, connection_id: int, record_ids: Sequence[str]) -> set[tuple[str, str]]:
    """Object and id of those with a run that will read them yet: `open_hinted` has nothing to do for them."""
    query = select(RUNS.c.object, RUNS.c.crm_record_id).where(
        RUNS.c.kind == "single",
        RUNS.c.status == QUEUED,
        RUNS.c.connection_id == connection_id,
        RUNS.c.crm_record_id.in_(record_ids),
    )
    return {(object_name, record_id) for object_name, record_id in session.connection().execute(query)}


def open_again(session: Session, failed: SyncRun, *, trigger: str) -> int | None:
    """Ask again for what that run was asked for, with the same rights: the id of a new run, or None where one is open.

    What a person chose with it is left out: what it was chosen between may be different by now.
    """
    rights = (failed.readable_fields, failed.editable_fields)
    who = (failed.requested_by, failed.requested_by_id)
    ask = Ask(failed.connection_id, failed.object, failed.crm_record_id, trigger, *who, *rights)
    run, is_new = _open_or_join(session, ask)
    return run.id if is_new else None


def once_more(run: SyncRun, *, with_rights: bool) -> Ask:
    """To read the record again. `with_rights`: a person asked for it, so it may do no more than this run might."""
    rights = (run.readable_fields, run.editable_fields) if with_rights else (None, None)
    return Ask(run.connection_id, run.object, run.crm_record_id, "webhook", "", "", *rights)


def follow_up(session: Session, following: list[Ask], *, at_once: bool) -> None:
    """One run more, in the same transaction: the tick starts it, and whatever is heard until then joins it.

    The others of `following` come after it. `at_once`: a person waits for it.
    """
    first, *others = following
    due_at = utc_now() + (timedelta() if at_once else FOLLOW_UP_AFTER)
    followers = [joining.as_follower(asdict(each)) for each in others] or None
    values = _new_single(first) | {"resume_at": due_at, "enqueue_at": due_at, "followers": followers}
    session.connection().execute(_insert_unless_open(session.get_bind().dialect.name, tuple(values)), values)


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


def _open_run(session: Session, ask: Ask) -> SyncRun | None:
    query = select(SyncRun).where(
        SyncRun.kind == "single",
        SyncRun.status.in_(OPEN),
        SyncRun.connection_id == ask.connection_id,
        SyncRun.object == ask.object,
        SyncRun.crm_record_id == ask.crm_record_id,
    )
    return session.scalar(query)


def _is_told(session: Session, run: SyncRun, ask: Ask) -> bool:
    """Whether what is asked now will be done, by the run that was joined or after it; False when it has just finished.

    Nothing is lost where two who join in the same moment both bring something: the row is locked, and read once more.
    """
    if not joining.is_more_of_the_same(run, ask):
        run = session.get_one(SyncRun, run.id, with_for_update=True, populate_existing=True)
    way = joining.way_of(run, ask)
    is_open = update(RUNS).where(RUNS.c.id == run.id, RUNS.c.status.in_(OPEN))
    if way == "follow":
        return changed_one(session, is_open.values(followers=_with_follower(run, ask)))
    if way == "take over":
        return changed_one(session, is_open.values(**joining.as_follower(asdict(ask)), version=RUNS.c.version + 1))
    news = joining.brought(run, ask) if way == "join" else {}
    if not news and not _reads_too_soon(run):
        return True
    return changed_one(session, is_open.values(asked_again=True, **news))


def _with_follower(run: SyncRun, ask: Ask) -> list[dict[str, Any]]:
    """Those who wait for a run of their own, this one among them: one run for all who may do the same."""
    waiting = [ask_of(run, each) for each in run.followers or ()]
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


def ask_of(run: SyncRun, follower: dict[str, Any]) -> Ask:
    return Ask(run.connection_id, run.object, run.crm_record_id, **follower)


def _reads_too_soon(run: SyncRun) -> bool:
    """Whether a click now may tell of what the run does not read any more."""
    if run.status == QUEUED or run.asked_again:
        return False
    return run.started_at is None or utc_now() - run.started_at >= DOUBLE_CLICK


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


@cache
def _insert_unless_open(dialect: str, columns: tuple[str, ...]) -> Executable:
    insert = sqlite_insert if dialect == "sqlite" else postgres_insert
    values = {name: bindparam(name, type_=RUNS.c[name].type) for name in columns}
    unless_open = insert(RUNS).on_conflict_do_nothing(
        index_elements=["connection_id", "object", "crm_record_id"], index_where=OPEN_SINGLE
    )
    return unless_open.values(values).returning(RUNS.c.id)
