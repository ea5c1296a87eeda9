"""The history of a field, from the log: who, by which run and rule, old and new value, and whether it was undone."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple, cast

from sqlalchemy import ColumnElement, Connection, Select, Table, and_, select

from jobs.models import Connection as ConnectionRow
from jobs.models import SyncLogEntry
from jobs.run_rows import RUNS
from jobs.sync.changes import HERE
from jobs.sync.rows import RecordKey
from jobs.sync.undo_plan import Written, written_by
from jobs.values import ValueRefused, normalise

# Entries of one record that are looked through. More than a person reads, and a bound for the slowest page.
MOST_ENTRIES = 300

_ENTRIES = cast(Table, SyncLogEntry.__table__)


class LoggedEntry(NamedTuple):
    """A finished log entry that changed something, with what its run says of its origin."""

    id: int
    run_id: int
    connection_id: int
    object: str
    crm_record_id: str
    outcome: str
    code: str
    by: str
    finished_at: datetime
    undoes_entry_id: int | None
    changes: list[dict[str, Any]]
    run_kind: str
    trigger: str
    crm: str


@dataclass(frozen=True)
class FieldChange:
    """One field on one side, as one entry changed it."""

    entry: LoggedEntry
    written: Written
    rule: str
    is_undone: bool  # a newer entry took it back, and was not taken back itself
    is_unsure: bool  # nobody knows whether the CRM stored it

    @property
    def is_undo(self) -> bool:
        return self.entry.undoes_entry_id is not None

    @property
    def at(self) -> datetime:
        return self.entry.finished_at


@dataclass(frozen=True)
class FieldHistory:
    """What is known of one field of ours, newest change first."""

    field: str
    changes: tuple[FieldChange, ...]
    is_cut: bool  # there are older entries that were not looked through


def entries_of(database: Connection, key: RecordKey, *, limit: int = MOST_ENTRIES) -> list[LoggedEntry]:
    """Entries of a CRM record that changed something, newest first."""
    return _run(database, _of_key(key), limit)


def entries_of_local(database: Connection, local_record_id: int, *, limit: int = MOST_ENTRIES) -> list[LoggedEntry]:
    """The same of a record of ours, over every connection it is linked by."""
    return _run(database, SyncLogEntry.local_record_id == local_record_id, limit)


def field_history(entries: Sequence[LoggedEntry], field: str, *, limit: int = MOST_ENTRIES) -> FieldHistory:
    """The history of one field of ours in `entries`, which are newest first. Pure."""
    undone = undone_changes(entries)
    changes: list[FieldChange] = []
    for entry in entries:
        said = {each["side"]: each for each in entry.changes if each["field"] == field}
        for written in written_by(entry.changes, only_field=field):
            last = said[written.side]
            is_undone = (entry.id, field, written.side) in undone
            changes.append(FieldChange(entry, written, last.get("rule", ""), is_undone, bool(last.get("unsure"))))
    return FieldHistory(field, tuple(changes), is_cut=len(entries) >= limit)


def undone_changes(entries: Iterable[Any]) -> set[tuple[int, str, str]]:
    """(entry id, field, side) of every change that a newer entry took back. Pure; `entries` are newest first.

    An undo that was itself undone no longer counts, and so on.
    """
    undone: set[tuple[int, str, str]] = set()
    for entry in entries:
        if entry.undoes_entry_id is None:
            continue
        for change in entry.changes:
            place = (change["field"], change["side"])
            if (entry.id, *place) not in undone and not change.get("unsure"):
                undone.add((entry.undoes_entry_id, *place))
    return undone


def still_holds(written: Written, ours: Mapping[str, Any] | None, theirs: Mapping[str, Any] | None) -> bool:
    """Whether that side holds what was written, as far as we know. Pure."""
    if written.side == HERE:
        now = ours.get(written.field) if ours is not None else None
        if ours is None or now == written.wrote:
            return ours is not None
        try:
            return normalise(written.field_type, now) == written.wrote
        except ValueRefused:
            return False
    return theirs is not None and theirs.get(written.crm_field) == written.wrote


def _run(database: Connection, condition: ColumnElement[bool], limit: int) -> list[LoggedEntry]:
    query = _logged().where(condition).order_by(_ENTRIES.c.id.desc()).limit(limit)
    return [LoggedEntry._make(row) for row in database.execute(query)]


def _of_key(key: RecordKey) -> ColumnElement[bool]:
    return and_(
        SyncLogEntry.connection_id == key.connection_id,
        SyncLogEntry.object == key.object,
        SyncLogEntry.crm_record_id == key.crm_record_id,
    )


@cache
def _logged() -> Select[Any]:
    own = [_ENTRIES.c[name] for name in LoggedEntry._fields if name in _ENTRIES.c]
    return (
        select(*own, RUNS.c.kind, RUNS.c.trigger, ConnectionRow.crm)
        .join(RUNS, RUNS.c.id == _ENTRIES.c.run_id)
        .join(ConnectionRow, ConnectionRow.id == _ENTRIES.c.connection_id)
        .where(_ENTRIES.c.finished_at.is_not(None), _ENTRIES.c.direction != "")
    )
