"""Properties and property groups."""

from __future__ import annotations

from emulator.hubspot import errors
from emulator.hubspot.rest.call import Answer, Call


def list_all(call: Call, name: str) -> Answer:
    """All properties at once: this list has no pages."""
    object_type, archived = call.schema_of(name), call.flag("archived")
    found = [each for each in object_type.properties.values() if (each.archived_at is not None) == archived]
    return Answer(200, {"results": [each.to_json() for each in found]})


def list_plain(call: Call, name: str) -> Answer:
    """The oldest version answers a bare list."""
    return Answer(200, list_all(call, name).body["results"])


def read(call: Call, name: str, key: str) -> Answer:
    known = call.schema_of(name).properties.get(key)
    if known is None or (known.archived_at is not None) != call.flag("archived"):
        raise errors.not_found(f"Property {key} does not exist")
    return Answer(200, known.to_json())


def list_groups(call: Call, name: str) -> Answer:
    return Answer(200, {"results": [each.to_json() for each in call.schema_of(name).groups.values()]})
