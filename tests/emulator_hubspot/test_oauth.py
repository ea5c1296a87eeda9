"""Installing the app, its tokens, and what becomes of them."""

from __future__ import annotations

import hashlib
import json
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import pytest
import requests

from tests.support.portal_server import PortalServer, refusal

APP = Path(__file__).parents[2] / "packages/hubspot/src/app/app-hsmeta.json"
REQUIRED: list[str] = json.loads(APP.read_text("utf-8"))["config"]["auth"]["requiredScopes"]
SCOPES = " ".join(REQUIRED)
VERIFIER = "v" * 64
CHALLENGE = urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).rstrip(b"=").decode()


def asking(portal: PortalServer, **changes: str) -> dict[str, str]:
    asked = {
        "client_id": portal.credentials["client_id"],
        "redirect_uri": portal.credentials["redirect_uri"],
        "scope": SCOPES,
        "state": "s t",
    }
    return {name: value for name, value in {**asked, **changes}.items() if value}


def decided(portal: PortalServer, *, decision: str = "connect", **changes: str) -> dict[str, str]:
    """What the portal sends back to the app after the user's decision."""
    form = asking(portal, **changes) | {"user_id": portal.user("rep")["id"], "decision": decision}
    answer = requests.post(f"{portal.url}/oauth/authorize", data=form, allow_redirects=False, timeout=10)
    assert answer.status_code == 302, answer.text
    location = answer.headers["Location"]
    assert location.startswith(portal.credentials["redirect_uri"] + "?")
    return dict(parse_qsl(urlsplit(location).query))


def token_call(portal: PortalServer, path: str = "/oauth/2026-09/token", **form: str) -> requests.Response:
    client = {name: portal.credentials[name] for name in ("client_id", "client_secret")}
    given = {name: value for name, value in {**client, **form}.items() if value}
    return requests.post(portal.url + path, data=given, timeout=10)


def exchanged(portal: PortalServer, code: str, **changes: str) -> requests.Response:
    form = {"grant_type": "authorization_code", "code": code, "redirect_uri": portal.credentials["redirect_uri"]}
    return token_call(portal, **{**form, **changes})


def installed(portal: PortalServer) -> dict[str, Any]:
    tokens: dict[str, Any] = exchanged(portal, decided(portal)["code"]).json()
    return tokens


def refreshed(portal: PortalServer, token: str, **changes: str) -> requests.Response:
    return token_call(portal, **{"grant_type": "refresh_token", "refresh_token": token, **changes})


class TestInstalling:
    def test_the_page_shows_who_asks_for_what(self, portal: PortalServer) -> None:
        page = requests.get(f"{portal.url}/oauth/authorize", params=asking(portal), timeout=10)
        assert page.status_code == 200
        assert "crm.objects.contacts.read" in page.text
        assert "ira@example.com" not in page.text
        assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]

    @pytest.mark.parametrize(
        "changes",
        [
            {"client_id": "x"},
            {"redirect_uri": "https://example.com/"},
            {"scope": ""},
            {"scope": f"{SCOPES} crm.everything"},
            {"scope": SCOPES.replace("crm.lists.read ", "")},
            {"scope": SCOPES.replace("crm.lists.read ", ""), "optional_scope": "crm.lists.read"},
            {"code_challenge": "short", "code_challenge_method": "S256"},
            {"code_challenge": CHALLENGE, "code_challenge_method": "plain"},
        ],
    )
    def test_a_senseless_request_sees_a_page_and_is_sent_nowhere(
        self, portal: PortalServer, changes: dict[str, str]
    ) -> None:
        for method in ("GET", "POST"):
            asked = asking(portal, **changes)
            url = f"{portal.url}/oauth/authorize"
            where = {"params": asked} if method == "GET" else {"data": asked}
            answer = requests.request(method, url, allow_redirects=False, timeout=10, **where)
            assert answer.status_code == 400
            assert "Location" not in answer.headers

    def test_another_account_is_refused(self, portal: PortalServer) -> None:
        page = requests.get(f"{portal.url}/oauth/999/authorize", params=asking(portal), timeout=10)
        assert page.status_code == 403

    def test_a_user_who_cancels_is_sent_back_with_an_error_and_the_state(self, portal: PortalServer) -> None:
        back = decided(portal, decision="cancel")
        assert (back["error"], back["state"]) == ("access_denied", "s t")
        assert "code" not in back

    def test_optional_scopes_are_granted_as_far_as_the_portal_has_them(self, portal: PortalServer) -> None:
        code = decided(portal, optional_scope="crm.lists.write crm.unknown.read")["code"]
        assert exchanged(portal, code).json()["scopes"] == [*SCOPES.split(), "crm.lists.write"]

    def test_the_page_names_the_scopes_that_the_app_requires_and_the_address_lacks(self, portal: PortalServer) -> None:
        asked = asking(portal, scope="oauth crm.lists.read")
        page = requests.get(f"{portal.url}/oauth/authorize", params=asked, timeout=10)
        assert page.status_code == 400
        assert "crm.objects.deals.write" in page.text
        assert "crm.lists.read" not in page.text


