"""Associations as version 3 had them: one entry per type, types by name."""

from __future__ import annotations

from typing import Any

from emulator.hubspot import errors
from emulator.hubspot.associating import Associating
from emulator.hubspot.errors import ApiError
from emulator.hubspot.links import LinkType
from emulator.hubspot.rest import objects
from emulator.hubspot.rest.call import Answer, Call, id_of, inputs_of
from emulator.hubspot.times import wire_time


def read_one(call: Call, name: str, key: str, to: str) -> Answer:
    from_type, to_type = call.object_type(name), call.object_type(to)
    row = call.portal.store.row(from_type, key)
    if row is None:
        raise errors.not_found()
    return Answer(200, {"results": call.portal.store.linked(from_type, row, to_type)})


def create_one(call: Call, name: str, key: str, to: str, to_key: str, kind: str) -> Answer:
    from_type, to_type = call.object_type(name, "write"), call.object_type(to, "write")
    found = _kind(call, from_type.name, to_type.name, kind)
    row, far = call.portal.store.row(from_type, key), call.portal.store.row(to_type, to_key)
    if row is None or far is None:
        raise errors.not_found()
    ends = (from_type.name, row["hs_object_id"], to_type.name, far["hs_object_id"])
    Associating(call.portal, call.access.source).add(ends, [found])
    body = objects.record_json(call, from_type, row, from_type.default_properties)
    linked = {to_type.name: {"results": call.portal.store.linked(from_type, row, to_type)}}
    return Answer(200, {**body, "associations": linked})


def remove_one(call: Call, name: str, key: str, to: str, to_key: str, kind: str) -> Answer:
    from_type, to_type = call.object_type(name, "write"), call.object_type(to, "write")
    found = _kind(call, from_type.name, to_type.name, kind)
    Associating(call.portal, call.access.source).remove((from_type.name, key, to_type.name, to_key), [found])
    return Answer(204)


def list_types(call: Call, name: str, to: str) -> Answer:
    from_type, to_type = call.object_type(name), call.object_type(to)
    kinds = call.portal.links.types.between(from_type.name, to_type.name)
    return Answer(200, {"results": [{"id": str(kind.id), "name": kind.name} for kind in kinds]})


def batch_read(call: Call, name: str, to: str) -> Answer:
    from_type, to_type = call.object_type(name), call.object_type(to)
    results = []
    for given in inputs_of(call.body, most=1_000):
        row = call.portal.store.row(from_type, str(given.get("id", "")))
        linked = call.portal.store.linked(from_type, row, to_type) if row is not None else []
        if row is not None and linked:
            results.append({"from": {"id": row["hs_object_id"]}, "to": linked})
    return Answer(200, _batch(call, results))


def batch_create(call: Call, name: str, to: str) -> Answer:
    results = []
    for given in inputs_of(call.body, most=2_000):
        key, to_key = id_of(given.get("from")), id_of(given.get("to"))
        create_one(call, name, key, to, to_key, str(given.get("type", "")))
        results.append({"from": {"id": key}, "to": {"id": to_key}, "type": given["type"]})
    return Answer(201, _batch(call, results))


def batch_archive(call: Call, name: str, to: str) -> Answer:
    for given in inputs_of(call.body):
        remove_one(call, name, id_of(given.get("from")), to, id_of(given.get("to")), str(given.get("type", "")))
    return Answer(204)


def _kind(call: Call, from_name: str, to_name: str, text: str) -> LinkType:
    """A type by its name or its number."""
    for kind in call.portal.links.types.between(from_name, to_name):
        if text in (kind.name, str(kind.id)):
            return kind
    raise ApiError(f"{text} is not a valid association type between {from_name} and {to_name}")


def _batch(call: Call, results: list[dict[str, Any]]) -> dict[str, Any]:
    now = wire_time(call.portal.clock.now())
    return {"status": "COMPLETE", "results": results, "startedAt": now, "completedAt": now}
