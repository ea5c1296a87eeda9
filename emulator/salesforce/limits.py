"""The org's daily request limit, counted over a rolling 24 hours."""

from __future__ import annotations

import threading
from collections import deque
from datetime import datetime, timedelta

from emulator.clock import Clock
from emulator.journal import Journal
from emulator.salesforce.errors import ApiError

_WINDOW = timedelta(hours=24)


class RequestLimit:
    """Counts calls; a start of the emulator takes over what its journal has counted."""

    def __init__(self, journal: Journal, clock: Clock, *, maximum: int) -> None:
        self.maximum = maximum
        self._clock = clock
        self._lock = threading.Lock()
        self._hours: deque[tuple[datetime, int]] = deque()
        self.set_used(journal.counted_since(clock.now() - _WINDOW))

    @property
    def used(self) -> int:
        with self._lock:
            self._forget_old()
            return sum(count for _, count in self._hours)

    def set_used(self, used: int) -> None:
        with self._lock:
            self._hours = deque([(self._clock.now(), used)])

    def take(self) -> None:
        """Count one call. Raises REQUEST_LIMIT_EXCEEDED when there is none left."""
        with self._lock:
            self._forget_old()
            if sum(count for _, count in self._hours) >= self.maximum:
                raise limit_exceeded()
            self._add_one()

    def header(self) -> str:
        """The value of `Sforce-Limit-Info`."""
        return f"api-usage={self.used}/{self.maximum}"

    def _add_one(self) -> None:
        now = self._clock.now()
        hour_at, count = self._hours[-1] if self._hours else (now, 0)
        if self._hours and now - hour_at < timedelta(hours=1):
            self._hours[-1] = (hour_at, count + 1)
        else:
            self._hours.append((now, 1))

    def _forget_old(self) -> None:
        oldest_at = self._clock.now() - _WINDOW
        while self._hours and self._hours[0][0] < oldest_at:
            self._hours.popleft()


def limit_exceeded() -> ApiError:
    return ApiError("REQUEST_LIMIT_EXCEEDED", "TotalRequests Limit exceeded.", status=403)
