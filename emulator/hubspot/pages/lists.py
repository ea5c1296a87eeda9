"""Object lists: search, sort, pages of twenty-five."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from emulator.hubspot.pages.layouts import STANDARD, found, layout_of
from emulator.hubspot.pages.show import Shown, name_of, record_url, shown
from emulator.hubspot.portal import Portal
from emulator.hubspot.schema import ObjectType, Property
from emulator.rows import Row

PAGE_SIZE = 25


@dataclass(frozen=True, slots=True)
class Column:
    label: str
    url: str
    sorted: str
    number: bool


@dataclass(frozen=True, slots=True)
class ListRow:
    name: str
    url: str
    cells: list[Shown]


@dataclass(frozen=True, slots=True)
class Listing:
    """One page of a list. `first` and `last` count from 1."""

    columns: list[Column]
    rows: list[ListRow]
    first: int
    last: int
    total: int
    q: str
    sort: str
    previous_url: str | None
    next_url: str | None


def tabs(portal: Portal) -> list[ObjectType]:
    """The objects of the navigation: the standard ones, then the portal's own."""
    own = [name for name, each in portal.schema.objects.items() if each.custom]
    return [portal.schema.objects[name] for name in (*STANDARD, *own) if name in portal.schema.objects]


def listing(portal: Portal, object_type: ObjectType, *, q: str, sort: str, page: int) -> Listing:
    """One page of the living records. `sort` is a property, with `-` in front for descending; "name" the name."""
    properties = found(object_type, layout_of(object_type).columns)
    by = next((each for each in properties if each.name == sort.removeprefix("-")), None)
    sort = sort if by is not None or sort in ("name", "-name") else "name"
    rows = _matching(portal, object_type, q.strip().casefold())
    rows.sort(key=_sort_key(portal, object_type, by), reverse=sort.startswith("-"))
    number = min(max(page, 1), max(len(rows) - 1, 0) // PAGE_SIZE + 1)
    start = (number - 1) * PAGE_SIZE
    chosen = rows[start : start + PAGE_SIZE]
    columns = [_column("name", "Name", sort=sort, q=q, number=False)]
    columns += [_column(each.name, each.label, sort=sort, q=q, number=each.type == "number") for each in properties]
    return Listing(
        columns=columns,
        rows=[_row(portal, object_type, row, properties) for row in chosen],
        first=start + 1,
        last=start + len(chosen),
        total=len(rows),
        q=q,
        sort=sort,
        previous_url=_query(q=q, sort=sort, page=number - 1) if number > 1 else None,
        next_url=_query(q=q, sort=sort, page=number + 1) if start + PAGE_SIZE < len(rows) else None,
    )


def _row(portal: Portal, object_type: ObjectType, row: Row, properties: list[Property]) -> ListRow:
    return ListRow(
        name=name_of(portal, object_type, row),
        url=record_url(portal, object_type, row["hs_object_id"]),
        cells=[shown(portal, object_type, row, each) for each in properties],
    )


def _matching(portal: Portal, object_type: ObjectType, wanted: str) -> list[Row]:
    rows = list(portal.store.living(object_type))
    if not wanted:
        return rows
    return [row for row in rows if wanted in _searched(portal, object_type, row)]


def _searched(portal: Portal, object_type: ObjectType, row: Row) -> str:
    values = (row.get(name, "") for name in object_type.searched)
    return "\n".join([name_of(portal, object_type, row), *values]).casefold()


def _sort_key(portal: Portal, object_type: ObjectType, by: Property | None) -> Callable[[Row], tuple[bool, Any]]:
    """Blanks first, numbers as numbers, choices by the label that is shown."""

    def key(row: Row) -> tuple[bool, Any]:
        if by is None:
            return (True, name_of(portal, object_type, row).casefold())
        value = portal.store.value(object_type, row, by)
        if not value:
            return (False, "" if by.type != "number" else 0.0)
        if by.type == "number":
            return (True, float(value))
        if by.type in ("date", "datetime"):
            return (True, value)
        return (True, shown(portal, object_type, row, by).text.casefold())

    return key


def _column(name: str, label: str, *, sort: str, q: str, number: bool) -> Column:
    up, down = sort == name, sort == f"-{name}"
    url = _query(q=q, sort=f"-{name}" if up else name, page=1)
    return Column(label, url, "down" if down else "up" if up else "", number)


def _query(*, q: str, sort: str, page: int) -> str:
    pairs = {"q": q, "sort": sort, "page": str(page) if page > 1 else ""}
    return "?" + urlencode({name: value for name, value in pairs.items() if value})
