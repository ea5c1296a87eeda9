"""How long the log remembers: so many days, and so many rows per field of a record. The rest is forgotten by the tick.

An entry goes as a whole or stays as a whole. Within both bounds nothing goes that an undo may still need: an entry
stays while one of its fields has it among its latest, and an undo stays with the entry it took back.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from sqlalchemy import ColumnElement, Select, delete, exists, func, select, update
from sqlalchemy.orm import Session

from jobs.db import changed_one
from jobs.models import Base, Heartbeat, SyncLogEntry, SyncRun
from jobs.models.run import OPEN
from jobs.runtime import Runtime, utc_now
from jobs.sync.rows import RecordKey

log = structlog.get_logger()

HOUSEKEEPING = "housekeeping"
EVERY = timedelta(hours=1)
# A tick must not be late for runs whose worker died: it forgets this many rows, and the next one goes on.
PORTION = 1000
_NO_FIELD = ""  # entries that changed nothing are bounded as if they were one field's


@dataclass(frozen=True)
class Kept:
    """What decides about one entry of a record."""

    id: int
    fields: frozenset[str]
    undoes_entry_id: int | None


def forget_when_due(runtime: Runtime) -> int:
    """Once an hour, by one clock: forget what is beyond the settings; the number of entries."""
    since = _take_turn(runtime)
    if since is None:
        return 0
    count = forget_old_entries(runtime) + forget_surplus_entries(runtime, since)
    if count >= PORTION:
        _go_on_with_next_tick(runtime, since)
    forget_old_runs(runtime)
    if count:
        log.info("log_entries_forgotten", count=count)
    return count


def forget_old_entries(runtime: Runtime) -> int:
    """Entries older than HISTORY_DAYS, oldest first, at most a portion."""
    before = utc_now() - timedelta(days=runtime.settings.history_days)
    with runtime.database.write() as session:
        oldest = select(SyncLogEntry.id, SyncLogEntry.undoes_entry_id, SyncLogEntry.created_at).where(*_free(session))
        # Ids grow with time, so the oldest are found without searching.
        first = session.execute(oldest.order_by(SyncLogEntry.id).limit(PORTION))
        rows = [row for row in first if row.created_at < before]
        return _forget(session, [Kept(row.id, frozenset(), row.undoes_entry_id) for row in rows])


def forget_surplus_entries(runtime: Runtime, since: datetime) -> int:
    """Entries none of whose fields has them among its HISTORY_ROWS_PER_FIELD latest, of records that changed since."""
    most = runtime.settings.history_rows_per_field
    with runtime.database.read() as session:
        keys = [RecordKey(*row) for row in session.execute(_grown(session, since, most))]
    count = 0
    for key in keys:
        with runtime.database.write() as session:
            count += _forget(session, surplus(_kept(session, key), most))
        if count >= PORTION:
            break
    return count


def surplus(entries: Iterable[Kept], most: int) -> list[Kept]:
    """Of one record's entries, newest first: those that every field of theirs has had `most` newer ones of. Pure."""
    newer: dict[str, int] = {}
    found: list[Kept] = []
    for entry in entries:
        fields = entry.fields or {_NO_FIELD}
        if all(newer.get(field, 0) >= most for field in fields):
            found.append(entry)
        for field in fields:
            newer[field] = newer.get(field, 0) + 1
    return found


def forget_old_runs(runtime: Runtime) -> None:
    """Runs older than HISTORY_DAYS that nothing in the database speaks of any more."""
    before = utc_now() - timedelta(days=runtime.settings.history_days)
    oldest = (
        select(SyncRun.id, SyncRun.created_at)
        .where(
            SyncRun.status.not_in(OPEN), *_unmentioned(), SyncRun.id < select(func.max(SyncRun.id)).scalar_subquery()
        )
        .order_by(SyncRun.id)
        .limit(PORTION)
    )
    with runtime.database.write() as session:
        ids = [row.id for row in session.execute(oldest) if row.created_at < before]
        if ids:
            session.execute(delete(SyncRun).where(SyncRun.id.in_(ids)))


