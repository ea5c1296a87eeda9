"""Searching: operators, sorting, paging, and the ways in which a search is not a read."""

from __future__ import annotations

import time
from datetime import datetime
from typing import Any

import pytest

from tests.support.portal_server import PortalApi, PortalServer, refusal


def condition(name: str, operator: str, value: Any = None, **more: Any) -> dict[str, Any]:
    given = {"propertyName": name, "operator": operator, **more}
    return given if value is None else {**given, "value": value}


def millis(text: str) -> str:
    return str(round(datetime.fromisoformat(text).timestamp() * 1000))


@pytest.fixture
def cars(portal: PortalServer, api: PortalApi) -> list[str]:
    """Four records of an object of their own, to be told apart by every kind of property."""
    portal.control(
        "objects",
        {
            "name": "sample_cars",
            "searchableProperties": ["model"],
            "properties": [
                {"name": "model"},
                {"name": "doors", "type": "number"},
                {"name": "built_on", "type": "date"},
                {"name": "washed_at", "type": "datetime"},
                {
                    "name": "colours",
                    "type": "enumeration",
                    "fieldType": "checkbox",
                    "options": ["red", "blue", "green"],
                },
                {"name": "electric", "type": "bool"},
            ],
        },
    )
    records: list[dict[str, Any]] = [
        {"model": "Sample One", "doors": 2, "built_on": "2020-01-01", "colours": "red;blue", "electric": True},
        {"model": "Sample Two", "doors": 4, "built_on": "2021-01-01", "colours": "green", "electric": False},
        {"model": "Other-Three", "doors": 10, "washed_at": "2026-01-01T12:00:00Z"},
        {},
    ]
    made: list[str] = portal.control("records", {"object": "sample_cars", "records": records})["ids"]
    return made


class TestOperators:
    @pytest.mark.parametrize(
        ("given", "expected"),
        [
            (condition("model", "EQ", "sample one"), [0]),
            (condition("model", "NEQ", "Sample One"), [1, 2]),
            (condition("doors", "EQ", "4"), [1]),
            (condition("doors", "GT", 2), [1, 2]),
            (condition("doors", "GTE", "2"), [0, 1, 2]),
            (condition("doors", "LT", "10"), [0, 1]),
            (condition("doors", "LTE", "10"), [0, 1, 2]),
            (condition("doors", "BETWEEN", "3", highValue="10"), [1, 2]),
            (condition("built_on", "GTE", millis("2021-01-01T00:00:00+00:00")), [1]),
            (condition("washed_at", "EQ", millis("2026-01-01T12:00:00+00:00")), [2]),
            (condition("model", "IN", values=["sample one", "Sample Two"]), [0]),
            (condition("doors", "IN", values=["2", "10"]), [0, 2]),
            (condition("doors", "NOT_IN", values=["2"]), [1, 2]),
            (condition("colours", "EQ", "blue"), [0]),
            (condition("colours", "IN", values=["blue", "green"]), [0, 1]),
            (condition("electric", "EQ", "false"), [1]),
            (condition("doors", "HAS_PROPERTY"), [0, 1, 2]),
            (condition("doors", "NOT_HAS_PROPERTY"), [3]),
            (condition("model", "CONTAINS_TOKEN", "three"), [2]),
            (condition("model", "CONTAINS_TOKEN", "sam*"), [0, 1]),
            (condition("model", "CONTAINS_TOKEN", "sam"), []),
            (condition("model", "NOT_CONTAINS_TOKEN", "sample"), [2, 3]),
        ],
    )
    def test_each_finds_what_it_says(
        self, api: PortalApi, cars: list[str], given: dict[str, Any], expected: list[int]
    ) -> None:
        assert api.found("sample_cars", given) == [cars[number] for number in expected]

    def test_filters_of_a_group_must_all_hold_and_one_group_is_enough(self, api: PortalApi, cars: list[str]) -> None:
        small, two, one = condition("doors", "LT", 5), condition("doors", "EQ", 4), condition("model", "EQ", "x")
        groups = [{"filters": [small, two]}, {"filters": [one]}]
        answer = api.objects("POST", "/sample_cars/search", {"filterGroups": groups}).json()
        assert [record["id"] for record in answer["results"]] == [cars[1]]

    def test_words_are_looked_for_in_some_properties(self, api: PortalApi, cars: list[str]) -> None:
        assert api.found("sample_cars", query="SAMPLE tw") == [cars[1]]
        assert api.found("sample_cars", query="green") == []

    @pytest.mark.parametrize(
        "given",
        [
            condition("no_such_property", "EQ", "x"),
            condition("doors", "LIKE", "1"),
            condition("doors", "EQ"),
            condition("doors", "EQ", "many"),
            condition("doors", "BETWEEN", "1"),
            condition("doors", "IN"),
            condition("built_on", "EQ", "2020-01-01"),
        ],
    )
    def test_a_senseless_filter_is_refused(self, api: PortalApi, cars: list[str], given: dict[str, Any]) -> None:
        assert refusal(api.search("sample_cars", given)) == (400, "VALIDATION_ERROR")


