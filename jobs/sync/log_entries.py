"""The log entry of a run: an intent while it is open, stored once it is complete, and the run finished with it."""

from __future__ import annotations

from typing import Any, cast

from sqlalchemy import Table, bindparam, select
from sqlalchemy.orm import Session

from jobs import runs, usage
from jobs.crm.base import CrmRow
from jobs.db import insert_row, row_of, update_row
from jobs.models import LocalRecord, SyncLogEntry, SyncRun
from jobs.models.list_import import IMPORT
from jobs.models.run import PUSH
from jobs.runtime import utc_now
from jobs.sync import changes as change_list
from jobs.sync import import_rows
from jobs.sync.push_claims import end_push

UNATTENDED = frozenset({"webhook", "schedule"})  # triggers that nobody waits for
_COUNTED = {"conflict": "skipped"}

_ENTRIES = cast(Table, SyncLogEntry.__table__)
# An open run's entry is open too; of an undo of many records, the one it is at.
_ENTRY_OF_RUN = select(_ENTRIES).where(_ENTRIES.c.run_id == bindparam("run_id"), _ENTRIES.c.finished_at.is_(None))


def entry_of(
    session: Session, run: SyncRun, row: CrmRow | None, local: LocalRecord | None, *, look: bool = True
) -> SyncLogEntry:
    """The run's entry for this record: the open intent, or a new one. Never two. `store` it when it is complete."""
    stored = _stored_entry(session, run.id) if look else None
    entry = stored or blank_entry(run, run.object, run.crm_record_id)
    if row is not None:
        entry.record_name = row.name[:400]
    if local is not None:
        entry.local_record_id = local.id
    if run.local_record_id is not None and entry.object == run.object:
        _say_what_is_pushed(session, run, entry)
    return entry


def store(session: Session, entry: SyncLogEntry) -> None:
    if entry.id is None:
        insert_row(session, entry)
    else:
        update_row(session, entry)


def blank_entry(run: SyncRun, object_name: str, crm_record_id: str) -> SyncLogEntry:
    return SyncLogEntry(
        run_id=run.id,
        connection_id=run.connection_id,
        object=object_name,
        crm_record_id=crm_record_id,
        outcome="unchanged",
        by=run.requested_by,
        changes=[],
        code="",
        message="",
        created_at=utc_now(),
    )


def count_of(entry: SyncLogEntry) -> str:
    """The column of the run that counts such entries."""
    return f"{_COUNTED.get(entry.outcome, entry.outcome)}_count"


def close(
    session: Session, run: SyncRun, calls: int, status: str, entry: SyncLogEntry, *, may_read_again: bool = False
) -> None:
    """Store the entry and finish the run with it. Raises LeaseLost, or AskedAgain where it may read again.

    An import goes on with its next member.
    """
    if run.kind == IMPORT:
        counted = count_of(entry)
        return import_rows.close(session, run, calls, status, entry, count=counted, may_read_again=may_read_again)
    if not _is_echo(run, entry):
        store(session, entry)
    usage.add(session, run.connection_id, calls)
    if run.kind == PUSH:
        end_push(session, run)
    runs.finish(
        session,
        run,
        status=status,
        code=entry.code,
        message=entry.message,
        may_read_again=may_read_again,
        calls=calls,
        **{count_of(entry): 1},
    )
    return None


def unfinished_changes(session: Session, run_id: int) -> list[dict[str, Any]]:
    entry = _stored_entry(session, run_id)
    if entry is None or entry.finished_at is not None:
        return []
    return [change for change in entry.changes if change["side"] == change_list.CRM]


def is_unfinished_as(session: Session, run_id: int, code: str) -> bool:
    """Whether an attempt noted that code with what it was about to write."""
    entry = _stored_entry(session, run_id)
    return entry is not None and entry.code == code


def _say_what_is_pushed(session: Session, run: SyncRun, entry: SyncLogEntry) -> None:
    """Which record of ours it is about is known from the start; which of the CRM's, when it was found or made."""
    entry.crm_record_id, entry.local_record_id = run.crm_record_id, run.local_record_id
    if not entry.record_name:
        local = session.get(LocalRecord, run.local_record_id)
        entry.record_name = local.name if local is not None else ""


def _stored_entry(session: Session, run_id: int) -> SyncLogEntry | None:
    found = session.connection().execute(_ENTRY_OF_RUN, {"run_id": run_id}).one_or_none()
    return row_of(SyncLogEntry, found) if found is not None else None


def _is_echo(run: SyncRun, entry: SyncLogEntry) -> bool:
    """Nobody asked and nothing was to do, as after each write of our own: not worth a line in the log."""
    return run.trigger in UNATTENDED and entry.outcome == "unchanged" and entry.id is None
