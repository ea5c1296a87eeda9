"""One value of one property: is it allowed, and how is it kept? Every kept value is a text that is not empty."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, time
from typing import Any

from emulator.hubspot.errors import ValueProblem
from emulator.hubspot.schema import Property
from emulator.hubspot.times import from_millis, wire_time

LONGEST_TEXT = 65_536
_EMAIL = re.compile(r"[^@\s,;<>()\[\]]+@[^@\s,;<>()\[\]]+\.[^@\s,;<>()\[\].]{2,}")
_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_MILLIS = re.compile(r"-?\d+")


class InvalidValue(Exception):
    """The value is refused."""

    def __init__(self, problem: ValueProblem) -> None:
        super().__init__(problem.message)
        self.problem = problem


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a value is judged by besides its property.

    `lenient_dates` is the newest API version's habit of turning moments into days instead of refusing them.
    """

    option_values: Callable[[Property, Mapping[str, str]], list[str] | None]
    is_owner: Callable[[str], bool]
    lenient_dates: bool = False


def accepted(known: Property, given: str, *, old: str | None, record: Mapping[str, str], around: Surroundings) -> str:
    """The value as it is kept; empty when the property is to be cleared. Raises InvalidValue."""
    if known.type != "string" or known.format is not None:
        given = given.strip()
    if given == "":
        return given
    if len(given) > LONGEST_TEXT:
        raise _invalid(known, "PROPERTY_TOO_LONG", f"{known.name} is longer than {LONGEST_TEXT} characters")
    if known.format == "owner":
        return _owner(known, given, around)
    if known.type == "enumeration":
        return _chosen(known, given, old=old, allowed=around.option_values(known, record))
    if known.type == "bool":
        return _boolean(known, given)
    if known.type == "number":
        return _number(known, given)
    if known.type == "date":
        return _day(known, given, lenient=around.lenient_dates)
    if known.type == "datetime":
        return _moment(known, given)
    return _text(known, given)


def _text(known: Property, given: str) -> str:
    if known.format == "email":
        if not _EMAIL.fullmatch(given):
            raise _invalid(known, "INVALID_EMAIL", f"Email address {given} is invalid")
        return given.lower()
    if known.format == "domain":
        return given.lower()
    return given


def _owner(known: Property, given: str, around: Surroundings) -> str:
    if not around.is_owner(given):
        raise _invalid(known, "INVALID_OWNER_ID", f"Owner {given} does not exist")
    return given


def _chosen(known: Property, given: str, *, old: str | None, allowed: list[str] | None) -> str:
    """One option, or for checkboxes several between semicolons; a leading semicolon adds to what is there."""
    parts = [part.strip() for part in given.split(";") if part.strip()] if known.takes_many else [given]
    for part in parts:
        if allowed is not None and part not in allowed:
            listed = ", ".join(allowed)
            raise _invalid(known, "INVALID_OPTION", f"{part} was not one of the allowed options: [{listed}]")
    if known.takes_many and given.startswith(";") and old:
        parts = [*old.split(";"), *parts]
    return ";".join(dict.fromkeys(parts))


def _boolean(known: Property, given: str) -> str:
    if given.lower() not in ("true", "false"):
        raise _invalid(known, "INVALID_OPTION", f"{given} was not one of the allowed options: [true, false]")
    return given.lower()


def _number(known: Property, given: str) -> str:
    if not _NUMBER.fullmatch(given):
        raise _invalid(known, "INVALID_LONG", f"{given} was not a valid number.")
    return given


def _day(known: Property, given: str, *, lenient: bool) -> str:
    at = _parsed(known, given, "INVALID_DATE")
    if _DAY.fullmatch(given):
        return given
    if at.timetz() != time(tzinfo=UTC) and not lenient:
        raise _invalid(known, "INVALID_DATE", f"{given} is at {at:%H:%M:%S} UTC, not midnight!")
    if not _MILLIS.fullmatch(given) and not lenient:
        raise _invalid(known, "INVALID_DATE", f"{given} was not a valid date.")
    return at.date().isoformat()


def _moment(known: Property, given: str) -> str:
    return wire_time(_parsed(known, given, "INVALID_LONG"))


def _parsed(known: Property, given: str, code: str) -> datetime:
    try:
        if _MILLIS.fullmatch(given):
            return from_millis(int(given))
        at = datetime.fromisoformat(given)
    except ValueError as error:
        kind = "date" if known.type == "date" else "long"
        raise _invalid(known, code, f"{given} was not a valid {kind}.") from error
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)


def _invalid(known: Property, code: str, message: str) -> InvalidValue:
    return InvalidValue(ValueProblem(known.name, code, message))


def to_text(value: Any) -> str:
    """A JSON scalar as the text that the API makes of it. Raises TypeError for anything else."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return value
    if isinstance(value, int | float):
        return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value)
    raise TypeError("a property takes a text, a number or a boolean")
