"""The web server flow with PKCE: from the authorization page to rotating refresh tokens."""

from __future__ import annotations

import hashlib
import secrets
from base64 import urlsafe_b64encode
from concurrent.futures import ThreadPoolExecutor
from html.parser import HTMLParser
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
import requests

from tests.support.org_server import OrgServer


class Inputs(HTMLParser):
    """The inputs of a page's form: hidden ones by name, radio buttons as a list."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.hidden: dict[str, str] = {}
        self.users: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "input" and given.get("type") == "hidden":
            self.hidden[given["name"] or ""] = given["value"] or ""
        if tag == "input" and given.get("name") == "user_id":
            self.users.append(given["value"] or "")


class Client:
    """An app that follows the flow step by step."""

    def __init__(self, org: OrgServer) -> None:
        self.org = org
        self.verifier = secrets.token_urlsafe(48)
        digest = hashlib.sha256(self.verifier.encode()).digest()
        self.challenge = urlsafe_b64encode(digest).rstrip(b"=").decode()

    @property
    def app(self) -> dict[str, str]:
        return {name: self.org.credentials[name] for name in ("client_id", "client_secret")}

    def parameters(self, **overrides: str) -> dict[str, str]:
        return {
            "response_type": "code",
            "client_id": self.org.credentials["client_id"],
            "redirect_uri": self.org.credentials["redirect_uri"],
            "scope": "api refresh_token",
            "state": "opaque & strange",
            "code_challenge": self.challenge,
            "code_challenge_method": "S256",
        } | overrides

    def open(self, **overrides: str) -> requests.Response:
        return requests.get(
            f"{self.org.url}/services/oauth2/authorize",
            params=self.parameters(**overrides),
            allow_redirects=False,
            timeout=10,
        )

    def decide(self, decision: str = "allow", *, user_id: str = "", **overrides: str) -> dict[str, str]:
        """Fill in the page's form and return what comes back to the redirect URI."""
        form = Inputs(self.open(**overrides).text)
        answer = requests.post(
            f"{self.org.url}/services/oauth2/authorize",
            data=form.hidden | {"user_id": user_id or form.users[0], "decision": decision},
            allow_redirects=False,
            timeout=10,
        )
        return self.sent_back(answer)

    def sent_back(self, answer: requests.Response) -> dict[str, str]:
        assert answer.status_code == 302
        target = answer.headers["Location"]
        assert target.startswith(self.org.credentials["redirect_uri"] + "?")
        return {name: values[0] for name, values in parse_qs(urlsplit(target).query).items()}

    def exchange(self, code: str, **overrides: str) -> requests.Response:
        form = self.app | {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": self.org.credentials["redirect_uri"],
            "code_verifier": self.verifier,
        }
        return requests.post(f"{self.org.url}/services/oauth2/token", data=form | overrides, timeout=10)

    def tokens(self, **overrides: str) -> dict[str, str]:
        body: dict[str, str] = self.exchange(self.decide(**overrides)["code"]).json()
        return body

    def refresh(self, token: str) -> requests.Response:
        form = self.app | {"grant_type": "refresh_token", "refresh_token": token}
        return requests.post(f"{self.org.url}/services/oauth2/token", data=form, timeout=10)

    def is_live(self, token: str) -> bool:
        answer = requests.post(
            f"{self.org.url}/services/oauth2/introspect", data=self.app | {"token": token}, timeout=10
        )
        live: bool = answer.json()["active"]
        return live


@pytest.fixture
def client(org_server: OrgServer) -> Client:
    return Client(org_server)


