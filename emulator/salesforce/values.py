"""What a field accepts and how it keeps it: each type's checks and stored form."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from emulator.salesforce import ids
from emulator.salesforce.errors import ApiError, bad_json
from emulator.salesforce.schema import Field

_EMAIL = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.\-]+@[A-Za-z0-9](?:[A-Za-z0-9\-]*[A-Za-z0-9])?(?:\.[A-Za-z0-9\-]+)+")
_DATETIME = re.compile(r"(\d{4}-\d{2}-\d{2})T(\d{2}:\d{2}:\d{2})(?:\.(\d{1,3}))?(Z|[+-]\d{2}:?\d{2})", re.ASCII)
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
_TIME = re.compile(r"\d{2}:\d{2}:\d{2}(?:\.\d{1,3})?Z?", re.ASCII)
# SOQL and SOSL Reference, "Minimum and Maximum Dates".
_FIRST_DAY, _LAST_DAY = date(1700, 1, 1), date(4000, 12, 31)
_FIRST_MOMENT, _LAST_MOMENT = (datetime.combine(day, time(), tzinfo=UTC) for day in (_FIRST_DAY, _LAST_DAY))


def wire_time(at: datetime) -> str:
    """The form of a datetime in JSON: `2026-11-22T05:12:13.000+0000`. Sorts as text.

    Datetimes have no fractions of a second: neither the stamps nor what a caller writes keeps any.
    """
    return f"{at.astimezone(UTC):%Y-%m-%dT%H:%M:%S}.000+0000"


def parse_time(text: str) -> datetime:
    """Read the wire form (any offset, fractions allowed) as UTC. Raises ValueError for anything else."""
    found = _DATETIME.fullmatch(text)
    if found is None:
        raise ValueError(f"not a datetime: {text}")
    day, clock, millis, zone = found.groups()
    zone = "+00:00" if zone == "Z" else zone if ":" in zone else f"{zone[:3]}:{zone[3:]}"
    at = datetime.fromisoformat(f"{day}T{clock}.{(millis or '0').ljust(3, '0')}{zone}")
    try:
        return at.astimezone(UTC)
    except OverflowError as error:
        raise ValueError(f"outside of all calendars: {text}") from error


def to_stored(field: Field, value: Any) -> Any:
    """The form in which a field keeps a value given in JSON; None for a blank. Raises ApiError."""
    if value is None:
        return False if field.type == "boolean" else None
    return _CONVERTERS[field.type](field, value)


def _wrong_type(field: Field, value: object, kind: str) -> ApiError:
    token = {bool: "VALUE_" + str(value).upper(), int: "VALUE_NUMBER_INT", float: "VALUE_NUMBER_FLOAT"}.get(
        type(value), "VALUE_STRING" if isinstance(value, str) else "START_OBJECT"
    )
    return ApiError(
        "JSON_PARSER_ERROR",
        f"Cannot deserialize instance of {kind} from {token} value {value} or request may be missing a required "
        f"field at field {field.name}",
    )


def _text(field: Field, value: Any) -> str | None:
    if not isinstance(value, str):
        raise _wrong_type(field, value, "string")
    text = value.strip()
    try:
        units = len(text.encode("utf-16-le")) // 2
    except UnicodeEncodeError as error:
        raise bad_json(f"Unpaired surrogate in the value of {field.name}") from error
    if units > field.length:
        shown = text if len(text) <= 255 else text[:255] + "..."
        raise ApiError(
            "STRING_TOO_LONG",
            f"{field.label}: data value too large: {shown} (max length={field.length})",
            fields=[field.name],
        )
    return text or None


def _email(field: Field, value: Any) -> str | None:
    text = _text(field, value)
    if text and (not _EMAIL.fullmatch(text) or ".." in text or text.startswith(".") or ".@" in text):
        raise ApiError("INVALID_EMAIL_ADDRESS", f"{field.label}: invalid email address: {text}", fields=[field.name])
    return text


def _choice(field: Field, value: Any) -> str | None:
    text = _text(field, value)
    return text if text is None else _known_choice(field, text)


def _known_choice(field: Field, text: str) -> str:
    for each in field.picklist:
        if each.value.casefold() == text.casefold() and (each.active or not field.restricted):
            return each.value
    if field.restricted:
        raise ApiError(
            "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST",
            f"{field.label}: bad value for restricted picklist field: {text}",
            fields=[field.name],
        )
    return text


def _choices(field: Field, value: Any) -> str | None:
    text = _text(field, value)
    if text is None:
        return None
    chosen = list(dict.fromkeys(_known_choice(field, part.strip()) for part in text.split(";") if part.strip()))
    order = {each.value: place for place, each in enumerate(field.picklist)}
    return ";".join(sorted(chosen, key=lambda each: order.get(each, len(order)))) or None


def _number(field: Field, value: Any) -> float | int:
    # Whether numbers given as strings are accepted is not established, so they are refused.
    if isinstance(value, bool) or not isinstance(value, int | float):
        raise _wrong_type(field, value, "int" if field.type == "int" else "double")
    if field.type == "int":
        return _integer(field, value)
    whole_digits = field.precision - field.scale
    if value != value or abs(value) >= 10**whole_digits:
        raise _outside(field, value)
    step = Decimal(1).scaleb(-field.scale)
    return float(Decimal(str(value)).quantize(step, rounding=ROUND_HALF_UP))


def _integer(field: Field, value: float) -> int:
    if isinstance(value, float):
        raise _wrong_type(field, value, "int")
    if abs(value) > 2**31 - 1:
        raise _outside(field, value)
    return value


def _outside(field: Field, value: object) -> ApiError:
    return ApiError(
        "NUMBER_OUTSIDE_VALID_RANGE",
        f"{field.label}: value outside of valid range on numeric field: {value}",
        fields=[field.name],
    )


def _boolean(field: Field, value: Any) -> bool:
    if not isinstance(value, bool):
        raise _wrong_type(field, value, "boolean")
    return value


def _date(field: Field, value: Any) -> str:
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        raise _wrong_type(field, value, "date")
    try:
        day = date.fromisoformat(value)
    except ValueError as error:
        raise _wrong_type(field, value, "date") from error
    if not _FIRST_DAY <= day <= _LAST_DAY:
        raise _outside_calendar(field, value)
    return day.isoformat()


def _datetime(field: Field, value: Any) -> str:
    if not isinstance(value, str):
        raise _wrong_type(field, value, "datetime")
    try:
        at = parse_time(value)
    except ValueError as error:
        raise _wrong_type(field, value, "datetime") from error
    if not _FIRST_MOMENT <= at <= _LAST_MOMENT:
        raise _outside_calendar(field, value)
    return wire_time(at)


def _outside_calendar(field: Field, value: str) -> ApiError:
    return ApiError("FIELD_INTEGRITY_EXCEPTION", f"{field.label}: invalid date: {value}", fields=[field.name])


def _time(field: Field, value: Any) -> str:
    if not isinstance(value, str) or not _TIME.fullmatch(value):
        raise _wrong_type(field, value, "time")
    clock = value.removesuffix("Z").split(".")[0]
    try:
        time.fromisoformat(clock)
    except ValueError as error:
        raise _wrong_type(field, value, "time") from error
    return clock + ".000Z"


def _reference(field: Field, value: Any) -> str | None:
    if not isinstance(value, str):
        raise _wrong_type(field, value, "reference")
    if not value.strip():
        return None
    try:
        return ids.normalise(value.strip())
    except ids.MalformedId as error:
        raise ApiError(
            "MALFORMED_ID", f"{field.label}: id value of incorrect type: {value}", fields=[field.name]
        ) from error


_CONVERTERS: Mapping[str, Callable[[Field, Any], Any]] = {
    "string": _text,
    "textarea": _text,
    "phone": _text,
    "url": _text,
    "combobox": _text,
    "email": _email,
    "picklist": _choice,
    "multipicklist": _choices,
    "double": _number,
    "currency": _number,
    "percent": _number,
    "int": _number,
    "boolean": _boolean,
    "date": _date,
    "datetime": _datetime,
    "time": _time,
    "reference": _reference,
    "id": _reference,
}
