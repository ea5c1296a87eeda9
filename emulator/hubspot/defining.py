"""Changing definitions: properties and groups, as the property API and the portal's admins do."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from emulator.hubspot import errors
from emulator.hubspot.errors import ApiError
from emulator.hubspot.schema import Group, ObjectType, Property, SchemaError, build_property, options_of
from emulator.hubspot.times import wire_time

if TYPE_CHECKING:
    from emulator.hubspot.portal import Portal

MOST_UNIQUE = 10
_NAME = re.compile(r"[a-z][a-z0-9_]{0,99}")
_CHANGEABLE = (
    "label",
    "description",
    "displayOrder",
    "hidden",
    "formField",
    "groupName",
    "type",
    "fieldType",
    "options",
)
_TEXTS = (
    "name",
    "label",
    "type",
    "fieldType",
    "groupName",
    "description",
    "calculationFormula",
    "referencedObjectType",
)
_FLAGS = ("hidden", "formField", "hasUniqueValue", "externalOptions")
_KINDS: Mapping[str, type] = {
    **dict.fromkeys(_TEXTS, str),
    **dict.fromkeys(_FLAGS, bool),
    "displayOrder": int,
    "options": list,
}


class Definer:
    """Changes the properties of one object and keeps the change for later starts. Raises ApiError."""

    def __init__(self, portal: Portal, object_type: ObjectType) -> None:
        self._portal = portal
        self._object = object_type

    def create(self, given: Mapping[str, Any]) -> Property:
        """A new property; the name of an archived one brings that one back under the new definition."""
        _check_kinds(given)
        name = given.get("name", "")
        known = self._object.properties.get(name)
        if known is not None and known.archived_at is None:
            raise ApiError(f"Property {name} already exists", status=409, category="OBJECT_ALREADY_EXISTS")
        if not _NAME.fullmatch(name):
            raise ApiError(f"Property name {name} may have lower-case letters, digits and underscores only")
        if given.get("hasUniqueValue") and len(self._own_unique()) >= MOST_UNIQUE:
            raise ApiError(f"An object may have {MOST_UNIQUE} unique properties")
        return self._keep({**self._checked(given), "name": name, "custom": True, "createdAt": self._now()})

    def update(self, known: Property, given: Mapping[str, Any]) -> Property:
        """Change a definition. Options are replaced as a whole; uniqueness and name are for ever."""
        if known.hubspot_defined and set(given) - {"options", "hidden", "displayOrder", "description"}:
            raise ApiError(f"The definition of {known.name} is read only")
        changed = {name: value for name, value in self._checked(given, known).items() if name in _CHANGEABLE}
        return self._keep({**definition_of(known), **changed})

    def archive(self, known: Property) -> None:
        if known.hubspot_defined:
            raise ApiError(f"{known.name} cannot be archived")
        self._keep({**definition_of(known), "archivedAt": self._now()})

    def create_group(self, given: Mapping[str, Any]) -> Group:
        _check_kinds(given)
        name, label = given["name"], given["label"]
        if name in self._object.groups:
            raise ApiError(f"Property group {name} already exists", status=409, category="OBJECT_ALREADY_EXISTS")
        return self._keep_group({"name": name, "label": label, "displayOrder": given.get("displayOrder", -1)})

    def update_group(self, known: Group, given: Mapping[str, Any]) -> Group:
        _check_kinds(given)
        label, order = given.get("label", known.label), given.get("displayOrder", known.display_order)
        return self._keep_group({"name": known.name, "label": label, "displayOrder": order})

    def archive_group(self, known: Group) -> None:
        if any(each.group == known.name and each.archived_at is None for each in self._object.properties.values()):
            raise ApiError(f"Property group {known.name} has properties")
        definition = self._definition()
        definition["groups"] = [each for each in definition["groups"] if each["name"] != known.name]
        del self._object.groups[known.name]
        self._portal.save_definition()

    def _checked(self, given: Mapping[str, Any], known: Property | None = None) -> dict[str, Any]:
        _check_kinds(given)
        if known is None:
            missing = [name for name in ("label", "type", "fieldType", "groupName") if not given.get(name)]
            if missing:
                raise errors.bad_json(f"Some required fields were not set: [{', '.join(missing)}]")
        group = given.get("groupName")
        if group is not None and group not in self._object.groups:
            raise ApiError(f"Property group {group} does not exist")
        kind = given.get("type", known.type if known else "")
        if kind == "enumeration" and known is None and not given.get("options"):
            raise ApiError("An enumeration needs options")
        try:
            if "options" in given:
                options_of(given["options"])
            base = definition_of(known) if known else {}
            build_property({**base, **given, "name": "x"}, group="")
        except (SchemaError, TypeError, AttributeError) as error:
            raise ApiError(f"Invalid property definition: {error}") from error
        return dict(given)

    def _keep(self, definition: dict[str, Any]) -> Property:
        made = build_property({**definition, "updatedAt": self._now()}, group=definition["groupName"])
        self._object.properties[made.name] = made
        if made.unique:
            self._portal.rows.index(self._object.name, made.name)
        kept = self._definition()
        others = [each for each in kept["properties"] if each["name"] != made.name]
        kept["properties"] = [*others, definition_of(made)]
        self._portal.save_definition()
        return made

    def _keep_group(self, definition: dict[str, Any]) -> Group:
        made = Group(definition["name"], definition["label"], definition["displayOrder"])
        self._object.groups[made.name] = made
        kept = self._definition()
        kept["groups"] = [*(each for each in kept["groups"] if each["name"] != made.name), definition]
        self._portal.save_definition()
        return made

    def _definition(self) -> dict[str, Any]:
        definition: dict[str, Any] = next(
            each for each in self._portal.definition["objects"] if each["name"] == self._object.name
        )
        definition.setdefault(
            "groups", [{"name": name, "label": each.label} for name, each in self._object.groups.items()]
        )
        return definition

    def _own_unique(self) -> list[Property]:
        return [each for each in self._object.properties.values() if each.unique and not each.hubspot_defined]

    def _now(self) -> str:
        return wire_time(self._portal.clock.now())


def _check_kinds(given: Mapping[str, Any]) -> None:
    """Raises for a part of a definition that is no text, number or flag where one is expected."""
    for name, kind in _KINDS.items():
        if given.get(name) is not None and type(given[name]) is not kind:
            raise errors.bad_json(f"Cannot deserialize value of `{name}`")


def definition_of(known: Property) -> dict[str, Any]:
    """The property as a portal file would have it."""
    given: dict[str, Any] = {
        "name": known.name,
        "label": known.label,
        "type": known.type,
        "fieldType": known.field_type,
        "groupName": known.group,
        "description": known.description,
        "options": known.options,
        "displayOrder": known.display_order,
        "hidden": known.hidden,
        "formField": known.form_field,
        "hasUniqueValue": known.unique,
        "calculated": known.calculated,
        "calculationFormula": known.calculation_formula,
        "externalOptions": known.external_options,
        "referencedObjectType": known.referenced_object,
        "readOnly": known.read_only,
        "custom": not known.hubspot_defined,
        "computed": known.computed,
        "format": known.format,
        "archivedAt": known.archived_at,
        "createdAt": known.created_at,
        "updatedAt": known.updated_at,
    }
    return {name: value for name, value in given.items() if value is not None}
