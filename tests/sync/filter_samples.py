"""Filters and records at random: a field of each type, few values of each, so that clauses meet values often."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from random import Random
from typing import Any

from hypothesis import strategies as st

from jobs.crm.base import FieldInfo, ObjectInfo
from jobs.sync.filter_operators import Operator, offered
from jobs.sync.filter_values import compared_as
from jobs.values import Value

TEXTS = [
    "Ana",
    "ANA",
    "ana maria",
    "Maria",
    "50% off",
    "a_b",
    "axb",
    "O'Neil",
    'say "hi"',
    "back\\slash",
    "\\'",
    "%",
    "_",
]
TEXTS += ["Zoë", "ZOË", "山田", "🙂", "null", "x') OR (Id != null", "' OR Name LIKE '%", "*", "a;b", "{0}", "@{x.id}"]
ADDRESSES = ["ana@example.com", "Ben.Sample@Example.com", "c_d%e@example.org"]
PHONES = ["+49 30 1234", "(030) 55_55", "1234"]
LINKS = ["https://www.example.com/a%20b?x=1&y='2'", "example.com", "http://EXAMPLE.com/A_B"]
CHOICES = ["Web", "Phone", "Trade Fair", "O'Neil & Sons", "100%"]
NUMBERS = [0, 1, -1, 2.5, 99.99, 1000, 123456789012, -0.01, 1e6]
DAYS = ["1700-01-01", "1969-12-31", "1970-01-01", "2024-02-29", "2026-10-25", "2026-11-20", "2026-11-21", "2026-11-22"]
DAYS += ["2026-11-23", "2026-12-31", "4000-12-31"]
MOMENTS = ["1970-01-01T00:00:00Z", "2026-03-29T01:30:00Z", "2026-10-25T00:30:00Z", "2026-11-21T22:59:59Z"]
MOMENTS += ["2026-11-21T23:00:00Z", "2026-11-22T11:59:59Z", "2026-11-22T12:00:00Z", "2026-11-22T23:30:00Z"]
MOMENTS += ["2026-11-23T08:00:00Z", "2026-11-15T07:59:59Z"]
ZONES = ["UTC", "Europe/Berlin", "America/Los_Angeles", "Asia/Kolkata", "Pacific/Kiritimati"]

POOLS: Mapping[str, Sequence[Any]] = {
    "text": TEXTS,
    "long_text": TEXTS,
    "email": ADDRESSES,
    "phone": PHONES,
    "url": LINKS,
    "select": CHOICES,
    "multi_select": CHOICES,
    "number": NUMBERS,
    "currency": NUMBERS,
    "percent": NUMBERS,
    "boolean": [True, False],
    "date": DAYS,
    "datetime": MOMENTS,
}


def info(fields: Mapping[str, str], *, label: str = "Filter Sample", **lengths: int) -> ObjectInfo:
    """An object with these fields (name -> type); choices are those above."""
    options = tuple((each, each) for each in CHOICES)
    return ObjectInfo(
        "Filter_Sample__c",
        label,
        {
            name: FieldInfo(
                name,
                name.removesuffix("__c").replace("_", " "),
                kind,
                "string",
                length=lengths.get(name, 0),
                options=options if "select" in kind else (),
            )
            for name, kind in fields.items()
        },
    )


def records(
    fields: Mapping[str, str], count: int, pools: Mapping[str, Sequence[Any]] = POOLS
) -> list[dict[str, Value]]:
    """The same ones every time; about a third of each field is blank, checkboxes never."""
    chance = Random(7)
    return [{name: _value(chance, kind, pools) for name, kind in fields.items()} for _ in range(count)]


def _value(chance: Random, kind: str, pools: Mapping[str, Sequence[Any]]) -> Value:
    if kind != "boolean" and chance.random() < 0.3:
        return None
    if kind == "multi_select":
        return sorted(chance.sample(list(pools[kind]), chance.randint(1, 3)))
    value: Value = chance.choice(list(pools[kind]))
    return value


def documents(
    described: ObjectInfo, pools: Mapping[str, Sequence[Any]] = POOLS, *, most_parts: int = 4
) -> st.SearchStrategy[dict[str, Any]]:
    """Filters as they are stored: any field, any operator offered for it, nested as may be."""
    clauses = st.sampled_from(list(described.fields.values())).flatmap(lambda field: _clauses(field, pools))
    parts = st.recursive(clauses, lambda inner: _groups(inner, most_parts), max_leaves=6)
    return st.builds(
        lambda group, zone: {**group, "time_zone": zone}, _groups(parts, most_parts), st.sampled_from(ZONES)
    )


def _groups(parts: st.SearchStrategy[Any], most: int) -> st.SearchStrategy[dict[str, Any]]:
    listed = st.lists(parts, min_size=1, max_size=most)
    return st.builds(lambda kind, given: {kind: given}, st.sampled_from(["all", "any"]), listed)


def _clauses(field: FieldInfo, pools: Mapping[str, Sequence[Any]]) -> st.SearchStrategy[dict[str, Any]]:
    def one(operator: Operator) -> st.SearchStrategy[dict[str, Any]]:
        clause = {"field": field.name, "operator": operator.name}
        if operator.takes == "nothing":
            return st.just(clause)
        return _operands(field, operator, pools).map(lambda value: {**clause, "value": value})

    return st.sampled_from(list(offered(field))).flatmap(one)


def _operands(field: FieldInfo, operator: Operator, pools: Mapping[str, Sequence[Any]]) -> st.SearchStrategy[Any]:
    pool = list(pools[field.field_type])
    if field.field_type == "datetime":
        pool += pools["date"]
    if operator.takes == "days":
        return st.integers(1, 400)
    values = st.sampled_from(pool)
    if operator.name in ("contains", "does_not_contain", "starts_with", "does_not_start_with"):
        return values.flatmap(_pieces).filter(str.strip)
    if operator.takes == "two":
        ordered = sorted(pools["date"] if compared_as(field) == "datetime" else pool)
        return st.lists(st.sampled_from(ordered), min_size=2, max_size=2).map(sorted)
    return values if operator.takes == "one" else st.lists(values, min_size=1, max_size=4)


def _pieces(text: str) -> st.SearchStrategy[str]:
    places = st.integers(0, len(text))
    return st.builds(lambda one, other: text[min(one, other) : max(one, other)] or text, places, places)
