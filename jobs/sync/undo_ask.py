"""Asking for an undo: of one entry of the log, one field of it, or a whole run. It inserts the row, and that is all."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from jobs.asking import FIRST_LOOK
from jobs.joining import covers
from jobs.models import SyncLogEntry, SyncRun
from jobs.models.run import OPEN, QUEUED
from jobs.run_rows import COUNTS
from jobs.runtime import utc_now
from jobs.sync.rows import RecordKey
from jobs.sync.undo_plan import OF_DELETION

UNDO = "undo"


class UndoRefused(Exception):
    """There is nothing to be taken back; the message says why."""


@dataclass(frozen=True)
class UndoAsk:
    """What is to be taken back, by whom and with whose rights. One of `entry_id` and `run_id` is given."""

    trigger: str
    entry_id: int | None = None
    field: str = ""  # one of ours; "" for all fields of the entry
    run_id: int | None = None
    requested_by: str = ""
    requested_by_id: str = ""
    readable_fields: list[str] | None = None
    editable_fields: list[str] | None = None
    # Only an entry of this record: what a panel may ask for.
    of_record: RecordKey | None = None


def open_undo(session: Session, ask: UndoAsk) -> tuple[SyncRun, bool]:
    """The open undo run for exactly this, and whether it is a new one. Raises UndoRefused."""
    subject = _entry(session, ask) if ask.run_id is None else _run(session, ask.run_id)
    same = select(SyncRun).where(
        SyncRun.kind == UNDO,
        SyncRun.status.in_(OPEN),
        SyncRun.connection_id == subject.connection_id,
        SyncRun.undoes_entry_id == ask.entry_id,
        SyncRun.undoes_run_id == ask.run_id,
        SyncRun.undoes_field == (ask.field or None),
    )
    # Somebody else's does for this person what it may do: it has to be no less.
    if (run := next((each for each in session.scalars(same) if covers(each, ask)), None)) is not None:
        return run, False
    run = _new(subject, ask)
    session.add(run)
    session.flush()
    return run, True


def _entry(session: Session, ask: UndoAsk) -> SyncLogEntry:
    # Locked: of two who ask in the same moment, the second finds the run of the first.
    entry = session.get(SyncLogEntry, ask.entry_id, with_for_update=True)
    if entry is None or (ask.of_record is not None and ask.of_record != _key(entry)):
        raise UndoRefused("This entry is no longer in the log, so it cannot be undone.")
    if entry.finished_at is None:
        raise UndoRefused("This sync is still at work.")
    if ask.field and entry.code in OF_DELETION:
        raise UndoRefused("Our record went, or came back, as a whole: undo the whole entry.")
    if not any(ask.field in ("", change["field"]) for change in entry.changes):
        raise UndoRefused("Nothing was changed, so there is nothing to undo.")
    return entry


def _run(session: Session, run_id: int) -> SyncRun:
    run = session.get(SyncRun, run_id, with_for_update=True)
    if run is None:
        raise UndoRefused("This run is no longer in the log, so it cannot be undone.")
    if run.status in OPEN:
        raise UndoRefused("This run is still at work.")
    changed = select(SyncLogEntry.id).where(SyncLogEntry.run_id == run_id, SyncLogEntry.direction != "").limit(1)
    if session.scalar(changed) is None:
        raise UndoRefused("This run changed nothing, so there is nothing to undo.")
    return run


def _key(entry: SyncLogEntry) -> RecordKey:
    return RecordKey(entry.connection_id, entry.object, entry.crm_record_id)


def _new(subject: SyncLogEntry | SyncRun, ask: UndoAsk) -> SyncRun:
    now = utc_now()
    return SyncRun(
        connection_id=subject.connection_id,
        kind=UNDO,
        trigger=ask.trigger,
        object=subject.object,
        crm_record_id=subject.crm_record_id,
        status=QUEUED,
        requested_by=ask.requested_by,
        requested_by_id=ask.requested_by_id,
        readable_fields=ask.readable_fields,
        editable_fields=ask.editable_fields,
        undoes_entry_id=ask.entry_id,
        undoes_field=ask.field or None,
        undoes_run_id=ask.run_id,
        created_at=now,
        enqueue_at=now + FIRST_LOOK,
        version=1,
        **dict.fromkeys(COUNTS, 0),
    )
