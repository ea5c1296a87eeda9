"""The CRM's own clock: real time plus an offset, and stamps held back by long transactions."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta

_held: ContextVar[datetime | None] = ContextVar("held_time", default=None)


class Clock:
    """Tells the CRM's time; knows which transactions began and have not committed yet."""

    def __init__(self, offset_seconds: float = 0.0) -> None:
        self.offset_seconds = offset_seconds
        self._lock = threading.Lock()
        self._open: dict[int, datetime] = {}
        self._next = 0

    def now(self) -> datetime:
        """The time as this CRM sees it (aware UTC, microseconds)."""
        return datetime.now(UTC) + timedelta(seconds=self.offset_seconds)

    def stamp(self) -> datetime:
        """The time a write is stamped with: now, or the beginning of the transaction it belongs to."""
        return _held.get() or self.now()

    def begin(self) -> tuple[int, datetime]:
        """Open a long transaction; its writes will carry the time of this moment."""
        with self._lock:
            self._next += 1
            began_at = self.now()
            self._open[self._next] = began_at
            return self._next, began_at

    @contextmanager
    def committing(self, transaction: int, began_at: datetime) -> Iterator[None]:
        """Stamp everything written inside with `began_at`, then forget the transaction."""
        token = _held.set(began_at)
        try:
            yield
        finally:
            _held.reset(token)
            with self._lock:
                self._open.pop(transaction, None)

    def safe_until(self, end_at: datetime) -> datetime:
        """The latest time up to which every change is visible: not past an open transaction's start."""
        with self._lock:
            return min([end_at, self.now(), *self._open.values()])
