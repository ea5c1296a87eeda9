"""Properties and property groups."""

from __future__ import annotations

from typing import Any

from emulator.hubspot import errors
from emulator.hubspot.defining import Definer
from emulator.hubspot.errors import ApiError
from emulator.hubspot.rest.call import Answer, Call, inputs_of, required
from emulator.hubspot.schema import Group, Property
from emulator.hubspot.times import wire_time


def list_all(call: Call, name: str) -> Answer:
    """All properties at once: this list has no pages."""
    object_type, archived = call.schema_of(name), call.flag("archived")
    found = [each for each in object_type.properties.values() if (each.archived_at is not None) == archived]
    return Answer(200, {"results": [each.to_json() for each in found]})


def list_plain(call: Call, name: str) -> Answer:
    """The oldest version answers a bare list."""
    return Answer(200, list_all(call, name).body["results"])


def read(call: Call, name: str, key: str) -> Answer:
    return Answer(200, _property(call, name, key, archived=call.flag("archived")).to_json())


def create(call: Call, name: str) -> Answer:
    made = Definer(call.portal, call.schema_of(name, "write")).create(call.body)
    return Answer(201, made.to_json())


def update(call: Call, name: str, key: str) -> Answer:
    known = _property(call, name, key)
    changed = Definer(call.portal, call.schema_of(name, "write")).update(known, call.body)
    return Answer(200, changed.to_json())


def archive(call: Call, name: str, key: str) -> Answer:
    known = _property(call, name, key)
    Definer(call.portal, call.schema_of(name, "write")).archive(known)
    return Answer(204)


def batch_read(call: Call, name: str) -> Answer:
    object_type = call.schema_of(name)
    names = [str(each.get("name", "")) for each in inputs_of(call.body)]
    found = [known for known in map(object_type.find, names) if known is not None]
    missing = [each for each in names if object_type.find(each) is None]
    failures = [
        errors.not_found(f"Property {each} does not exist").to_batch_entry({"name": [each]}) for each in missing
    ]
    return _batch(call, [each.to_json() for each in found], failures)


def batch_create(call: Call, name: str) -> Answer:
    definer = Definer(call.portal, call.schema_of(name, "write"))
    made, failures = [], []
    for given in inputs_of(call.body):
        try:
            made.append(definer.create(given).to_json())
        except ApiError as error:
            failures.append(error.to_batch_entry({"name": [str(given.get("name", ""))]}))
    return _batch(call, made, failures, status=201)


def batch_archive(call: Call, name: str) -> Answer:
    object_type = call.schema_of(name, "write")
    definer = Definer(call.portal, object_type)
    for given in inputs_of(call.body):
        known = object_type.find(str(given.get("name", "")))
        if known is not None:
            definer.archive(known)
    return Answer(204)


def list_groups(call: Call, name: str) -> Answer:
    return Answer(200, {"results": [each.to_json() for each in call.schema_of(name).groups.values()]})


def read_group(call: Call, name: str, key: str) -> Answer:
    return Answer(200, _group(call, name, key).to_json())


def create_group(call: Call, name: str) -> Answer:
    required(call.body, "name", "label")
    return Answer(201, Definer(call.portal, call.schema_of(name, "write")).create_group(call.body).to_json())


def update_group(call: Call, name: str, key: str) -> Answer:
    known = _group(call, name, key)
    return Answer(200, Definer(call.portal, call.schema_of(name, "write")).update_group(known, call.body).to_json())


def archive_group(call: Call, name: str, key: str) -> Answer:
    known = _group(call, name, key)
    Definer(call.portal, call.schema_of(name, "write")).archive_group(known)
    return Answer(204)


def _property(call: Call, name: str, key: str, *, archived: bool = False) -> Property:
    known = call.schema_of(name).properties.get(key)
    if known is None or (known.archived_at is not None) != archived:
        raise _no_property(key)
    return known


def _no_property(name: str) -> ApiError:
    return errors.not_found(f"Property {name} does not exist")


def _group(call: Call, name: str, key: str) -> Group:
    known = call.schema_of(name).groups.get(key)
    if known is None:
        raise errors.not_found(f"Property group {key} does not exist")
    return known


def _batch(call: Call, results: list[Any], failures: list[Any], *, status: int = 200) -> Answer:
    now = wire_time(call.portal.clock.now())
    body: dict[str, Any] = {"status": "COMPLETE", "results": results, "startedAt": now, "completedAt": now}
    if failures:
        body |= {"numErrors": len(failures), "errors": failures}
    return Answer(207 if failures else status, body)
