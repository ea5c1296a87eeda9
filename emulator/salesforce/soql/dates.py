"""Date literals: from words such as LAST_N_DAYS:3 to the days they span."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from emulator.salesforce.values import wire_time

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Days:
    """From the first day up to, not including, the day `until`."""

    first: date
    until: date

    def as_dates(self) -> tuple[str, str]:
        return self.first.isoformat(), self.until.isoformat()

    def as_moments(self, time_zone: str) -> tuple[str, str]:
        """The same span in the stored form of datetimes; days begin at midnight in the time zone."""
        zone = ZoneInfo(time_zone)
        starts = (datetime.combine(day, time(), tzinfo=zone) for day in (self.first, self.until))
        first, until = (wire_time(start.astimezone(UTC)) for start in starts)
        return first, until


def days_of(word: str, today: date, *, week_starts_monday: bool) -> Days | None:
    """The days a literal spans, or None when there is no such literal."""
    name, _, number = word.upper().partition(":")
    week = _week(today, week_starts_monday)
    if number:
        counted = _COUNTED.get(name)
        return counted(today, week, int(number)) if counted else None
    plain = _PLAIN.get(name)
    return plain(today, week) if plain else None


def _week(today: date, starts_monday: bool) -> date:
    return today - DAY * (today.weekday() if starts_monday else (today.weekday() + 1) % 7)


def _month(day: date, shift: int) -> date:
    months = day.year * 12 + day.month - 1 + shift
    return date(months // 12, months % 12 + 1, 1)


def _quarter(day: date, shift: int) -> date:
    return _month(date(day.year, (day.month - 1) // 3 * 3 + 1, 1), 3 * shift)


def _year(day: date, shift: int) -> date:
    return date(day.year + shift, 1, 1)


_PLAIN: Mapping[str, Callable[[date, date], Days]] = {
    "YESTERDAY": lambda today, week: Days(today - DAY, today),
    "TODAY": lambda today, week: Days(today, today + DAY),
    "TOMORROW": lambda today, week: Days(today + DAY, today + 2 * DAY),
    "LAST_WEEK": lambda today, week: Days(week - 7 * DAY, week),
    "THIS_WEEK": lambda today, week: Days(week, week + 7 * DAY),
    "NEXT_WEEK": lambda today, week: Days(week + 7 * DAY, week + 14 * DAY),
    "LAST_MONTH": lambda today, week: Days(_month(today, -1), _month(today, 0)),
    "THIS_MONTH": lambda today, week: Days(_month(today, 0), _month(today, 1)),
    "NEXT_MONTH": lambda today, week: Days(_month(today, 1), _month(today, 2)),
    "LAST_90_DAYS": lambda today, week: Days(today - 90 * DAY, today + DAY),
    "NEXT_90_DAYS": lambda today, week: Days(today + DAY, today + 91 * DAY),
    "LAST_QUARTER": lambda today, week: Days(_quarter(today, -1), _quarter(today, 0)),
    "THIS_QUARTER": lambda today, week: Days(_quarter(today, 0), _quarter(today, 1)),
    "NEXT_QUARTER": lambda today, week: Days(_quarter(today, 1), _quarter(today, 2)),
    "LAST_YEAR": lambda today, week: Days(_year(today, -1), _year(today, 0)),
    "THIS_YEAR": lambda today, week: Days(_year(today, 0), _year(today, 1)),
    "NEXT_YEAR": lambda today, week: Days(_year(today, 1), _year(today, 2)),
}
_COUNTED: Mapping[str, Callable[[date, date, int], Days]] = {
    "LAST_N_DAYS": lambda today, week, n: Days(today - n * DAY, today + DAY),
    "NEXT_N_DAYS": lambda today, week, n: Days(today + DAY, today + (n + 1) * DAY),
    "N_DAYS_AGO": lambda today, week, n: Days(today - n * DAY, today - (n - 1) * DAY),
    "LAST_N_WEEKS": lambda today, week, n: Days(week - 7 * n * DAY, week),
    "NEXT_N_WEEKS": lambda today, week, n: Days(week + 7 * DAY, week + 7 * (n + 1) * DAY),
    "LAST_N_MONTHS": lambda today, week, n: Days(_month(today, -n), _month(today, 0)),
    "NEXT_N_MONTHS": lambda today, week, n: Days(_month(today, 1), _month(today, n + 1)),
    "LAST_N_YEARS": lambda today, week, n: Days(_year(today, -n), _year(today, 0)),
    "NEXT_N_YEARS": lambda today, week, n: Days(_year(today, 1), _year(today, n + 1)),
}
