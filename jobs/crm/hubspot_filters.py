"""A filter as HubSpot's filter groups: any of a few groups, each of which asks for all of its filters (search guide).

Whatever is nested is multiplied out. Whether HubSpot's opposites (NEQ, NOT_IN …) find records without a value is not
documented; each opposite asks for them in a group of its own. What search cannot ask, or what does not fit into its
limits, is refused with the reason and never asked approximately.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import singledispatch
from itertools import product
from typing import Any

from jobs.crm.base import FieldInfo
from jobs.sync.filter_tests import Blank, Bound, Contains, Includes, Not, OneOf, Sign, Test, Within
from jobs.sync.filters import FilterRefused, Question, Term

MOST_GROUPS = 5
MOST_IN_A_GROUP = 6
MOST_FILTERS = 18
MOST_CHARACTERS = 3_000  # of the whole body of a search
# A search does not begin to look at more: what is multiplied out beyond this cannot come down to five groups.
_MOST_WAYS = 500
_OPERATORS: Mapping[Sign, str] = {"<": "LT", "<=": "LTE", ">": "GT", ">=": "GTE"}
_OPPOSITE: Mapping[Sign, Sign] = {"<": ">=", "<=": ">", ">": "<=", ">=": "<"}
_WORD = re.compile(r"[A-Za-z0-9]+")

Ask = tuple[str, str, tuple[str, ...]]
"""One filter: property, operator, values."""
Way = frozenset[Ask]
"""Filters of which all have to hold."""
OwnerId = Callable[[str], str | None]
"""The id of the owner with this email address, in lower case; None for nobody."""


def filter_groups(
    question: Question, id_of: OwnerId, *, also: Sequence[Mapping[str, Any]] = (), room: int = 0
) -> list[dict[str, Any]]:
    """The `filterGroups` of a search. `also`: filters that every group has to carry; `room`: characters for the rest.

    An empty list of groups would ask for everything; what nothing can pass is refused. Raises FilterRefused.
    """
    ways = _shortest(_ways(question, id_of))
    groups = [{"filters": [*map(_filter, sorted(way)), *map(dict, also)]} for way in ways]
    _check_limits(groups, room)
    return groups


def _check_limits(groups: list[dict[str, Any]], room: int) -> None:
    if not groups:
        raise FilterRefused("No record can pass this filter.")
    sizes = [len(group["filters"]) for group in groups]
    if len(groups) > MOST_GROUPS or max(sizes) > MOST_IN_A_GROUP or sum(sizes) > MOST_FILTERS:
        raise FilterRefused(
            f"The filter is too big for HubSpot: it comes to {len(groups)} groups with {sum(sizes)} filters, at most "
            f"{max(sizes)} in one. HubSpot takes {MOST_GROUPS} groups, {MOST_IN_A_GROUP} filters in one and "
            f"{MOST_FILTERS} in all. “Not” counts twice, as records without a value are asked for on their own."
        )
    if len(json.dumps(groups)) > MOST_CHARACTERS - room:
        raise FilterRefused("The filter is too long for one HubSpot search. Give it fewer or shorter values.")


def _filter(ask: Ask) -> dict[str, Any]:
    name, operator, values = ask
    if operator in ("IN", "NOT_IN"):
        return {"propertyName": name, "operator": operator, "values": list(values)}
    if operator == "BETWEEN":
        return {"propertyName": name, "operator": operator, "value": values[0], "highValue": values[1]}
    value = {"value": values[0]} if values else {}
    return {"propertyName": name, "operator": operator, **value}


# --- Multiplied out ---------------------------------------------------------------------------------------------------


def _ways(part: Question | Term, id_of: OwnerId) -> list[Way]:
    """Every way to pass."""
    if isinstance(part, Term):
        return _asked(part.test, part.field, id_of)
    each = [_shortest(_ways(inner, id_of)) for inner in part.parts]
    if part.kind == "any":
        return [way for ways in each for way in ways]
    ways: list[Way] = [frozenset()]
    for more in each:
        if len(ways) * len(more) > _MOST_WAYS:
            raise FilterRefused("The filter is too big for HubSpot: it would come to hundreds of groups.")
        ways = _shortest([one | other for one, other in product(ways, more)])
    return ways


def _shortest(ways: list[Way]) -> list[Way]:
    """Without the ways nothing can pass, and without those that ask for more than another one does."""
    possible = [way for way in dict.fromkeys(ways) if not _contradicts_itself(way)]
    return [way for way in possible if not any(other < way for other in possible)]


def _contradicts_itself(way: Way) -> bool:
    blank = {name for name, operator, _ in way if operator == "NOT_HAS_PROPERTY"}
    return any(name in blank and operator != "NOT_HAS_PROPERTY" for name, operator, _ in way)


# --- One clause -------------------------------------------------------------------------------------------------------


def _one(field: FieldInfo, operator: str, *values: str) -> Way:
    return frozenset({(field.name, operator, values)})


@singledispatch
def _asked(test: object, field: FieldInfo, id_of: OwnerId) -> list[Way]:
    raise TypeError(f"not a test: {test!r}")


@_asked.register
def _(test: Blank, field: FieldInfo, id_of: OwnerId) -> list[Way]:
    return [_one(field, "NOT_HAS_PROPERTY")]


@_asked.register
def _(test: OneOf, field: FieldInfo, id_of: OwnerId) -> list[Way]:
    found = _equal(field, _values(test, field, id_of), "EQ", "IN")
    # A checkbox nobody touched has no value there, and counts as no.
    is_no = field.field_type == "boolean" and not test.values[0]
    return [found, _one(field, "NOT_HAS_PROPERTY")] if is_no else [found]


@_asked.register
def _(test: Within, field: FieldInfo, id_of: OwnerId) -> list[Way]:
    if [sign for sign, _ in test.bounds] in ([">=", "<="], [">=", "<"]):
        (_, low), (sign, high) = test.bounds
        return [_one(field, "BETWEEN", _wire(low, field), _wire(high, field, until=sign == "<"))]
    return [frozenset((field.name, _OPERATORS[sign], (_wire(bound, field),)) for sign, bound in test.bounds)]


@_asked.register
def _(test: Contains, field: FieldInfo, id_of: OwnerId) -> list[Way]:
    return [_one(field, "CONTAINS_TOKEN", _token(test, field))]


@_asked.register
def _(test: Includes, field: FieldInfo, id_of: OwnerId) -> list[Way]:
    if test.every:
        return [frozenset((field.name, "IN", (value,)) for value in test.values)]
    return [_one(field, "IN", *test.values)]


@_asked.register
def _(test: Not, field: FieldInfo, id_of: OwnerId) -> list[Way]:
    if isinstance(test.test, Blank):
        return [_one(field, "HAS_PROPERTY")]
    return [*_opposite(test.test, field, id_of), _one(field, "NOT_HAS_PROPERTY")]


def _opposite(test: Test, field: FieldInfo, id_of: OwnerId) -> list[Way]:
    """Among the records that have a value."""
    if isinstance(test, OneOf):
        return [_equal(field, _values(test, field, id_of), "NEQ", "NOT_IN")]
    if isinstance(test, Contains):
        return [_one(field, "NOT_CONTAINS_TOKEN", _token(test, field))]
    if isinstance(test, Includes) and not test.every:
        return [_one(field, "NOT_IN", *test.values)]
    if isinstance(test, Within):
        return [_one(field, _OPERATORS[_OPPOSITE[sign]], _wire(bound, field)) for sign, bound in test.bounds]
    raise TypeError(f"no operator has this opposite: {test!r}")


def _equal(field: FieldInfo, values: tuple[str, ...], one: str, several: str) -> Way:
    return _one(field, one, *values) if len(values) == 1 else _one(field, several, *values)


def _values(test: OneOf, field: FieldInfo, id_of: OwnerId) -> tuple[str, ...]:
    return tuple(_value(value, field, id_of, several=len(test.values) > 1) for value in test.values)


def _value(value: Bound | bool, field: FieldInfo, id_of: OwnerId, *, several: bool) -> str:
    if field.field_type == "user":
        if (owner := id_of(str(value).lower())) is None:
            raise FilterRefused(f"{field.label}: HubSpot has no owner with the address {value}.")
        return owner
    text = _wire(value, field)
    # A list of texts has to be in lower case; choices are compared as they are written.
    return text.lower() if several and field.field_type not in ("select", "reference") else text


def _wire(bound: Bound | bool, field: FieldInfo, *, until: bool = False) -> str:
    """The value as search takes it; times as milliseconds, `until`: up to the last one before it."""
    if isinstance(bound, bool):
        return "true" if bound else "false"
    if isinstance(bound, str) and field.field_type in ("date", "datetime"):
        moment = datetime.fromisoformat(bound)
        at = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
        return str((at - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(milliseconds=1) - until)
    return format(Decimal(str(bound)), "f") if isinstance(bound, float) else str(bound)


def _token(test: Contains, field: FieldInfo) -> str:
    """Search looks at words, not at letters: within one word of Latin letters and digits the two are the same."""
    if test.at_start:
        raise FilterRefused(f"{field.label}: HubSpot cannot search for how a text starts. Use “contains” or “is”.")
    if not _WORD.fullmatch(test.text):
        raise FilterRefused(
            f"{field.label}: HubSpot searches within single words of letters (A to Z) and digits; "
            f"“{test.text[:60]}” is more than that."
        )
    return f"*{test.text.lower()}*"