class TestSortingAndPaging:
    def test_the_oldest_come_first_unless_told_otherwise(self, api: PortalApi, cars: list[str]) -> None:
        assert api.found("sample_cars") == cars
        down = [{"propertyName": "doors", "direction": "DESCENDING"}]
        assert api.found("sample_cars", sorts=down) == [cars[2], cars[1], cars[0], cars[3]]
        assert api.found("sample_cars", sorts=["-model"]) == [cars[1], cars[0], cars[2], cars[3]]

    def test_pages_are_walked_by_an_offset_in_a_text(self, api: PortalApi) -> None:
        seen: list[str] = []
        after: str | None = None
        while True:
            more = {} if after is None else {"after": after}
            page = api.search("contacts", limit=50, **more).json()
            seen += [record["id"] for record in page["results"]]
            if "paging" not in page:
                break
            after = page["paging"]["next"]["after"]
            assert isinstance(after, str)
        assert len(seen) == len(set(seen)) == page["total"] == 80

    @pytest.mark.parametrize(
        "body",
        [
            {"limit": 201},
            {"limit": 0},
            {"after": "next"},
            {"after": "9990", "limit": 100},
            {"sorts": [{"propertyName": "email"}, {"propertyName": "lastname"}]},
            {"sorts": [{"propertyName": "nothing"}]},
            {"filterGroups": [{"filters": [condition("email", "HAS_PROPERTY")]}] * 6},
            {"filterGroups": [{"filters": [condition("email", "HAS_PROPERTY")] * 7}]},
            {"filterGroups": [{"filters": [condition("email", "HAS_PROPERTY")] * 6}] * 4},
            {"filterGroups": [{"filters": []}]},
            {"query": "x" * 3_000},
        ],
    )
    def test_a_search_has_its_limits(self, api: PortalApi, body: dict[str, Any]) -> None:
        assert refusal(api.objects("POST", "/contacts/search", body)) == (400, "VALIDATION_ERROR")

    def test_ten_thousand_results_are_the_end(self, portal: PortalServer, api: PortalApi) -> None:
        records = [{"project_name": f"P {number}"} for number in range(10_100)]
        portal.control("records", {"object": "sample_projects", "records": records})
        last = api.search("sample_projects", limit=100, after="9900").json()
        assert last["total"] > 10_000
        assert last["paging"]["next"]["after"] == "10000"
        assert refusal(api.search("sample_projects", limit=1, after="10000")) == (400, "VALIDATION_ERROR")


class TestChangesSince:
    def test_a_moment_finds_what_changed_then_or_later(self, api: PortalApi, ana: str) -> None:
        stamp = api.patch("contacts", ana, {"fax": "1"}).json()["updatedAt"]
        since = condition("lastmodifieddate", "GTE", millis(stamp))
        assert api.found("contacts", since) == [ana]
        assert api.found("contacts", {**since, "operator": "GT"}) == []
        assert len(api.found("contacts", condition("hs_object_id", "GTE", ana), limit=200)) == 80

    def test_archived_and_merged_records_are_never_found(self, api: PortalApi, ana: str) -> None:
        ben, chloe = str(int(ana) + 1), str(int(ana) + 2)
        api.delete("contacts", chloe)
        new_id = api.objects("POST", "/contacts/merge", {"primaryObjectId": ana, "objectIdToMerge": ben}).json()["id"]
        found = set(api.found("contacts", limit=200))
        assert new_id in found
        assert not found & {ana, ben, chloe}


class TestLag:
    def test_a_change_is_found_only_after_a_while(self, portal: PortalServer, api: PortalApi, ana: str) -> None:
        portal.control("limits", {"search_lag_seconds": 3})
        api.patch("contacts", ana, {"fax": "1"})
        new = api.create("contacts", fax="1", lastname="Sample")
        has_fax = condition("fax", "HAS_PROPERTY")
        assert api.found("contacts", has_fax) == []
        assert api.values("contacts", new, "fax") == ["1"]
        portal.control("limits", {"search_lag_seconds": 0})
        deadline = time.monotonic() + 20
        while api.found("contacts", has_fax) != [ana, new] and time.monotonic() < deadline:
            time.sleep(0.2)
        assert api.found("contacts", has_fax) == [ana, new]

    def test_an_archived_record_is_still_found_for_a_while(
        self, portal: PortalServer, api: PortalApi, ana: str
    ) -> None:
        portal.control("limits", {"search_lag_seconds": 60})
        api.delete("contacts", ana)
        assert ana in api.found("contacts", limit=200)
