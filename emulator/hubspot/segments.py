"""Lists of records ("segments"): kept by hand, frozen once, or worked out from the records."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from emulator.hubspot.errors import ApiError
from emulator.hubspot.schema import ObjectType
from emulator.hubspot.times import wire_time
from emulator.rows import Row

if TYPE_CHECKING:
    from emulator.hubspot.portal import Portal

TABLE = "_list"
PROCESSING_TYPES = ("MANUAL", "SNAPSHOT", "DYNAMIC")


class Segments:
    """The lists of one portal. DYNAMIC ones hold what their `where` (property: value) fits, and cannot be written."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal

    def all(self) -> list[Row]:
        rows = self._portal.rows.table(TABLE).values()
        return sorted((row for row in rows if not row["deleted"]), key=lambda row: int(row["hs_object_id"]))

    def find(self, list_id: str) -> Row | None:
        row = self._portal.rows.get(TABLE, list_id)
        return None if row is None or row["deleted"] else row

    def named(self, object_type: ObjectType, name: str) -> Row | None:
        wanted = (object_type.name, name.casefold())
        return next((row for row in self.all() if (row["object"], row["name"].casefold()) == wanted), None)

    def create(
        self,
        object_type: ObjectType,
        name: str,
        processing_type: str,
        *,
        members: Iterable[str] = (),
        where: Mapping[str, str] | None = None,
        user_id: int | None = None,
    ) -> Row:
        """Raises ApiError for a name that is taken and for an unknown processing type."""
        if processing_type not in PROCESSING_TYPES:
            raise ApiError(f"Invalid processingType {processing_type}")
        if self.named(object_type, name) is not None:
            raise ApiError(f"A list with the name {name} exists already", category="VALIDATION_ERROR")
        with self._portal.rows.transaction():
            stamp = self._stamp()
            last = max(map(int, self._portal.rows.table(TABLE)), default=0)
            row = {
                "hs_object_id": str(last + 1),
                "_modified": stamp,
                "created": stamp,
                "object": object_type.name,
                "name": name,
                "processing_type": processing_type,
                "members": dict.fromkeys(members, stamp),
                "where": dict(where or {}),
                "version": 1,
                "user_id": user_id,
                "deleted": False,
            }
            self._portal.rows.put(TABLE, row)
        return row

    def delete(self, row: Row) -> None:
        with self._portal.rows.transaction():
            self._portal.rows.put(TABLE, {**row, "deleted": True, "_modified": self._stamp()})

    def members(self, row: Row) -> dict[str, str]:
        """When each record came to the list, by record id; archived and merged records are in none."""
        object_type = self._portal.schema.objects[row["object"]]
        store = self._portal.store
        if row["processing_type"] != "DYNAMIC":
            return {
                record_id: at
                for record_id, at in row["members"].items()
                if _is_living(store.row(object_type, record_id), record_id)
            }
        return {
            each["hs_object_id"]: each["_modified"]
            for each in store.living(object_type)
            if all(each.get(name) == value for name, value in row["where"].items())
        }

    def change(self, row: Row, *, add: Iterable[str] = (), remove: Iterable[str] = ()) -> dict[str, list[str]]:
        """Answers which ids were added, removed and unknown. Raises ApiError for a DYNAMIC list."""
        if row["processing_type"] == "DYNAMIC":
            raise ApiError("Records cannot be added to or removed from a DYNAMIC list")
        object_type = self._portal.schema.objects[row["object"]]
        with self._portal.rows.transaction():
            row = self._portal.rows.get(TABLE, row["hs_object_id"]) or row
            members = dict(row["members"])
            missing = [each for each in add if self._portal.store.row(object_type, each) is None]
            added = [each for each in add if each not in missing and each not in members]
            removed = [each for each in remove if each in members]
            stamp = self._stamp()
            members |= dict.fromkeys(added, stamp)
            kept = {record_id: at for record_id, at in members.items() if record_id not in removed}
            if kept != row["members"]:
                self._portal.rows.put(
                    TABLE, {**row, "members": kept, "_modified": stamp, "version": row["version"] + 1}
                )
        return {"added": added, "removed": removed, "missing": missing}

    def of_record(self, object_type: ObjectType, record_id: str) -> list[tuple[Row, str]]:
        """The lists that a record is in, with the time it came to each."""
        rows = [row for row in self.all() if row["object"] == object_type.name]
        pairs = [(row, self.members(row).get(record_id)) for row in rows]
        return [(row, at) for row, at in pairs if at is not None]

    def seed(self, definitions: Iterable[Mapping[str, Any]], made: Mapping[str, list[str]]) -> None:
        for each in definitions:
            ids = made.get(each["object"], [])
            members = ids[each["offset"] :: each["every"]] if "every" in each else []
            object_type = self._portal.schema.objects[each["object"]]
            self.create(object_type, each["name"], each["processing_type"], members=members, where=each.get("where"))

    def _stamp(self) -> str:
        now: datetime = self._portal.clock.stamp()
        return wire_time(now)


def _is_living(row: Row | None, record_id: str) -> bool:
    return row is not None and row["hs_object_id"] == record_id
