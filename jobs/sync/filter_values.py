"""The values of a filter's clauses: what a person wrote, checked and put in canonical form. Pure.

A value that no record could hold, or that would be another question in another system, is refused with the reason.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from jobs.crm.base import FieldInfo
from jobs.values import Value, ValueRefused, email_key, normalise, parse_time

Operand = str | int | float | bool
DAY = timedelta(days=1)
SECOND = timedelta(seconds=1)
# The calendar of Salesforce's date fields (Object Reference, date field type).
FIRST_DAY, LAST_DAY = date(1700, 1, 1), date(4000, 12, 31)
MOST_CHARACTERS = 255
MOST_NUMBER = 10**18  # a number field has 18 digits in Salesforce
SIGNIFICANT_DIGITS = 15
_UNSEEN = frozenset({"Cc", "Cs", "Zl", "Zp"})  # control characters, line breaks, halves of a character
# Compared as what it says in the CRM, letter by letter: a cleaned address or domain would be another question there.
_COMPARED_AS = {
    **dict.fromkeys(("long_text", "email", "phone", "url", "domain"), "text"),
    **dict.fromkeys(("currency", "percent"), "number"),
}


def compared_as(field: FieldInfo) -> str:
    """The type of ours under which the field's value is read and compared by a filter."""
    return _COMPARED_AS.get(field.field_type, field.field_type)


def read_value(field: FieldInfo, raw: Any, zone: ZoneInfo) -> Operand:
    """One value to compare the field with. `zone`: of times given without one. Raises ValueRefused."""
    return _READERS.get(compared_as(field), _text)(field, raw, zone)


def _text(field: FieldInfo, raw: Any, zone: ZoneInfo) -> str:
    if not isinstance(raw, str):
        raise ValueRefused(f"{field.label} is compared with text.")
    if any(unicodedata.category(char) in _UNSEEN for char in raw):
        raise ValueRefused("The text must be one line, without control characters.")
    text = raw.strip()
    if not text:
        raise ValueRefused("The text is blank; ask for “is empty” instead.")
    room = min(field.length or MOST_CHARACTERS, MOST_CHARACTERS)
    if len(text) > room:
        raise ValueRefused(f"{field.label} is compared with at most {room} characters, not {len(text)}.")
    return text


def _option(field: FieldInfo, raw: Any, zone: ZoneInfo) -> str:
    """In the CRM's own spelling where it is one of its choices: not every CRM overlooks case there."""
    text = _text(field, raw, zone)
    if field.field_type == "multi_select" and ";" in text:
        raise ValueRefused("A choice has no semicolon in it; give several choices as a list.")
    values = [value for value, _ in field.options]
    return text if text in values else next((each for each in values if each.casefold() == text.casefold()), text)


def _user(field: FieldInfo, raw: Any, zone: ZoneInfo) -> str:
    address = email_key(_text(field, raw, zone))
    if address is None:
        raise ValueRefused(f"{field.label} is compared with the email address of a user.")
    return address


def _number(field: FieldInfo, raw: Any, zone: ZoneInfo) -> int | float:
    if not isinstance(raw, int | float | str):
        raise ValueRefused(f"{field.label} is compared with a number.")
    number = normalise("number", raw)
    assert isinstance(number, int | float)
    if abs(number) >= MOST_NUMBER:
        raise ValueRefused("A number has at most 18 digits.")
    if isinstance(raw, str) and len(re.sub(r"[eE].*|[^0-9]", "", raw).strip("0")) > SIGNIFICANT_DIGITS:
        raise ValueRefused(f"A number is compared by its first {SIGNIFICANT_DIGITS} digits; give no more.")
    return number


def _boolean(field: FieldInfo, raw: Any, zone: ZoneInfo) -> bool:
    if isinstance(raw, bool) or (isinstance(raw, str) and raw.strip()):
        return bool(normalise("boolean", raw))
    raise ValueRefused(f"{field.label} is compared with yes or no.")


def _date(field: FieldInfo, raw: Any, zone: ZoneInfo) -> str:
    if not isinstance(raw, str) or len(raw.strip()) != 10:
        raise ValueRefused(f"{field.label} is compared with a date (YYYY-MM-DD).")
    day = normalise("date", raw)
    assert isinstance(day, str)
    return _in_calendar(day)


def _moment(field: FieldInfo, raw: Any, zone: ZoneInfo) -> str:
    """A day, or a moment; one without a time zone is one of the filter's zone."""
    if not isinstance(raw, str):
        raise ValueRefused(f"{field.label} is compared with a date (YYYY-MM-DD) or a time.")
    if len(raw.strip()) == 10:
        return _date(field, raw, zone)
    parse_time(raw)  # says what is wrong
    given = datetime.fromisoformat(raw.strip())
    try:
        moment = (given if given.tzinfo else given.replace(tzinfo=zone)).astimezone(UTC)
    except OverflowError:
        raise ValueRefused("The time is beyond the calendar.") from None
    return _in_calendar(_canonical(moment))


def _in_calendar(text: str) -> str:
    if not FIRST_DAY <= date.fromisoformat(text[:10]) <= LAST_DAY:
        raise ValueRefused(f"Dates are compared from {FIRST_DAY} to {LAST_DAY}.")
    return text


_READERS: Mapping[str, Callable[[FieldInfo, Any, ZoneInfo], Operand]] = {
    "select": _option,
    "multi_select": _option,
    "user": _user,
    "number": _number,
    "boolean": _boolean,
    "date": _date,
    "datetime": _moment,
}


def first_moment(given: Operand, zone: ZoneInfo) -> Any:
    """A day as the moment it begins; all else as it is."""
    return _begins(date.fromisoformat(given), zone) if isinstance(given, str) and len(given) == 10 else given


def end_moment(given: str, zone: ZoneInfo) -> str:
    if len(given) == 10:
        return _begins(date.fromisoformat(given) + DAY, zone)
    return _canonical(datetime.fromisoformat(given) + SECOND)


def _begins(day: date, zone: ZoneInfo) -> str:
    return _canonical(datetime.combine(day, time(), tzinfo=zone))


def _canonical(moment: datetime) -> str:
    return moment.astimezone(UTC).replace(microsecond=0, tzinfo=None).isoformat() + "Z"


def shown(value: Value | Operand) -> str:
    """A value in words."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ", ".join(value)
    return "" if value is None else str(value)
