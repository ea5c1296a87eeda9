"""`getUpdated` and `getDeleted`: the ids that changed, and up to when that is the whole truth."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import takewhile

from emulator.rows import Row
from emulator.salesforce.errors import ApiError
from emulator.salesforce.rest.call import Answer, Call
from emulator.salesforce.rest.rows import object_of
from emulator.salesforce.schema import ObjectType
from emulator.salesforce.values import parse_time, wire_time

UPDATED_REACH = timedelta(days=30)
DELETED_REACH = timedelta(days=15)
MOST_IDS = 600_000


def updated(call: Call, name: str) -> Answer:
    object_type = object_of(call, name)
    start_at, end_at = _span(call, UPDATED_REACH)
    covered_at = _covered(call, end_at)
    rows = _stamped(call, object_type, start_at, end_at, wanted=lambda row: not row.get("IsDeleted"))
    return Answer(200, {"ids": [row["Id"] for row in rows], "latestDateCovered": wire_time(covered_at)})


def deleted(call: Call, name: str) -> Answer:
    object_type = object_of(call, name)
    start_at, end_at = _span(call, DELETED_REACH)
    covered_at = _covered(call, end_at)
    rows = _stamped(call, object_type, start_at, end_at, wanted=lambda row: bool(row.get("IsDeleted")))
    return Answer(
        200,
        {
            "deletedRecords": [{"id": row["Id"], "deletedDate": row["SystemModstamp"]} for row in rows],
            "earliestDateAvailable": wire_time(_minute(call.org.clock.now() - DELETED_REACH)),
            "latestDateCovered": wire_time(covered_at),
        },
    )


def _stamped(
    call: Call, object_type: ObjectType, start_at: datetime, end_at: datetime, *, wanted: Callable[[Row], bool]
) -> list[Row]:
    first, until = wire_time(start_at), wire_time(end_at)
    store = call.org.store
    since = takewhile(lambda row: row["SystemModstamp"] < until, store.rows.since(object_type.name, first))
    rows = [row for row in since if wanted(row) and store.sees(object_type, row, call.user)]
    if len(rows) > MOST_IDS:
        raise ApiError("EXCEEDED_ID_LIMIT", f"More than {MOST_IDS} ids: choose a shorter time span")
    return rows


def _span(call: Call, reach: timedelta) -> tuple[datetime, datetime]:
    """Start and end with their seconds cut off."""
    start_at, end_at = (_minute(_time(call, name)) for name in ("start", "end"))
    if end_at - start_at <= timedelta(minutes=1):
        raise ApiError("INVALID_REPLICATION_DATE", "startDate must be before endDate by more than one minute")
    if start_at < call.org.clock.now() - reach:
        raise ApiError("INVALID_REPLICATION_DATE", f"startDate is more than {reach.days} days ago")
    return start_at, end_at


def _covered(call: Call, end_at: datetime) -> datetime:
    return _minute(call.org.clock.safe_until(end_at))


def _time(call: Call, name: str) -> datetime:
    text = call.arguments.get(name)
    if text is None:
        raise ApiError("INVALID_REPLICATION_DATE", f"The parameter {name} is required")
    try:
        return parse_time(text)
    except ValueError as error:
        raise ApiError("INVALID_REPLICATION_DATE", f"{name} is no date and time: {text}") from error


def _minute(at: datetime) -> datetime:
    return at.replace(second=0, microsecond=0)
