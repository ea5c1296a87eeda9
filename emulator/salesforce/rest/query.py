"""`/query` and `/queryAll`, page by page."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from emulator.salesforce.cursors import Cursor
from emulator.salesforce.errors import ApiError
from emulator.salesforce.numerals import whole_number
from emulator.salesforce.rest.call import Answer, Call, options
from emulator.salesforce.soql.run import Asker, Found, run

LARGEST_PAGE = 2000
SMALLEST_PAGE = 200
LOCATOR_LIFE = timedelta(days=2)
# A page of wide rows gets fewer of them, as in a real org; the width is the sum of declared lengths.
_PAGE_CHARACTERS = 4_000_000


def query(call: Call) -> Answer:
    return _answer(call, with_deleted=False)


def query_all(call: Call) -> Answer:
    return _answer(call, with_deleted=True)


def next_page(call: Call, locator: str) -> Answer:
    key, _, start = locator.rpartition("-")
    cursor = call.org.cursors.get(key, user_id=call.user.id, now=call.org.clock.now())
    place = whole_number(start)
    if place is None or place > len(cursor.rows):
        raise ApiError("INVALID_QUERY_LOCATOR", "invalid query locator")
    return Answer(200, _page(call, key, cursor, place))


def _answer(call: Call, *, with_deleted: bool) -> Answer:
    text = call.arguments.get("q")
    if text is None:
        raise ApiError("MALFORMED_QUERY", "A query string has to be specified")
    asker = Asker(call.user, call.org.clock.now(), call.version, with_deleted)
    found = run(call.org.store, text, asker)
    if found.count is not None:
        return Answer(200, {"totalSize": found.count, "done": True, "records": []})
    page = _page_size(call, found)
    if len(found.rows) <= page:
        return Answer(200, _whole(found))
    cursor = Cursor(found.rows, found.shape, page, call.user.id, call.org.clock.now() + LOCATOR_LIFE)
    return Answer(200, _page(call, call.org.cursors.keep(cursor), cursor, 0))


def _whole(found: Found) -> dict[str, Any]:
    return {"totalSize": len(found.rows), "done": True, "records": [found.shape(row) for row in found.rows]}


def _page(call: Call, key: str, cursor: Cursor, start: int) -> dict[str, Any]:
    end = start + cursor.page
    done = end >= len(cursor.rows)
    page: dict[str, Any] = {"totalSize": len(cursor.rows), "done": done}
    if not done:
        page["nextRecordsUrl"] = f"/services/data/v{call.version}/query/{key}-{end}"
    return {**page, "records": [cursor.shape(row) for row in cursor.rows[start:end]]}


def _page_size(call: Call, found: Found) -> int:
    asked = whole_number(options(call.headers.get("sforce-query-options", "")).get("batchsize", str(LARGEST_PAGE)))
    if asked is None or not SMALLEST_PAGE <= asked <= LARGEST_PAGE:
        raise ApiError("INVALID_BATCH_SIZE", f"batchSize must be between {SMALLEST_PAGE} and {LARGEST_PAGE}")
    fitting = _PAGE_CHARACTERS // max(found.width, 1)
    return max(SMALLEST_PAGE, min(asked, fitting))
