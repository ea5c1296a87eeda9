"""The definitions of objects."""

from __future__ import annotations

from typing import Any

from emulator.hubspot import errors
from emulator.hubspot.rest.call import Answer, Call
from emulator.hubspot.schema import ObjectType
from emulator.hubspot.times import wire_time


def list_custom(call: Call) -> Answer:
    """Custom objects alone: HubSpot's own are not listed."""
    call.access.need("crm.schemas.custom.read")
    wanted = call.flag("archived")
    found = [each for each in call.portal.schema.objects.values() if each.custom and each.archived == wanted]
    return Answer(200, {"results": [_shown(call, each) for each in found]})


def read(call: Call, name: str) -> Answer:
    found = call.portal.object_type(name)
    if found is None:
        raise errors.not_found()
    return Answer(200, _shown(call, call.schema_of(name)))


def _shown(call: Call, object_type: ObjectType) -> dict[str, Any]:
    schema, types = call.portal.schema, call.portal.links.types
    made_at = wire_time(call.portal.started_at)
    kinds = [kind for to in schema.objects for kind in types.between(object_type.name, to)]
    return {
        "id": object_type.id.partition("-")[2] if object_type.custom else object_type.id,
        "objectTypeId": object_type.id,
        "fullyQualifiedName": schema.full_name(object_type),
        "name": object_type.name if object_type.custom else object_type.singular,
        "labels": dict(object_type.labels),
        "archived": object_type.archived,
        "allowsSensitiveProperties": False,
        "primaryDisplayProperty": object_type.primary_property,
        "secondaryDisplayProperties": [],
        "searchableProperties": list(object_type.searched),
        "requiredProperties": list(object_type.required),
        "properties": [each.to_json() for each in object_type.properties.values() if each.archived_at is None],
        "associations": [
            {
                "id": str(kind.id),
                "fromObjectTypeId": object_type.id,
                "toObjectTypeId": schema.objects[kind.to_name].id,
                "name": kind.name,
                "createdAt": made_at,
                "updatedAt": made_at,
            }
            for kind in kinds
        ],
        "createdAt": made_at,
        "updatedAt": made_at,
    }
