"""The token endpoint: client credentials and JWT bearer, checked as a strict client would check them."""

from __future__ import annotations

import hashlib
import hmac
import time
from base64 import b64encode
from pathlib import Path
from typing import Any

import jwt
import pytest
import requests
from requests.adapters import HTTPAdapter
from simple_salesforce.login import SalesforceLogin

from tests.support.org_server import OrgServer

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"


def ask(org: OrgServer, /, **form: str) -> requests.Response:
    return requests.post(f"{org.url}/services/oauth2/token", data=form, timeout=10)


def client_credentials(org: OrgServer, **overrides: str) -> requests.Response:
    form = {
        "grant_type": "client_credentials",
        "client_id": org.credentials["client_id"],
        "client_secret": org.credentials["client_secret"],
    }
    return ask(org, **(form | overrides))


def is_live(org: OrgServer, token: str) -> bool:
    headers = {"Authorization": f"Bearer {token}"}
    return requests.get(f"{org.url}/services/oauth2/userinfo", headers=headers, timeout=10).status_code == 200


class ToEmulator(HTTPAdapter):
    """Sends what a client means for Salesforce's own hosts to the emulator."""

    def __init__(self, base: str) -> None:
        super().__init__()
        self._base = base

    def send(self, request: Any, *args: Any, **kwargs: Any) -> requests.Response:
        request.url = self._base + request.path_url
        return super().send(request, *args, **kwargs)


def through_salesforce_names(org: OrgServer) -> requests.Session:
    session = requests.Session()
    session.mount("https://", ToEmulator(org.url))
    return session


def test_client_credentials_give_a_token_of_the_integration_user(org_server: OrgServer) -> None:
    answer = client_credentials(org_server)
    assert answer.status_code == 200
    body = answer.json()
    org_id = org_server.credentials["org_id"]
    integration = org_server.user("integration")
    assert body["access_token"].startswith(f"{org_id[:15]}!AQ")
    assert body["token_type"] == "Bearer"
    assert body["instance_url"] == org_server.credentials["url"]
    assert body["id"] == f"{org_server.credentials['url']}/id/{org_id}/{integration['id']}"
    assert body["issued_at"].isdigit()
    assert len(body["issued_at"]) == 13
    assert "refresh_token" not in body
    assert answer.headers["Cache-Control"] == "no-cache, no-store"


def test_the_signature_is_the_hmac_of_identity_and_time(org_server: OrgServer) -> None:
    body = client_credentials(org_server).json()
    message = (body["id"] + body["issued_at"]).encode()
    mac = hmac.new(org_server.credentials["client_secret"].encode(), message, hashlib.sha256)
    assert body["signature"] == b64encode(mac.digest()).decode()


def test_the_client_may_authenticate_as_http_basic(org_server: OrgServer) -> None:
    answer = requests.post(
        f"{org_server.url}/services/oauth2/token",
        data={"grant_type": "client_credentials"},
        auth=(org_server.credentials["client_id"], org_server.credentials["client_secret"]),
        timeout=10,
    )
    assert answer.status_code == 200


def test_a_wrong_secret_as_http_basic_is_a_401(org_server: OrgServer) -> None:
    answer = requests.post(
        f"{org_server.url}/services/oauth2/token",
        data={"grant_type": "client_credentials"},
        auth=(org_server.credentials["client_id"], "wrong"),
        timeout=10,
    )
    assert answer.status_code == 401
    assert answer.json()["error"] == "invalid_client"


@pytest.mark.parametrize(
    ("overrides", "error"),
    [
        ({"client_id": "someone_else"}, "invalid_client_id"),
        ({"client_id": ""}, "invalid_client_id"),
        ({"client_secret": "wrong"}, "invalid_client"),
        ({"client_secret": ""}, "invalid_client"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"grant_type": ""}, "invalid_request"),
    ],
)
def test_a_refusal_is_a_json_object_with_status_400(
    org_server: OrgServer, overrides: dict[str, str], error: str
) -> None:
    answer = client_credentials(org_server, **overrides)
    assert answer.status_code == 400
    assert set(answer.json()) == {"error", "error_description"}
    assert answer.json()["error"] == error


def test_client_credentials_work_on_the_orgs_own_domain_only(org_server: OrgServer) -> None:
    answer = requests.post(
        f"{org_server.url}/services/oauth2/token",
        data={
            "grant_type": "client_credentials",
            "client_id": org_server.credentials["client_id"],
            "client_secret": org_server.credentials["client_secret"],
        },
        headers={"Host": "login.salesforce.com"},
        timeout=10,
    )
    assert answer.status_code == 400
    assert answer.json() == {
        "error": "invalid_grant",
        "error_description": "request not supported on this domain",
    }


def test_a_json_body_is_no_token_request(org_server: OrgServer) -> None:
    answer = requests.post(
        f"{org_server.url}/services/oauth2/token", json={"grant_type": "client_credentials"}, timeout=10
    )
    assert answer.json()["error"] == "invalid_request"


