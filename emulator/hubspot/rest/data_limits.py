"""How much an account may hold, and holds: records and custom properties."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from emulator.hubspot.access import object_scope
from emulator.hubspot.rest.call import Answer, Call
from emulator.hubspot.schema import ObjectType

# Of the larger subscriptions; what an account really has is told by its own answers.
RECORDS_OF_AN_OBJECT, RECORDS_OF_CUSTOM_OBJECTS = 15_000_000, 500_000
PROPERTIES_OF_AN_OBJECT = 1_000


def records(call: Call) -> Answer:
    """Shape: HubSpot's limits tracking guide. Custom objects share one limit, the others have one each."""
    usage = [(each, sum(1 for _ in call.portal.store.living(each))) for each in _seen(call)]
    custom = [(each, count) for each, count in usage if each.custom]
    own = [_of(each) | _used(count, RECORDS_OF_AN_OBJECT) for each, count in usage if not each.custom]
    total = _used(sum(count for _, count in custom), RECORDS_OF_CUSTOM_OBJECTS)
    return Answer(
        200,
        {
            "hubspotDefinedObjectTypes": own,
            "customObjectTypes": {
                "byObjectType": [_of(each) | {"usage": count} for each, count in custom],
                **_overall(total),
            },
        },
    )


def custom_properties(call: Call) -> Answer:
    usage = [(each, sum(1 for _ in _made_here(each))) for each in _seen(call)]
    total = _used(sum(count for _, count in usage), PROPERTIES_OF_AN_OBJECT * len(usage))
    by_object = [_of(each) | _used(count, PROPERTIES_OF_AN_OBJECT) for each, count in usage]
    return Answer(200, {"byObjectType": by_object, **_overall(total)})


def _seen(call: Call) -> list[ObjectType]:
    """The objects that the caller may read."""
    living = [each for each in call.portal.schema.objects.values() if not each.archived]
    return [each for each in living if object_scope(each.name, "read", custom=each.custom) in call.access.scopes]


def _made_here(object_type: ObjectType) -> Iterable[str]:
    return (
        name for name, each in object_type.properties.items() if each.archived_at is None and not each.hubspot_defined
    )


def _of(object_type: ObjectType) -> dict[str, Any]:
    labels = object_type.labels
    return {"objectTypeId": object_type.id, "singularLabel": labels["singular"], "pluralLabel": labels["plural"]}


def _used(usage: int, limit: int) -> dict[str, Any]:
    return {"usage": usage, "limit": limit, "percentage": round(100 * usage / limit, 2) if limit else 0}


def _overall(used: dict[str, Any]) -> dict[str, Any]:
    return {f"overall{name.capitalize()}": value for name, value in used.items()}
