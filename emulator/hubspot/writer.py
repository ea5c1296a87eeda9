"""Changing records: the order of checks, the stamps, per-property history, journal and announcements."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from emulator.clock import Clock
from emulator.hubspot import errors
from emulator.hubspot.changes import Change, Changes, Source
from emulator.hubspot.freshness import Freshness
from emulator.hubspot.rules import Checked, Rules
from emulator.hubspot.schema import ObjectType
from emulator.hubspot.store import Store
from emulator.hubspot.times import wire_time
from emulator.journal import Journal
from emulator.rows import Row


@dataclass(frozen=True, slots=True)
class Saving:
    """How a save is done: by whom, and with which of the newest API version's habits.

    `enforce` applies the admin's rules on required properties, `lenient_dates` turns moments into days.
    """

    source: Source
    enforce: bool = False
    lenient_dates: bool = False


@dataclass(frozen=True, slots=True)
class Saved:
    """The row after a save, the names that were written, and what was changed on the way."""

    row: Row
    names: Sequence[str]
    warnings: Sequence[Mapping[str, Any]] = ()


class Writer:
    """The only place that changes records. Every method is one transaction and raises ApiError."""

    def __init__(
        self,
        store: Store,
        rules: Rules,
        *,
        clock: Clock,
        journal: Journal,
        changes: Changes,
        freshness: Freshness,
        is_locked: Callable[[str], bool],
    ) -> None:
        self._store = store
        self._rows = store.rows
        self._rules = rules
        self._clock = clock
        self._journal = journal
        self._changes = changes
        self._freshness = freshness
        self._is_locked = is_locked
        self._last_ids: dict[str, int] = {}

    def create(self, object_type: ObjectType, given: Mapping[str, Any], saving: Saving) -> Saved:
        with self._rows.transaction():
            checked = self._rules.check(
                object_type, given, None, enforce=saving.enforce, lenient_dates=saving.lenient_dates
            )
            self._rules.check_new(object_type, checked.values)
            at = self._clock.stamp()
            row = self._new_row(object_type, checked.values, at=at, source=saving.source)
            self._put(object_type, None, row)
            self._tell(object_type, None, row, op="insert", at=at, source=saving.source)
        return Saved(row, list(checked.values), checked.warnings)

    def update(self, object_type: ObjectType, row: Row, given: Mapping[str, Any], saving: Saving) -> Saved:
        """Change a living record. The stamp moves even when no value does; history does not grow then."""
        with self._rows.transaction():
            row = self._current(object_type, row)
            checked = self._rules.check(
                object_type, given, row, enforce=saving.enforce, lenient_dates=saving.lenient_dates
            )
            return self._update(object_type, row, checked, saving)

    def archive(self, object_type: ObjectType, row: Row, source: Source) -> None:
        with self._rows.transaction():
            row, at = self._current(object_type, row), self._clock.stamp()
            gone = {**row, "_archived": wire_time(at), "_modified": wire_time(at)}
            self._put(object_type, row, gone)
            self._tell(object_type, row, gone, op="delete", at=at, source=source)

    def restore(self, object_type: ObjectType, row: Row, source: Source) -> None:
        with self._rows.transaction():
            at = self._clock.stamp()
            back = {name: value for name, value in row.items() if name != "_archived"} | {"_modified": wire_time(at)}
            self._put(object_type, row, back)
            self._tell(object_type, row, back, op="undelete", at=at, source=source)

    def forget(self, object_type: ObjectType, row: Row, source: Source) -> None:
        """Wipe a record: nothing but its number is left."""
        with self._rows.transaction():
            at = self._clock.stamp()
            stamp = wire_time(at)
            husk = {name: row[name] for name in ("hs_object_id", "_created", "_made")}
            gone = {**husk, "_modified": stamp, "_archived": stamp, "_forgotten": True, "_history": {}}
            self._put(object_type, row, gone)
            self._tell(object_type, row, gone, op="delete", at=at, source=source)

    def touch(self, object_type: ObjectType, row: Row) -> None:
        """Move the modified stamp and nothing else, as a recalculation inside HubSpot does."""
        with self._rows.transaction():
            at = self._clock.stamp()
            touched = {**self._current(object_type, row), "_modified": wire_time(at)}
            self._put(object_type, row, touched)
            self._tell(object_type, row, touched, op="update", at=at, source=Source("CALCULATED", "system"))

    def load(self, object_type: ObjectType, records: Sequence[Mapping[str, Any]], source: Source) -> list[str]:
        """Put many records at once, as an import does: values are checked; required ones and the journal are not.

        `_created` and `_modified` (wire times) may be given.
        """
        with self._rows.transaction():
            return [self._load_one(object_type, given, source) for given in records]

    def new_id(self, object_type: ObjectType) -> str:
        with self._rows.lock:
            last = self._last_ids.get(object_type.name)
            if last is None:
                last = max(map(int, self._rows.table(object_type.name)), default=500)
            self._last_ids[object_type.name] = last + 1
            return str(last + 1)

    def put_merged(self, object_type: ObjectType, rows: Sequence[Row], merged: Row, *, source: Source) -> None:
        """Put the record that two others became; only inside a transaction."""
        at = self._clock.stamp()
        for row in rows:
            gone = {**row, "_merged_into": merged["hs_object_id"], "_modified": wire_time(at)}
            self._put(object_type, row, gone)
        self._put(object_type, None, merged)
        old = {name: value for name, value in rows[0].items() if not name.startswith("_")}
        details = {
            "primaryObjectId": int(rows[0]["hs_object_id"]),
            "mergedObjectIds": [int(row["hs_object_id"]) for row in rows[1:]],
            "newObjectId": int(merged["hs_object_id"]),
            "numberOfPropertiesMoved": len(_changed(old, merged)),
        }
        self._write(object_type, merged, op="merge", source=source, at=at, old=old, new=_values(merged))
        self._announce([self._change("object.merge", object_type, merged, at, source, details=details)])

    def _update(self, object_type: ObjectType, row: Row, checked: Checked, saving: Saving) -> Saved:
        at = self._clock.stamp()
        changed = {name: value for name, value in checked.values.items() if value != row.get(name, "")}
        new = {**row, "_modified": wire_time(at), "_history": dict(row["_history"])}
        if saving.source.user_id is not None:
            new["hs_updated_by_user_id"] = str(saving.source.user_id)
        for name, value in changed.items():
            kept = new["_history"].get(name) or ([[row[name], *row["_made"]]] if name in row else [])
            entry = [value, wire_time(at), *saving.source.to_list()]
            new["_history"][name] = [entry, *kept][: object_type.history_length]
            new[name] = value
        self._put(object_type, row, {name: value for name, value in new.items() if value != ""})
        self._tell(object_type, row, new, op="update", at=at, source=saving.source, names=list(checked.values))
        stored = self._rows.get(object_type.name, row["hs_object_id"])
        return Saved(stored or new, list(checked.values), checked.warnings)

    def _new_row(
        self, object_type: ObjectType, values: Mapping[str, str], *, at: datetime, source: Source
    ) -> dict[str, Any]:
        stamp = wire_time(at)
        row: dict[str, Any] = {
            "hs_object_id": self.new_id(object_type),
            "_created": stamp,
            "_modified": stamp,
            "_made": [stamp, *source.to_list()],
            "_history": {},
            "hs_object_source": source.type,
            "hs_object_source_id": source.id,
            **{name: value for name, value in values.items() if value != ""},
        }
        if source.user_id is not None:
            row |= {"hs_created_by_user_id": str(source.user_id), "hs_updated_by_user_id": str(source.user_id)}
        return row

    def _load_one(self, object_type: ObjectType, given: Mapping[str, Any], source: Source) -> str:
        stamps = {name: given[name] for name in ("_created", "_modified") if name in given}
        plain = {name: value for name, value in given.items() if name not in stamps}
        checked = self._rules.check(object_type, plain, None, enforce=False, lenient_dates=True)
        row = self._new_row(object_type, checked.values, at=self._clock.stamp(), source=source) | stamps
        row["_made"] = [row["_created"], *source.to_list()]
        self._put(object_type, None, row)
        return str(row["hs_object_id"])

    def _current(self, object_type: ObjectType, row: Row) -> Row:
        """The row as it is now that the lock is held. Raises when it is locked or gone."""
        record_id = row["hs_object_id"]
        if self._is_locked(record_id):
            raise errors.locked()
        now = self._store.row(object_type, record_id)
        if now is None:
            raise errors.not_found()
        return now

    def _put(self, object_type: ObjectType, old: Row | None, new: Row) -> None:
        self._rows.put(object_type.name, new)
        record_id = new["hs_object_id"]
        self._rows.after_commit(lambda: self._freshness.note(object_type.name, record_id, old))

    def _tell(
        self,
        object_type: ObjectType,
        old_row: Row | None,
        row: Row,
        *,
        op: str,
        at: datetime,
        source: Source,
        names: Sequence[str] | None = None,
    ) -> None:
        """Write the journal and announce what changed, once the transaction has committed."""
        old, new = _values(old_row or {}), _values(row)
        changed = _changed(old, new) if op in ("insert", "update") else []
        told = changed if names is None else names
        self._write(
            object_type,
            row,
            op=op,
            source=source,
            at=at,
            old={name: old.get(name) for name in told} if old_row is not None else {},
            new={name: new.get(name) or None for name in told},
            net=bool(changed) or op != "update",
        )
        kinds = {"insert": "object.creation", "delete": "object.deletion", "undelete": "object.restore"}
        happened = [self._change(kinds[op], object_type, row, at, source)] if op in kinds else []
        happened += [
            self._change("object.propertyChange", object_type, row, at, source, name=name, value=new.get(name, ""))
            for name in changed
        ]
        self._announce(happened)

    def _write(
        self,
        object_type: ObjectType,
        row: Row,
        *,
        op: str,
        source: Source,
        at: datetime,
        old: Mapping[str, Any],
        new: Mapping[str, Any],
        net: bool = True,
    ) -> None:
        body = {
            "object": object_type.name,
            "id": row["hs_object_id"],
            "op": op,
            "user_id": source.user_id,
            "source": {"type": source.type, "id": source.id},
            "old": dict(old),
            "new": dict(new),
            "net": net,
        }
        self._rows.after_commit(lambda: self._journal.add_write(at=at, body=body))

    def _announce(self, happened: list[Change]) -> None:
        if happened:
            self._rows.after_commit(lambda: self._changes.announce(happened))

    @staticmethod
    def _change(
        kind: str,
        object_type: ObjectType,
        row: Row,
        at: datetime,
        source: Source,
        *,
        name: str | None = None,
        value: str | None = None,
        details: dict[str, Any] | None = None,
    ) -> Change:
        record_id = row["hs_object_id"]
        return Change(kind, object_type.name, object_type.id, record_id, at, source, name, value, details or {})


_BOOKKEEPING = frozenset({"hs_object_id", "hs_updated_by_user_id"})


def _values(row: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in row.items() if not name.startswith("_") and name not in _BOOKKEEPING}


def _changed(old: Mapping[str, Any], new: Mapping[str, Any]) -> list[str]:
    names = dict.fromkeys([*old, *new])
    return [name for name in names if (old.get(name) or "") != (new.get(name) or "") and not name.startswith("_")]
