"""What the org signs when a record page opens the panel, verified the way an independent receiver would."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from base64 import b64decode, b64encode
from html.parser import HTMLParser
from typing import Any

import jwt
import pytest
import requests
from cryptography import x509

from tests.support.org_server import OrgServer


class Page(HTMLParser):
    """The parts of a record page that open the panel."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.form: dict[str, str | None] = {}
        self.iframe: dict[str, str | None] = {}
        self.embed: dict[str, str | None] = {}
        self.signed_request = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "form" and (given.get("target") or "").startswith("canvas-frame-"):
            self.form = given
        if tag == "iframe":
            self.iframe = given
        if given.get("name") == "signed_request":
            self.signed_request = given["value"] or ""
        if "data-embed" in given:
            self.embed = given


class Org:
    """The emulator as a browser of one user sees it."""

    def __init__(self, server: OrgServer, username: str) -> None:
        self.server = server
        self.url: str = server.url
        self.known: dict[str, Any] = server.credentials
        self.username = username
        self.browser = requests.Session()
        self.browser.get(f"{self.url}/lightning/page/home", params={"as": username}, timeout=10)

    @property
    def panel_url(self) -> str:
        return self.server.panel_url

    @property
    def user_id(self) -> str:
        return next(str(user["id"]) for user in self.known["users"] if user["username"] == self.username)

    def page(self, object_name: str, mode: str = "view", **query: str) -> Page:
        record_id = self.known["records"][object_name]["id"]
        answer = self.browser.get(f"{self.url}/lightning/r/{object_name}/{record_id}/{mode}", params=query, timeout=10)
        assert answer.status_code == 200
        return Page(answer.text)

    def envelope(self, object_name: str = "Contact", **query: str) -> dict[str, Any]:
        return opened(self.page(object_name, **query).signed_request, self.known["canvas_secret"])

    def token(self, object_name: str, record_id: str) -> requests.Response:
        return self.browser.get(
            f"{self.url}/lightning/token", params={"object": object_name, "id": record_id}, timeout=10
        )

    def claims(self, object_name: str = "Contact") -> dict[str, Any]:
        record_id = self.known["records"][object_name]["id"]
        return verified(self, self.token(object_name, record_id).json()["token"])


def opened(signed_request: str, secret: str) -> dict[str, Any]:
    """Check the signature over the encoded payload first, then read it."""
    signature, _, payload = signed_request.partition(".")
    expected = hmac.new(secret.encode(), payload.encode(), hashlib.sha256).digest()
    assert signature == b64encode(expected).decode()
    envelope: dict[str, Any] = json.loads(b64decode(payload, validate=True))
    return envelope


def verified(org: Org, token: str) -> dict[str, Any]:
    certificate = x509.load_pem_x509_certificate(org.known["lwc_certificate"].encode())
    claims: dict[str, Any] = jwt.decode(
        token,
        certificate.public_key(),  # type: ignore[arg-type]  # RSA here, which is one of the kinds PyJWT takes
        algorithms=["RS256"],
        audience=f"{org.panel_url}/launch/salesforce/lwc",
        issuer=org.known["lwc_issuer"],
        options={"require": ["exp", "iat", "nbf", "jti", "sub", "aud", "iss"]},
    )
    return claims


@pytest.fixture
def rep(org_server: OrgServer) -> Org:
    return Org(org_server, "riley@sample-org.example.com")


@pytest.fixture
def limited_rep(org_server: OrgServer) -> Org:
    return Org(org_server, "lee@sample-org.example.com")


