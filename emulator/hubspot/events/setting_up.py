"""What admins change in the set-up: objects, properties, associations, pipelines, rules."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.control import ControlError
from emulator.hubspot.events.asked import Body, object_of
from emulator.hubspot.schema import build_object

if TYPE_CHECKING:
    from emulator.hubspot.portal import Portal


def add_objects(portal: Portal, body: Body) -> Any:
    """An object as in a portal file, several under `objects`, or `{object, properties: [...]}` for new properties.

    A property of a name that exists replaces the old one: that is how an option or a flag changes. Whether an object
    can be associated with others is said by `associations`.
    """
    if "object" in body:
        definitions = [_extended(portal, body)]
    else:
        definitions = [_new(portal, each, skip=number) for number, each in enumerate(body.get("objects", [body]))]
    portal.add_objects(definitions)
    return {"objects": [definition["name"] for definition in definitions]}


def archive_object(portal: Portal, body: Body) -> Any:
    """`{object, archived?}`: a custom object is deleted as under Data Model, and brought back by `archived: false`."""
    known = next((each for each in portal.definition["objects"] if each["name"] == body["object"]), None)
    if known is None or not known.get("custom"):
        raise ControlError("there is no such custom object")
    known["archived"] = portal.schema.objects[known["name"]].archived = bool(body.get("archived", True))
    portal.save_definition()
    return {"object": known["name"], "archived": known["archived"]}


def add_association(portal: Portal, body: Body) -> Any:
    """`{between: [a, b], label?}`: let two objects be associated, or give them one more label."""
    names = [object_of(portal, {"object": each}).name for each in body["between"]]
    label = body.get("label")
    definition = {
        "between": names,
        "ids": portal.links.types.free_ids(),
        "names": [f"{names[0]}_to_{names[1]}", f"{names[1]}_to_{names[0]}"],
        "labels": [label, label],
        "category": "USER_DEFINED",
    }
    portal.add_association(definition)
    return {"ids": definition["ids"]}


def set_pipelines(portal: Portal, body: Body) -> Any:
    """`{object, pipelines: [...]}`: replace the pipelines of an object, in the short form of a portal file."""
    name = object_of(portal, body).name
    portal.set_pipelines(name, body["pipelines"])
    return {"pipelines": list(portal.pipelines.of(name))}


def set_rules(portal: Portal, body: Body) -> Any:
    """`{object, required?: [...], conditional?: [{if, is: [...], require: [...]}]}`: the admin's rules on an object."""
    object_type = object_of(portal, body)
    known = next(each for each in portal.definition["objects"] if each["name"] == object_type.name)
    for name in ("required", "conditional"):
        if name in body:
            known[name] = list(body[name])
    build_object(known)
    object_type.required = tuple(known.get("required", ()))
    object_type.conditional = tuple(known.get("conditional", ()))
    portal.save_definition()
    return {"required": known.get("required", []), "conditional": known.get("conditional", [])}


def _new(portal: Portal, given: Body, *, skip: int) -> dict[str, Any]:
    """A custom object, unless it says otherwise; its properties are the portal's own, too."""
    known = portal.schema.find(str(given["name"]))
    definition = {"custom": True, "objectTypeId": known.id if known else portal.schema.free_type_id(skip=skip), **given}
    properties = [{"custom": definition["custom"], **each} for each in definition["properties"]]
    return {**definition, "properties": properties}


def _extended(portal: Portal, body: Body) -> dict[str, Any]:
    name = object_of(portal, body).name
    known: dict[str, Any] = next(each for each in portal.definition["objects"] if each["name"] == name)
    given = [{"custom": True, **each} for each in body["properties"]]
    names = {each["name"] for each in given}
    kept = [each for each in known["properties"] if each["name"] not in names]
    return {**known, "properties": [*kept, *given]}
