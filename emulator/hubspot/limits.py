"""The account's rate limits: calls in ten seconds per app, calls in a day, searches in a second."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import date, datetime
from zoneinfo import ZoneInfo

from emulator.clock import Clock
from emulator.hubspot import errors
from emulator.journal import Journal

_BURST_SECONDS = 10.0
_SEARCH_SECONDS = 1.0


@dataclass(slots=True)
class Rates:
    """How many calls are allowed. Private apps and service keys have their own number, OAuth apps another."""

    burst: int = 190
    oauth_burst: int = 110
    search_per_second: int = 5
    daily: int = 1_000_000


class Limits:
    """Counts calls. Bursts are measured in real time, days by the portal's clock and time zone."""

    def __init__(self, rates: Mapping[str, int], *, clock: Clock, journal: Journal, time_zone: str) -> None:
        self.rates = Rates()
        self.set_rates(rates)
        self._clock = clock
        self._zone = ZoneInfo(time_zone)
        self._lock = threading.Lock()
        self._calls: dict[str, deque[float]] = {}
        self._searches: deque[float] = deque()
        self._day = self._today()
        self.used_today = journal.counted_since(datetime.combine(self._day, datetime.min.time(), self._zone))

    def set_rates(self, rates: Mapping[str, int]) -> None:
        known = {each.name for each in fields(Rates)}
        for name, value in rates.items():
            if name in known:
                setattr(self.rates, name, int(value))

    def reset(self, rates: Mapping[str, int]) -> None:
        with self._lock:
            self.rates = Rates()
            self._calls.clear()
            self._searches.clear()
            self.used_today = 0
        self.set_rates(rates)

    def take(self, app: str, *, oauth: bool) -> None:
        """Count one call. Raises the refusal that belongs to the limit that is used up."""
        with self._lock:
            self._begin_day()
            calls = self._recent(app)
            if len(calls) >= self._burst(oauth=oauth):
                raise errors.burst_limit_reached("publicapi:oauth" if oauth else "publicapi:private-apps:api-calls")
            if self.used_today >= self.rates.daily:
                raise errors.daily_limit_reached("publicapi:private-apps:api-calls:daily")
            calls.append(time.monotonic())
            self.used_today += 1

    def take_search(self) -> None:
        """Count one search, which all apps of the account share."""
        with self._lock:
            self._begin_day()
            _forget(self._searches, _SEARCH_SECONDS)
            if len(self._searches) >= self.rates.search_per_second:
                raise errors.search_limit_reached()
            self._searches.append(time.monotonic())
            self.used_today += 1

    def headers(self, app: str, *, oauth: bool) -> dict[str, str]:
        """What every answer but a search's says about the limits; OAuth apps learn nothing about the day."""
        with self._lock:
            burst, used = self._burst(oauth=oauth), len(self._recent(app))
        prefix = "X-HubSpot-RateLimit"
        said = {
            f"{prefix}-Max": burst,
            f"{prefix}-Remaining": max(0, burst - used),
            f"{prefix}-Interval-Milliseconds": 10_000,
            f"{prefix}-Secondly": burst // 10,
            f"{prefix}-Secondly-Remaining": max(0, min(burst // 10, burst - used)),
        }
        if not oauth:
            said[f"{prefix}-Daily"] = self.rates.daily
            said[f"{prefix}-Daily-Remaining"] = max(0, self.rates.daily - self.used_today)
        return {name: str(value) for name, value in said.items()}

    def _burst(self, *, oauth: bool) -> int:
        return self.rates.oauth_burst if oauth else self.rates.burst

    def _recent(self, app: str) -> deque[float]:
        calls = self._calls.setdefault(app, deque())
        _forget(calls, _BURST_SECONDS)
        return calls

    def _begin_day(self) -> None:
        today = self._today()
        if today != self._day:
            self._day, self.used_today = today, 0

    def _today(self) -> date:
        return self._clock.now().astimezone(self._zone).date()


def _forget(moments: deque[float], seconds: float) -> None:
    oldest = time.monotonic() - seconds
    while moments and moments[0] <= oldest:
        moments.popleft()
