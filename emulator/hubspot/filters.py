"""Search filters: groups joined by OR, filters inside a group by AND, each operator with its own demands."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import time
from fnmatch import translate
from typing import Any

from emulator.hubspot import errors
from emulator.hubspot.errors import ApiError
from emulator.hubspot.schema import ObjectType, Property
from emulator.hubspot.times import from_millis, wire_time
from emulator.hubspot.values import to_text

MOST_GROUPS = 5
MOST_FILTERS = 6
MOST_FILTERS_IN_ALL = 18

Test = Callable[[str | None], bool]
_ORDERED = frozenset({"LT", "LTE", "GT", "GTE", "BETWEEN"})
_PLAIN = frozenset({"EQ", "NEQ", "CONTAINS_TOKEN", "NOT_CONTAINS_TOKEN"})
_LISTED = frozenset({"IN", "NOT_IN"})
_BARE = frozenset({"HAS_PROPERTY", "NOT_HAS_PROPERTY"})


@dataclass(frozen=True, slots=True)
class Filter:
    """One condition on one property. `least` is set when it demands a smallest moment, as an ISO text would sort."""

    known: Property
    operator: str
    value: str
    test: Test


def compile_groups(object_type: ObjectType, groups: Any) -> list[list[Filter]]:
    """The filter groups of a search body. Raises ApiError for what the search API refuses."""
    if groups is None:
        return []
    if not isinstance(groups, list) or not all(isinstance(group, Mapping) for group in groups):
        raise errors.bad_json("Cannot deserialize value of `filterGroups`: a list of objects is expected")
    if len(groups) > MOST_GROUPS:
        raise ApiError(f"No more than {MOST_GROUPS} filterGroups are allowed")
    lists = [_filters(group) for group in groups]
    if sum(len(filters) for filters in lists) > MOST_FILTERS_IN_ALL:
        raise ApiError(f"No more than {MOST_FILTERS_IN_ALL} filters are allowed in all")
    return [[_compile(object_type, each) for each in filters] for filters in lists]


def key_of(known: Property) -> Callable[[str], Any]:
    """What values of a property are compared by. Days and moments are kept so that they sort as texts."""
    if known.type in ("date", "datetime"):
        return str
    return float if known.type == "number" else str.casefold


def _filters(group: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    filters = group.get("filters")
    if not isinstance(filters, list) or not filters or not all(isinstance(each, Mapping) for each in filters):
        raise errors.bad_json("Some required fields were not set: [filters]")
    if len(filters) > MOST_FILTERS:
        raise ApiError(f"No more than {MOST_FILTERS} filters are allowed in a group")
    return filters


def _compile(object_type: ObjectType, given: Mapping[str, Any]) -> Filter:
    name, operator = str(given.get("propertyName")), str(given.get("operator"))
    known = object_type.find(name)
    if known is None:
        raise _refused(f'Property "{name}" does not exist')
    if operator in _BARE:
        return Filter(known, operator, "", lambda value: (value is not None) == (operator == "HAS_PROPERTY"))
    if operator in _LISTED:
        return Filter(known, operator, "", _listed(known, given, wanted=operator == "IN"))
    if operator not in _ORDERED | _PLAIN:
        raise errors.bad_json(f"Cannot deserialize value of `operator`: {operator} is none")
    if given.get("value") is None:
        raise _refused(f"operator {operator} requires a value")
    value = _operand(known, given["value"])
    if operator == "BETWEEN":
        if given.get("highValue") is None:
            raise _refused("operator BETWEEN requires a highValue")
        return Filter(known, operator, value, _between(known, value, _operand(known, given["highValue"])))
    return Filter(known, operator, value, _TESTS[operator](known, value))


def _operand(known: Property, given: Any) -> str:
    """A value of a filter as its property is kept. Dates and moments are asked for in epoch milliseconds."""
    try:
        text = to_text(given).strip()
        if known.type in ("date", "datetime"):
            int(text)
        elif known.type == "number":
            float(text)
    except (TypeError, ValueError) as error:
        raise _refused(f"{given} is not a valid value for {known.name}") from error
    return text


def _key(known: Property, operand: str) -> Any:
    if known.type in ("date", "datetime"):
        return _moment(known, int(operand))
    return float(operand) if known.type == "number" else operand.casefold()


def _moment(known: Property, number: int) -> str:
    """Epoch milliseconds as the property would keep them."""
    try:
        at = from_millis(number)
    except ValueError as error:
        raise _refused(f"{number} is not a valid value for {known.name}") from error
    if known.type == "date" and at.time() == time():
        return at.date().isoformat()
    return wire_time(at)


def _ordering(compare: Callable[[Any, Any], bool]) -> Callable[[Property, str], Test]:
    def build(known: Property, operand: str) -> Test:
        key, bound = key_of(known), _key(known, operand)
        return lambda value: value is not None and compare(key(value), bound)

    return build


def _equal(known: Property, operand: str) -> Test:
    key, bound = key_of(known), _key(known, operand)
    return lambda value: value is not None and bound in _values(known, value, key)


def _not_equal(known: Property, operand: str) -> Test:
    """As on the wire, a record without a value is not found by it."""
    same = _equal(known, operand)
    return lambda value: value is not None and not same(value)


def _between(known: Property, low: str, high: str) -> Test:
    key, least, most = key_of(known), _key(known, low), _key(known, high)
    return lambda value: value is not None and least <= key(value) <= most


def _listed(known: Property, given: Mapping[str, Any], *, wanted: bool) -> Test:
    """Texts are compared in lower case, and the operands have to be given so."""
    values = given.get("values")
    if not isinstance(values, list) or not values:
        raise _refused(f"operator {given['operator']} requires values")
    operands = [_operand(known, each) for each in values]
    key = key_of(known)
    bounds = set(operands) if known.type in ("string", "phone_number") else {_key(known, each) for each in operands}
    return lambda value: value is not None and bool(bounds & _values(known, value, key)) == wanted


def _contains(known: Property, operand: str) -> Test:
    """A whole word of the value, or with `*` a part of one."""
    patterns = [re.compile(translate(token)) for token in _tokens(operand, keep="*")]
    return lambda value: (
        value is not None and all(any(pattern.match(word) for word in _words(value)) for pattern in patterns)
    )


def _contains_not(known: Property, operand: str) -> Test:
    contains = _contains(known, operand)
    return lambda value: not contains(value)


def _values(known: Property, value: str, key: Callable[[str], Any]) -> set[Any]:
    return {key(part) for part in value.split(";")} if known.takes_many else {key(value)}


def _words(value: str) -> list[str]:
    return [value.casefold(), *_tokens(value)]


def _tokens(text: str, *, keep: str = "") -> list[str]:
    return [token for token in re.split(rf"[^\w{re.escape(keep)}]+", text.casefold()) if token]


def _refused(reason: str) -> ApiError:
    return ApiError(f"There was a problem with the request. {reason}")


_TESTS: Mapping[str, Callable[[Property, str], Test]] = {
    "EQ": _equal,
    "NEQ": _not_equal,
    "LT": _ordering(lambda value, bound: value < bound),
    "LTE": _ordering(lambda value, bound: value <= bound),
    "GT": _ordering(lambda value, bound: value > bound),
    "GTE": _ordering(lambda value, bound: value >= bound),
    "CONTAINS_TOKEN": _contains,
    "NOT_CONTAINS_TOKEN": _contains_not,
}
