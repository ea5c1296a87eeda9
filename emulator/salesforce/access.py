"""Who may see and change what: users, field-level security, object and record access."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

FieldAccess = Literal["hidden", "read", "edit"]
RecordAccess = Literal["none", "read", "edit"]

_BY_DEFAULT: Mapping[str, RecordAccess] = {"private": "none", "read": "read"}
_RECORD_RANK: Mapping[str, int] = {"none": 0, "read": 1, "edit": 2}


@dataclass(slots=True)
class Rights:
    """What one user is denied or granted. Whatever is not named here follows the org's defaults."""

    sees_all: bool = False
    fields: dict[tuple[str, str], FieldAccess] = field(default_factory=dict)
    objects: dict[str, RecordAccess] = field(default_factory=dict)
    records: dict[str, RecordAccess] = field(default_factory=dict)

    def on_field(self, object_name: str, field_name: str) -> FieldAccess:
        return self.fields.get((object_name, field_name), "edit")

    def on_object(self, object_name: str) -> RecordAccess:
        return self.objects.get(object_name, "edit")

    def on_record(self, record_id: str, owner_id: str | None, *, user_id: str, default: str) -> RecordAccess:
        """The access to one record. An explicit entry counts first, then "view all", ownership, the default."""
        explicit = self.records.get(record_id)
        if explicit is not None:
            return explicit
        if self.sees_all or owner_id == user_id:
            return "edit"
        return _BY_DEFAULT.get(default, "edit")

    def to_json(self) -> dict[str, Any]:
        return {
            "sees_all": self.sees_all,
            "fields": {f"{obj}.{name}": access for (obj, name), access in self.fields.items()},
            "objects": self.objects,
            "records": self.records,
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> Rights:
        split = {tuple(key.split(".", 1)): access for key, access in data.get("fields", {}).items()}
        return cls(
            sees_all=bool(data.get("sees_all", False)),
            fields={(key[0], key[1]): access for key, access in split.items()},
            objects=dict(data.get("objects", {})),
            records=dict(data.get("records", {})),
        )


def at_least(access: RecordAccess, needed: RecordAccess) -> bool:
    return _RECORD_RANK[access] >= _RECORD_RANK[needed]


@dataclass(frozen=True, slots=True)
class User:
    """A user of the org, as its User record and its rights tell."""

    id: str
    username: str
    name: str
    first_name: str
    last_name: str
    email: str
    profile: str
    locale: str
    language: str
    time_zone: str
    active: bool
    api_only: bool
    rights: Rights = field(compare=False)
