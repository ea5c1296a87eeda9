"""The account's rate limits: what is counted, what is refused, and what the headers say."""

from __future__ import annotations

import pytest

from tests.support.portal_server import PortalApi, PortalServer, refusal

PREFIX = "X-HubSpot-RateLimit-"


def test_the_limits_are_the_real_ones_unless_changed(portal: PortalServer) -> None:
    portal.control("reset")
    assert portal.control("limits", {}) == {
        "burst": 190,
        "oauth_burst": 110,
        "search_per_second": 5,
        "daily": 1_000_000,
        "used": 0,
        "search_lag_seconds": 2.0,
    }


def test_a_burst_is_refused_without_a_time_to_wait(portal: PortalServer, api: PortalApi, ana: str) -> None:
    portal.control("limits", {"burst": 3})
    answers = [api.get("contacts", ana) for _ in range(4)]
    assert [answer.status_code for answer in answers] == [200, 200, 200, 429]
    body = answers[-1].json()
    assert body["message"] == "You have reached your ten_secondly_rolling limit."
    assert (body["errorType"], body["policyName"]) == ("RATE_LIMIT", "TEN_SECONDLY_ROLLING")
    assert "category" not in body
    assert "Retry-After" not in answers[-1].headers
    assert [answer.headers[PREFIX + "Remaining"] for answer in answers] == ["2", "1", "0", "0"]


def test_the_day_has_a_limit_too(portal: PortalServer, api: PortalApi, ana: str) -> None:
    portal.control("limits", {"daily": 10, "used": 9})
    assert api.get("contacts", ana).headers[PREFIX + "Daily-Remaining"] == "0"
    answer = api.get("contacts", ana)
    assert (answer.status_code, answer.json()["policyName"]) == (429, "DAILY")


def test_a_new_day_begins_in_the_portals_own_time_zone(portal: PortalServer, api: PortalApi, ana: str) -> None:
    portal.control("limits", {"daily": 10, "used": 10})
    portal.control("clock", {"offset_seconds": 86_400})
    assert api.get("contacts", ana).status_code == 200


def test_headers_tell_a_private_app_everything(portal: PortalServer, ana: str) -> None:
    portal.control("limits", {"burst": 190})
    headers = portal.api().get("contacts", ana).headers
    assert headers[PREFIX + "Max"] == "190"
    assert headers[PREFIX + "Interval-Milliseconds"] == "10000"
    assert headers[PREFIX + "Secondly"] == "19"
    assert headers[PREFIX + "Daily"] == "1000000"
    assert headers["X-HubSpot-Correlation-Id"]


def test_an_oauth_app_has_limits_of_its_own_and_learns_nothing_of_the_day(portal: PortalServer, ana: str) -> None:
    portal.control("limits", {"burst": 0, "oauth_burst": 110})
    answer = portal.api(portal.token("rep")).get("contacts", ana)
    assert answer.headers[PREFIX + "Max"] == "110"
    assert PREFIX + "Daily" not in answer.headers


def test_searches_have_a_limit_for_the_whole_account_and_no_headers(portal: PortalServer, api: PortalApi) -> None:
    portal.control("limits", {"search_per_second": 1, "burst": 1})
    other = portal.api(portal.token("rep"))
    answers = [client.search("contacts", limit=1) for client in [api, other] * 10]
    refused = [answer for answer in answers if answer.status_code != 200]
    assert answers[0].status_code == 200
    assert {refusal(answer) for answer in refused} == {(429, "RATE_LIMITS")}
    for answer in answers:
        assert not [name for name in answer.headers if name.startswith(PREFIX)]
        assert "Retry-After" not in answer.headers
        assert answer.headers["X-HubSpot-Correlation-Id"]


@pytest.mark.parametrize("path", ["/crm/objects/2026-09/contacts", "/crm/v3/objects/contacts"])
def test_every_version_counts(portal: PortalServer, api: PortalApi, path: str) -> None:
    portal.control("limits", {"burst": 1})
    assert [api.call("GET", path).status_code for _ in range(2)] == [200, 429]