class TestTokens:
    def test_a_code_brings_tokens_of_the_user_for_half_an_hour(self, portal: PortalServer) -> None:
        back = decided(portal)
        tokens = exchanged(portal, back["code"]).json()
        assert back["state"] == "s t"
        assert (tokens["token_type"], tokens["expires_in"]) == ("bearer", 1800)
        assert (tokens["hub_id"], tokens["user_id"]) == (
            portal.credentials["portal_id"],
            int(portal.user("rep")["id"]),
        )
        assert tokens["scopes"] == SCOPES.split()
        assert 255 > len(tokens["access_token"]) > 200
        assert portal.api(tokens["access_token"]).get("contacts", portal.record("contacts")).status_code == 200

    def test_a_code_works_once_and_not_for_long(self, portal: PortalServer) -> None:
        code = decided(portal)["code"]
        assert exchanged(portal, code).status_code == 200
        late = decided(portal)["code"]
        portal.control("clock", {"offset_seconds": 120})
        for used in (code, late, "nonsense"):
            assert exchanged(portal, used).json()["status"] == "BAD_AUTH_CODE"

    def test_who_began_with_a_challenge_needs_its_verifier(self, portal: PortalServer) -> None:
        challenge = {"code_challenge": CHALLENGE, "code_challenge_method": "S256"}
        for verifier in ("", "w" * 64):
            code = decided(portal, **challenge)["code"]
            assert exchanged(portal, code, code_verifier=verifier).json()["error"] == "invalid_grant"
        assert exchanged(portal, decided(portal, **challenge)["code"], code_verifier=VERIFIER).status_code == 200

    @pytest.mark.parametrize(
        ("changes", "code", "standard"),
        [
            ({"client_id": "x"}, "BAD_CLIENT_ID", "invalid_client"),
            ({"client_secret": "x"}, "BAD_CLIENT_SECRET", "invalid_client"),
            ({"redirect_uri": "https://example.com/"}, "BAD_REDIRECT_URI", "invalid_grant"),
            ({"grant_type": "password"}, "BAD_GRANT_TYPE", "unsupported_grant_type"),
        ],
    )
    def test_a_refusal_has_both_sets_of_fields(
        self, portal: PortalServer, changes: dict[str, str], code: str, standard: str
    ) -> None:
        answer = exchanged(portal, "any", **changes)
        body = answer.json()
        assert (answer.status_code, body["status"], body["error"]) == (400, code, standard)
        assert body["error_description"] == body["message"]

    def test_an_app_gets_a_token_of_its_own_that_opens_no_account(self, portal: PortalServer) -> None:
        asked = {"grant_type": "client_credentials", "scope": "developer.webhooks_journal.read"}
        tokens = token_call(portal, **asked).json()
        assert (tokens["expires_in"], tokens["scopes"]) == (1800, ["developer.webhooks_journal.read"])
        assert not {"refresh_token", "hub_id", "user_id"} & tokens.keys()
        api = portal.api(tokens["access_token"])
        assert refusal(api.get("contacts", portal.record("contacts"))) == (403, "MISSING_SCOPES")
        told = token_call(portal, "/oauth/2026-09/token/introspect", token=tokens["access_token"]).json()
        assert told["active"] is True
        assert "hub_id" not in told
        for scope in ("", "crm.objects.contacts.read"):
            assert token_call(portal, **asked | {"scope": scope}).json()["error"] == "invalid_request"
        assert token_call(portal, **asked, client_secret="x").json()["error"] == "invalid_client"

    def test_secrets_belong_into_the_body(self, portal: PortalServer) -> None:
        answer = requests.post(f"{portal.url}/oauth/2026-09/token", json={"grant_type": "x"}, timeout=10)
        assert answer.status_code == 415

    def test_a_refresh_brings_a_new_access_token_and_the_same_refresh_token(self, portal: PortalServer) -> None:
        tokens = installed(portal)
        fresh = refreshed(portal, tokens["refresh_token"]).json()
        assert fresh["refresh_token"] == tokens["refresh_token"]
        assert fresh["access_token"] != tokens["access_token"]

    def test_a_portal_may_hand_out_new_refresh_tokens(self, portal: PortalServer) -> None:
        tokens = installed(portal)
        portal.control("oauth", {"rotate_refresh_tokens": True})
        fresh = refreshed(portal, tokens["refresh_token"]).json()
        assert refreshed(portal, tokens["refresh_token"]).json()["status"] == "BAD_REFRESH_TOKEN"
        assert refreshed(portal, fresh["refresh_token"]).status_code == 200

    def test_an_access_token_dies_after_half_an_hour(self, portal: PortalServer) -> None:
        tokens = installed(portal)
        api, ana = portal.api(tokens["access_token"]), portal.record("contacts")
        portal.control("clock", {"offset_seconds": 1799 - 30})
        assert api.get("contacts", ana).status_code == 200
        portal.control("clock", {"offset_seconds": 1801})
        assert refusal(api.get("contacts", ana)) == (401, "EXPIRED_AUTHENTICATION")
        assert refreshed(portal, tokens["refresh_token"]).status_code == 200

    def test_tokens_outlive_a_restart(self, own_portal: PortalServer) -> None:
        tokens = installed(own_portal)
        own_portal.stop()
        own_portal.start()
        api = own_portal.api(tokens["access_token"])
        assert api.get("contacts", own_portal.record("contacts")).status_code == 200
        assert refreshed(own_portal, tokens["refresh_token"]).status_code == 200

    def test_no_secret_is_in_the_journal(self, portal: PortalServer) -> None:
        tokens = installed(portal)
        requests.get(f"{portal.url}/oauth/v1/access-tokens/{tokens['access_token']}", timeout=10)
        written = str(portal.journal())
        for secret in (tokens["access_token"], tokens["refresh_token"], portal.credentials["client_secret"]):
            assert secret not in written