def test_a_repeated_parameter_is_refused(org_server: OrgServer) -> None:
    answer = requests.post(
        f"{org_server.url}/services/oauth2/token",
        data=[("grant_type", "client_credentials"), ("grant_type", "refresh_token")],
        timeout=10,
    )
    assert answer.json()["error"] == "invalid_request"


def test_a_token_lives_two_hours_of_the_orgs_clock(org_server: OrgServer) -> None:
    token = client_credentials(org_server).json()["access_token"]
    org_server.control("clock", {"offset_seconds": 7_190})
    assert is_live(org_server, token)
    org_server.control("clock", {"offset_seconds": 7_210})
    assert not is_live(org_server, token)


def test_a_restart_keeps_tokens_and_secrets(own_org_server: OrgServer) -> None:
    before = dict(own_org_server.credentials)
    token = client_credentials(own_org_server).json()["access_token"]
    own_org_server.stop()
    own_org_server.start()
    assert own_org_server.credentials == before
    assert is_live(own_org_server, token)
    assert is_live(own_org_server, before["access_token"])


def test_simple_salesforce_logs_in_by_client_credentials(org_server: OrgServer) -> None:
    token, instance = SalesforceLogin(
        consumer_key=org_server.credentials["client_id"],
        consumer_secret=org_server.credentials["client_secret"],
        domain="sample.my",
        session=through_salesforce_names(org_server),
    )
    assert token.startswith(org_server.credentials["org_id"][:15])
    assert instance


class TestJwtBearer:
    def claims(self, org: OrgServer, **overrides: Any) -> dict[str, Any]:
        claims = {
            "iss": org.credentials["client_id"],
            "sub": org.credentials["username"],
            "aud": "https://login.salesforce.com",
            "exp": int(time.time()) + 180,
        }
        return {name: value for name, value in (claims | overrides).items() if value is not None}

    def key(self, org: OrgServer) -> str:
        return (self.key_file(org)).read_text()

    def key_file(self, org: OrgServer) -> Path:
        return Path(org.credentials["lwc_private_key_file"]).parent / "jwt_bearer_key.pem"

    def ask(self, org: OrgServer, assertion: str) -> requests.Response:
        return ask(org, grant_type=JWT_BEARER, assertion=assertion)

    def test_an_assertion_of_the_registered_key_gives_a_token(self, org_server: OrgServer) -> None:
        answer = self.ask(org_server, jwt.encode(self.claims(org_server), self.key(org_server), "RS256"))
        assert answer.status_code == 200
        assert "refresh_token" not in answer.json()
        userinfo = requests.get(
            f"{org_server.url}/services/oauth2/userinfo",
            headers={"Authorization": f"Bearer {answer.json()['access_token']}"},
            timeout=10,
        ).json()
        assert userinfo["preferred_username"] == org_server.credentials["username"]

    def test_simple_salesforce_logs_in_by_jwt(self, org_server: OrgServer) -> None:
        token, _ = SalesforceLogin(
            username=org_server.credentials["username"],
            consumer_key=org_server.credentials["client_id"],
            privatekey_file=str(self.key_file(org_server)),
            domain="test",
            session=through_salesforce_names(org_server),
        )
        assert token.startswith(org_server.credentials["org_id"][:15])

    @pytest.mark.parametrize(
        ("overrides", "error"),
        [
            ({"iss": "someone_else"}, "invalid_client_id"),
            ({"aud": "https://example.com"}, "invalid_grant"),
            ({"exp": 1_700_000_000}, "invalid_grant"),
            ({"exp": int(time.time()) + 86_400}, "invalid_grant"),
            ({"exp": None}, "invalid_grant"),
            ({"sub": "nobody@example.com"}, "invalid_grant"),
        ],
    )
    def test_wrong_claims_are_refused(self, org_server: OrgServer, overrides: dict[str, Any], error: str) -> None:
        claims = self.claims(org_server, **overrides)
        answer = self.ask(org_server, jwt.encode(claims, self.key(org_server), "RS256"))
        assert (answer.status_code, answer.json()["error"]) == (400, error)

    def test_an_inactive_user_gets_none(self, org_server: OrgServer) -> None:
        inactive = org_server.user("inactive")["username"]
        answer = self.ask(org_server, jwt.encode(self.claims(org_server, sub=inactive), self.key(org_server), "RS256"))
        assert (answer.status_code, answer.json()["error"]) == (400, "inactive_user")

    def test_another_key_is_refused(self, org_server: OrgServer) -> None:
        foreign = Path(org_server.credentials["lwc_private_key_file"]).read_text()
        answer = self.ask(org_server, jwt.encode(self.claims(org_server), foreign, "RS256"))
        assert answer.json()["error"] == "invalid_grant"

    def test_a_shared_secret_algorithm_is_refused(self, org_server: OrgServer) -> None:
        secret = org_server.credentials["client_secret"]
        answer = self.ask(org_server, jwt.encode(self.claims(org_server), secret, "HS256"))
        assert answer.json()["error"] == "invalid_grant"

    def test_rubbish_and_nothing_are_refused(self, org_server: OrgServer) -> None:
        assert self.ask(org_server, "rubbish").json()["error"] == "invalid_grant"
        assert self.ask(org_server, "").json()["error"] == "invalid_request"
