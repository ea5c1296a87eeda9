"""Reading records: by id, by a unique property, through merges; their values, history and wire form."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any

from emulator.hubspot.links import Links
from emulator.hubspot.pipelines import Pipelines
from emulator.hubspot.schema import ObjectType, Property, Schema
from emulator.rows import Row, Rows


class Store:
    """What the portal knows. A row that was merged away is found under the record it became."""

    def __init__(self, rows: Rows, schema: Schema, links: Links, pipelines: Pipelines) -> None:
        self.rows = rows
        self.schema = schema
        self.links = links
        self.pipelines = pipelines

    def row(self, object_type: ObjectType, record_id: str, *, archived: bool = False) -> Row | None:
        """The living (or, when asked for, the archived) record behind an id."""
        row = self._followed(object_type, self.rows.get(object_type.name, record_id))
        if row is None or "_forgotten" in row:
            return None
        return row if ("_archived" in row) == archived else None

    def was_merged(self, object_type: ObjectType, record_id: str) -> bool:
        row = self.rows.get(object_type.name, record_id)
        return row is not None and "_merged_into" in row

    def row_with(self, object_type: ObjectType, name: str, value: str) -> Row | None:
        """The living record with this value in a unique property."""
        for record_id in self.rows.ids_with(object_type.name, name, value) or ():
            row = self.row(object_type, record_id)
            if row is not None:
                return row
        return None

    def living(self, object_type: ObjectType, *, archived: bool = False) -> Iterator[Row]:
        """Every living (or archived) record, in no order."""
        with self.rows.lock:
            rows = list(self.rows.table(object_type.name).values())
        gone = ("_merged_into", "_forgotten")
        return (row for row in rows if ("_archived" in row) == archived and not any(mark in row for mark in gone))

    def value(self, object_type: ObjectType, row: Row, known: Property) -> str | None:
        """The value as the API answers it; None when there is none."""
        return self.reader(object_type, known)(row)

    def reader(self, object_type: ObjectType, known: Property) -> Callable[[Row], str | None]:
        """What reads a property's value out of a row."""
        rule = known.computed
        if rule is not None:
            return lambda row: self._computed(object_type, row, rule)
        stamps = {object_type.created_property: "_created", object_type.modified_property: "_modified"}
        key = stamps.get(known.name, known.name)
        return lambda row: row.get(key)

    def history(self, object_type: ObjectType, row: Row, known: Property) -> list[list[Any]]:
        """`[value, at, source type, source id, user id]`, newest first."""
        kept: list[list[Any]] | None = row["_history"].get(known.name)
        if kept is not None:
            return kept
        value = self.value(object_type, row, known)
        return [] if value is None else [[value, *row["_made"]]]

    def record(self, object_type: ObjectType, row: Row, names: Iterable[str]) -> dict[str, Any]:
        """The record with these properties. Unknown names are left out, unset properties are null."""
        known = ((name, object_type.find(name)) for name in dict.fromkeys(names))
        body: dict[str, Any] = {
            "id": row["hs_object_id"],
            "properties": {name: self.value(object_type, row, found) for name, found in known if found is not None},
            "createdAt": row["_created"],
            "updatedAt": row["_modified"],
            "archived": "_archived" in row,
        }
        if "_archived" in row:
            body["archivedAt"] = row["_archived"]
        return body

    def histories(self, object_type: ObjectType, row: Row, names: Iterable[str]) -> dict[str, list[dict[str, Any]]]:
        known = ((name, object_type.find(name)) for name in dict.fromkeys(names))
        return {
            name: [_version(*each) for each in self.history(object_type, row, found)]
            for name, found in known
            if found is not None
        }

    def linked(self, object_type: ObjectType, row: Row, to: ObjectType) -> list[dict[str, str]]:
        """The associations as a record carries them: one entry per type."""
        return [
            {"id": to_id, "type": kind.name}
            for to_id, kinds in self.links.of(object_type.name, row["hs_object_id"], to.name)
            for kind in kinds
        ]

    def _followed(self, object_type: ObjectType, row: Row | None) -> Row | None:
        while row is not None and "_merged_into" in row:
            row = self.rows.get(object_type.name, row["_merged_into"])
        return row

    def _computed(self, object_type: ObjectType, row: Row, rule: str) -> str | None:
        kind, _, what = rule.partition(":")
        if kind == "primary":
            return self.links.primary(object_type.name, row["hs_object_id"], what)
        if kind == "count":
            count = len(self.links.of(object_type.name, row["hs_object_id"], what))
            return str(count) if count else None
        if kind == "stage":
            return self.pipelines.stage_fact(object_type.name, row, what)
        return _after_at(row, what)


def _after_at(row: Mapping[str, Any], name: str) -> str | None:
    value = row.get(name)
    return value.rpartition("@")[2] if value else None


def _version(value: str, at: str, source_type: str, source_id: str, user_id: int | None) -> dict[str, Any]:
    version: dict[str, Any] = {"value": value, "timestamp": at, "sourceType": source_type, "sourceId": source_id}
    if user_id is not None:
        version["updatedByUserId"] = user_id
    return version