class TestKnowingAndRevoking:
    def test_a_token_can_be_looked_into(self, portal: PortalServer) -> None:
        tokens = installed(portal)
        access = token_call(portal, "/oauth/2026-09/token/introspect", token=tokens["access_token"]).json()
        refresh = token_call(portal, "/oauth/2026-09/token/introspect", token=tokens["refresh_token"]).json()
        assert access["active"] is True
        assert (access["user"], access["hub_id"]) == ("riley@example.com", portal.credentials["portal_id"])
        assert 0 < access["expires_in"] <= 1800
        assert (access["token_use"], refresh["token_use"]) == ("access_token", "refresh_token")
        assert "expires_in" not in refresh
        nothing = token_call(portal, "/oauth/2026-09/token/introspect", token="nonsense")
        assert nothing.json() == {"active": False}

    def test_only_the_app_may_look(self, portal: PortalServer) -> None:
        answer = token_call(portal, "/oauth/2026-09/token/introspect", client_secret="", token="x")
        assert answer.json()["status"] == "BAD_CLIENT_SECRET"

    def test_revoking_ends_the_refresh_token_and_no_access_token(self, portal: PortalServer) -> None:
        tokens = installed(portal)
        revoked = token_call(portal, "/oauth/2026-09/token/revoke", token=tokens["refresh_token"])
        assert revoked.status_code == 200
        assert refreshed(portal, tokens["refresh_token"]).json()["status"] == "BAD_REFRESH_TOKEN"
        api = portal.api(tokens["access_token"])
        assert api.get("contacts", portal.record("contacts")).status_code == 200

    def test_removing_the_app_from_the_portal_ends_all(self, portal: PortalServer) -> None:
        tokens = installed(portal)
        assert portal.control("uninstall", {}) == {"revoked": 1}
        api = portal.api(tokens["access_token"])
        assert refusal(api.get("contacts", portal.record("contacts"))) == (401, "INVALID_AUTHENTICATION")
        assert refreshed(portal, tokens["refresh_token"]).json()["error"] == "invalid_grant"