class TestCanvas:
    def test_the_page_posts_a_signed_request_into_its_own_frame(self, rep: Org) -> None:
        page = rep.page("Contact")
        assert page.form["method"] == "post"
        assert page.form["action"] == f"{rep.panel_url}/launch/salesforce/canvas"
        assert page.form["target"] == page.iframe["name"]
        envelope = opened(page.signed_request, rep.known["canvas_secret"])
        assert page.iframe["name"] == f"canvas-frame-{envelope['client']['instanceId']}"
        assert "sandbox" not in page.iframe

    def test_the_envelope_names_org_and_user(self, rep: Org) -> None:
        envelope = rep.envelope()
        assert envelope["algorithm"] == "HMACSHA256"
        assert envelope["userId"] == envelope["context"]["user"]["userId"] == rep.user_id
        assert envelope["context"]["organization"]["organizationId"] == rep.known["org_id"]
        assert envelope["context"]["application"]["authType"] == "SIGNED_REQUEST"
        assert envelope["client"]["refreshToken"] is None
        assert envelope["client"]["instanceUrl"] == rep.known["url"]
        assert envelope["client"]["targetOrigin"] == rep.known["url"]

    def test_in_lightning_the_record_is_empty_and_the_id_is_a_parameter(self, rep: Org) -> None:
        environment = rep.envelope("Account")["context"]["environment"]
        assert environment["displayLocation"] == "Aura"
        assert environment["record"] == {}
        assert environment["parameters"]["recordId"] == rep.known["records"]["Account"]["id"]
        assert environment["parameters"]["objectApiName"] == "Account"

    def test_on_a_page_layout_the_id_is_in_the_record(self, rep: Org) -> None:
        environment = rep.envelope("Account", location="PageLayout")["context"]["environment"]
        record_id = rep.known["records"]["Account"]["id"]
        assert environment["displayLocation"] == "PageLayout"
        assert environment["parameters"] == {}
        assert environment["record"]["Id"] == record_id
        assert environment["record"]["attributes"]["type"] == "Account"
        assert environment["record"]["attributes"]["url"].endswith(f"/sobjects/Account/{record_id}")

    def test_the_oauth_token_is_a_live_session_of_the_rep(self, rep: Org) -> None:
        token = rep.envelope()["client"]["oauthToken"]
        userinfo = requests.get(
            f"{rep.url}/services/oauth2/userinfo", headers={"Authorization": f"Bearer {token}"}, timeout=10
        )
        assert userinfo.json()["user_id"] == rep.user_id

    def test_every_page_load_and_every_renewal_is_a_new_envelope(self, rep: Org) -> None:
        page = rep.page("Contact")
        renewed = rep.browser.get(f"{rep.url}{page.embed['data-renew']}", timeout=10).json()["signed_request"]
        assert len({page.signed_request, rep.page("Contact").signed_request, renewed}) == 3
        envelope = opened(renewed, rep.known["canvas_secret"])
        assert envelope["client"]["instanceId"] == page.embed["data-instance-id"]

    def test_issued_at_tells_no_time(self, rep: Org) -> None:
        issued_at = rep.envelope()["issuedAt"]
        assert -(2**31) <= issued_at < 2**31
        assert abs(issued_at - time.time()) > 300

    def test_the_location_carries_something_that_must_never_be_logged(self, rep: Org) -> None:
        location = rep.envelope()["context"]["environment"]["locationUrl"]
        assert "sid=" in location
        bait = location.partition("sid=")[2]
        userinfo = requests.get(
            f"{rep.url}/services/oauth2/userinfo", headers={"Authorization": f"Bearer {bait}"}, timeout=10
        )
        assert userinfo.status_code == 403

    def test_a_theme_chosen_for_the_host_is_passed_on(self, rep: Org) -> None:
        assert "theme" not in rep.envelope()["context"]["environment"]["parameters"]
        assert rep.envelope(theme="dark")["context"]["environment"]["parameters"]["theme"] == "dark"


