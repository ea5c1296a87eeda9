"""Reading records as one user sees them: record access, field-level security, computed values."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from emulator.rows import Row, Rows
from emulator.salesforce.access import RecordAccess, User, at_least
from emulator.salesforce.formula import Situation, compile_formula
from emulator.salesforce.schema import Field, ObjectType, Schema


class Store:
    """Answers what a user may see. `user` None stands for the system, which sees everything."""

    def __init__(self, rows: Rows, schema: Schema) -> None:
        self.rows = rows
        self.schema = schema

    def object_type(self, name: str, user: User | None) -> ObjectType | None:
        """The object of this name (any case), or None when there is none that the user may read."""
        found = self.schema.find(name)
        if found is None or (user is not None and user.rights.on_object(found.name) == "none"):
            return None
        return found

    def fields(self, object_type: ObjectType, user: User | None) -> list[Field]:
        """The fields the user may read, in describe order."""
        if user is None or not user.rights.fields:
            return list(object_type.fields.values())
        return [each for each in object_type.fields.values() if self._is_visible(object_type, each, user)]

    def field(self, object_type: ObjectType, name: str, user: User | None) -> Field | None:
        """The field of this name (any case), or None when it is unknown or hidden from the user."""
        found = object_type.field(name)
        if found is None or (user is not None and not self._is_visible(object_type, found, user)):
            return None
        return found

    def access(self, object_type: ObjectType, row: Row, user: User | None) -> RecordAccess:
        """What the user may do with a record, the object's own limits included."""
        if user is None:
            return "edit"
        on_record = user.rights.on_record(row["Id"], row.get("OwnerId"), user_id=user.id, default=object_type.sharing)
        on_object = user.rights.on_object(object_type.name)
        return on_record if at_least(on_object, on_record) else on_object

    def sees(self, object_type: ObjectType, row: Row, user: User | None) -> bool:
        return user is None or self.access(object_type, row, user) != "none"

    def row(
        self, object_type: ObjectType, record_id: str, user: User | None, *, with_deleted: bool = False
    ) -> Row | None:
        """The raw row, or None when it does not exist or the user may not see it."""
        found = self.rows.get(object_type.name, record_id)
        if found is None or "_purged" in found or (found.get("IsDeleted") and not with_deleted):
            return None
        return found if self.sees(object_type, found, user) else None

    def get(self, object_name: str, record_id: str, user: User | None) -> dict[str, Any] | None:
        """All values of a record that the user may see, blanks as None; None when there is no such record."""
        object_type = self.object_type(object_name, user)
        row = self.row(object_type, record_id, user) if object_type else None
        if object_type is None or row is None:
            return None
        return {each.name: self.value(object_type, row, each) for each in self.fields(object_type, user)}

    def list(self, object_name: str, user: User | None, *, limit: int = 50) -> list[dict[str, Any]]:
        """The first records of an object that the user may see, sorted by name."""
        object_type = self.object_type(object_name, user)
        if object_type is None:
            return []
        name_field = object_type.name_field
        rows = sorted(
            self.visible(object_type, user), key=lambda row: str(self.value(object_type, row, name_field) or "")
        )
        fields = self.fields(object_type, user)
        return [{each.name: self.value(object_type, row, each) for each in fields} for row in rows[:limit]]

    def visible(
        self,
        object_type: ObjectType,
        user: User | None,
        *,
        with_deleted: bool = False,
        since: str | None = None,
    ) -> Iterator[Row]:
        """Every row the user may see. `since` leaves out older stamps and sorts by stamp and id."""
        with self.rows.lock:
            table = self.rows.table(object_type.name)
            rows = list(table.values()) if since is None else self.rows.since(object_type.name, since)
        for row in rows:
            if "_purged" in row or (row.get("IsDeleted") and not with_deleted):
                continue
            if self.sees(object_type, row, user):
                yield row

    def value(self, object_type: ObjectType, row: Row, field: Field) -> Any:
        """The value as the API answers it: stored, joined, compound or calculated."""
        if field.stored:
            return row.get(field.name)
        if field.joins:
            return " ".join(row[part] for part in field.joins if row.get(part)) or None
        if field.formula is not None:
            return self._calculated(object_type, row, field)
        return self._compound(object_type, row, field)

    def parent(self, row: Row, field: Field) -> tuple[ObjectType, Row] | None:
        """The record a reference field points at, with its object."""
        target = row.get(field.name)
        parent_type = self.schema.of_id(target) if target else None
        parent = self.rows.get(parent_type.name, target) if parent_type and target else None
        return (parent_type, parent) if parent_type is not None and parent is not None else None

    def read_path(self, object_type: ObjectType, row: Row, path: str) -> Any:
        """A value by name or through relationships (`Account.Industry`), as formulas read it."""
        *relationships, name = path.split(".")
        for relationship in relationships:
            through = object_type.relation(relationship)
            found = self.parent(row, through) if through else None
            if found is None:
                return None
            object_type, row = found
        field = object_type.field(name)
        return self.value(object_type, row, field) if field else None

    def _calculated(self, object_type: ObjectType, row: Row, field: Field) -> Any:
        result = compile_formula(field.formula or "")(
            Situation(read=lambda path: self.read_path(object_type, row, path), today=str(row["SystemModstamp"])[:10])
        )
        if result is None or result == "":
            return False if field.type == "boolean" else None
        return round(float(result), field.scale) if field.type in ("double", "currency", "percent") else result

    def _compound(self, object_type: ObjectType, row: Row, field: Field) -> dict[str, Any] | None:
        prefix = field.name.removesuffix("Address")
        parts = {}
        for part in object_type.parts_of(field.name):
            key = part.name.removeprefix(prefix)
            parts[key[0].lower() + key[1:]] = row.get(part.name)
        return parts if any(value is not None for value in parts.values()) else None

    def _is_visible(self, object_type: ObjectType, field: Field, user: User) -> bool:
        return user.rights.on_field(object_type.name, field.name) != "hidden"
