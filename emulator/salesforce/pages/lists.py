"""Object lists: search, sort, pages of fifty; and the short lists of the home and search pages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from emulator.pages.listing import Listing, column, page_of
from emulator.pages.shown import Shown
from emulator.rows import Row
from emulator.salesforce.access import User
from emulator.salesforce.org import Org
from emulator.salesforce.pages.layouts import STANDARD_TABS, layout_of
from emulator.salesforce.pages.show import NUMBERS, label_of, name_of, record_url, shown
from emulator.salesforce.schema import Field, ObjectType

PAGE_SIZE = 50
_TILE_ROWS = 6
_SEARCHED = frozenset({"string", "email", "phone", "url", "picklist"})


@dataclass(frozen=True, slots=True)
class TileRow:
    name: str
    hint: str
    url: str


@dataclass(frozen=True, slots=True)
class Tile:
    type: ObjectType
    total: int
    rows: list[TileRow]


def tabs(org: Org, user: User) -> list[ObjectType]:
    """The objects the navigation shows: the standard ones, then the org's own."""
    custom = [name for name, each in org.schema.objects.items() if each.custom]
    found = [org.store.object_type(name, user) for name in (*STANDARD_TABS, *custom)]
    return [each for each in found if each is not None]


def listing(org: Org, user: User, object_type: ObjectType, *, q: str, sort: str, page: int) -> Listing:
    """One page of the records the user may see. `sort` is a field name, with `-` in front for descending."""
    fields = [
        each
        for name in layout_of(object_type).columns
        if (each := org.store.field(object_type, name, user)) is not None
    ]
    by = org.store.field(object_type, sort.removeprefix("-"), user) or object_type.name_field
    sort = sort if by.name == sort.removeprefix("-") else by.name
    rows = _matching(org, user, object_type, q)
    rows.sort(key=_sort_key(org, user, object_type, by), reverse=sort.startswith("-"))
    return page_of(
        rows,
        page=page,
        size=PAGE_SIZE,
        q=q,
        sort=sort,
        columns=[column(each.name, label_of(each), sort=sort, q=q, number=each.type in NUMBERS) for each in fields],
        draw=lambda row: [_cell(org, user, object_type, row, each) for each in fields],
    )


def recent_tile(org: Org, user: User, object_type: ObjectType) -> Tile:
    """The records of an object that changed last."""
    rows = list(org.store.visible(object_type, user))
    rows.sort(key=lambda row: str(row.get("LastModifiedDate", "")), reverse=True)
    return _tile(org, user, object_type, rows)


def found_tiles(org: Org, user: User, q: str) -> list[Tile]:
    """The search results, a tile for each object with any."""
    tiles = (_tile(org, user, each, _matching(org, user, each, q)) for each in tabs(org, user))
    return [tile for tile in tiles if tile.rows]


def _tile(org: Org, user: User, object_type: ObjectType, rows: list[Row]) -> Tile:
    hints = [
        each
        for name in layout_of(object_type).columns[1:3]
        if (each := org.store.field(object_type, name, user)) is not None
    ]

    def tile_row(row: Row) -> TileRow:
        texts = (shown(org, user, object_type, row, each).text for each in hints)
        return TileRow(
            name=name_of(org, object_type, row),
            hint=" · ".join(text for text in texts if text),
            url=record_url(object_type.name, row["Id"]),
        )

    return Tile(object_type, len(rows), [tile_row(row) for row in rows[:_TILE_ROWS]])


def _matching(org: Org, user: User, object_type: ObjectType, q: str) -> list[Row]:
    rows = list(org.store.visible(object_type, user))
    wanted = q.strip().casefold()
    if not wanted:
        return rows
    fields = [each for each in org.store.fields(object_type, user) if each.type in _SEARCHED]
    return [
        row
        for row in rows
        if any(wanted in str(org.store.value(object_type, row, each) or "").casefold() for each in fields)
    ]


def _sort_key(org: Org, user: User, object_type: ObjectType, by: Field) -> Callable[[Row], tuple[bool, Any]]:
    """Blanks first, numbers as numbers, lookups by the name that is shown."""

    def key(row: Row) -> tuple[bool, Any]:
        value = org.store.value(object_type, row, by)
        if value is None:
            return (False, "")
        if by.type in NUMBERS or by.type == "boolean":
            return (True, float(value))
        if by.type == "reference":
            value = shown(org, user, object_type, row, by).text
        return (True, str(value).casefold())

    return key


def _cell(org: Org, user: User, object_type: ObjectType, row: Row, each: Field) -> Shown:
    cell = shown(org, user, object_type, row, each)
    if not each.name_field:
        return cell
    link = Markup('<a href="{}">{}</a>').format(record_url(object_type.name, row["Id"]), cell.text)
    return Shown(cell.name, cell.label, cell.text, link)
