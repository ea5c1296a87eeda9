"""Objects and properties as data: what the portal file and the property API define."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

TYPES = ("string", "number", "bool", "enumeration", "date", "datetime", "phone_number")
FIELD_TYPES: Mapping[str, frozenset[str]] = {
    "string": frozenset({"text", "textarea", "html", "file", "phonenumber"}),
    "number": frozenset({"number", "text"}),
    "bool": frozenset({"booleancheckbox", "radio", "select"}),
    "enumeration": frozenset({"select", "radio", "checkbox", "booleancheckbox"}),
    "date": frozenset({"date"}),
    "datetime": frozenset({"date"}),
    "phone_number": frozenset({"phonenumber", "text"}),
}
_BOOLEAN_OPTIONS = ({"label": "Yes", "value": "true"}, {"label": "No", "value": "false"})


class SchemaError(ValueError):
    """A definition makes no sense; the text says why."""


@dataclass(slots=True)
class Property:
    """One property. `computed` names what its value is worked out from; `format` asks for more than the type does."""

    name: str
    label: str
    type: str
    field_type: str
    group: str
    description: str = ""
    options: list[dict[str, Any]] = field(default_factory=list)
    display_order: int = -1
    hidden: bool = False
    form_field: bool = True
    unique: bool = False
    calculated: bool = False
    calculation_formula: str | None = None
    external_options: bool = False
    referenced_object: str | None = None
    read_only: bool = False
    hubspot_defined: bool = True
    computed: str | None = None
    format: str | None = None
    archived_at: str | None = None
    created_at: str | None = None
    updated_at: str | None = None

    @property
    def takes_many(self) -> bool:
        return self.type == "enumeration" and self.field_type == "checkbox"

    @property
    def writable(self) -> bool:
        return not (self.read_only or self.calculated)

    @property
    def option_values(self) -> list[str]:
        return [option["value"] for option in self.options]

    def to_json(self) -> dict[str, Any]:
        """The property as the API answers it. Times are there only for properties made by somebody."""
        body: dict[str, Any] = {
            "updatedAt": self.updated_at,
            "createdAt": self.created_at,
            "name": self.name,
            "label": self.label,
            "type": self.type,
            "fieldType": self.field_type,
            "description": self.description,
            "groupName": self.group,
            "options": self.options,
            "displayOrder": self.display_order,
            "calculated": self.calculated,
            "calculationFormula": self.calculation_formula,
            "externalOptions": self.external_options,
            "referencedObjectType": self.referenced_object,
            "archived": self.archived_at is not None,
            "archivedAt": self.archived_at,
            "hasUniqueValue": self.unique,
            "hidden": self.hidden,
            "hubspotDefined": self.hubspot_defined or None,
            "modificationMetadata": self._modifiable(),
            "formField": self.form_field and self.writable,
            "dataSensitivity": "non_sensitive",
        }
        return {name: value for name, value in body.items() if value is not None}

    def _modifiable(self) -> dict[str, bool]:
        rights = {
            "archivable": not self.hubspot_defined,
            "readOnlyDefinition": self.hubspot_defined,
            "readOnlyValue": not self.writable,
        }
        if self.type == "enumeration":
            rights["readOnlyOptions"] = self.external_options or (self.hubspot_defined and not self.writable)
        return rights


@dataclass(slots=True)
class Group:
    name: str
    label: str
    display_order: int = -1
    archived: bool = False

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.name,
            "label": self.label,
            "displayOrder": self.display_order,
            "archived": self.archived,
        }


@dataclass(slots=True)
class ObjectType:
    """One object. `searched` are the properties that a free-text search looks into."""

    name: str
    singular: str
    id: str
    labels: Mapping[str, str]
    created_property: str
    modified_property: str
    default_properties: tuple[str, ...]
    searched: tuple[str, ...]
    primary_property: str
    properties: dict[str, Property]
    groups: dict[str, Group]
    custom: bool = False
    required: tuple[str, ...] = ()
    required_one_of: tuple[str, ...] = ()  # of a new record, whatever the admin requires
    conditional: tuple[Mapping[str, Any], ...] = ()
    history_length: int = 20
    archived: bool = False

    @property
    def label(self) -> str:
        return self.labels["singular"]

    def find(self, name: str) -> Property | None:
        """The property of this name, or None when there is none or it is archived."""
        found = self.properties.get(name)
        return None if found is None or found.archived_at is not None else found

    @property
    def unique_properties(self) -> list[str]:
        return [each.name for each in self.properties.values() if each.unique and each.archived_at is None]


class Schema:
    """All objects of a portal, found by name in singular or plural, in any case, or by type id."""

    def __init__(self, definitions: Iterable[Mapping[str, Any]], *, portal_id: int) -> None:
        self.objects: dict[str, ObjectType] = {}
        self._portal_id = portal_id
        self._known: dict[str, ObjectType] = {}
        for definition in definitions:
            self.put(build_object(definition))

    def put(self, object_type: ObjectType) -> None:
        self.objects[object_type.name] = object_type
        names = {object_type.name, object_type.singular, object_type.id, self.full_name(object_type)}
        self._known |= {name.casefold(): object_type for name in names}

    def find(self, name: str) -> ObjectType | None:
        """None for an archived one, too."""
        found = self._known.get(name.casefold())
        return None if found is None or found.archived else found

    def full_name(self, object_type: ObjectType) -> str:
        """`p<portal>_<name>` for custom objects, upper-case singular for HubSpot's own."""
        if object_type.custom:
            return f"p{self._portal_id}_{object_type.name}"
        return object_type.singular.upper()

    def free_type_id(self, *, skip: int = 0) -> str:
        """A type id for a new custom object; `skip` passes over those that others of the same order take."""
        numbers = [int(each.id[2:]) for each in self.objects.values() if each.id.startswith("2-")]
        return f"2-{max(numbers, default=140_000) + 1 + skip}"


