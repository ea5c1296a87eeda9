"""`/sobjects/X/listviews`: which list views an object has, and what each asks for. Their results are not offered."""

from __future__ import annotations

from typing import Any

from emulator.rows import Row
from emulator.salesforce.errors import ApiError
from emulator.salesforce.ids import MalformedId, normalise
from emulator.salesforce.list_views import query_of, required
from emulator.salesforce.numerals import whole_number
from emulator.salesforce.rest.call import Answer, Call
from emulator.salesforce.rest.rows import object_of

PAGE = 25


def index(call: Call, name: str) -> Answer:
    """The list views by label, a page at a time, as other resources with a `nextRecordsUrl` give them."""
    object_type = object_of(call, name)
    views = call.org.list_views.of(object_type.name)
    start = _start(call)
    page = views[start : start + PAGE]
    is_done = start + PAGE >= len(views)
    body: dict[str, Any] = {
        "done": is_done,
        "listviews": [_shown(call, row) for row in page],
        "nextRecordsUrl": None if is_done else f"{_base(call, object_type.name)}?offset={start + PAGE}",
        "size": len(page),
        "sobjectType": object_type.name,
    }
    return Answer(200, body)


def read(call: Call, name: str, view_id: str) -> Answer:
    return Answer(200, _shown(call, _view(call, name, view_id)))


def describe(call: Call, name: str, view_id: str) -> Answer:
    """What the view asks for. One that no SOQL can ask for is refused."""
    row = _view(call, name, view_id)
    if not row["soql_compatible"]:
        raise ApiError("ILLEGAL_QUERY_PARAMETER_VALUE", "The list view is not SOQL compatible", status=400)
    return Answer(
        200,
        {
            "columns": [{"fieldNameOrPath": each, "label": each, "selectListItem": each} for each in row["columns"]],
            "id": row["Id"],
            "orderBy": [{"fieldNameOrPath": row["order_by"], "nullsPosition": "first", "sortDirection": "ascending"}],
            "query": query_of(row),
            "scope": row["scope"],
            "sobjectType": row["object"],
        },
    )


def _view(call: Call, name: str, view_id: str) -> Row:
    object_type = object_of(call, name)
    try:
        return required(call.org.list_views.find(object_type.name, normalise(view_id)))
    except MalformedId:
        return required(None)


def _shown(call: Call, row: Row) -> dict[str, Any]:
    url = f"{_base(call, row['object'])}/{row['Id']}"
    return {
        "describeUrl": f"{url}/describe",
        "developerName": row["developer_name"],
        "id": row["Id"],
        "label": row["label"],
        "resultsUrl": f"{url}/results",
        "soqlCompatible": row["soql_compatible"],
        "url": url,
    }


def _base(call: Call, object_name: str) -> str:
    return f"/services/data/v{call.version}/sobjects/{object_name}/listviews"


def _start(call: Call) -> int:
    given = call.arguments.get("offset", "0")
    offset = whole_number(given)
    if offset is None:
        raise ApiError("ILLEGAL_QUERY_PARAMETER_VALUE", f"offset: {given[:40]}")
    return offset
