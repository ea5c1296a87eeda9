"""Test connection: green when it is, else the exact reason and what to do. Nothing is stored."""

from __future__ import annotations

from typing import Any

import pytest

from jobs.crm import check
from tests.support.office import Office
from tests.support.portal_office import PortalOffice


def checked(office: Office, **details: str) -> check.ConnectionCheck:
    """With the org's true details, but for those given."""
    known = office.org.credentials
    true = {"base_url": office.org.url, "client_id": known["client_id"], "client_secret": known["client_secret"]}
    return check.check_details(office.runtime, check.Details("salesforce", **(true | details)))


def test_it_is_green_and_says_whose_org_it_is(office: Office) -> None:
    result = checked(office)
    assert (result.ok, result.message) == (True, "Connection successful")
    assert (result.org_id, result.org_name) == (office.org.credentials["org_id"], "Sample Org")
    assert result.user_name == "sync@sample-org.example.com"
    assert result.integration_user_id == office.org.user("integration")["id"]
    assert result.host_origins == [office.org.url]
    assert len(office.org.journal("call")) == 3


def test_blanks_around_what_was_pasted_do_no_harm(office: Office) -> None:
    known = office.org.credentials
    assert checked(office, base_url=f" {office.org.url}/ ", client_id=f"{known['client_id']} ").ok


def test_it_stores_nothing(office: Office) -> None:
    before = vars(office.connection) | {"_sa_instance_state": None}
    checked(office)
    assert vars(office.connection) | {"_sa_instance_state": None} == before


@pytest.mark.parametrize(
    ("details", "code", "remedy"),
    [
        ({"client_secret": "wrong"}, "invalid_client", "consumer secret"),
        ({"client_id": "wrong"}, "invalid_client_id", "consumer key"),
        ({"base_url": "https://example.com"}, "BAD_ADDRESS", "My Domain"),
        ({"base_url": "ftp://sample.my.salesforce.com"}, "BAD_ADDRESS", "My Domain"),
        ({"base_url": "http://sample.my.salesforce.com"}, "BAD_ADDRESS", "My Domain"),
        ({"base_url": "https://sample.my.salesforce.com/lightning"}, "BAD_ADDRESS", "My Domain"),
        ({"base_url": "https://user@sample.my.salesforce.com"}, "BAD_ADDRESS", "My Domain"),
        ({"base_url": "https://sample.my.salesforce.com.example.com"}, "BAD_ADDRESS", "My Domain"),
        ({"base_url": "sample"}, "BAD_ADDRESS", "My Domain"),
        ({"base_url": ""}, "BAD_ADDRESS", "My Domain"),
        ({"base_url": "https://[broken"}, "BAD_ADDRESS", "My Domain"),
        ({"base_url": "https://a.my.salesforce.com:99999"}, "BAD_ADDRESS", "My Domain"),
    ],
)
def test_each_wrong_detail_is_told_from_the_others(
    office: Office, details: dict[str, str], code: str, remedy: str
) -> None:
    result = checked(office, **details)
    assert (result.ok, result.code) == (False, code)
    assert result.message
    assert remedy in result.remedy


TOKEN, QUERY = "oauth2/token", "/query"
DISABLED = [{"errorCode": "API_DISABLED_FOR_ORG", "message": "The REST API is not enabled for this Organization."}]


@pytest.mark.parametrize(
    ("match", "trouble", "code", "remedy"),
    [
        (TOKEN, {"kind": "drop"}, "NO_ANSWER", "My Domain"),
        (TOKEN, {"kind": "half_body"}, "NO_ANSWER", "My Domain"),
        (TOKEN, {"status": 400, "body": {"error": "inactive_user"}}, "inactive_user", "activate"),
        (TOKEN, {"status": 400, "body": {"error": "inactive_org"}}, "inactive_org", "ask Salesforce"),
        (TOKEN, {"status": 400, "body": {"error": "invalid_grant"}}, "invalid_grant", "run-as user"),
        (TOKEN, {"status": 400, "body": {"error": "unsupported_grant_type"}}, "unsupported_grant_type", "OAuth"),
        (TOKEN, {"status": 400, "body": {"error": "rate_limit_exceeded"}}, "rate_limit_exceeded", "Wait"),
        (TOKEN, {"status": 400, "body": {"error": "news_to_us"}}, "news_to_us", "Check the details"),
        (TOKEN, {"status": 200, "body": {"hello": "world"}}, "HTTP_200", "Check the details"),
        (TOKEN, {"status": 200, "body": []}, "HTTP_200", "Check the details"),
        (TOKEN, {"status": 503, "body": {}}, "HTTP_503", "Check the details"),
        (QUERY, {"status": 403, "body": DISABLED}, "API_DISABLED_FOR_ORG", "API access"),
        (QUERY, {"status": 200, "body": {"records": []}}, "NO_ANSWER", "My Domain"),
        ("userinfo", {"status": 200, "body": []}, "NO_ANSWER", "My Domain"),
        ("userinfo", {"status": 403, "body": {}}, "HTTP_403", "Check the details"),
    ],
)
def test_each_refusal_has_its_remedy(
    office: Office, match: str, trouble: dict[str, Any], code: str, remedy: str
) -> None:
    order = {"kind": "status", **trouble}
    office.org.fault(order.pop("kind"), match, count=None, **order)
    result = checked(office)
    assert (result.ok, result.code) == (False, code)
    assert result.message
    assert remedy in result.remedy


