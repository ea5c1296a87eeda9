"""Putting a push down: the intent before the record is made, and link, base, log entry and run in one go after it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta
from typing import Any, cast

from sqlalchemy import Table, delete, select
from sqlalchemy.orm import Session

from jobs import progress, runs
from jobs.db import changed_one
from jobs.models import LocalRecord, RecordLink, SyncLogEntry, SyncRun
from jobs.models.run import FAILED, PARTIAL, PUSH, SUCCEEDED
from jobs.run_rows import RUNS, at_work
from jobs.runtime import Runtime, utc_now
from jobs.sync import changes as change_list
from jobs.sync.log_entries import close, entry_of, store
from jobs.sync.plan import Skip
from jobs.sync.scene import Setup
from jobs.sync.settle import Settlement, changed_local, keep_seen, left_alone, save_link
from jobs.sync.words import Words, words

UNKNOWN = "WRITE_UNKNOWN"

_ENTRIES = cast(Table, SyncLogEntry.__table__)
Changes = Sequence[dict[str, Any]]


def part_of(run: SyncRun, **values: Any) -> SyncRun:
    """The same run at work on another record: its account."""
    columns = (column.key for column in RUNS.columns)
    return SyncRun(**{name: getattr(run, name) for name in columns} | values)


def open_entry(runtime: Runtime, run: SyncRun) -> SyncLogEntry | None:
    """What an earlier attempt of the run noted and did not finish."""
    query = select(SyncLogEntry).where(SyncLogEntry.run_id == run.id, SyncLogEntry.finished_at.is_(None))
    with runtime.database.read() as session:
        return session.scalar(query)


def last_unknown(session: Session, run: SyncRun) -> SyncLogEntry | None:
    """The last push of the same record that ended without learning whether it was made; later ones settled it."""
    query = (
        select(SyncLogEntry)
        .join(SyncRun, SyncRun.id == SyncLogEntry.run_id)
        .where(SyncLogEntry.local_record_id == run.local_record_id, SyncLogEntry.connection_id == run.connection_id)
        .where(SyncLogEntry.object == run.object, SyncLogEntry.run_id != run.id, SyncRun.kind == PUSH)
        .order_by(SyncLogEntry.id.desc())
        .limit(1)
    )
    entry = session.scalar(query)
    return entry if entry is not None and entry.code == UNKNOWN and entry.creation_key else None


def note_intent(setup: Setup, local: LocalRecord, changes: Changes, *, key: str) -> None:
    """Commit what is about to be made, and the key by which the CRM can be asked for it. Raises LeaseLost."""
    with setup.runtime.database.write() as session:
        runs.keep(session, setup.run, step="writing", seconds=setup.runtime.settings.lease_seconds)
        entry = entry_of(session, setup.run, None, local)
        entry.outcome, entry.direction, entry.changes = "created", "outbound", list(changes)
        entry.record_name, entry.creation_key = local.name[:400], key
        entry.message, entry.code = "", ""
        store(session, entry)


def drop_intent(setup: Setup) -> None:
    """It is certain that nothing was made. Raises LeaseLost."""
    with setup.runtime.database.write() as session:
        runs.keep(session, setup.run, seconds=setup.runtime.settings.lease_seconds)
        session.execute(delete(_ENTRIES).where(_ENTRIES.c.run_id == setup.run.id, _ENTRIES.c.finished_at.is_(None)))


def settle(setup: Setup, what: Settlement, left: Changes, *, ends_run: bool) -> None:
    """The record was made: link, base, log entry and run in one transaction. Raises LocalMovedOn or LeaseLost."""
    pulls = what.plan.chosen("pull")
    with setup.runtime.database.write() as session:
        assert what.scene.local is not None
        local = changed_local(session, setup, what, pulls) if pulls else what.scene.local
        save_link(session, setup, what, local.id, conflicts=0)
        entry = _made(session, setup, what, local, is_linked=True)
        entry.changes = [*what.done, *change_list.local_changes(pulls)]
        entry.direction = change_list.direction(entry.changes)
        entry.left_alone = [*left_alone(setup, what.plan, what.refusals), *left]
        _finish(session, setup, entry, SUCCEEDED, ends_run=ends_run)
    progress.tell(setup.runtime, setup.run.id)


def settle_unlinked(setup: Setup, what: Settlement, *, ends_run: bool) -> None:
    """The record was made, and meanwhile somebody linked one of the two with another: told, and left to a person."""
    with setup.runtime.database.write() as session:
        entry = _made(session, setup, what, what.scene.local, is_linked=False)
        entry.changes, entry.direction = list(what.done), "outbound"
        _say(setup, entry, Skip("MADE_UNLINKED"))
        _finish(session, setup, entry, SUCCEEDED, ends_run=ends_run)
    progress.tell(setup.runtime, setup.run.id)


def leave(
    setup: Setup, local: LocalRecord | None, skip: Skip, *, outcome: str = "skipped", ends_run: bool = True
) -> None:
    """Nothing was made: say why, and finish. An intent that was noted is known to have come to nothing."""
    with setup.runtime.database.write() as session:
        entry = entry_of(session, setup.run, None, local)
        entry.outcome, entry.changes, entry.direction = outcome, [], ""
        entry.candidates = list(skip.candidates)
        _say(setup, entry, skip)
        _finish(session, setup, entry, FAILED if outcome == "failed" else SUCCEEDED, ends_run=ends_run)
    progress.tell(setup.runtime, setup.run.id)


def left(setup: Setup, skip: Skip, field: str, label: str) -> dict[str, Any]:
    """Something that was left as it is, for the log."""
    return {"field": field, "crm_field": "", "label": label, "code": skip.code, "reason": _words(setup, skip).message}


def other_link(session: Session, setup: Setup, local_record_id: int) -> RecordLink | None:
    """The link of ours to another record of the same object."""
    run = setup.run
    query = select(RecordLink).where(RecordLink.connection_id == run.connection_id, RecordLink.object == run.object)
    theirs = query.where(RecordLink.local_record_id == local_record_id, RecordLink.crm_record_id != run.crm_record_id)
    return session.scalar(theirs)


def _made(
    session: Session, setup: Setup, what: Settlement, local: LocalRecord | None, *, is_linked: bool
) -> SyncLogEntry:
    keep_seen(session, setup.connection.id, setup.run.object, what.row, synced=is_linked)
    entry = entry_of(session, setup.run, what.row, local)
    entry.outcome, entry.code, entry.message = "created", "", ""
    return entry


def _say(setup: Setup, entry: SyncLogEntry, skip: Skip) -> None:
    said = _words(setup, skip)
    entry.code, entry.message, entry.remedy = skip.code, said.message, skip.remedy or said.remedy


def _words(setup: Setup, skip: Skip) -> Words:
    label = setup.mapping.object_label
    return words(skip.code, crm=setup.crm_label, object_label=label, fields=skip.fields, detail=skip.detail)


def _finish(session: Session, setup: Setup, entry: SyncLogEntry, status: str, *, ends_run: bool) -> None:
    entry.finished_at = utc_now()
    if ends_run:
        return close(session, setup.run, setup.adapter.calls, _of_all(session, setup.run, status), entry)
    store(session, entry)
    _count(session, setup, entry)
    return None


def _of_all(session: Session, run: SyncRun, status: str) -> str:
    """The status of the run, with what became of the account before."""
    before = session.execute(select(RUNS.c.created_count, RUNS.c.failed_count).where(RUNS.c.id == run.id)).one()
    is_mixed = before.failed_count if status == SUCCEEDED else before.created_count
    return PARTIAL if is_mixed else status


def _count(session: Session, setup: Setup, entry: SyncLogEntry) -> None:
    """More of the run follows: count the entry and renew the lease. Raises LeaseLost."""
    run, column = setup.run, RUNS.c[f"{entry.outcome}_count"]
    until = utc_now() + timedelta(seconds=setup.runtime.settings.lease_seconds)
    owned = at_work(run)
    if not changed_one(
        session, owned.values({column: column + 1, RUNS.c.lease_until: until, RUNS.c.enqueue_at: until})
    ):
        raise runs.LeaseLost
