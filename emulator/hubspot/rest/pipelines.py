"""Pipelines and their stages, for reading. An admin changes them in the portal itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from emulator.hubspot import errors
from emulator.hubspot.rest.call import Answer, Call


def list_all(call: Call, name: str) -> Answer:
    return Answer(200, {"results": list(_pipelines(call, name).values())})


def read(call: Call, name: str, key: str) -> Answer:
    return Answer(200, _pipeline(call, name, key))


def list_stages(call: Call, name: str, key: str) -> Answer:
    return Answer(200, {"results": _pipeline(call, name, key)["stages"]})


def read_stage(call: Call, name: str, key: str, stage: str) -> Answer:
    for each in _pipeline(call, name, key)["stages"]:
        if each["id"] == stage:
            return Answer(200, each)
    raise errors.not_found()


def _pipelines(call: Call, name: str) -> Mapping[str, dict[str, Any]]:
    return call.portal.pipelines.of(call.object_type(name).name)


def _pipeline(call: Call, name: str, key: str) -> dict[str, Any]:
    found = _pipelines(call, name).get(key)
    if found is None:
        raise errors.not_found()
    return found