class TestApexToken:
    def test_the_frame_is_opened_with_a_token_for_this_record(self, rep: Org) -> None:
        src = rep.page("Contact", "lwc").embed["data-src"] or ""
        url, _, token = src.partition("?token=")
        assert url == f"{rep.panel_url}/launch/salesforce/lwc"
        claims = verified(rep, token)
        assert claims["sub"] == rep.user_id
        assert claims["org_id"] == rep.known["org_id"]
        assert (claims["object"], claims["record_id"]) == ("Contact", rep.known["records"]["Contact"]["id"])

    def test_it_lives_a_minute_and_is_never_the_same(self, rep: Org) -> None:
        first, second = rep.claims(), rep.claims()
        assert first["exp"] - first["iat"] == 60
        assert first["nbf"] <= first["iat"]
        assert first["jti"] != second["jti"]

    def test_it_carries_how_the_rep_reads_dates_and_names(self, rep: Org) -> None:
        claims = rep.claims()
        assert claims["user_name"] == "Riley Rep"
        assert (claims["locale"], claims["language"]) == ("en_US", "en_US")
        assert claims["time_zone"] == "America/Los_Angeles"

    def test_it_says_which_fields_the_rep_may_read_and_edit(self, rep: Org, limited_rep: Org) -> None:
        full, limited = rep.claims()["fields"], limited_rep.claims()["fields"]
        assert "Phone" in full["read"]
        assert "Phone" in full["edit"]
        assert "Phone" not in limited["read"]
        assert "Phone" not in limited["edit"]
        assert "Title" in limited["read"]
        assert "Title" not in limited["edit"]
        assert "CreatedDate" not in full["edit"]
        assert set(full["edit"]) < set(full["read"])

    def test_a_theme_chosen_for_the_host_is_a_claim(self, rep: Org) -> None:
        assert "theme" not in rep.claims()
        rep.page("Contact", "lwc", theme="dark")
        assert rep.claims()["theme"] == "dark"

    def test_a_record_the_rep_may_only_read_has_no_editable_field(self, rep: Org) -> None:
        tokens = (verified(rep, rep.token("Contact", each).json()["token"]) for each in records_in_list(rep, "Contact"))
        read_only = next(claims for claims in tokens if not claims["fields"]["edit"])
        assert read_only["fields"]["read"]

    def test_nothing_is_signed_for_a_record_the_rep_cannot_see(self, rep: Org, limited_rep: Org) -> None:
        hidden = set(records_in_list(rep, "Contact")) - set(records_in_list(limited_rep, "Contact"))
        assert hidden
        for record_id in hidden:
            assert rep.token("Contact", record_id).status_code == 200
            refusal = limited_rep.token("Contact", record_id)
            assert refusal.status_code == 404
            assert "token" not in refusal.json()

    @pytest.mark.parametrize(
        ("object_name", "record_id"),
        [
            ("Contact", "003000000000000AAA"),
            ("Contact", "not-an-id"),
            ("Contact", ""),
            ("Nothing", "003Wz0000000001IAA"),
            ("User", "005Wz0000000001IAA"),
        ],
    )
    def test_nothing_is_signed_for_what_does_not_exist(self, rep: Org, object_name: str, record_id: str) -> None:
        assert rep.token(object_name, record_id).status_code == 404

    def test_a_short_id_is_signed_in_its_long_form(self, rep: Org) -> None:
        record_id = rep.known["records"]["Contact"]["id"]
        claims = verified(rep, rep.token("Contact", record_id[:15]).json()["token"])
        assert claims["record_id"] == record_id

    def test_the_sandboxed_page_allows_scripts_and_nothing_else(self, rep: Org) -> None:
        assert rep.page("Contact", "lwc-sandboxed").iframe["sandbox"] == "allow-scripts"
        assert "sandbox" not in rep.page("Contact", "lwc").iframe


def records_in_list(org: Org, object_name: str) -> list[str]:
    """The ids on the pages of an object's list."""
    found: list[str] = []
    for page in range(1, 10):
        html = org.browser.get(f"{org.url}/lightning/o/{object_name}/list", params={"page": str(page)}, timeout=10).text
        marker = f'href="/lightning/r/{object_name}/'
        ids = [part[:18] for part in html.split(marker)[1:]]
        if not ids or ids[0] in found:
            return found
        found += dict.fromkeys(ids)
    return found
