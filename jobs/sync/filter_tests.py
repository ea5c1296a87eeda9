"""What a clause of a filter asks of one value: five plain tests, and the opposite of each. Pure.

Every operator of the filter language becomes one of these, so that asking here, in SOQL and in HubSpot's filter groups
is written five times each and not once per operator and type. A blank passes `Blank` alone; the opposite of a test is
passed by everything that does not pass it, blanks too.
"""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, singledispatch
from typing import Any, Literal

from jobs.values import Value, is_blank

Sign = Literal["<", "<=", ">", ">="]
Bound = str | int | float


@dataclass(frozen=True, slots=True)
class Blank:
    """Nothing is in the field."""


@dataclass(frozen=True, slots=True)
class OneOf:
    """The value is one of these; without regard to case, except in the rare field whose case counts."""

    values: tuple[str | int | float | bool, ...]
    exact_case: bool = False


@dataclass(frozen=True, slots=True)
class Within:
    """The value keeps to all of these bounds. Days and moments are in canonical form, which sorts as text."""

    bounds: tuple[tuple[Sign, Bound], ...]


@dataclass(frozen=True, slots=True)
class Contains:
    """The text is somewhere in the value, or begins it; without regard to case."""

    text: str
    at_start: bool = False


@dataclass(frozen=True, slots=True)
class Includes:
    """Of the values chosen in the field, one is among these, or all of these are chosen."""

    values: tuple[str, ...]
    every: bool = False


Plain = Blank | OneOf | Within | Contains | Includes


@dataclass(frozen=True, slots=True)
class Not:
    test: Plain


Test = Plain | Not

_COMPARE: Mapping[Sign, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


def passes(test: Test, value: Value) -> bool:
    """Whether a value in canonical form passes."""
    if isinstance(test, Not):
        return not passes(test.test, value)
    if isinstance(test, Blank):
        return is_blank(value)
    return not is_blank(value) and _asks(test, value)


@singledispatch
def _asks(test: object, value: Value) -> bool:
    raise TypeError(f"not a test: {test!r}")


@_asks.register
def _(test: OneOf, value: Value) -> bool:
    if test.exact_case:
        return value in test.values
    return fold(value) in _folded(test.values)


@_asks.register
def _(test: Within, value: Value) -> bool:
    return all(_COMPARE[sign](value, bound) for sign, bound in test.bounds)


@_asks.register
def _(test: Contains, value: Value) -> bool:
    pattern = _pattern(test.text)
    found = pattern.match(str(value)) if test.at_start else pattern.search(str(value))
    return found is not None


@_asks.register
def _(test: Includes, value: Value) -> bool:
    chosen = {fold(each) for each in value} if isinstance(value, list) else {fold(value)}
    wanted = _folded(test.values)
    return wanted <= chosen if test.every else not wanted.isdisjoint(chosen)


def fold(value: object) -> object:
    return value.casefold() if isinstance(value, str) else value


@lru_cache(maxsize=1024)
def _folded(values: tuple[object, ...]) -> frozenset[object]:
    return frozenset(map(fold, values))


@lru_cache(maxsize=1024)
def _pattern(text: str) -> re.Pattern[str]:
    return re.compile(re.escape(text), re.IGNORECASE)
