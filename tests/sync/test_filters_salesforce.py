"""A filter asked here and the same filter asked of Salesforce as SOQL: always the same records."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings

from jobs.crm.base import ObjectInfo
from jobs.crm.salesforce_describe import object_info
from jobs.crm.salesforce_filters import condition
from jobs.crm.salesforce_rows import decode_row_value
from jobs.sync.filter_values import compared_as
from jobs.sync.filters import FilterRefused, holds, parse
from jobs.values import Value
from tests.support.org_server import Api, OrgServer
from tests.sync import filter_samples as samples

NOW = datetime(2026, 11, 22, 12, 30, tzinfo=UTC)
OBJECT = "Filter_Sample__c"
FIELDS = {
    "Text__c": "text",
    "Short__c": "long_text",
    "Email__c": "email",
    "Phone__c": "phone",
    "Link__c": "url",
    "Choice__c": "select",
    "Choices__c": "multi_select",
    "Number__c": "number",
    "Money__c": "currency",
    "Share__c": "percent",
    "Ticked__c": "boolean",
    "Day__c": "date",
    "Moment__c": "datetime",
}
_CRM_TYPES = {
    "text": {"type": "string"},
    "long_text": {"type": "textarea", "length": 255},
    "select": {"type": "picklist", "values": samples.CHOICES},
    "multi_select": {"type": "multipicklist", "values": samples.CHOICES},
    "number": {"type": "double", "precision": 16, "scale": 2},
    "currency": {"type": "currency", "precision": 16, "scale": 2},
    "percent": {"type": "percent", "precision": 16, "scale": 2},
}


class FilledOrg:
    """An org with an object of every type of field, and what of it we know."""

    def __init__(self, org: OrgServer) -> None:
        fields = [{"name": "Name", "type": "string", "length": 80, "name_field": True}]
        fields += [{"name": name, **_CRM_TYPES.get(kind, {"type": kind})} for name, kind in FIELDS.items()]
        fields += [{"name": "Account__c", "type": "reference", "to": ["Account"]}]
        fields += [{"name": "Notes__c", "type": "textarea", "length": 5000}]
        fields += [{"name": "OwnerId", "type": "reference", "to": ["User"], "relationship": "Owner", "defaulted": True}]
        org.control("objects", {"name": OBJECT, "label": "Filter Sample", "fields": fields})
        account, owners = org.record("Account"), [org.user(role)["id"] for role in ("rep", "admin")]
        loaded = [
            {name: ";".join(value) if isinstance(value, list) else value for name, value in record.items()}
            | {"Name": f"Sample {number}", "OwnerId": owners[number % 2], "Account__c": account if number % 3 else None}
            for number, record in enumerate(samples.records(FIELDS, 150))
        ]
        org.control("records", {"object": OBJECT, "records": loaded})
        self.account = account
        self.api: Api = org.api()
        self.owner = str(self.api.read("User", owners[0], "Email")["Email"])
        self.info: ObjectInfo = object_info(self.api.get(f"/sobjects/{OBJECT}/describe").json())
        self.rows = self.api.rows(f"SELECT Id, Account__c, Owner.Email, {', '.join(FIELDS)} FROM {OBJECT}")

    def asked_here(self, document: Mapping[str, Any]) -> set[str]:
        question = parse(document, self.info).at(NOW)
        return {row["Id"] for row in self.rows if holds(question, lambda field, row=row: read(row, field))}

    def asked_there(self, document: Mapping[str, Any], *, now: datetime = NOW) -> set[str]:
        where = condition(parse(document, self.info).at(now))
        return {row["Id"] for row in self.api.rows(f"SELECT Id FROM {OBJECT} WHERE {where}")}


def read(row: Mapping[str, Any], field: Any) -> Value:
    return decode_row_value(row, field.name, compared_as(field))


@pytest.fixture(scope="module")
def org(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FilledOrg]:
    server = OrgServer(tmp_path_factory.mktemp("filters"))
    yield FilledOrg(server)
    server.stop()


def clause(field: str, operator: str, value: Any = None) -> dict[str, Any]:
    return {"all": [{"field": field, "operator": operator} | ({} if value is None else {"value": value})]}


@settings(
    deadline=None, max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(document=samples.documents(samples.info(FIELDS)))
@example(document=clause("Text__c", "contains", "_"))
@example(document=clause("Text__c", "is_not", "x') OR (Id != null"))
@example(document=clause("Choices__c", "includes_all", ["Web", "O'Neil & Sons"]))
def test_any_filter_finds_the_same_records_here_and_there(org: FilledOrg, document: dict[str, Any]) -> None:
    assert org.asked_here(document) == org.asked_there(document)


ONE_EACH: list[tuple[str, str, Any]] = [
    ("OwnerId", "is", "OWNER"),
    ("OwnerId", "is_not", "OWNER"),
    ("OwnerId", "is_none_of", ["OWNER", "nobody@example.com"]),
    ("Account__c", "is", "ACCOUNT"),
    ("Account__c", "is_not", "ACCOUNT"),
    ("Account__c", "is_empty", None),
    ("Name", "starts_with", "sample 1"),
    ("Id", "is_not_empty", None),
    ("CreatedDate", "in_last_days", 2),
    ("IsDeleted", "is", False),
]


@pytest.mark.parametrize(("field", "operator", "value"), ONE_EACH)
def test_links_users_and_the_crm_s_own_fields(org: FilledOrg, field: str, operator: str, value: Any) -> None:
    known = {"OWNER": org.owner.upper(), "ACCOUNT": org.account}
    value = [known.get(each, each) for each in value] if isinstance(value, list) else known.get(value, value)
    document = clause(field, operator, value)
    found = org.asked_there(document, now=datetime.now(UTC))  # the org wrote CreatedDate a moment ago
    assert 0 < len(found) <= len(org.rows)
    if field not in ("Name", "Id", "CreatedDate", "IsDeleted"):  # those were not read
        assert org.asked_here(document) == found


@pytest.mark.parametrize("operator", ["is", "is_not", "contains", "does_not_contain"])
def test_a_text_made_to_break_out_of_its_quotes_stays_a_text(org: FilledOrg, operator: str) -> None:
    for text in (
        "' OR Id != null OR Name = '",
        "\\' OR Id != null --",
        "'; DELETE",
        "\\",
        "\\\\'",
        "%' OR Name LIKE '%",
    ):
        found = org.asked_there(clause("Email__c", operator, text))
        assert len(found) == (0 if operator in ("is", "contains") else len(org.rows))


def test_a_day_is_the_day_of_the_filter_s_time_zone(org: FilledOrg) -> None:
    """23:30 in London is tomorrow in Berlin."""
    late = {row["Id"] for row in org.rows if (row["Moment__c"] or "").startswith("2026-11-22T23:30")}
    for zone, day in (("UTC", "2026-11-22"), ("Europe/Berlin", "2026-11-23"), ("America/Los_Angeles", "2026-11-22")):
        document = clause("Moment__c", "is", day) | {"time_zone": zone}
        assert late <= org.asked_there(document), zone
        assert org.asked_there(document) == org.asked_here(document)


def test_long_text_cannot_be_asked_for(org: FilledOrg) -> None:
    with pytest.raises(FilterRefused, match="cannot be filtered by"):
        parse(clause("Notes__c", "contains", "x"), org.info)


def test_what_no_query_can_hold_is_refused(org: FilledOrg) -> None:
    endless = clause("Text__c", "is_one_of", ["山" * 200 + str(number) for number in range(20)])
    with pytest.raises(FilterRefused, match="too long for one Salesforce query"):
        org.asked_there(endless)


@pytest.mark.parametrize(("value", "said"), [("nonsense", "record id"), ("001000000000001", "18 characters")])
def test_an_id_is_given_in_full(org: FilledOrg, value: str, said: str) -> None:
    with pytest.raises(FilterRefused, match=said):
        org.asked_there(clause("Account__c", "is", value))
