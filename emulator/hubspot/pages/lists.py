"""Object lists: search, sort, pages of twenty-five."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from emulator.hubspot.pages.layouts import STANDARD, found, layout_of
from emulator.hubspot.pages.show import name_of, record_url, shown
from emulator.hubspot.portal import Portal
from emulator.hubspot.schema import ObjectType, Property
from emulator.pages.listing import Listing, column, page_of
from emulator.pages.shown import Shown
from emulator.rows import Row

PAGE_SIZE = 25


@dataclass(frozen=True, slots=True)
class ListRow:
    name: str
    url: str
    cells: list[Shown]


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
    columns = [column("name", "Name", sort=sort, q=q, number=False)]
    columns += [column(each.name, each.label, sort=sort, q=q, number=each.type == "number") for each in properties]
    return page_of(
        rows,
        page=page,
        size=PAGE_SIZE,
        q=q,
        sort=sort,
        columns=columns,
        draw=lambda row: _row(portal, object_type, row, properties),
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