def test_the_secret_is_in_no_message(office: Office) -> None:
    for match in (TOKEN, QUERY):
        office.org.fault("drop", match, count=None)
    result = checked(office)
    assert office.org.credentials["client_secret"] not in str(result)


@pytest.mark.parametrize(
    ("base_url", "origins"),
    [
        (
            "https://sample.my.salesforce.com",
            ["https://sample.my.salesforce.com", "https://sample.lightning.force.com"],
        ),
        (
            "https://sample--dev.sandbox.my.salesforce.com",
            [
                "https://sample--dev.sandbox.my.salesforce.com",
                "https://sample--dev.sandbox.lightning.force.com",
            ],
        ),
        ("http://127.0.0.1:8001", ["http://127.0.0.1:8001"]),
    ],
)
def test_who_may_frame_the_panel_follows_from_the_address(base_url: str, origins: list[str]) -> None:
    assert check.host_origins(base_url) == origins


class TestHubSpot:
    def checked(self, office: PortalOffice, **details: str) -> check.ConnectionCheck:
        true = {"base_url": office.org.url, "access_token": office.org.static_token}
        return check.check_details(office.runtime, check.Details("hubspot", **(true | details)))

    def test_it_is_green_and_says_whose_account_it_is(self, portal_office: PortalOffice) -> None:
        start = portal_office.next_seq()
        result = self.checked(portal_office, base_url=f" {portal_office.org.url}/ ")
        known = portal_office.org.credentials
        assert (result.ok, result.message) == (True, "Connection successful")
        assert (result.org_id, result.host_origins) == (str(known["portal_id"]), [f"http://{known['ui_domain']}"])
        assert [each["path"] for each in portal_office.org.journal("call") if each["seq"] >= start] == [
            "/account-info/2026-09/details"
        ]

    @pytest.mark.parametrize(
        ("details", "code", "remedy"),
        [
            ({"access_token": "pat-na1-wrong"}, "INVALID_AUTHENTICATION", "access token"),
            ({"access_token": ""}, "INVALID_AUTHENTICATION", "access token"),
            ({"base_url": "https://example.com"}, "BAD_ADDRESS", "api.hubapi.com"),
            ({"base_url": "http://api.hubapi.com"}, "BAD_ADDRESS", "api.hubapi.com"),
            ({"base_url": "https://api.hubapi.com.example.com"}, "BAD_ADDRESS", "api.hubapi.com"),
        ],
    )
    def test_each_wrong_detail_is_told_from_the_others(
        self, portal_office: PortalOffice, details: dict[str, str], code: str, remedy: str
    ) -> None:
        result = self.checked(portal_office, **details)
        assert (result.ok, result.code) == (False, code)
        assert remedy in result.remedy

    @pytest.mark.parametrize(
        ("trouble", "code", "remedy"),
        [
            ({"kind": "drop"}, "NO_ANSWER", "may reach"),
            ({"kind": "status", "status": 403}, "MISSING_SCOPES", "scopes"),
            ({"kind": "status", "status": 200, "body": []}, "NO_ANSWER", "may reach"),
            ({"kind": "rate_limit", "limit": "daily"}, "DAILY", "tomorrow"),
        ],
    )
    def test_each_refusal_has_its_remedy(
        self, portal_office: PortalOffice, trouble: dict[str, Any], code: str, remedy: str
    ) -> None:
        order = dict(trouble)
        portal_office.org.fault(order.pop("kind"), "/details", count=None, **order)
        result = self.checked(portal_office)
        assert (result.ok, result.code) == (False, code)
        assert remedy in result.remedy
        assert portal_office.org.static_token not in str(result)
