"""What our database knows of one CRM record: one query for how things stand, one for the last log entries.

Read on every panel request, so as plain values: no ORM objects, only the columns that are shown.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from functools import cache
from itertools import pairwise
from typing import Any, NamedTuple, cast

from sqlalchemy import (
    BindParameter,
    Column,
    ColumnElement,
    Connection,
    ScalarSelect,
    Select,
    Table,
    and_,
    bindparam,
    literal_column,
    select,
)
from sqlalchemy.orm import DeclarativeBase

from jobs.db import row_of
from jobs.models import Connection as ConnectionRow
from jobs.models import CrmRecord, LocalRecord, RecordLink, SetupVersion, SyncLogEntry, SyncRun
from jobs.models.run import OPEN_SINGLE_RUN

LAST_ENTRIES = 5
_LINKS, _LOCALS = cast(Table, RecordLink.__table__), cast(Table, LocalRecord.__table__)


@dataclass(frozen=True)
class RecordKey:
    connection_id: int
    object: str
    crm_record_id: str


# Tuples, because nothing is made faster. The first field of each is never null in a row that is there.


class ConnectionFacts(NamedTuple):
    id: int
    crm: str
    syncs_enabled: bool
    state: str
    broken_code: str
    broken_message: str


class LinkFacts(NamedTuple):
    id: int
    synced_at: datetime | None
    synced_by: str
    open_conflicts: int
    base: dict[str, Any]


class LocalFacts(NamedTuple):
    id: int
    name: str
    values: dict[str, Any]
    provenance: dict[str, Any]
    deleted_at: datetime | None


class SeenFacts(NamedTuple):
    seen_at: datetime
    name: str
    values: dict[str, Any]
    is_deleted: bool


class RunFacts(NamedTuple):
    id: int
    kind: str
    status: str
    step: str
    version: int
    created_at: datetime
    resume_at: datetime | None
    finished_at: datetime | None
    code: str
    message: str


class EntryFacts(NamedTuple):
    id: int
    run_id: int
    outcome: str
    code: str
    message: str
    remedy: str
    changes: list[dict[str, Any]]
    left_alone: list[dict[str, Any]]
    by: str
    created_at: datetime
    finished_at: datetime | None
    undoes_entry_id: int | None


@dataclass(frozen=True)
class RecordRows:
    setup_version: int
    newest_entry_id: int | None  # of the finished ones
    connection: ConnectionFacts
    link: LinkFacts | None
    local: LocalFacts | None  # the linked one
    seen: SeenFacts | None
    open_run: RunFacts | None


_PARTS: tuple[tuple[type[Any], type[DeclarativeBase]], ...] = (
    (ConnectionFacts, ConnectionRow),
    (LinkFacts, RecordLink),
    (LocalFacts, LocalRecord),
    (SeenFacts, CrmRecord),
    (RunFacts, SyncRun),
)
_OF_RECORD: dict[str, BindParameter[Any]] = {
    name: bindparam(name) for name in ("connection_id", "object", "crm_record_id")
}


def rows_of(connection: Connection, key: RecordKey) -> RecordRows:
    """How things stand. Raises NoResultFound when the connection is gone."""
    row = tuple(connection.execute(_standing(), vars(key)).one())
    parts = [
        facts._make(row[start:end]) if row[start] is not None else None
        for (facts, _), (start, end) in zip(_PARTS, _spans(), strict=True)
    ]
    org, link, local, seen, open_run = parts
    return RecordRows(row[0], row[1], cast(ConnectionFacts, org), link, local, seen, open_run)


def last_entries(connection: Connection, key: RecordKey) -> tuple[EntryFacts, ...]:
    """The last finished log entries, newest first."""
    return tuple(EntryFacts._make(row) for row in connection.execute(_entries(), vars(key)))


def entry_of_run(connection: Connection, run_id: int) -> EntryFacts | None:
    """The one entry of a run, or none yet; of a push that made an account first, the one about its own record."""
    columns = _columns(EntryFacts, SyncLogEntry)
    query = select(*columns).where(SyncLogEntry.run_id == run_id).order_by(SyncLogEntry.id.desc()).limit(1)
    row = connection.execute(query).one_or_none()
    return EntryFacts._make(row) if row is not None else None


def run_of(connection: Connection, key: RecordKey, run_id: int) -> RunFacts | None:
    """A run by its id, if it is one of this record."""
    row = connection.execute(_run(), {**vars(key), "run_id": run_id}).one_or_none()
    return RunFacts._make(row) if row is not None else None


def local_facts(connection: Connection, local_record_id: int) -> LocalFacts | None:
    query = select(*_columns(LocalFacts, LocalRecord)).where(LocalRecord.id == local_record_id)
    row = connection.execute(query).one_or_none()
    return LocalFacts._make(row) if row is not None else None


def linked_pair(connection: Connection, key: RecordKey) -> tuple[RecordLink | None, LocalRecord | None]:
    """The link of a CRM record and our side of it, as rows of no session."""
    found = connection.execute(_pair(), vars(key)).one_or_none()
    if found is None:
        return None, None
    width = len(_LINKS.columns)
    local = row_of(LocalRecord, found[width:]) if found[width] is not None else None
    return row_of(RecordLink, found[:width]), local


# Each statement is put together once: that costs as much as running it.


@cache
def _standing() -> Select[Any]:
    columns = [column for facts, model in _PARTS for column in _columns(facts, model)]
    return (
        select(SetupVersion.version, _newest_entry(), *columns)
        .select_from(ConnectionRow)
        .join(SetupVersion, SetupVersion.id == 1)
        .outerjoin(RecordLink, _same_record(RecordLink))
        .outerjoin(LocalRecord, LocalRecord.id == RecordLink.local_record_id)
        .outerjoin(CrmRecord, _same_record(CrmRecord))
        .outerjoin(SyncRun, and_(_same_record(SyncRun), literal_column(OPEN_SINGLE_RUN)))
        .where(ConnectionRow.id == _OF_RECORD["connection_id"])
    )


@cache
def _entries() -> Select[Any]:
    return _finished_entries(*_columns(EntryFacts, SyncLogEntry)).limit(LAST_ENTRIES)


def _newest_entry() -> ScalarSelect[int]:
    return _finished_entries(SyncLogEntry.id).limit(1).scalar_subquery()


def _finished_entries(*columns: Any) -> Select[Any]:
    """Newest first."""
    finished = select(*columns).where(_same_record(SyncLogEntry), SyncLogEntry.finished_at.is_not(None))
    return finished.order_by(SyncLogEntry.id.desc())


@cache
def _run() -> Select[Any]:
    return select(*_columns(RunFacts, SyncRun)).where(SyncRun.id == bindparam("run_id"), _same_record(SyncRun))


@cache
def _pair() -> Select[Any]:
    pair = _LINKS.outerjoin(_LOCALS, _LOCALS.c.id == _LINKS.c.local_record_id)
    return select(*_LINKS.columns, *_LOCALS.columns).select_from(pair).where(_same_record(RecordLink))


@cache
def _spans() -> tuple[tuple[int, int], ...]:
    """Where each part's columns are in a row of `_standing`, after the first two."""
    ends = [2]
    for facts, _ in _PARTS:
        ends.append(ends[-1] + len(facts._fields))
    return tuple(pairwise(ends))


def _columns(facts: type[Any], model: type[DeclarativeBase]) -> list[Column[Any]]:
    table = cast(Table, model.__table__)
    return [table.c[name] for name in facts._fields]


def _same_record(model: Any) -> ColumnElement[bool]:
    return and_(*(getattr(model, name) == parameter for name, parameter in _OF_RECORD.items()))
