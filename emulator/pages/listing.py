"""One page of a list: its rows, and the addresses that sort it and turn its pages."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlencode

from emulator.rows import Row


@dataclass(frozen=True, slots=True)
class Column:
    """`sorted` is "up", "down" or ""."""

    label: str
    url: str
    sorted: str
    number: bool


@dataclass(frozen=True, slots=True)
class Listing:
    """`first` and `last` count from 1. `rows` are as the CRM's template draws them."""

    columns: Sequence[Column]
    rows: Sequence[Any]
    first: int
    last: int
    total: int
    q: str
    sort: str
    previous_url: str | None
    next_url: str | None


def page_of(
    rows: Sequence[Row],
    *,
    page: int,
    size: int,
    q: str,
    sort: str,
    columns: Sequence[Column],
    draw: Callable[[Row], Any],
) -> Listing:
    """The page with that number, else the nearest there is. `rows` are found and sorted already."""
    number = min(max(page, 1), max(len(rows) - 1, 0) // size + 1)
    start = (number - 1) * size
    chosen = rows[start : start + size]
    return Listing(
        columns=columns,
        rows=[draw(row) for row in chosen],
        first=start + 1,
        last=start + len(chosen),
        total=len(rows),
        q=q,
        sort=sort,
        previous_url=_query(q=q, sort=sort, page=number - 1) if number > 1 else None,
        next_url=_query(q=q, sort=sort, page=number + 1) if start + size < len(rows) else None,
    )


def column(name: str, label: str, *, sort: str, q: str, number: bool) -> Column:
    """Its address sorts by it, and the other way round where that is so already."""
    up, down = sort == name, sort == f"-{name}"
    url = _query(q=q, sort=f"-{name}" if up else name, page=1)
    return Column(label, url, "down" if down else "up" if up else "", number)


def _query(*, q: str, sort: str, page: int) -> str:
    pairs = {"q": q, "sort": sort, "page": str(page) if page > 1 else ""}
    return "?" + urlencode({name: value for name, value in pairs.items() if value})