class TestTheAuthorizationPage:
    def test_it_lists_the_active_users_and_cannot_be_framed(self, client: Client) -> None:
        page = client.open()
        assert page.status_code == 200
        listed = Inputs(page.text).users
        assert client.org.user("rep")["id"] in listed
        assert client.org.user("inactive")["id"] not in listed
        assert "frame-ancestors 'none'" in page.headers["Content-Security-Policy"]
        assert page.headers["X-Frame-Options"] == "DENY"

    def test_allowing_brings_a_code_and_the_state_back(self, client: Client) -> None:
        back = client.decide()
        assert set(back) == {"code", "state"}
        assert back["state"] == "opaque & strange"

    def test_denying_brings_an_error_and_the_state_back(self, client: Client) -> None:
        back = client.decide("deny")
        assert back["error"] == "access_denied"
        assert back["state"] == "opaque & strange"
        assert "code" not in back

    @pytest.mark.parametrize("suffix", ["/", "?x=1", "#", "/../callback"])
    def test_a_redirect_uri_must_match_exactly_or_nothing_is_sent_anywhere(self, client: Client, suffix: str) -> None:
        answer = client.open(redirect_uri=client.org.credentials["redirect_uri"] + suffix)
        assert answer.status_code == 400
        assert "Location" not in answer.headers
        assert "redirect_uri_mismatch" in answer.text

    def test_an_unknown_client_sees_a_page_and_is_sent_nowhere(self, client: Client) -> None:
        answer = client.open(client_id="someone_else")
        assert answer.status_code == 400
        assert "invalid_client_id" in answer.text

    @pytest.mark.parametrize(
        ("overrides", "error"),
        [
            ({"code_challenge": ""}, "invalid_request"),
            ({"code_challenge_method": "plain"}, "invalid_request"),
            ({"code_challenge_method": ""}, "invalid_request"),
            ({"code_challenge": "too_short"}, "invalid_request"),
            ({"response_type": "token"}, "unsupported_response_type"),
            ({"scope": "api launch_missiles"}, "invalid_scope"),
        ],
    )
    def test_other_errors_go_back_to_the_client_with_the_state(
        self, client: Client, overrides: dict[str, str], error: str
    ) -> None:
        back = client.sent_back(client.open(**overrides))
        assert back["error"] == error
        assert back["state"] == "opaque & strange"

    def test_an_inactive_user_cannot_be_chosen(self, client: Client) -> None:
        assert client.decide(user_id=client.org.user("inactive")["id"])["error"] == "inactive_user"


class TestTheCode:
    def test_it_is_exchanged_for_tokens_of_the_chosen_user(self, client: Client) -> None:
        chosen = Inputs(client.open().text).users[1]
        body = client.exchange(client.decide(user_id=chosen)["code"]).json()
        assert body["id"].endswith(chosen)
        assert body["scope"] == "api refresh_token"
        assert body["refresh_token"]
        assert client.is_live(body["access_token"])

    def test_no_refresh_token_without_its_scope(self, client: Client) -> None:
        assert "refresh_token" not in client.tokens(scope="api")

    def test_a_wrong_verifier_is_a_wrong_grant(self, client: Client) -> None:
        answer = client.exchange(client.decide()["code"], code_verifier="x" * 43)
        assert answer.status_code == 400
        assert answer.json() == {"error": "invalid_grant", "error_description": "invalid code verifier"}

    def test_a_missing_verifier_is_a_malformed_request(self, client: Client) -> None:
        answer = client.exchange(client.decide()["code"], code_verifier="")
        assert answer.status_code == 400
        assert answer.json()["error"] == "invalid_request"
        assert "verifier" in answer.json()["error_description"]

    def test_the_redirect_uri_must_be_the_one_of_the_page(self, client: Client) -> None:
        answer = client.exchange(client.decide()["code"], redirect_uri="https://example.com/elsewhere")
        assert answer.json()["error"] == "redirect_uri_mismatch"

    def test_a_failed_exchange_uses_the_code_up(self, client: Client) -> None:
        code = client.decide()["code"]
        client.exchange(code, code_verifier="x" * 43)
        assert client.exchange(code).json()["error"] == "invalid_grant"

    def test_a_second_use_ends_the_tokens_of_the_first(self, client: Client) -> None:
        code = client.decide()["code"]
        first = client.exchange(code).json()
        assert client.exchange(code).json()["error"] == "invalid_grant"
        assert not client.is_live(first["access_token"])
        assert client.refresh(first["refresh_token"]).json()["error"] == "invalid_grant"

    def test_it_is_good_for_fifteen_minutes(self, client: Client) -> None:
        early, late = client.decide()["code"], client.decide()["code"]
        client.org.control("clock", {"offset_seconds": 890})
        assert client.exchange(early).status_code == 200
        client.org.control("clock", {"offset_seconds": 910})
        assert client.exchange(late).json() == {
            "error": "invalid_grant",
            "error_description": "expired authorization code",
        }

    def test_an_invented_code_is_refused(self, client: Client) -> None:
        assert client.exchange("invented").json() == {
            "error": "invalid_grant",
            "error_description": "invalid authorization code",
        }

    def test_the_client_secret_is_required(self, client: Client) -> None:
        answer = client.exchange(client.decide()["code"], client_secret="wrong")
        assert answer.json()["error"] == "invalid_client"

    def test_openid_brings_an_id_token_that_the_published_key_verifies(self, client: Client) -> None:
        body = client.tokens(scope="api openid")
        keys = requests.get(f"{client.org.url}/id/keys", timeout=10).json()
        key = jwt.PyJWKSet.from_dict(keys)[jwt.get_unverified_header(body["id_token"])["kid"]]
        claims = jwt.decode(body["id_token"], key, algorithms=["RS256"], audience=client.org.credentials["client_id"])
        assert claims["sub"] == body["id"]


