"""A filter as HubSpot's filter groups: the same records as here within the limits of its search, or refused."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, assume, given, settings

from jobs.crm.base import FieldInfo
from jobs.crm.hubspot_filters import filter_groups
from jobs.sync.filter_values import compared_as
from jobs.sync.filters import FilterRefused, holds, parse
from jobs.values import Value, normalise
from tests.support.portal_server import PortalServer
from tests.sync import filter_samples as samples

NOW = datetime(2026, 11, 22, 12, 30, tzinfo=UTC)
FIELDS = {
    "firstname": "text",
    "notes": "long_text",
    "email": "email",
    "choice": "select",
    "choices": "multi_select",
    "number": "number",
    "amount": "currency",
    "ticked": "boolean",
    "day": "date",
    "moment": "datetime",
    "hubspot_owner_id": "user",
}
OWNERS = {"ana@example.com": "11", "ben@example.com": "12"}
NUMBERS = ("number", "currency", "date", "datetime")
POOLS = {**samples.POOLS, "text": [*samples.TEXTS, "Ana Maria Lopez", "x7", "Box 77"], "user": list(OWNERS)}
KNOWN = samples.info(FIELDS, label="Contact")
RECORDS = samples.records(FIELDS, 100, POOLS)


def ask(document: dict[str, Any], **options: Any) -> list[dict[str, Any]]:
    return filter_groups(parse(document, KNOWN).at(NOW), OWNERS.get, **options)


def asked_or_refused(document: dict[str, Any]) -> tuple[list[dict[str, Any]] | None, str]:
    try:
        return ask(document), ""
    except FilterRefused as refused:
        return None, str(refused)


def clause(field: str, operator: str, value: Any = None) -> dict[str, Any]:
    return {"field": field, "operator": operator} | ({} if value is None else {"value": value})


# --- The same answer --------------------------------------------------------------------------------------------------


class Search:
    """What HubSpot's search guide says of filter groups, record by record, over properties as HubSpot keeps them.

    The guide is silent on whether the opposites find records without a value, so both readings are held.
    """

    def __init__(self, *, opposites_find_blanks: bool) -> None:
        self.opposites_find_blanks = opposites_find_blanks

    def finds(self, groups: list[dict[str, Any]], record: dict[str, Value]) -> bool:
        return any(all(self._passes(each, record) for each in group["filters"]) for group in groups)

    def _passes(self, asked: dict[str, Any], record: dict[str, Value]) -> bool:
        name, operator = asked["propertyName"], asked["operator"]
        kept = as_kept(name, record[name])
        if operator in ("HAS_PROPERTY", "NOT_HAS_PROPERTY"):
            assert asked.keys() == {"propertyName", "operator"}
            return (kept is not None) == (operator == "HAS_PROPERTY")
        if operator in ("NEQ", "NOT_IN", "NOT_CONTAINS_TOKEN"):
            if kept is None:
                return self.opposites_find_blanks
            return not self._matches(operator.replace("NEQ", "EQ").removeprefix("NOT_"), asked, name, kept)
        return kept is not None and self._matches(operator, asked, name, kept)

    def _matches(self, operator: str, asked: dict[str, Any], name: str, kept: str) -> bool:
        kind = FIELDS[name]
        if operator == "IN":
            own = kept.split(";") if kind == "multi_select" else [comparable(kind, kept)]
            # The values as they were sent: lower case for texts.
            asked_for = [comparable(kind, each) if kind in NUMBERS else each for each in asked["values"]]
            return any(each in asked_for for each in own)
        if operator == "CONTAINS_TOKEN":
            pattern = re.escape(asked["value"].lower()).replace(r"\*", ".*")
            return any(re.fullmatch(pattern, word) for word in re.findall(r"[^\W_]+", kept.lower()))
        if operator == "BETWEEN":
            return comparable(kind, asked["value"]) <= comparable(kind, kept) <= comparable(kind, asked["highValue"])
        own, other = comparable(kind, kept), comparable(kind, asked["value"])
        return bool(
            {"EQ": own == other, "LT": own < other, "LTE": own <= other, "GT": own > other, "GTE": own >= other}[
                operator
            ]
        )


def comparable(kind: str, text: str) -> Any:
    """Times are milliseconds; the choices of a list are told apart by case, texts are not."""
    if kind in NUMBERS:
        return float(text)
    return text if kind == "select" else text.lower()


def as_kept(name: str, value: Value) -> str | None:
    """The property as search compares it; a checkbox that says no may never have been touched."""
    kind = FIELDS[name]
    if value is None or (kind == "boolean" and not value):
        return None
    if kind in ("date", "datetime"):
        moment = datetime.fromisoformat(str(value))
        return str(int((moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp() * 1000))
    if kind == "user":
        return OWNERS[str(value)]
    return ";".join(value) if isinstance(value, list) else "true" if value is True else str(value)


def here(document: dict[str, Any]) -> list[int]:
    question = parse(document, KNOWN).at(NOW)

    def read(field: FieldInfo, record: dict[str, Value]) -> Value:
        return normalise(compared_as(field), record[field.name])

    return [
        number for number, each in enumerate(RECORDS) if holds(question, lambda field, each=each: read(field, each))
    ]


@pytest.mark.parametrize("opposites_find_blanks", [True, False])
@settings(
    deadline=None, max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(document=samples.documents(KNOWN, POOLS, most_parts=2))
def test_any_filter_finds_the_same_records_or_is_refused(opposites_find_blanks: bool, document: dict[str, Any]) -> None:
    groups, refused = asked_or_refused(document)
    if groups is None:
        assert re.search("too big|too long|cannot search for|searches within|No record can pass", refused)
        assert "No record" not in refused or here(document) == []
        return
    search = Search(opposites_find_blanks=opposites_find_blanks)
    assert [number for number, each in enumerate(RECORDS) if search.finds(groups, each)] == here(document)


# --- The same answer in a portal --------------------------------------------------------------------------------------


class FilledPortal:
    """A portal with an object of every type of property, and those records in it."""

    object_name = "filter_samples"

    def __init__(self, portal: PortalServer) -> None:
        owner_ids = [self._owner(portal, role) for role in ("rep", "admin")]
        self.owners = dict(zip(OWNERS, owner_ids, strict=True))
        properties = [{"name": name, "label": name, **_PROPERTY[kind]} for name, kind in FIELDS.items()]
        properties += [{"name": "number_of_record", "label": "Number", "type": "number", "fieldType": "number"}]
        portal.control("objects", {"name": self.object_name, "properties": properties})
        loaded = [
            {name: self._wire(name, value) for name, value in record.items() if value is not None}
            | {"number_of_record": str(number)}
            for number, record in enumerate(RECORDS)
        ]
        portal.control("records", {"object": self.object_name, "records": loaded})
        self._api = portal.api()

    def finds(self, document: dict[str, Any]) -> list[int]:
        groups = filter_groups(parse(document, KNOWN).at(NOW), self.owners.get)
        body = {"filterGroups": groups, "properties": ["number_of_record"], "limit": 200}
        answer = self._api.objects("POST", f"/{self.object_name}/search", body)
        assert answer.status_code == 200, answer.text
        return sorted(int(each["properties"]["number_of_record"]) for each in answer.json()["results"])

    def _owner(self, portal: PortalServer, role: str) -> str:
        return str(portal.user(role)["owner_id"])

    def _wire(self, name: str, value: Value) -> str:
        if FIELDS[name] == "user":
            return self.owners[str(value)]
        if isinstance(value, bool):
            return "true" if value else "false"
        return ";".join(value) if isinstance(value, list) else str(value)


_OPTIONS = [{"label": each, "value": each} for each in samples.CHOICES]
_PROPERTY: dict[str, dict[str, Any]] = {
    "text": {"type": "string", "fieldType": "text"},
    "long_text": {"type": "string", "fieldType": "textarea"},
    "email": {"type": "string", "fieldType": "text"},
    "select": {"type": "enumeration", "fieldType": "select", "options": _OPTIONS},
    "multi_select": {"type": "enumeration", "fieldType": "checkbox", "options": _OPTIONS},
    "number": {"type": "number", "fieldType": "number"},
    "currency": {"type": "number", "fieldType": "number"},
    "boolean": {"type": "bool", "fieldType": "booleancheckbox"},
    "date": {"type": "date", "fieldType": "date"},
    "datetime": {"type": "datetime", "fieldType": "date"},
    "user": {"type": "enumeration", "fieldType": "select", "externalOptions": True},
}


@pytest.fixture(scope="module")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FilledPortal]:
    server = PortalServer(tmp_path_factory.mktemp("filters"))
    yield FilledPortal(server)
    server.stop()


@settings(
    deadline=None, max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(document=samples.documents(KNOWN, POOLS, most_parts=2))
def test_any_filter_finds_the_same_records_in_a_portal(portal: FilledPortal, document: dict[str, Any]) -> None:
    groups, _ = asked_or_refused(document)
    assume(groups is not None)
    assert portal.finds(document) == here(document)


# --- What is sent -----------------------------------------------------------------------------------------------------


def filters(document: dict[str, Any]) -> list[list[tuple[Any, ...]]]:
    return [
        [tuple(each[key] for key in each if key != "propertyName") for each in group["filters"]]
        for group in ask(document)
    ]


SENT: list[tuple[str, str, Any, list[list[tuple[Any, ...]]]]] = [
    ("firstname", "is", "Ana", [[("EQ", "Ana")]]),
    ("firstname", "is_one_of", ["Ana", "BEN"], [[("IN", ["ana", "ben"])]]),
    ("firstname", "is_not", "Ana", [[("NEQ", "Ana")], [("NOT_HAS_PROPERTY",)]]),
    ("firstname", "contains", "An", [[("CONTAINS_TOKEN", "*an*")]]),
    ("choice", "is_one_of", ["web", "PHONE"], [[("IN", ["Web", "Phone"])]]),
    ("choices", "includes_all", ["Web", "Phone"], [[("IN", ["Phone"]), ("IN", ["Web"])]]),
    ("number", "between", [1, 2.5], [[("BETWEEN", "1", "2.5")]]),
    ("number", "is", 1e15, [[("EQ", "1000000000000000")]]),
    ("number", "is", 0.00001, [[("EQ", "0.00001")]]),
    ("ticked", "is", True, [[("EQ", "true")]]),
    ("ticked", "is", False, [[("EQ", "false")], [("NOT_HAS_PROPERTY",)]]),
    ("day", "is", "1970-01-02", [[("BETWEEN", "86400000", "86400000")]]),
    ("moment", "is", "1970-01-02", [[("BETWEEN", "86400000", "172799999")]]),
    ("moment", "before", "1970-01-01T00:00:01Z", [[("LT", "1000")]]),
    ("moment", "is_not_empty", None, [[("HAS_PROPERTY",)]]),
    ("hubspot_owner_id", "is", "Ana@Example.com", [[("EQ", "11")]]),
]


@pytest.mark.parametrize(("field", "operator", "value", "sent"), SENT)
def test_each_operator_in_hubspot_s_words(
    field: str, operator: str, value: Any, sent: list[list[tuple[Any, ...]]]
) -> None:
    assert sorted(filters({"all": [clause(field, operator, value)]})) == sorted(sent)


REFUSED: list[tuple[str, str, Any, str]] = [
    ("firstname", "starts_with", "An", "cannot search for how a text starts"),
    ("firstname", "contains", "Ana Maria", "single words"),
    ("firstname", "contains", "Zoë", "single words"),
    ("firstname", "contains", "*", "single words"),
    ("hubspot_owner_id", "is", "nobody@example.com", "no owner with the address nobody@example.com"),
]


@pytest.mark.parametrize(("field", "operator", "value", "said"), REFUSED)
def test_what_search_cannot_ask_is_refused_and_never_asked_roughly(
    field: str, operator: str, value: Any, said: str
) -> None:
    with pytest.raises(FilterRefused, match=said):
        ask({"all": [clause(field, operator, value)]})


# --- What fits --------------------------------------------------------------------------------------------------------


def equals(count: int, start: int = 0) -> list[dict[str, Any]]:
    return [clause("number", "greater_than", start + number) for number in range(count)]


def groups_of(*sizes: int) -> dict[str, Any]:
    """An `any` of `all` groups with that many different clauses."""
    return {"any": [{"all": equals(size, start=100 * place)} for place, size in enumerate(sizes)]}


@pytest.mark.parametrize("sizes", [(6,), (1, 1, 1, 1, 1), (6, 6, 6), (6, 3, 3, 3, 3)])
def test_as_much_as_search_takes(sizes: tuple[int, ...]) -> None:
    groups = ask(groups_of(*sizes))
    assert [len(group["filters"]) for group in groups] == list(sizes)


@pytest.mark.parametrize("sizes", [(7,), (1, 1, 1, 1, 1, 1), (6, 6, 6, 1), (6, 4, 3, 3, 3)])
def test_more_than_that_is_refused_with_the_numbers(sizes: tuple[int, ...]) -> None:
    with pytest.raises(FilterRefused, match=f"{len(sizes)} groups with {sum(sizes)} filters"):
        ask(groups_of(*sizes))


def test_what_every_group_has_to_carry_counts() -> None:
    also = [{"propertyName": "lastmodifieddate", "operator": "GTE", "value": "1"}]
    assert ask(groups_of(5), also=also)[0]["filters"][-1] == also[0]
    with pytest.raises(FilterRefused, match="too big"):
        ask(groups_of(6), also=also)


def test_a_body_of_3000_characters_is_the_most() -> None:
    long = {"all": [clause("firstname", "is_one_of", [f"{'x' * 200}{number}" for number in range(14)])]}
    assert ask(long)
    with pytest.raises(FilterRefused, match="too long"):
        ask(long, room=400)


def test_a_product_without_end_is_refused_before_it_is_made() -> None:
    pairs = [{"any": equals(4, start=10 * number)} for number in range(12)]
    with pytest.raises(FilterRefused, match="hundreds of groups"):
        ask({"all": pairs})


def test_opposites_of_one_field_do_not_multiply() -> None:
    """Four ways, of which two ask for nothing that the other two do not find."""
    both = [clause("firstname", "is_not", "Ana"), clause("firstname", "is_not", "Ben")]
    assert sorted(filters({"all": both})) == [[("NEQ", "Ana"), ("NEQ", "Ben")], [("NOT_HAS_PROPERTY",)]]


def test_what_nothing_can_pass_is_not_sent_as_no_filter_at_all() -> None:
    with pytest.raises(FilterRefused, match="No record can pass"):
        ask({"all": [clause("firstname", "is_empty"), clause("firstname", "is", "Ana")]})