def build_object(definition: Mapping[str, Any]) -> ObjectType:
    """An object from its definition in a portal file. Raises SchemaError."""
    name, custom = definition["name"], definition.get("custom", False)
    created = definition.get("createdProperty", "hs_createdate" if custom else "createdate")
    modified = definition.get("modifiedProperty", "hs_lastmodifieddate")
    group = definition.get("groups", [{"name": f"{name}_information"}])[0]["name"]
    properties = [build_property(each, group=group) for each in definition["properties"]]
    properties += _system_properties(created, modified, group)
    return ObjectType(
        name=name,
        singular=definition.get("singular", name),
        id=definition["objectTypeId"],
        labels=definition.get("labels", {"singular": name, "plural": name}),
        created_property=created,
        modified_property=modified,
        default_properties=tuple(definition.get("defaultProperties", (created, modified, "hs_object_id"))),
        searched=tuple(definition.get("searchableProperties", ())),
        primary_property=definition.get("primaryDisplayProperty", properties[0].name),
        properties={each.name: each for each in properties},
        groups={
            each["name"]: Group(each["name"], each.get("label", each["name"]), each.get("displayOrder", -1))
            for each in definition.get("groups", [{"name": group}])
        },
        custom=custom,
        required=tuple(definition.get("required", ())),
        required_one_of=tuple(definition.get("requiredOneOf", ())),
        conditional=tuple(definition.get("conditional", ())),
        history_length=definition.get("historyLength", 20),
        archived=definition.get("archived", False),
    )


def build_property(definition: Mapping[str, Any], *, group: str, made_at: str | None = None) -> Property:
    """A property from a portal file or from the property API. Raises SchemaError."""
    kind = definition.get("type", "string")
    field_type = definition.get("fieldType", _usual_field_type(kind))
    if kind not in TYPES or field_type not in FIELD_TYPES[kind] | {"calculation_equation"}:
        raise SchemaError(f"{definition.get('name')}: no property has the type {kind} and the fieldType {field_type}")
    return Property(
        name=definition["name"],
        label=definition.get("label", definition["name"]),
        type=kind,
        field_type=field_type,
        group=definition.get("groupName", group),
        description=definition.get("description", ""),
        options=options_of(_BOOLEAN_OPTIONS if kind == "bool" else definition.get("options", ())),
        display_order=definition.get("displayOrder", -1),
        hidden=definition.get("hidden", False),
        form_field=definition.get("formField", True),
        unique=definition.get("hasUniqueValue", False),
        calculated=definition.get("calculated", False) or field_type == "calculation_equation",
        calculation_formula=definition.get("calculationFormula"),
        external_options=definition.get("externalOptions", False),
        referenced_object=definition.get("referencedObjectType"),
        read_only=definition.get("readOnly", False),
        hubspot_defined=not definition.get("custom", False),
        computed=definition.get("computed"),
        format=definition.get("format"),
        archived_at=definition.get("archivedAt"),
        created_at=definition.get("createdAt", made_at),
        updated_at=definition.get("updatedAt", made_at),
    )


def options_of(given: Sequence[Mapping[str, Any] | str]) -> list[dict[str, Any]]:
    """Options in full. A plain text stands for an option whose label is its value. Raises SchemaError."""
    options = [
        _option({"label": each, "value": each} if isinstance(each, str) else each, n) for n, each in enumerate(given)
    ]
    values = [each["value"] for each in options]
    if len(set(values)) != len(values):
        raise SchemaError("two options have the same value")
    return options


def _option(given: Mapping[str, Any], number: int) -> dict[str, Any]:
    if not isinstance(given.get("value"), str) or not isinstance(given.get("label"), str):
        raise SchemaError("an option needs a label and a value")
    return {
        "label": given["label"],
        "value": given["value"],
        "description": given.get("description", ""),
        "displayOrder": given.get("displayOrder", number),
        "hidden": given.get("hidden", False),
    }


def _usual_field_type(kind: str) -> str:
    usual = {"string": "text", "enumeration": "select", "bool": "booleancheckbox", "datetime": "date"}
    return usual.get(kind, "phonenumber" if kind == "phone_number" else kind)


def _system_properties(created: str, modified: str, group: str) -> list[Property]:
    """What every object has: its id, its stamps, its owner, and where it came from."""
    plain: list[dict[str, Any]] = [
        {"name": "hs_object_id", "label": "Record ID", "type": "number", "readOnly": True},
        {"name": created, "label": "Create Date", "type": "datetime", "readOnly": True},
        {"name": modified, "label": "Last Modified Date", "type": "datetime", "readOnly": True},
        {"name": "hs_merged_object_ids", "label": "Merged record IDs", "type": "enumeration", "readOnly": True},
        {"name": "hs_created_by_user_id", "label": "Created by user ID", "type": "number", "readOnly": True},
        {"name": "hs_updated_by_user_id", "label": "Updated by user ID", "type": "number", "readOnly": True},
        {"name": "hs_object_source", "label": "Record creation source", "readOnly": True},
        {"name": "hs_object_source_id", "label": "Record creation source ID", "readOnly": True},
        {
            "name": "hubspot_owner_id",
            "label": "Owner",
            "type": "enumeration",
            "externalOptions": True,
            "referencedObjectType": "OWNER",
            "format": "owner",
        },
    ]
    return [build_property(each, group=group) for each in plain]