class TestVersionOne:
    def test_tokens_may_be_asked_for_in_the_query_and_answered_briefly(self, portal: PortalServer) -> None:
        client = {name: portal.credentials[name] for name in ("client_id", "client_secret", "redirect_uri")}
        query = {**client, "grant_type": "authorization_code", "code": decided(portal)["code"]}
        tokens = requests.post(f"{portal.url}/oauth/v1/token", params=query, timeout=10).json()
        assert set(tokens) == {"token_type", "access_token", "refresh_token", "expires_in"}

    def test_refusals_have_the_old_fields_alone(self, portal: PortalServer) -> None:
        answer = token_call(portal, "/oauth/v1/token", grant_type="refresh_token", refresh_token="x")
        assert set(answer.json()) == {"status", "message", "correlationId"}

    def test_tokens_are_looked_into_and_revoked_by_path(self, portal: PortalServer) -> None:
        tokens = installed(portal)
        path = f"{portal.url}/oauth/v1/refresh-tokens/{tokens['refresh_token']}"
        access = requests.get(f"{portal.url}/oauth/v1/access-tokens/{tokens['access_token']}", timeout=10).json()
        assert (access["hub_id"], access["token_type"]) == (portal.credentials["portal_id"], "access")
        assert requests.get(path, timeout=10).json()["token_type"] == "refresh"
        assert [requests.delete(path, timeout=10).status_code for _ in range(2)] == [204, 404]


class TestAccess:
    def test_a_call_needs_a_bearer_token(self, portal: PortalServer) -> None:
        url = f"{portal.url}/crm/objects/2026-09/contacts"
        for headers in ({}, {"Authorization": "Basic x"}, {"Authorization": "Bearer"}):
            answer = requests.get(url, headers=headers, timeout=10)
            assert refusal(answer) == (401, "INVALID_AUTHENTICATION")
            assert "X-HubSpot-RateLimit-Max" not in answer.headers

    def test_a_missing_scope_is_named(self, portal: PortalServer) -> None:
        api, ana = portal.api(portal.token("rep", scopes=["crm.objects.contacts.read"])), portal.record("contacts")
        assert api.get("contacts", ana).status_code == 200
        answer = api.patch("contacts", ana, {"jobtitle": "X"})
        assert refusal(answer) == (403, "MISSING_SCOPES")
        assert answer.json()["errors"][0]["context"] == {"requiredGranularScopes": ["crm.objects.contacts.write"]}
        assert answer.json()["links"]["scopes"].startswith("https://")

    def test_the_static_token_can_be_narrowed_and_turned_off(self, portal: PortalServer) -> None:
        api, ana = portal.api(), portal.record("contacts")
        portal.control("scopes", {"scopes": ["crm.objects.deals.read"]})
        assert refusal(api.get("contacts", ana)) == (403, "MISSING_SCOPES")
        portal.control("scopes", {"scopes": None, "works": False})
        assert refusal(api.get("contacts", ana)) == (401, "INVALID_AUTHENTICATION")
