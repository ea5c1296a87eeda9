"""Saving records: the order of checks, the stamps, and what the journal learns."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from emulator.clock import Clock
from emulator.journal import Journal
from emulator.rows import Row
from emulator.salesforce import errors, ids, rules
from emulator.salesforce.access import User
from emulator.salesforce.duplicates import check_duplicates
from emulator.salesforce.errors import ApiError
from emulator.salesforce.schema import ObjectType
from emulator.salesforce.store import Store
from emulator.salesforce.values import to_stored, wire_time

_STAMPS = frozenset({"CreatedDate", "CreatedById", "LastModifiedDate", "LastModifiedById", "SystemModstamp"})


@dataclass(frozen=True, slots=True)
class Saving:
    """How a save is done: by whom, and what its headers asked for.

    `assign`: True applies the active assignment rule, False none, a text the rule with that id.
    """

    user: User
    assign: bool | str = True
    allow_duplicates: bool = False
    include_record_details: bool = False


class Writer:
    """The only place that changes records. Every method is one transaction and raises ApiError."""

    def __init__(self, store: Store, clock: Clock, journal: Journal, *, is_locked: Callable[[str], bool]) -> None:
        self._store = store
        self._rows = store.rows
        self._clock = clock
        self._journal = journal
        self._is_locked = is_locked
        self._numbers: dict[str, int] = {}

    def insert(self, object_type: ObjectType, given: Mapping[str, Any], saving: Saving) -> str:
        """Create a record and answer its id."""
        if not object_type.createable:
            raise ApiError(
                "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY", f"entity type cannot be inserted: {object_type.label}"
            )
        if saving.user.rights.on_object(object_type.name) != "edit":
            raise errors.no_write_access()
        with self._rows.transaction():
            values = rules.accepted_values(self._store, object_type, given, user=saving.user, inserting=True)
            row = self._with_defaults(object_type, values, saving.user)
            self._assign(object_type, row, saving)
            rules.check_required(object_type, row, object_type.fields)
            self._check_parents_locks(object_type, values)
            self._check(object_type, row, values, saving, before=None)
            self._put(object_type, row, saving.user, op="insert", before={})
            record_id: str = row["Id"]
            return record_id

    def update(self, object_type: ObjectType, record_id: str, given: Mapping[str, Any], saving: Saving) -> None:
        """Change a record. A save that changes nothing still moves the stamps."""
        with self._rows.transaction():
            before = self.writable(object_type, record_id, saving.user)
            values = rules.accepted_values(self._store, object_type, given, user=saving.user, inserting=False)
            if before.get("IsConverted"):
                raise ApiError("CANNOT_UPDATE_CONVERTED_LEAD", "cannot reference converted lead")
            self._check_lock(record_id)
            row = {**before, **values}
            rules.check_required(object_type, row, values)
            self._assign(object_type, row, saving)
            changed = {name: value for name, value in values.items() if before.get(name) != value}
            self._check(object_type, row, changed, saving, before=before)
            self._put(object_type, row, saving.user, op="update", before=before)

    def delete(self, object_type: ObjectType, record_id: str, saving: Saving) -> None:
        """Move a record to the recycle bin, together with what hangs on it."""
        with self._rows.transaction():
            before = self.writable(object_type, record_id, saving.user)
            if not object_type.deletable:
                raise ApiError("INSUFFICIENT_ACCESS_OR_READONLY", "entity type cannot be deleted", status=403)
            self._check_lock(record_id)
            self._put(object_type, {**before, "IsDeleted": True}, saving.user, op="delete", before=before)
            for child_type, child in self.children(object_type, record_id, cascading=True):
                self._put(child_type, {**child, "IsDeleted": True}, saving.user, op="delete", before=child)

    def change(self, object_type: ObjectType, row: Row, changes: Mapping[str, Any], *, user: User, op: str) -> None:
        """Write values that only the system may write (conversion, merge, undelete); no rules apply."""
        with self._rows.transaction():
            self._put(object_type, {**row, **changes}, user, op=op, before=row)

    def system_touch(self, object_type: ObjectType, record_id: str, changes: Mapping[str, Any]) -> None:
        """A change by the system that moves SystemModstamp and leaves LastModifiedDate alone."""
        with self._rows.transaction():
            row = self._rows.get(object_type.name, record_id)
            if row is None:
                raise errors.not_found()
            self._rows.put(object_type.name, _pruned({**row, **changes, "SystemModstamp": self._now()}))

    def purge(self, object_type: ObjectType, row: Row) -> None:
        """Mark a deleted row as gone from the recycle bin. Its stamps stay: getDeleted still tells of it."""
        with self._rows.transaction():
            self._rows.put(object_type.name, {**row, "_purged": True})

    def load(self, object_type: ObjectType, records: Sequence[Mapping[str, Any]], *, user: User) -> list[str]:
        """Put many records at once, as a data load by an admin: types are checked, rules and journal are not."""
        with self._rows.transaction():
            return [self._load_one(object_type, given, user) for given in records]

    def writable(self, object_type: ObjectType, record_id: str, user: User) -> Row:
        """The row to change. Raises for one that is missing, hidden, deleted, or only readable."""
        row = self._rows.get(object_type.name, record_id)
        if row is None or "_purged" in row or not self._store.sees(object_type, row, user):
            raise errors.missing_reference(status=404)
        if row.get("IsDeleted"):
            raise errors.deleted()
        if not object_type.updateable or self._store.access(object_type, row, user) != "edit":
            raise errors.no_write_access()
        return row

    def children(
        self, object_type: ObjectType, record_id: str, *, cascading: bool = False
    ) -> list[tuple[ObjectType, Row]]:
        """The records that refer to this one (only those deleted with it, when `cascading`)."""
        found = []
        for child_type, field in self._store.schema.children_of(object_type.name):
            if not field.stored or (cascading and not field.cascade_delete):
                continue
            for child_id in self._rows.ids_with(child_type.name, field.name, record_id) or ():
                row = self._rows.get(child_type.name, child_id)
                if row is not None and not row.get("IsDeleted"):
                    found.append((child_type, row))
        return found

    def new_id(self, object_type: ObjectType) -> str:
        with self._rows.lock:
            number = self._numbers.get(object_type.name, len(self._rows.table(object_type.name)))
            while True:
                number += 1
                record_id = ids.make(object_type.key_prefix, number)
                if self._rows.get(object_type.name, record_id) is None:
                    self._numbers[object_type.name] = number
                    return record_id

    def _load_one(self, object_type: ObjectType, given: Mapping[str, Any], user: User) -> str:
        stamps = {name: to_stored(object_type.fields[name], value) for name, value in given.items() if name in _STAMPS}
        plain = {name: value for name, value in given.items() if name not in _STAMPS}
        values = rules.accepted_values(self._store, object_type, plain, user=user, inserting=True)
        row = {**self._with_defaults(object_type, values, user), **stamps}
        rules.check_required(object_type, row, object_type.fields)
        rules.check_unique(self._store, object_type, values, record_id=None)
        self._rows.put(object_type.name, _pruned(row))
        record_id: str = row["Id"]
        return record_id

    def _with_defaults(self, object_type: ObjectType, values: rules.Values, user: User) -> dict[str, Any]:
        now = self._now()
        record_id = self.new_id(object_type)
        row: dict[str, Any] = {
            field.name: field.default
            for field in object_type.fields.values()
            if field.stored and field.default is not None
        }
        row |= {
            field.name: next((each.value for each in field.picklist if each.default), None)
            for field in object_type.fields.values()
            if field.picklist and field.createable
        }
        if "OwnerId" in object_type.fields:
            row["OwnerId"] = user.id
        for field in object_type.fields.values():
            if field.auto_number:
                row[field.name] = f"{object_type.label[:1].upper()}-{self._numbers[object_type.name]:05d}"
        row |= {"CreatedDate": now, "CreatedById": user.id, "LastModifiedDate": now, "LastModifiedById": user.id}
        given = {
            name: value for name, value in values.items() if value is not None or not object_type.fields[name].defaulted
        }
        return {**row, **given, "Id": record_id, "SystemModstamp": now}

    def _assign(self, object_type: ObjectType, row: dict[str, Any], saving: Saving) -> None:
        if saving.assign is False or not object_type.assignment_rules:
            return
        rule_id = saving.assign if isinstance(saving.assign, str) else None
        owner = rules.assigned_owner(self._store, object_type, row, rule_id=rule_id, today=self._now()[:10])
        if owner is not None:
            row["OwnerId"] = owner

    def _check(
        self, object_type: ObjectType, row: Row, changed: rules.Values, saving: Saving, *, before: Row | None
    ) -> None:
        rules.check_references(self._store, object_type, changed, user=saving.user)
        rules.check_hierarchy(self._store, object_type, changed, record_id=row.get("Id") if before else None)
        rules.check_validation_rules(self._store, object_type, row, before=before, today=self._now()[:10])
        check_duplicates(
            self._store,
            object_type,
            row,
            changed,
            user=saving.user,
            allow_save=saving.allow_duplicates,
            include_details=saving.include_record_details,
        )
        rules.check_unique(self._store, object_type, changed, record_id=row["Id"])

    def _check_parents_locks(self, object_type: ObjectType, values: rules.Values) -> None:
        """A new child locks the record it goes with, for as long as it takes to save it."""
        for name, target in values.items():
            if object_type.fields[name].cascade_delete and target is not None:
                self._check_lock(target)

    def _check_lock(self, record_id: str) -> None:
        if self._is_locked(record_id):
            raise ApiError(
                "UNABLE_TO_LOCK_ROW",
                f"unable to obtain exclusive access to this record or 1 records: {record_id}",
            )

    def _put(self, object_type: ObjectType, row: Row, user: User, *, op: str, before: Row) -> None:
        now = self._now()
        stamped = {**row, "LastModifiedDate": now, "LastModifiedById": user.id, "SystemModstamp": now}
        if op == "insert":
            stamped["CreatedDate"] = now
        if op == "delete":
            # A delete is a system change: the last modification stays what it was.
            stamped |= {name: before[name] for name in ("LastModifiedDate", "LastModifiedById")}
        kept = _pruned(stamped)
        self._rows.put(object_type.name, kept)
        old, new = _difference(before, kept)
        body = {
            "object": object_type.name,
            "id": row["Id"],
            "op": op,
            "user_id": user.id,
            "old": old,
            "new": new,
            "net": bool(new or old),
        }
        committed_at = self._clock.now()
        self._rows.after_commit(lambda: self._journal.add_write(at=committed_at, body=body))

    def _now(self) -> str:
        return wire_time(self._clock.stamp())


def _pruned(row: Row) -> dict[str, Any]:
    return {name: value for name, value in row.items() if value is not None}


def _difference(before: Row, after: Row) -> tuple[dict[str, Any], dict[str, Any]]:
    names = [name for name in {**before, **after} if name not in _STAMPS and before.get(name) != after.get(name)]
    return (
        {name: before.get(name) for name in names} if before else {},
        {name: after.get(name) for name in names},
    )
