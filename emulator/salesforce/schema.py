"""Objects and fields of an org, built from the plain data of an org file."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

TEXT_TYPES = frozenset({"string", "textarea", "phone", "url", "email", "picklist", "multipicklist", "combobox"})
NUMBER_TYPES = frozenset({"double", "currency", "percent", "int"})
FIELD_TYPES = TEXT_TYPES | NUMBER_TYPES | {"id", "reference", "boolean", "date", "datetime", "time", "address"}

_LENGTHS = {
    "string": 255,
    "textarea": 32000,
    "phone": 40,
    "url": 255,
    "email": 80,
    "picklist": 255,
    "multipicklist": 4099,
    "combobox": 255,
    "id": 18,
    "reference": 18,
}
_READ_ONLY = {"createable": False, "updateable": False}
_SYSTEM_FIELDS: tuple[Mapping[str, Any], ...] = (
    {"name": "Id", "label": "Record ID", "type": "id", "nillable": False, "defaulted": True, **_READ_ONLY},
    {"name": "IsDeleted", "label": "Deleted", "type": "boolean", "defaulted": True, **_READ_ONLY},
)
_STAMP_FIELDS: tuple[Mapping[str, Any], ...] = (
    {"name": "CreatedDate", "type": "datetime", "nillable": False, "defaulted": True, **_READ_ONLY},
    {
        "name": "CreatedById",
        "type": "reference",
        "to": ["User"],
        "nillable": False,
        "defaulted": True,
        **_READ_ONLY,
    },
    {"name": "LastModifiedDate", "type": "datetime", "nillable": False, "defaulted": True, **_READ_ONLY},
    {
        "name": "LastModifiedById",
        "type": "reference",
        "to": ["User"],
        "nillable": False,
        "defaulted": True,
        **_READ_ONLY,
    },
    {"name": "SystemModstamp", "type": "datetime", "nillable": False, "defaulted": True, **_READ_ONLY},
)


class SchemaError(ValueError):
    """The org data describes an impossible object or field."""


@dataclass(frozen=True, slots=True)
class PicklistValue:
    value: str
    label: str
    active: bool = True
    default: bool = False


@dataclass(frozen=True, slots=True)
class Field:
    """One field.

    `formula` makes it calculated, `joins` makes it the named fields joined by blanks (a person's Name),
    `compound` names the compound field that it is a part of.
    """

    name: str
    label: str
    type: str
    length: int = 0
    precision: int = 0
    scale: int = 0
    nillable: bool = True
    createable: bool = True
    updateable: bool = True
    defaulted: bool = False
    default: Any = None
    unique: bool = False
    external_id: bool = False
    id_lookup: bool = False
    name_field: bool = False
    auto_number: bool = False
    restricted: bool = False
    picklist: tuple[PicklistValue, ...] = ()
    reference_to: tuple[str, ...] = ()
    relationship: str | None = None
    compound: str | None = None
    joins: tuple[str, ...] = ()
    formula: str | None = None
    help: str | None = None
    cascade_delete: bool = False

    @property
    def custom(self) -> bool:
        return self.name.endswith("__c")

    @property
    def stored(self) -> bool:
        """False for what is computed on reading."""
        return self.formula is None and not self.joins and self.type not in ("address", "location")

    @property
    def required(self) -> bool:
        return self.createable and not self.nillable and not self.defaulted


@dataclass(slots=True)
class ObjectType:
    """One object with its fields and its rules. Field names are looked up without regard to case."""

    name: str
    label: str
    label_plural: str
    key_prefix: str
    fields: dict[str, Field]
    sharing: str = "edit"
    createable: bool = True
    updateable: bool = True
    deletable: bool = True
    mergeable: bool = False
    validation_rules: tuple[Mapping[str, Any], ...] = ()
    duplicate_rules: tuple[Mapping[str, Any], ...] = ()
    assignment_rules: tuple[Mapping[str, Any], ...] = ()
    modified_at: datetime = field(default_factory=lambda: datetime(2026, 1, 1, tzinfo=UTC))
    _by_folded: dict[str, Field] = field(default_factory=dict)
    _by_relationship: dict[str, Field] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._by_folded = {name.lower(): each for name, each in self.fields.items()}
        self._by_relationship = {each.relationship.lower(): each for each in self.fields.values() if each.relationship}

    @property
    def custom(self) -> bool:
        return self.name.endswith("__c")

    @property
    def name_field(self) -> Field:
        return next(each for each in self.fields.values() if each.name_field)

    def field(self, name: str) -> Field | None:
        return self._by_folded.get(name.lower())

    def relation(self, relationship: str) -> Field | None:
        """The reference field that a relationship name (`Account`, `Owner`) goes through."""
        return self._by_relationship.get(relationship.lower())

    def parts_of(self, compound: str) -> list[Field]:
        return [each for each in self.fields.values() if each.compound == compound and each.stored]


class Schema:
    """All objects of an org by name and by key prefix."""

    def __init__(self, definitions: Iterable[Mapping[str, Any]]) -> None:
        self.objects: dict[str, ObjectType] = {}
        self._by_folded: dict[str, ObjectType] = {}
        self._by_prefix: dict[str, ObjectType] = {}
        for definition in definitions:
            self.put(build_object(definition))

    def put(self, object_type: ObjectType) -> None:
        """Add an object, or replace the one of that name."""
        taken = self._by_prefix.get(object_type.key_prefix)
        if taken is not None and taken.name != object_type.name:
            raise SchemaError(f"key prefix {object_type.key_prefix} already belongs to {taken.name}")
        self.objects[object_type.name] = object_type
        self._by_folded[object_type.name.lower()] = object_type
        self._by_prefix[object_type.key_prefix] = object_type

    def find(self, name: str) -> ObjectType | None:
        return self._by_folded.get(name.lower())

    def of_id(self, record_id: str) -> ObjectType | None:
        return self._by_prefix.get(record_id[:3])

    def children_of(self, name: str) -> list[tuple[ObjectType, Field]]:
        """Every (object, reference field) that points at the named object."""
        return [
            (child, each)
            for child in self.objects.values()
            for each in child.fields.values()
            if name in each.reference_to
        ]

    def free_prefix(self) -> str:
        """A key prefix for one more custom object."""
        taken = set(self._by_prefix)
        return next(prefix for number in range(1, 1000) if (prefix := f"a{number:02d}"[:3]) not in taken)


def build_object(definition: Mapping[str, Any]) -> ObjectType:
    """Build an object from its entry in an org file. Raises SchemaError naming what is wrong."""
    name = definition["name"]
    own = list(definition.get("fields", []))
    system = [entry for entry in _SYSTEM_FIELDS if entry["name"] != "IsDeleted" or definition.get("deletable", True)]
    fields = [build_field(entry) for entry in [*system, *own, *_STAMP_FIELDS]]
    if len({each.name.lower() for each in fields}) != len(fields):
        raise SchemaError(f"{name} has two fields of one name")
    if not any(each.name_field for each in fields):
        raise SchemaError(f"{name} has no name field")
    return ObjectType(
        name=name,
        label=definition.get("label", name),
        label_plural=definition.get("label_plural", definition.get("label", name) + "s"),
        key_prefix=definition["key_prefix"],
        fields={each.name: each for each in fields},
        sharing=definition.get("sharing", "edit"),
        createable=definition.get("createable", True),
        updateable=definition.get("updateable", True),
        deletable=definition.get("deletable", True),
        mergeable=definition.get("mergeable", False),
        validation_rules=tuple(definition.get("validation_rules", ())),
        duplicate_rules=tuple(definition.get("duplicate_rules", ())),
        assignment_rules=tuple(definition.get("assignment_rules", ())),
        modified_at=_time(definition.get("modified_at", "2026-01-01T00:00:00+00:00")),
    )


def build_field(entry: Mapping[str, Any]) -> Field:
    """Build a field from its entry in an org file; what is left out follows from the type."""
    kind = entry["type"]
    if kind not in FIELD_TYPES:
        raise SchemaError(f"{entry['name']} has the unknown type {kind!r}")
    formula = entry.get("formula")
    joins = tuple(entry.get("joins", ()))
    read_only = bool(formula is not None or joins or kind in ("address", "location") or entry.get("auto_number"))
    name = entry["name"]
    return Field(
        name=name,
        label=entry.get("label", _label(name)),
        type=kind,
        length=entry.get("length", _LENGTHS.get(kind, 0)),
        precision=entry.get("precision", 18 if kind in ("double", "currency", "percent") else 0),
        scale=entry.get("scale", 2 if kind in ("currency",) else 0),
        nillable=entry.get("nillable", kind != "boolean"),
        createable=entry.get("createable", not read_only),
        updateable=entry.get("updateable", not read_only),
        defaulted=entry.get("defaulted", kind == "boolean" or "default" in entry or bool(entry.get("auto_number"))),
        default=entry.get("default", False if kind == "boolean" else None),
        unique=entry.get("unique", False),
        external_id=entry.get("external_id", False),
        id_lookup=entry.get("id_lookup", kind == "id" or entry.get("external_id", False)),
        name_field=entry.get("name_field", False),
        auto_number=bool(entry.get("auto_number")),
        restricted=entry.get("restricted", False),
        picklist=tuple(_values(entry.get("values", ()))),
        reference_to=tuple(entry.get("to", ())),
        relationship=_relationship(entry) if kind == "reference" else None,
        compound=entry.get("compound"),
        joins=joins,
        formula=formula,
        help=entry.get("help"),
        cascade_delete=entry.get("cascade_delete", False),
    )


def _values(entries: Iterable[Any]) -> Iterable[PicklistValue]:
    for entry in entries:
        if isinstance(entry, str):
            yield PicklistValue(value=entry, label=entry)
            continue
        yield PicklistValue(
            value=entry["value"],
            label=entry.get("label", entry["value"]),
            active=entry.get("active", True),
            default=entry.get("default", False),
        )


def _relationship(entry: Mapping[str, Any]) -> str:
    name: str = entry.get("relationship", "")
    if name:
        return name
    field_name: str = entry["name"]
    return field_name[:-1] + "r" if field_name.endswith("__c") else field_name.removesuffix("Id")


def _label(name: str) -> str:
    words = ""
    for char in name.removesuffix("__c").replace("_", " "):
        words += f" {char}" if char.isupper() and words and words[-1].islower() else char
    return words


def _time(text: str) -> datetime:
    return datetime.fromisoformat(text)
