"""Asking a CRM which records changed: what crosses that seam, and the contract every CRM's reader of changes keeps."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from jobs.crm.http import Meter


@dataclass(frozen=True)
class Change:
    """A record that changed. `at`: the stamp of its present version, as `CrmRow.modified_at` tells it, or later."""

    record_id: str
    at: datetime
    is_deleted: bool = False  # or merged into another one


@dataclass(frozen=True)
class Reach:
    """`now`: the CRM's clock, surely not ahead. `covers_until`: a look up to now misses nothing before this moment."""

    now: datetime
    covers_until: datetime


@dataclass(frozen=True)
class Span:
    """From the first moment to the last, by the CRM's clock."""

    since: datetime
    until: datetime


@dataclass(frozen=True)
class Page:
    """`after`: where the next page begins; None behind the last one. `ids`: how many were looked through for it."""

    changes: tuple[Change, ...]
    after: str | None
    ids: int


class ChangeReader(Protocol):
    """Not shared between threads. Every method raises `jobs.crm.errors.CrmError`.

    A look costs two calls where little changed: what was deleted is asked for first, and brings the CRM's clock.
    """

    @property
    def meter(self) -> Meter:
        """What the calls so far cost, and what the CRM said beside its answers."""

    def begin(self, object_name: str, since: datetime) -> Reach:
        """The CRM's clock, and how far a look that starts now will be complete. At most one call.

        `since`: not after the beginning of the span that will be asked for.
        """

    def page(self, object_name: str, span: Span, after: str) -> Page:
        """The next changes in the span, in an order of its own; from the first ones where `after` is "".

        A record may be told of twice. One that changes again meanwhile may be left to the next look. At most one call.
        """
