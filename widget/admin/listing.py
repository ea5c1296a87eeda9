"""What every list shares: filters in the URL, pages, and ids that fit a column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any, Generic, TypeVar
from urllib.parse import urlencode

from flask import abort, request
from sqlalchemy import Select, func, select
from sqlalchemy.orm import InstrumentedAttribute, Session
from werkzeug.routing import IntegerConverter, Map

from jobs.values import clean_text

PAGE_SIZE = 50
COUNTED_UP_TO = 10_000
"""Beyond this a list says "more than": counting millions of log entries would make every page slow."""
BIGGEST_ID = 2**63 - 1

T = TypeVar("T")
Rows = Select[*tuple[Any, ...]]
"""A query for a list, whatever its columns."""


class RowId(IntegerConverter):
    """`<row:id>`: a number outside the database's range is a page that does not exist, not an error."""

    def __init__(self, url_map: Map) -> None:
        super().__init__(url_map, min=1, max=BIGGEST_ID)


@dataclass(frozen=True)
class Page(Generic[T]):
    rows: Sequence[T]
    number: int
    total: int

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // PAGE_SIZE))

    @property
    def how_many(self) -> str:
        return f"{self.total:,}" if self.total <= COUNTED_UP_TO else f"more than {COUNTED_UP_TO:,}"

    def link(self, number: int) -> str:
        """The same list with the same filters, another page of it."""
        return "?" + urlencode({**request.args.to_dict(), "page": number})


def paged(session: Session, query: Rows) -> Page[Any]:
    """The page that `?page=` asks for: rows of one entity as objects, of several as tuples."""
    total = session.scalar(select(func.count()).select_from(query.order_by(None).limit(COUNTED_UP_TO + 1).subquery()))
    last = max(1, -(-(total or 0) // PAGE_SIZE))
    number = min(max(1, number_in_url("page") or 1), last)
    result = session.execute(query.limit(PAGE_SIZE).offset((number - 1) * PAGE_SIZE))
    rows: Sequence[Any] = result.scalars().all() if len(query.column_descriptions) == 1 else result.all()
    return Page(rows, number, total or 0)


def text_in_url(name: str) -> str:
    return clean_text(request.args.get(name, "")[:200]) or ""


def choice_in_url(name: str, choices: Sequence[str]) -> str:
    """ "" for anything that is not on offer: an edited address shows the unfiltered list."""
    value = request.args.get(name, "")
    return value if value in choices else ""


def number_in_url(name: str) -> int | None:
    value = request.args.get(name, "")
    if not (value.isascii() and value.isdigit() and len(value) <= 19):
        return None
    return int(value) if 0 < int(value) <= BIGGEST_ID else None


def day_in_url(name: str) -> date | None:
    try:
        return date.fromisoformat(request.args.get(name, ""))
    except ValueError:
        return None


def between_days(
    query: Rows, column: InstrumentedAttribute[datetime], *, first: date | None, last: date | None
) -> Rows:
    """Rows of these UTC days, both included."""
    if first is not None:
        query = query.where(column >= datetime.combine(first, time.min, UTC))
    if last is not None and last < date.max:
        query = query.where(column < datetime.combine(last + timedelta(days=1), time.min, UTC))
    return query


def found(row: T | None) -> T:
    """The row, or the page that says there is none."""
    if row is None:
        abort(404)
    return row
