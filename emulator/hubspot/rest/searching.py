"""The search resource."""

from __future__ import annotations

from typing import Any

from emulator.hubspot.errors import ApiError
from emulator.hubspot.rest import objects
from emulator.hubspot.rest.call import Answer, Call, paging, texts_of
from emulator.hubspot.search import LONGEST_BODY, parse_query, run


def search(call: Call, name: str) -> Answer:
    object_type = call.object_type(name)
    if len(call.raw_body.decode("utf-8", "replace")) > LONGEST_BODY:
        raise ApiError(f"The body of a search may have {LONGEST_BODY} characters")
    query = parse_query(object_type, call.body)
    names = texts_of(call.body, "properties") or object_type.default_properties
    found = run(object_type, query, call.portal.store, call.portal.freshness)
    body: dict[str, Any] = {
        "total": found.total,
        "results": [objects.record_json(call, object_type, row, names) for row in found.rows],
    }
    if found.after is not None:
        body["paging"] = {"next": {"after": paging(found.after, "")["next"]["after"]}}
    return Answer(200, body)
