"""The operators of the filter language: one name each, offered by field type, and each turned into a plain test. Pure.

Relative days follow Salesforce: the last N days include today, the next N days begin tomorrow. A day of a datetime
field is the day in the filter's time zone. What is kept (`operands`) is in canonical form; what it comes to at a
moment is a test of `jobs.sync.filter_tests`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal
from zoneinfo import ZoneInfo

from jobs.crm.base import FieldInfo
from jobs.sync.filter_tests import Blank, Bound, Contains, Includes, Not, OneOf, Sign, Test, Within
from jobs.sync.filter_values import DAY, Operand, compared_as, end_moment, first_moment, read_value
from jobs.values import ValueRefused

Takes = Literal["nothing", "one", "two", "several", "days"]
MOST_DAYS = 36_500
MOST_VALUES = 100


@dataclass(frozen=True, slots=True)
class Operator:
    name: str
    label: str  # stands between the field's label and the value
    takes: Takes


_TABLE: tuple[tuple[str, str, Takes], ...] = (
    ("is", "is", "one"),
    ("is_not", "is not", "one"),
    ("is_one_of", "is one of", "several"),
    ("is_none_of", "is none of", "several"),
    ("contains", "contains", "one"),
    ("does_not_contain", "does not contain", "one"),
    ("starts_with", "starts with", "one"),
    ("does_not_start_with", "does not start with", "one"),
    ("includes_any", "includes any of", "several"),
    ("includes_all", "includes all of", "several"),
    ("includes_none", "includes none of", "several"),
    ("less_than", "is less than", "one"),
    ("at_most", "is at most", "one"),
    ("greater_than", "is greater than", "one"),
    ("at_least", "is at least", "one"),
    ("before", "is before", "one"),
    ("on_or_before", "is on or before", "one"),
    ("after", "is after", "one"),
    ("on_or_after", "is on or after", "one"),
    ("between", "is between", "two"),
    ("in_last_days", "is in the last", "days"),
    ("more_than_days_ago", "is longer ago than", "days"),
    ("in_next_days", "is in the next", "days"),
    ("is_empty", "is empty", "nothing"),
    ("is_not_empty", "is not empty", "nothing"),
)
OPERATORS = {name: Operator(name, label, takes) for name, label, takes in _TABLE}
_EMPTY = ("is_empty", "is_not_empty")
_CHOICE = ("is", "is_not", "is_one_of", "is_none_of", *_EMPTY)
_TEXT = (*_CHOICE[:4], "contains", "does_not_contain", "starts_with", "does_not_start_with", *_EMPTY)
_NUMBER = (*_CHOICE[:4], "less_than", "at_most", "greater_than", "at_least", "between", *_EMPTY)
_TIME = (
    *("is", "is_not", "before", "on_or_before", "after", "on_or_after", "between"),
    *("in_last_days", "more_than_days_ago", "in_next_days"),
    *_EMPTY,
)
_BY_TYPE: Mapping[str, tuple[str, ...]] = {
    "text": _TEXT,
    "select": _CHOICE,
    "user": _CHOICE,
    "reference": _CHOICE,
    "multi_select": ("includes_any", "includes_all", "includes_none", *_EMPTY),
    "number": _NUMBER,
    "boolean": ("is",),
    "date": _TIME,
    "datetime": _TIME,
}


def offered(field: FieldInfo) -> tuple[Operator, ...]:
    """The operators for a field, in the order to show them; none for one the CRM cannot filter by."""
    names = _BY_TYPE.get(compared_as(field), ()) if field.filterable else ()
    return tuple(OPERATORS[name] for name in names)


def operands(field: FieldInfo, operator: Operator, raw: Any, zone: ZoneInfo) -> tuple[Operand, ...]:
    """The value of a clause. Raises ValueRefused, with the reason in words."""
    if operator.takes == "nothing":
        if raw is not None:
            raise ValueRefused(f"“{operator.label}” takes no value.")
        return ()
    if raw is None or raw in ("", []):
        raise ValueRefused(f"“{operator.label}” needs a value.")
    if operator.takes == "days":
        return (_days(operator, raw),)
    if operator.takes == "one":
        return (read_value(field, raw, zone),)
    if not isinstance(raw, list):
        raise ValueRefused(f"“{operator.label}” needs a list of values.")
    if len(raw) > MOST_VALUES:
        raise ValueRefused(f"At most {MOST_VALUES} values fit in a list.")
    return _pair(field, raw, zone) if operator.takes == "two" else _several(field, raw, zone)


def _pair(field: FieldInfo, raw: list[Any], zone: ZoneInfo) -> tuple[Operand, ...]:
    if len(raw) != 2:
        raise ValueRefused("“is between” needs two values, the lower one first.")
    low, high = read_value(field, raw[0], zone), read_value(field, raw[1], zone)
    if first_moment(low, zone) > first_moment(high, zone):
        raise ValueRefused("The lower value comes first.")
    return low, high


def _several(field: FieldInfo, raw: list[Any], zone: ZoneInfo) -> tuple[Operand, ...]:
    return tuple(dict.fromkeys(read_value(field, each, zone) for each in raw))


def _days(operator: Operator, raw: Any) -> int:
    text = raw if isinstance(raw, str) else str(raw)
    if isinstance(raw, bool | float) or not re.fullmatch(r"[0-9]{1,6}", text.strip()) or int(text) > MOST_DAYS:
        raise ValueRefused(f"“{operator.label}” needs a whole number of days, at most {MOST_DAYS:,}.")
    if operator.name == "in_next_days" and int(text) == 0:
        raise ValueRefused("The next 0 days are no days: they begin tomorrow.")
    return int(text)


# --- What it comes to at a moment -------------------------------------------------------------------------------------


def as_test(field: FieldInfo, operator: str, given: tuple[Operand, ...], zone: ZoneInfo, today: date) -> Test:
    """The test of a checked clause; `today` in the filter's time zone."""
    if operator in ("is_not", "is_none_of", "does_not_contain", "does_not_start_with", "includes_none"):
        opposite = as_test(field, _OPPOSITES[operator], given, zone, today)
        assert not isinstance(opposite, Not)
        return Not(opposite)
    if operator == "is_empty":
        return Blank()
    if operator == "is_not_empty":
        return Not(Blank())
    texts = tuple(str(each) for each in given)
    if operator in ("contains", "starts_with"):
        return Contains(texts[0], at_start=operator == "starts_with")
    if operator in ("includes_any", "includes_all"):
        return Includes(texts, every=operator == "includes_all")
    if field.field_type == "date":
        return Within(_days_within(operator, _with_days(operator, texts, today)))
    if field.field_type == "datetime":
        return Within(_moments_within(operator, _with_days(operator, texts, today), zone))
    if operator in ("is", "is_one_of"):
        return OneOf(given, exact_case=field.case_sensitive)
    return Within(_numbers_within(operator, given))


