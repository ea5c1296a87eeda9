"""Open query results, read page by page through their locators."""

from __future__ import annotations

import secrets
import threading
from dataclasses import dataclass
from datetime import datetime

from emulator.rows import Row
from emulator.salesforce import ids
from emulator.salesforce.errors import ApiError
from emulator.salesforce.soql.run import Shape

_KEPT_CURSORS = 500


@dataclass(frozen=True, slots=True)
class Cursor:
    rows: list[Row]
    shape: Shape
    page: int
    user_id: str
    expires_at: datetime


class Cursors:
    """Open query results by locator. They live as long as the process, and two days at most."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._cursors: dict[str, Cursor] = {}

    def keep(self, cursor: Cursor) -> str:
        locator = ids.to_18("0r8" + "".join(secrets.choice(ids.BASE62) for _ in range(12)))
        with self._lock:
            self._cursors[locator] = cursor
            while len(self._cursors) > _KEPT_CURSORS:
                del self._cursors[next(iter(self._cursors))]
        return locator

    def get(self, locator: str, *, user_id: str, now: datetime) -> Cursor:
        """Raises INVALID_QUERY_LOCATOR for an unknown, foreign or expired one."""
        cursor = self._cursors.get(locator)
        if cursor is None or cursor.user_id != user_id or cursor.expires_at <= now:
            raise ApiError("INVALID_QUERY_LOCATOR", "invalid query locator")
        return cursor

    def clear(self) -> None:
        with self._lock:
            self._cursors.clear()
