"""An import put down: each member's log entry, the place in the list and the run's counts in one transaction."""

from __future__ import annotations

from datetime import datetime
from typing import Any, cast

from sqlalchemy import Table, Update, select, update
from sqlalchemy.orm import Session

from jobs import progress, runs, usage
from jobs.crm.lists import Members
from jobs.db import changed_one, insert_row, update_row
from jobs.models import ListImport, SyncLogEntry, SyncRun
from jobs.models.run import CANCELLED, FAILED, PARTIAL, SUCCEEDED
from jobs.run_rows import COUNTS, RUNS, at_work
from jobs.runtime import Runtime, utc_now

_IMPORTS = cast(Table, ListImport.__table__)


def place(runtime: Runtime, run: SyncRun) -> ListImport:
    """How far the import has come."""
    with runtime.database.read() as session:
        return session.get_one(ListImport, run.id)


def begin(runtime: Runtime, run: SyncRun) -> None:
    """A worker takes it up: once more, if nothing was done since the last one did."""
    with runtime.database.write() as session:
        runs.keep(session, run, seconds=runtime.settings.lease_seconds)
        session.execute(_of(run).values(tries=_IMPORTS.c.tries + 1))


def is_at_work_on_member(runtime: Runtime, run: SyncRun) -> bool:
    """Whether an earlier attempt noted what it was about to write and did not finish: that member comes first."""
    with runtime.database.read() as session:
        return has_open_entry(session, run.id)


def has_open_entry(session: Session, run_id: int) -> bool:
    query = select(SyncLogEntry.id).where(SyncLogEntry.run_id == run_id, SyncLogEntry.finished_at.is_(None))
    return session.scalar(query.limit(1)) is not None


def turn_page(runtime: Runtime, run: SyncRun, members: Members) -> None:
    """The next page of ids is at hand. Raises LeaseLost."""
    with runtime.database.write() as session:
        runs.keep(session, run, seconds=runtime.settings.lease_seconds)
        turned = {"page": list(members.record_ids), "page_done": 0, "after": members.after}
        session.execute(_of(run).values(**turned, is_last_page=not members.after, tries=1, stuck_since=None))


def close(
    session: Session, run: SyncRun, calls: int, status: str, entry: SyncLogEntry, *, count: str, may_read_again: bool
) -> None:
    """What `log_entries.close` is for other runs: of a member, it goes on; of the run itself, it ends.

    Raises LeaseLost, and AskedAgain where the record was synced by somebody else since it was read.
    """
    if run.crm_record_id:
        if may_read_again and _was_synced_since(session, run):
            raise runs.AskedAgain
        _store(session, entry)
        return _count(session, run, count)
    if entry.id is not None:  # a write whose answer nobody knows
        _store(session, entry)
    usage.add(session, run.connection_id, calls)
    failed = 1 if entry.id is not None else 0
    runs.finish(session, run, status=status, code=entry.code, message=entry.message, calls=calls, failed_count=failed)
    return None


def finish(runtime: Runtime, run: SyncRun, calls: int, *, cancelled_by: str = "") -> None:
    """Everybody is done, or somebody asked to stop. Raises LeaseLost."""
    with runtime.database.write() as session:
        usage.add(session, run.connection_id, calls)
        told = said_of_stop(cancelled_by) if cancelled_by else ""
        status = CANCELLED if cancelled_by else _status(session, run)
        runs.finish(session, run, status=status, message=told, calls=calls)
    progress.tell(runtime, run.id)


def said_of_stop(by: str) -> str:
    return f"Stopped by {by}. What was synced until then stays."


def retry_at(runtime: Runtime, run: SyncRun) -> datetime | None:
    """When to try again while the CRM does not answer; None when nothing came of it for long enough."""
    now = utc_now()
    with runtime.database.write() as session:
        found = session.get_one(ListImport, run.id)
        found.stuck_since = found.stuck_since or now
        if now - found.stuck_since > runs.GIVE_UP_AFTER:
            return None
        return now + runs.RETRY_WAITS[min(max(found.tries, 1), len(runs.RETRY_WAITS)) - 1]


def _was_synced_since(session: Session, member: SyncRun) -> bool:
    """A row that was read with many others may be older than what another run has brought in since."""
    query = select(SyncLogEntry.id).where(
        SyncLogEntry.connection_id == member.connection_id,
        SyncLogEntry.object == member.object,
        SyncLogEntry.crm_record_id == member.crm_record_id,
        SyncLogEntry.run_id != member.id,
        SyncLogEntry.finished_at >= member.started_at,
    )
    return session.scalar(query.limit(1)) is not None


def _store(session: Session, entry: SyncLogEntry) -> None:
    if entry.id is None:
        insert_row(session, entry)
    else:
        update_row(session, entry)


def _count(session: Session, run: SyncRun, count: str) -> None:
    """One member more is done. Raises LeaseLost."""
    # The heartbeat keeps the lease: this asks only whether it is still ours.
    counted: dict[Any, Any] = {RUNS.c[count]: RUNS.c[count] + 1, RUNS.c.version: RUNS.c.version + 1}
    if not changed_one(session, at_work(run).values(counted)):
        raise runs.LeaseLost
    further = {"page_done": _IMPORTS.c.page_done + 1, "done": _IMPORTS.c.done + 1}
    session.execute(_of(run).values(**further, tries=1, stuck_since=None))


def _status(session: Session, run: SyncRun) -> str:
    row = session.execute(select(*(RUNS.c[name] for name in COUNTS)).where(RUNS.c.id == run.id)).one()
    if not row.failed_count:
        return SUCCEEDED
    others = row.created_count + row.updated_count + row.unchanged_count + row.skipped_count
    return PARTIAL if others else FAILED


def _of(run: SyncRun) -> Update:
    return update(_IMPORTS).where(_IMPORTS.c.run_id == run.id)