_OPPOSITES = {
    "is_not": "is",
    "is_none_of": "is_one_of",
    "does_not_contain": "contains",
    "does_not_start_with": "starts_with",
    "includes_none": "includes_any",
}
_SIGNS: Mapping[str, Sign] = {"less_than": "<", "at_most": "<=", "greater_than": ">", "at_least": ">="}


def _numbers_within(operator: str, given: tuple[Bound, ...]) -> tuple[tuple[Sign, Bound], ...]:
    if operator == "between":
        return (">=", given[0]), ("<=", given[1])
    return ((_SIGNS[operator], given[0]),)


def _with_days(operator: str, texts: tuple[str, ...], today: date) -> tuple[str, ...]:
    """Relative days as the days they are today: the first and the last one."""
    if operator == "in_last_days":
        return (today - DAY * int(texts[0])).isoformat(), today.isoformat()
    if operator == "in_next_days":
        return (today + DAY).isoformat(), (today + DAY * int(texts[0])).isoformat()
    if operator == "more_than_days_ago":
        return ((today - DAY * int(texts[0])).isoformat(),)
    return texts


def _days_within(operator: str, days: tuple[str, ...]) -> tuple[tuple[Sign, Bound], ...]:
    return _spanning(operator, days[0], days[0], days[-1], last="<=")


def _moments_within(operator: str, given: tuple[str, ...], zone: ZoneInfo) -> tuple[tuple[Sign, Bound], ...]:
    first, until = first_moment(given[0], zone), end_moment(given[0], zone)
    assert isinstance(first, str)
    if operator in ("on_or_before", "after"):
        return (("<", until),) if operator == "on_or_before" else ((">=", until),)
    return _spanning(operator, first, until, end_moment(given[-1], zone), last="<")


def _spanning(operator: str, first: str, end: str, last_end: str, *, last: Sign) -> tuple[tuple[Sign, Bound], ...]:
    if operator in ("before", "more_than_days_ago"):
        return (("<", first),)
    if operator == "on_or_after":
        return ((">=", first),)
    if operator in ("on_or_before", "after"):
        return (("<=" if operator == "on_or_before" else ">", end),)
    return (">=", first), (last, last_end)
