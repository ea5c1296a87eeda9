"""Searching records as the index sees them: a little late, without archived ones, ten thousand at most."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from emulator.hubspot import errors
from emulator.hubspot.errors import ApiError
from emulator.hubspot.filters import Filter, compile_groups, key_of
from emulator.hubspot.freshness import Freshness
from emulator.hubspot.numbers import whole_number
from emulator.hubspot.schema import ObjectType, Property
from emulator.hubspot.store import Store
from emulator.hubspot.times import from_millis, wire_time
from emulator.rows import Row

MOST_RESULTS = 10_000
LARGEST_PAGE = 200
LONGEST_BODY = 3_000


@dataclass(frozen=True, slots=True)
class Query:
    groups: list[list[Filter]]
    words: str
    sort: Property
    descending: bool
    limit: int
    after: int


@dataclass(frozen=True, slots=True)
class Found:
    """`after` is the offset of the next page, None on the last one."""

    total: int
    rows: list[Row]
    after: int | None


def parse_query(object_type: ObjectType, body: Mapping[str, Any]) -> Query:
    """Check a search body. Raises ApiError."""
    sort, descending = _sort(object_type, body.get("sorts"))
    limit, after = _whole(body, "limit", 10), _whole(body, "after", 0)
    if not 0 < limit <= LARGEST_PAGE:
        raise ApiError(f"limit must be between 1 and {LARGEST_PAGE}")
    if after + limit > MOST_RESULTS:
        raise ApiError(f"Searches can page through {MOST_RESULTS} results at most", category="VALIDATION_ERROR")
    return Query(
        groups=compile_groups(object_type, body.get("filterGroups")),
        words=str(body.get("query") or "").casefold(),
        sort=sort,
        descending=descending,
        limit=limit,
        after=after,
    )


def run(object_type: ObjectType, query: Query, store: Store, freshness: Freshness) -> Found:
    tests = [[(store.reader(object_type, each.known), each.test) for each in group] for group in query.groups]
    rows = [
        row
        for row in _candidates(object_type, query, store, freshness)
        if (not tests or any(all(test(read(row)) for read, test in group) for group in tests))
        and (not query.words or _mentions(object_type, row, query.words))
    ]
    rows = _sorted(object_type, query, store, rows)
    end = query.after + query.limit
    return Found(len(rows), rows[query.after : end], end if end < len(rows) else None)


def _candidates(object_type: ObjectType, query: Query, store: Store, freshness: Freshness) -> Iterable[Row]:
    """The indexed rows that can match: all, or those changed since the moment that the only group asks for."""
    with store.rows.lock:
        former = freshness.former(object_type.name)
        least = _least(object_type, query)
        table = store.rows.table(object_type.name)
        present = list(table.values() if least is None else store.rows.since(object_type.name, least))
    for row in present:
        if row["hs_object_id"] not in former and _is_shown(row):
            yield row
    for old in former.values():
        if old is not None and _is_shown(old):
            yield old


def _is_shown(row: Row) -> bool:
    return "_archived" not in row and "_merged_into" not in row


def _least(object_type: ObjectType, query: Query) -> str | None:
    if len(query.groups) != 1:
        return None
    for each in query.groups[0]:
        if each.known.name == object_type.modified_property and each.operator in ("GT", "GTE", "BETWEEN", "EQ"):
            return wire_time(from_millis(int(each.value)))
    return None


def _mentions(object_type: ObjectType, row: Row, words: str) -> bool:
    text = " ".join(str(row[name]) for name in object_type.searched if name in row).casefold()
    return all(word in text for word in words.split())


def _sorted(object_type: ObjectType, query: Query, store: Store, rows: Sequence[Row]) -> list[Row]:
    """By the sort, and by id where that is equal; records without a value come last."""
    key, read = key_of(query.sort), store.reader(object_type, query.sort)
    by_id = sorted(rows, key=lambda row: int(row["hs_object_id"]))
    keyed = [(read(row), row) for row in by_id]
    valued = [(key(value), row) for value, row in keyed if value is not None]
    valued.sort(key=lambda pair: pair[0], reverse=query.descending)
    return [row for _, row in valued] + [row for value, row in keyed if value is None]


def _sort(object_type: ObjectType, sorts: Any) -> tuple[Property, bool]:
    if not sorts:
        return object_type.properties[object_type.created_property], False
    if not isinstance(sorts, list) or len(sorts) > 1:
        raise ApiError("Only one sort is allowed")
    name, direction = _sort_words(sorts[0])
    known = object_type.find(name)
    if known is None:
        raise ApiError(f'There was a problem with the request. Property "{name}" does not exist')
    if direction not in ("ASCENDING", "DESCENDING"):
        raise errors.bad_json(f"Cannot deserialize value of `direction`: {direction} is none")
    return known, direction == "DESCENDING"


def _sort_words(sort: Any) -> tuple[str, str]:
    if isinstance(sort, str):
        return sort.lstrip("-"), "DESCENDING" if sort.startswith("-") else "ASCENDING"
    if not isinstance(sort, Mapping):
        raise errors.bad_json("Cannot deserialize value of `sorts`")
    return str(sort.get("propertyName")), str(sort.get("direction", "ASCENDING"))


def _whole(body: Mapping[str, Any], name: str, default: int) -> int:
    value = body.get(name)
    return default if value in (None, "") else whole_number(value, name=name)