class TestTheRefreshToken:
    def test_every_refresh_brings_a_new_pair(self, client: Client) -> None:
        first = client.tokens()
        second = client.refresh(first["refresh_token"]).json()
        assert second["access_token"] != first["access_token"]
        assert second["refresh_token"] != first["refresh_token"]
        assert second["id"] == first["id"]
        assert client.is_live(second["access_token"])

    def test_a_chain_of_refreshes_goes_on(self, client: Client) -> None:
        token = client.tokens()["refresh_token"]
        for _ in range(4):
            token = client.refresh(token).json()["refresh_token"]
        assert client.is_live(token)

    def test_using_an_old_one_again_ends_the_whole_family(self, client: Client) -> None:
        first = client.tokens()
        second = client.refresh(first["refresh_token"]).json()
        again = client.refresh(first["refresh_token"])
        assert again.status_code == 400
        assert again.json() == {
            "error": "invalid_grant",
            "error_description": "expired access/refresh token",
        }
        assert client.refresh(second["refresh_token"]).json()["error"] == "invalid_grant"
        assert not client.is_live(second["access_token"])

    def test_of_simultaneous_refreshes_at_most_one_wins(self, client: Client) -> None:
        token = client.tokens()["refresh_token"]
        with ThreadPoolExecutor(4) as pool:
            statuses = list(pool.map(lambda _: client.refresh(token).status_code, range(4)))
        assert statuses.count(200) == 1

    def test_it_outlives_the_access_tokens(self, client: Client) -> None:
        first = client.tokens()
        client.org.control("clock", {"offset_seconds": 86_400 * 30})
        assert not client.is_live(first["access_token"])
        assert client.is_live(client.refresh(first["refresh_token"]).json()["access_token"])

    def test_an_invented_one_is_refused(self, client: Client) -> None:
        assert client.refresh("invented").json()["error"] == "invalid_grant"


class TestRevocation:
    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_an_access_token_dies_alone(self, client: Client, method: str) -> None:
        body = client.tokens()
        self.revoke(client, method, body["access_token"])
        assert not client.is_live(body["access_token"])
        assert client.is_live(body["refresh_token"])

    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_a_refresh_token_takes_its_access_tokens_along(self, client: Client, method: str) -> None:
        body = client.tokens()
        self.revoke(client, method, body["refresh_token"])
        assert not client.is_live(body["access_token"])
        assert client.refresh(body["refresh_token"]).json()["error"] == "invalid_grant"

    def test_an_unknown_token_is_refused(self, client: Client) -> None:
        answer = requests.post(f"{client.org.url}/services/oauth2/revoke", data={"token": "invented"}, timeout=10)
        assert (answer.status_code, answer.json()["error"]) == (400, "unsupported_token_type")

    def revoke(self, client: Client, method: str, token: str) -> None:
        url, form = f"{client.org.url}/services/oauth2/revoke", {"token": token}
        if method == "GET":
            answer = requests.get(url, params=form, timeout=10)
        else:
            answer = requests.post(url, data=form, timeout=10)
        assert answer.status_code == 200


class TestIdentity:
    def test_userinfo_and_the_identity_url_name_the_user_of_the_token(self, client: Client) -> None:
        body = client.tokens()
        headers = {"Authorization": f"Bearer {body['access_token']}"}
        userinfo = requests.get(f"{client.org.url}/services/oauth2/userinfo", headers=headers, timeout=10).json()
        identity = requests.get(body["id"], headers=headers, timeout=10).json()
        assert userinfo["sub"] == identity["id"] == body["id"]
        assert userinfo["organization_id"] == client.org.credentials["org_id"]
        assert identity["username"] == userinfo["preferred_username"]

    def test_another_users_identity_url_is_refused(self, client: Client) -> None:
        mine, other = Inputs(client.open().text).users[:2]
        body = client.exchange(client.decide(user_id=mine)["code"]).json()
        answer = requests.get(
            body["id"].replace(mine, other),
            headers={"Authorization": f"Bearer {body['access_token']}"},
            timeout=10,
        )
        assert (answer.status_code, answer.text) == (403, "Bad_Id")

    @pytest.mark.parametrize(
        ("headers", "word"),
        [({}, "Missing_OAuth_Token"), ({"Authorization": "Bearer invented"}, "Bad_OAuth_Token")],
    )
    def test_no_token_and_a_bad_token_are_told_apart(self, client: Client, headers: dict[str, str], word: str) -> None:
        answer = requests.get(f"{client.org.url}/services/oauth2/userinfo", headers=headers, timeout=10)
        assert (answer.status_code, answer.text) == (403, word)

    def test_introspection_needs_the_client(self, client: Client) -> None:
        answer = requests.post(f"{client.org.url}/services/oauth2/introspect", data={"token": "any"}, timeout=10)
        assert answer.json()["error"] == "invalid_client_id"