def _take_turn(runtime: Runtime) -> datetime | None:
    """The time of the turn before this one; None when it is not due, or another clock has taken it."""
    now = utc_now()
    with runtime.database.read() as session:
        before = session.scalar(select(Heartbeat.beat_at).where(Heartbeat.name == HOUSEKEEPING))
    if before is not None and before > now - EVERY:
        return None
    with runtime.database.write() as session:
        if before is None:
            # The first look of an installation: nothing can be old yet.
            session.merge(Heartbeat(name=HOUSEKEEPING, beat_at=now))
            return None
        taken = update(Heartbeat).where(Heartbeat.name == HOUSEKEEPING, Heartbeat.beat_at == before)
        return before if changed_one(session, taken.values(beat_at=now)) else None


def _go_on_with_next_tick(runtime: Runtime, since: datetime) -> None:
    with runtime.database.write() as session:
        session.execute(update(Heartbeat).where(Heartbeat.name == HOUSEKEEPING).values(beat_at=since))


def _free(session: Session) -> Sequence[ColumnElement[bool]]:
    """Entries that may go at all: finished, and no undo is at work on them. The newest stays, so ids only ever grow."""
    undoing = select(SyncRun.undoes_entry_id).where(SyncRun.status.in_(OPEN), SyncRun.undoes_entry_id.is_not(None))
    undoing_runs = select(SyncRun.undoes_run_id).where(SyncRun.status.in_(OPEN), SyncRun.undoes_run_id.is_not(None))
    newest = session.scalar(select(func.max(SyncLogEntry.id))) or 0
    return (
        SyncLogEntry.finished_at.is_not(None),
        SyncLogEntry.id < newest,
        SyncLogEntry.id.not_in(undoing),
        SyncLogEntry.run_id.not_in(undoing_runs),
    )


def _grown(session: Session, since: datetime, most: int) -> Select[int, str, str]:
    """The keys of records that have new entries, and more than `most` in all."""
    before = select(SyncLogEntry.id).where(SyncLogEntry.created_at < since).order_by(SyncLogEntry.id.desc()).limit(1)
    known_id = session.scalar(before) or 0
    columns = (SyncLogEntry.connection_id, SyncLogEntry.object, SyncLogEntry.crm_record_id)
    new = select(*columns).where(SyncLogEntry.id > known_id).distinct().subquery()
    same = [SyncLogEntry.connection_id == new.c.connection_id, SyncLogEntry.object == new.c.object]
    return (
        select(*columns)
        .join(new, (same[0]) & (same[1]) & (SyncLogEntry.crm_record_id == new.c.crm_record_id))
        .group_by(*columns)
        .having(func.count() > most)
    )


def _kept(session: Session, key: RecordKey) -> list[Kept]:
    query = (
        select(SyncLogEntry.id, SyncLogEntry.changes, SyncLogEntry.undoes_entry_id)
        .where(SyncLogEntry.connection_id == key.connection_id, SyncLogEntry.object == key.object)
        .where(SyncLogEntry.crm_record_id == key.crm_record_id, SyncLogEntry.finished_at.is_not(None))
        .order_by(SyncLogEntry.id.desc())
    )
    rows = session.execute(query)
    return [Kept(row.id, frozenset(each["field"] for each in row.changes), row.undoes_entry_id) for row in rows]


def _forget(session: Session, entries: Collection[Kept]) -> int:
    """Delete them, but for undos whose entry stays: without them it would look as if it had not been undone."""
    free = set(
        session.scalars(
            select(SyncLogEntry.id).where(SyncLogEntry.id.in_([each.id for each in entries])).where(*_free(session))
        )
    )
    going: set[int] = set()
    for entry in sorted(entries, key=lambda each: each.id):
        if entry.id in free and (entry.undoes_entry_id in going or not _is_there(session, entry.undoes_entry_id)):
            going.add(entry.id)
    if going:
        session.execute(delete(SyncLogEntry).where(SyncLogEntry.id.in_(going)))
    return len(going)


def _is_there(session: Session, entry_id: int | None) -> bool:
    return (
        entry_id is not None and session.scalar(select(SyncLogEntry.id).where(SyncLogEntry.id == entry_id)) is not None
    )


def _unmentioned() -> list[ColumnElement[bool]]:
    """No row of any table names the run, but those that go with it."""
    keys = [key for table in Base.metadata.sorted_tables for key in table.foreign_keys]
    naming = [key.parent for key in keys if key.column.table is SyncRun.__table__ and key.ondelete != "CASCADE"]
    return [~exists(select(1).where(column == SyncRun.id)) for column in naming]
