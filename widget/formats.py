"""Values and times as this person reads them: their locale, their time zone."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, date, datetime, tzinfo
from functools import lru_cache
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from babel import Locale, UnknownLocaleError
from babel.dates import format_date, format_datetime
from babel.numbers import format_currency, format_decimal

from jobs.runtime import utc_now
from jobs.values import Value, parse_time
from widget.panel_view import Moment

FALLBACK_LOCALE = Locale("en", "US")
_MINUTE, _HOUR, _DAY = 60, 3600, 86_400


class Reader:
    """Formats for one person, in one answer: every time in it is seen from the same moment."""

    def __init__(self, locale: str, time_zone: str, currency: str = "") -> None:
        self.locale = _locale(locale)
        self.zone = _zone(time_zone)
        self.currency = currency if re.fullmatch(r"[A-Z]{3}", currency) else ""
        self._now = utc_now()
        self._moments: dict[datetime, Moment] = {}

    def value(self, field_type: str, value: Value) -> str:
        """Display text; "" for a blank."""
        if value is None or value == "":
            return ""
        if isinstance(value, bool):
            return "Yes" if value else "No"
        if isinstance(value, list):
            return ", ".join(value)
        if isinstance(value, int | float):
            text = _number(value, self.currency if field_type == "currency" else "", self.locale)
            return f"{text} %" if field_type == "percent" else text
        if field_type == "date":
            return _dated(value, lambda text: format_date(date.fromisoformat(text), "medium", locale=self.locale))
        if field_type == "datetime":
            return _dated(value, lambda text: self.exact(parse_time(text)))
        return value

    def moment(self, at: datetime) -> Moment:
        # Many fields change in one moment.
        if at not in self._moments:
            iso = at.astimezone(UTC).isoformat(timespec="seconds")
            self._moments[at] = Moment(iso, relative(at, self._now), self.exact(at))
        return self._moments[at]

    def exact(self, at: datetime) -> str:
        return _exact(at, self.zone, self.locale)


@lru_cache(maxsize=4096)
def _number(value: int | float, currency: str, locale: Locale) -> str:
    if currency:
        return str(format_currency(value, currency, locale=locale))
    return str(format_decimal(value, format="#,##0.##########", locale=locale))


@lru_cache(maxsize=4096)
def _exact(at: datetime, zone: tzinfo, locale: Locale) -> str:
    """The same few moments are looked at many times."""
    return str(format_datetime(at, "medium", tzinfo=zone, locale=locale))


def relative(at: datetime, now: datetime | None = None) -> str:
    """ "just now", "3 min ago", "in 5 min", "2 days ago"."""
    seconds = round(((now or utc_now()) - at).total_seconds())
    if abs(seconds) < 5:
        return "just now"
    size, unit = _sized(abs(seconds))
    amount = f"{size} {unit}{'s' if unit in ('day', 'month', 'year') and size != 1 else ''}"
    return f"{amount} ago" if seconds > 0 else f"in {amount}"


def _sized(seconds: int) -> tuple[int, str]:
    for limit, size, unit in (
        (_MINUTE, 1, "s"),
        (_HOUR, _MINUTE, "min"),
        (_DAY, _HOUR, "h"),
        (60 * _DAY, _DAY, "day"),
        (730 * _DAY, 30 * _DAY, "month"),
    ):
        if seconds < limit:
            return seconds // size, unit
    return seconds // (365 * _DAY), "year"


def _dated(text: str, show: Callable[[str], str]) -> str:
    """As it is, where it is no date."""
    try:
        return show(text)
    except ValueError:
        return text


@lru_cache(maxsize=256)
def _locale(name: str) -> Locale:
    try:
        return Locale.parse(name.replace("-", "_")) if name else FALLBACK_LOCALE
    except (ValueError, UnknownLocaleError):
        return FALLBACK_LOCALE


@lru_cache(maxsize=256)
def _zone(name: str) -> tzinfo:
    try:
        return ZoneInfo(name) if name else UTC
    except (ValueError, ZoneInfoNotFoundError, OSError):
        return UTC
