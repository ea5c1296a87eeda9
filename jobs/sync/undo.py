"""Undo: a run of its own that puts back what an earlier run wrote, field by field, on the side where it was written.

    for each entry: read the CRM if it was written there → what still holds what we wrote? → write it back → settle

The CRM is written to as in a sync: the intent is committed first, the write is checked against what was read, and a
worker that died in between is followed by one that looks before it writes.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

import structlog
from sqlalchemy import func, select

from jobs.crm.base import AsSpelled, CrmAdapter, CrmRow, ObjectInfo
from jobs.crm.describes import describe
from jobs.crm.errors import (
    ConnectionBroken,
    DuplicateFound,
    MovedOn,
    NotAllowed,
    NotFound,
    RecordError,
    Rejected,
    RetryLater,
    Unavailable,
)
from jobs.mappings import ObjectFacts
from jobs.models import Connection, LocalRecord, RecordLink, SyncLogEntry, SyncRun
from jobs.runtime import Runtime
from jobs.sync import settle, undo_settle
from jobs.sync.changes import CRM, as_seen, booked, is_unanswered, is_written, stamp_before
from jobs.sync.plan import Refusals
from jobs.sync.rows import RecordKey, linked_pair
from jobs.sync.scene import Setup
from jobs.sync.stamps import Stamps, stamps_after
from jobs.sync.undo_plan import Left, Ours, Rights, Theirs, UndoPlan, Written, plan_undo, written_by

MAX_ROUNDS = 4
# A long run is taken back in portions: the job ends well before its time limit and another one goes on.
PORTION_SECONDS = 60.0

log = structlog.get_logger()


@dataclass
class Task:
    """One entry to be taken back, and what was done about it so far."""

    setup: Setup
    entry: SyncLogEntry
    written: tuple[Written, ...]
    refusals: Refusals = field(default_factory=Refusals)
    forbidden: str = ""  # why nothing more may be put back: only what was written already is put on the books
    pending: list[dict[str, Any]] = field(default_factory=list)  # may have reached the CRM
    done: list[dict[str, Any]] = field(default_factory=list)
    lost: list[dict[str, Any]] = field(default_factory=list)  # never answered, and the record is not shown any more
    stamps: Stamps | None = None  # of the link, after the last write that was done

    @property
    def key(self) -> RecordKey:
        return RecordKey(self.entry.connection_id, self.entry.object, self.entry.crm_record_id)


def undo_run(runtime: Runtime, run: SyncRun, connection: Connection, adapter: CrmAdapter) -> bool:
    """Take back what the run names; False when the time for one job is over and more is left.

    Raises CrmError when that has to wait, and LeaseLost.
    """
    until = time.monotonic() + PORTION_SECONDS
    while (entry := _next_entry(runtime, run)) is not None:
        code = _forbidden(runtime, run, connection, entry)
        pending = undo_settle.unfinished_changes(runtime, run, entry) if run.attempts > 1 else []
        if code and not pending:
            undo_settle.refuse(runtime, run, connection, adapter, code)
            return True
        if code == "NOT_MAPPED":
            settle.failed(runtime, run, connection, calls=adapter.calls, code=code, detail="")
            return True
        # Switched off since an earlier attempt wrote: that write still has to be put on the books.
        _undo_entry(runtime, run, connection, adapter, entry, forbidden=code, pending=pending)
        if time.monotonic() > until:
            return False
    undo_settle.finish(runtime, run, adapter)
    return True


def _next_entry(runtime: Runtime, run: SyncRun) -> SyncLogEntry | None:
    """The newest entry that is not taken back yet: later changes go first, as they lie on top."""
    mine = select(func.min(SyncLogEntry.undoes_entry_id)).where(
        SyncLogEntry.run_id == run.id, SyncLogEntry.finished_at.is_not(None)
    )
    with runtime.database.read() as session:
        reached = session.scalar(mine)
        query = select(SyncLogEntry).where(SyncLogEntry.finished_at.is_not(None), SyncLogEntry.direction != "")
        if run.undoes_run_id is None:
            query = query.where(SyncLogEntry.id == run.undoes_entry_id)
        else:
            query = query.where(SyncLogEntry.run_id == run.undoes_run_id)
        if reached is not None:
            query = query.where(SyncLogEntry.id < reached)
        return session.scalars(query.order_by(SyncLogEntry.id.desc()).limit(1)).first()


def _forbidden(runtime: Runtime, run: SyncRun, connection: Connection, entry: SyncLogEntry) -> str:
    """Which switch stands in the way. An object that is off stops reps; an admin takes back what it did wrong."""
    if not connection.syncs_enabled:
        return "SYNCS_OFF"
    mapping = _mapping(runtime, entry)
    if mapping is None:
        return "NOT_MAPPED"
    return "OBJECT_OFF" if run.trigger == "panel" and not mapping.enabled else ""


def _mapping(runtime: Runtime, entry: SyncLogEntry) -> ObjectFacts | None:
    with runtime.database.look() as database:
        return runtime.mappings.find(database, entry.connection_id, entry.object)


def _undo_entry(
    runtime: Runtime,
    run: SyncRun,
    connection: Connection,
    adapter: CrmAdapter,
    entry: SyncLogEntry,
    *,
    forbidden: str,
    pending: list[dict[str, Any]],
) -> None:
    mapping = _mapping(runtime, entry)
    assert mapping is not None  # `_forbidden` has looked
    written = written_by(entry.changes, only_field=run.undoes_field or "")
    asks_crm = any(each.side == CRM for each in written)
    info = describe(runtime, adapter, connection.id, entry.object) if asks_crm else ObjectInfo(entry.object, "")
    setup = Setup(runtime, adapter, run, connection, mapping, info)
    task = Task(setup, entry, written, forbidden=forbidden, pending=pending)
    try:
        _in_rounds(task)
    except Rejected as error:
        if error.code != "INVALID_FIELD":
            raise
        # A field that vanished since the fields were asked for is refused by the read: ask anew, once.
        fresh = describe(runtime, adapter, connection.id, entry.object, at_once=True)
        fields = Task(replace(setup, info=fresh), entry, written, forbidden=forbidden, pending=task.pending + task.done)
        _in_rounds(fields)


def _in_rounds(task: Task) -> None:
    looks = 0
    while looks < MAX_ROUNDS + len(task.refusals.by_field):  # a refusal is no move of the record
        if _one_round(task):
            return
        looks += 1
    raise RetryLater("The record kept changing.", code="KEEPS_MOVING")


def _one_round(task: Task) -> bool:
    """Look, put back, settle; False when something moved meanwhile and has to be looked at again."""
    theirs = _read(task)
    was_at = _look_for_pending(task, theirs.row)
    link, local, ours, others = _look(task)
    if theirs.row is not None and was_at is not None:
        task.stamps = stamps_after(link, replace(theirs.row, modified_at=was_at), theirs.row, wrote=True)
    if link is not None and task.stamps is not None:
        link.own_write_at, link.changed_before_at = task.stamps
    plan = _plan(task, ours, theirs)
    read = after = theirs.row
    if plan.there:
        assert read is not None
        after = _write(task, read, local, plan)
        if after is None:
            return False
        task.stamps = stamps_after(link, read, after, wrote=True)
    back = tuple(each for each in task.written if each.side == CRM and _is_done(task, each))
    try:
        what = undo_settle.Undone(
            task.entry, plan, link, local, read, after, back, task.done, task.refusals, task.lost, others
        )
        undo_settle.settle(task.setup, what)
    except undo_settle.MovedMeanwhile:
        task.pending, task.done, task.lost = [*task.done, *task.lost], [], []
        return False
    return True


def _look_for_pending(task: Task, row: CrmRow | None) -> datetime | None:
    """What became of the writes that were not answered; of a record that is not shown any more nobody can tell.

    The record's stamp before them, where it can be told.
    """
    was_at = None
    if row is not None:
        task.done += booked(task.pending, row, task.setup.info.fields)
        was_at = stamp_before(task.pending, row, task.setup.info.fields)
    else:
        task.lost += [each for each in task.pending if is_unanswered(each)]
        task.done += [each for each in task.pending if not is_unanswered(each)]
    task.pending = []
    return was_at


def _read(task: Task) -> Theirs:
    """The CRM record, asked for only where something was written there."""
    if not any(each.side == CRM for each in task.written):
        return Theirs()
    setup = task.setup
    extra = {each.crm_field: each.field_type for each in task.written if each.crm_field in setup.info.fields}
    try:
        row = setup.adapter.read(task.entry.object, task.entry.crm_record_id, extra | dict(setup.fields))
    except NotFound as error:
        return Theirs(code=error.code)
    return Theirs(row, fields=setup.info.fields, mapping=setup.mapping)


def _look(task: Task) -> tuple[RecordLink | None, LocalRecord | None, Ours, tuple[RecordLink, ...]]:
    """The link and our record as they are now: the record that was written to, wherever the link points today.

    With the other links of that record: the one of the entry may have moved on to another CRM record.
    """
    record_id = task.entry.local_record_id
    with task.setup.runtime.database.read() as session:
        link, _ = linked_pair(session.connection(), task.key)
        local = session.get(LocalRecord, record_id) if record_id is not None else None
        linked = select(RecordLink).where(RecordLink.local_record_id == record_id).order_by(RecordLink.id)
        others = tuple(each for each in session.scalars(linked) if link is None or each.id != link.id)
    if link is not None and link.local_record_id != record_id:
        link = None
    if local is None:
        return link, None, Ours(None), others
    went_with_theirs = link is None or link.deleted_ours_at == local.deleted_at
    return link, local, Ours(local.values, local.deleted_at is not None, bool(others), went_with_theirs), others


def _plan(task: Task, ours: Ours, theirs: Theirs) -> UndoPlan:
    held_up = [Left(each, code) for each in task.written if (code := _held_up(task, each))]
    open_ones = [each for each in task.written if not _held_up(task, each) and not _is_done(task, each)]
    if task.forbidden:
        return UndoPlan(left=(*held_up, *(Left(each, task.forbidden) for each in open_ones)))
    run = task.setup.run
    rights = Rights(run.readable_fields, run.editable_fields)
    plan = plan_undo(task.entry, open_ones, ours, theirs, rights)
    return replace(plan, left=(*plan.left, *held_up))


def _is_done(task: Task, written: Written) -> bool:
    return written.side == CRM and any(each["field"] == written.field for each in task.done)


def _held_up(task: Task, written: Written) -> str:
    """The code of what this run itself has met with, writing it to the CRM."""
    if written.side != CRM or _is_done(task, written):
        return ""
    if any(each["field"] == written.field for each in task.lost):
        return undo_settle.LOST
    return task.refusals.code_for(written.crm_field)


def _write(task: Task, row: CrmRow, local: LocalRecord | None, plan: UndoPlan) -> CrmRow | None:
    """Put the CRM's fields back: first the intent, committed, then the call. None means look again."""
    setup, wanted = task.setup, [undo_settle.change_of(each) for each in plan.there]
    as_seen(wanted, row)
    undo_settle.note_intent(setup, task.entry, row, local, [*task.done, *wanted])
    values = {each.crm_field: each.before if each.spelled is None else AsSpelled(each.spelled) for each in plan.there}
    fields = {each.crm_field: each.field_type for each in plan.there} | dict(setup.fields)
    try:
        result = setup.adapter.write(task.entry.object, row, values, fields)
    except (MovedOn, NotFound):
        return None
    except Unavailable:
        # It may have been done and its answer lost: look before doing anything else.
        log.warning("crm_write_unanswered", run_id=setup.run.id, object=task.entry.object)
        raise
    except ConnectionBroken:
        # We were not let in: nothing of it was written, and the log must not say that it may have been.
        undo_settle.note_intent(setup, task.entry, row, local, task.done)
        raise
    except (Rejected, NotAllowed, DuplicateFound) as error:
        _note_refusal(task.refusals, list(values), error)
        return None
    for change in wanted:
        is_written(change, result.before, result.after)
    task.done += wanted
    return result.after


def _note_refusal(refusals: Refusals, crm_fields: list[str], error: RecordError) -> None:
    refusals.message = error.message
    ours = {name.lower(): name for name in crm_fields}
    named = [ours[name.lower()] for name in error.fields if name.lower() in ours]
    refusals.by_field |= dict.fromkeys(named, error.code)
    refusals.whole = refusals.whole if named else error.code
