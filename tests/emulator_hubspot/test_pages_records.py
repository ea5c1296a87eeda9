"""The lists, record pages and the card's way out over plain HTTP: what is seen, what saving does, who is kept out."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Iterator
from typing import Any

import pytest
import requests

from tests.support import portal_proofs
from tests.support.portal_server import PortalApi, PortalServer
from tests.support.webhook_receiver import WebhookReceiver


class Viewer:
    """One person's browser, without scripts."""

    def __init__(self, portal: PortalServer, user: str = "rep") -> None:
        self.portal = portal
        self.session = requests.Session()
        self.base = f"/contacts/{portal.credentials['portal_id']}"
        self.user = portal.user(user)
        self.get(self.list_path("0-1"), **{"as": user})

    def list_path(self, type_id: str) -> str:
        return f"{self.base}/objects/{type_id}/views/all/list"

    def record_path(self, type_id: str, record_id: str) -> str:
        return f"{self.base}/record/{type_id}/{record_id}"

    def get(self, path: str, **query: str) -> requests.Response:
        return self.session.get(self.portal.url + path, params=query, timeout=10)

    def save(self, path: str, name: str, value: Any, **headers: str) -> requests.Response:
        url = f"{self.portal.url}{path}?edit={name}"
        return self.session.post(url, data={name: value}, headers=headers, allow_redirects=False, timeout=10)

    def fetch(self, url: str, body: Any = None, method: str = "POST", **headers: str) -> requests.Response:
        """What the card on a page of this viewer asks for."""
        asked = {"url": url, "method": method, "body": body}
        return self.session.post(f"{self.portal.url}{self.base}/card-fetch", json=asked, headers=headers, timeout=10)


@pytest.fixture
def riley(portal: PortalServer) -> Viewer:
    return Viewer(portal)


def values_on(page: str) -> dict[str, str]:
    """Label to shown text of the left column."""
    pairs = re.findall(r'<div class="property"><dl><dt>(.*?)</dt><dd>(.*?)</dd>', page, re.DOTALL)
    return {html.unescape(label): html.unescape(re.sub(r"<[^>]+>", "", text)).strip() for label, text in pairs}


def names_listed(page: str) -> list[str]:
    return [html.unescape(name) for name in re.findall(r'<a class="name"[^>]*>([^<]+)</a>', page)]


class TestReading:
    def test_every_object_has_a_list_and_a_record_page(self, riley: Viewer) -> None:
        for known in riley.portal.credentials["records"].values():
            page = riley.session.get(known["page"], timeout=10)
            assert page.status_code == 200
            assert "Stand-in HubSpot portal — sample data" in page.text
            assert values_on(page.text)
            assert f'data-object-id="{known["id"]}"' in page.text

    def test_values_are_shown_by_their_labels(self, riley: Viewer, api: PortalApi) -> None:
        owner = riley.portal.user("limited_rep")
        deal = api.create(
            "deals",
            dealname="Sample <b>deal</b>",
            dealstage="9010012",
            pipeline="9010001",
            amount="1234567.5",
            closedate="2026-07-01T03:30:00Z",
            hubspot_owner_id=owner["owner_id"],
        )
        page = riley.get(riley.record_path("0-3", deal)).text
        shown = values_on(page)
        assert (shown["Pipeline"], shown["Deal Stage"]) == ("Sample Renewals", "Renewed")
        assert (shown["Amount"], shown["Owner"]) == ("1,234,567.50", owner["name"])
        assert shown["Close Date"] == "Jun 30, 2026 11:30 PM EDT"
        assert "<b>deal" not in page

    def test_associations_and_earlier_changes_are_there(self, riley: Viewer, api: PortalApi, ana: str) -> None:
        api.patch("contacts", ana, {"jobtitle": "Changed by the app"})
        riley.portal.edit("contacts", ana, {"jobtitle": ""}, user="rep")
        page = riley.get(riley.record_path("0-1", ana)).text
        assert "<strong>Riley Rep</strong> cleared <strong>Job Title</strong>" in page
        assert "<strong>CRM Sync</strong> set <strong>Job Title</strong> to Changed by the app" in page
        company = api.get("contacts", ana, properties="associatedcompanyid").json()["properties"]["associatedcompanyid"]
        assert riley.record_path("0-2", company) in page

    def test_a_merged_record_leads_to_what_it_became(self, riley: Viewer, api: PortalApi) -> None:
        first, other = (api.create("contacts", email=f"page-merge-{each}@example.com") for each in "ab")
        merged = riley.portal.control("merge", {"object": "contacts", "primary": first, "other": other})["id"]
        assert riley.get(riley.record_path("0-1", first)).url.endswith(riley.record_path("0-1", merged))

    @pytest.mark.parametrize(
        "path", ["record/0-1/99999999", "record/0-1/x", "record/9-9/1", "objects/9-9/views/all/list"]
    )
    def test_what_is_not_there_gets_a_helpful_page(self, riley: Viewer, path: str) -> None:
        answer = riley.get(f"{riley.base}/{path}")
        assert answer.status_code == 404
        assert "Open it from its list" in answer.text

    def test_lists_search_sort_and_turn_pages(self, riley: Viewer) -> None:
        path = riley.list_path("0-1")
        first = riley.get(path).text
        assert "1–25 of" in first
        assert "26–50 of" in riley.get(path, page="2").text
        upwards, downwards = (names_listed(riley.get(path, sort=sort).text) for sort in ("name", "-name"))
        assert upwards == sorted(upwards, key=str.casefold)
        assert downwards == sorted(downwards, key=str.casefold, reverse=True)
        assert upwards[0] != downwards[0]
        assert names_listed(riley.get(path, q="ana sample").text) == ["Ana Sample"]
        assert "Nothing to show" in riley.get(path, q="zzzzzz").text
        for sort in ("nonsense", "email", "-amount"):
            assert riley.get(riley.list_path("0-3"), page="99", sort=sort).status_code == 200


class TestSaving:
    @pytest.mark.parametrize(
        ("name", "typed", "stored"),
        [
            ("jobtitle", " Two  words ", " Two  words "),
            ("jobtitle", "", None),
            ("hs_lead_status", "OPEN", "OPEN"),
            ("sample_languages", ["English", "French"], "English;French"),
            ("sample_newsletter", "false", "false"),
            ("sample_birthday", "1990-02-28", "1990-02-28"),
            ("sample_last_call", "2026-07-01T09:30:00", "2026-07-01T13:30:00.000Z"),
            ("email", "Mixed@Example.COM", "mixed@example.com"),
        ],
    )
    def test_one_property_is_saved_as_the_viewer(
        self, riley: Viewer, api: PortalApi, ana: str, name: str, typed: Any, stored: str | None
    ) -> None:
        api.patch("contacts", ana, {name: {"jobtitle": "Before"}.get(name, "")})
        path = riley.record_path("0-1", ana)
        assert f'name="{name}"' in riley.get(path, edit=name).text
        assert riley.save(path, name, typed).status_code == 303
        assert api.values("contacts", ana, name) == [stored]
        written = riley.portal.writes()[-1]
        assert written["source"] == {"type": "CRM_UI", "id": f"userId:{riley.user['id']}"}
        assert list(written["new"]) == [name]

    def test_an_untouched_property_is_not_written(self, riley: Viewer, api: PortalApi, ana: str) -> None:
        api.patch("contacts", ana, {"sample_last_call": "2026-07-01T13:30:00.000Z"})
        before = len(riley.portal.writes())
        assert riley.save(riley.record_path("0-1", ana), "sample_last_call", "2026-07-01T09:30:00").status_code == 303
        assert len(riley.portal.writes()) == before

    @pytest.mark.parametrize(
        ("name", "typed", "why"),
        [
            ("email", "no email", "is invalid"),
            ("sample_lead_score", "many", "not a valid number"),
            ("sample_last_call", "soon", "enter a valid date and time"),
            ("hs_lead_status", "<script>", "not one of the allowed options"),
        ],
    )
    def test_a_refusal_is_told_at_the_property_and_keeps_what_was_typed(
        self, riley: Viewer, ana: str, name: str, typed: str, why: str
    ) -> None:
        answer = riley.save(riley.record_path("0-1", ana), name, typed)
        assert answer.status_code == 400
        assert why in html.unescape(answer.text)
        assert 'aria-invalid="true"' in answer.text
        assert "<script>s" not in answer.text.replace("<script src", "")
        assert riley.portal.writes() == []

    @pytest.mark.parametrize("name", ["createdate", "hs_object_id", "hs_email_domain", "nothing", ""])
    def test_what_nobody_can_change_here_is_refused(self, riley: Viewer, ana: str, name: str) -> None:
        assert riley.save(riley.record_path("0-1", ana), name, "x").status_code == 400

    def test_forms_of_other_sites_are_refused(self, riley: Viewer, ana: str) -> None:
        path = riley.record_path("0-1", ana)
        for headers in ({"Origin": "https://evil.example.com"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}):
            assert riley.save(path, "jobtitle", "Forged", **headers).status_code == 403
            assert riley.fetch("http://127.0.0.1:1/x", **headers).status_code == 403
        assert riley.portal.writes() == []


class TestTheViewer:
    def test_is_kept_and_can_be_changed(self, riley: Viewer) -> None:
        lee = riley.portal.user("limited_rep")
        for back in ("https://evil.example.com/", "//evil.example.com", ""):
            form = {"user": lee["id"], "back": back}
            url = f"{riley.portal.url}{riley.base}/viewer"
            answer = riley.session.post(url, data=form, allow_redirects=False, timeout=10)
            assert answer.headers["Location"] == "/"
        assert f"Viewing as <strong>{lee['name']}</strong>" in riley.get("/").text

    @pytest.mark.parametrize("user", ["inactive", "nobody@example.com"])
    def test_is_somebody_who_can_log_in(self, riley: Viewer, user: str) -> None:
        assert riley.get(riley.list_path("0-1"), **{"as": user}).status_code == 400

    def test_a_foreign_host_name_gets_no_page(self, riley: Viewer, ana: str) -> None:
        url = riley.portal.url + riley.record_path("0-1", ana)
        assert requests.get(url, headers={"Host": "evil.example.com"}, timeout=10).status_code == 403

    def test_the_page_allows_only_the_panel_as_a_frame(self, riley: Viewer, ana: str) -> None:
        headers = riley.get(riley.record_path("0-1", ana)).headers
        assert f"frame-src {riley.portal.panel_url};" in headers["Content-Security-Policy"]
        assert "unsafe" not in headers["Content-Security-Policy"]
        assert headers["Cache-Control"] == "no-store"


@pytest.fixture(scope="module")
def _app() -> Iterator[WebhookReceiver]:
    server = WebhookReceiver()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def _portal_of_app(tmp_path_factory: pytest.TempPathFactory, _app: WebhookReceiver) -> Iterator[PortalServer]:
    server = PortalServer(tmp_path_factory.mktemp("card-portal"), panel_url=_app.url)
    yield server
    server.stop()


@pytest.fixture
def app(_app: WebhookReceiver) -> WebhookReceiver:
    _app.forget()
    return _app


@pytest.fixture
def lee(_portal_of_app: PortalServer) -> Viewer:
    """On a portal whose app is a server of the test."""
    _portal_of_app.reset()
    return Viewer(_portal_of_app, "limited_rep")


class TestTheCardsCalls:
    """What `hubspot.fetch` sends, seen by a server of the test that checks each signature by itself."""

    def test_are_signed_with_the_viewer_in_the_address(self, lee: Viewer, app: WebhookReceiver) -> None:
        body = {"name": "Größe", "key": "a+b@c"}
        assert lee.fetch(app.url + "/launch/hubspot?x=%2B", body).status_code == 200
        [request] = app.received
        known = lee.portal.credentials
        caller = {
            "userId": lee.user["id"],
            "portalId": str(known["portal_id"]),
            "userEmail": lee.user["email"],
            "appId": str(known["app_id"]),
        }
        assert request.url == portal_proofs.called(app.url + "/launch/hubspot?x=%2B", caller)
        assert "userEmail=lee%40example.com" in request.url
        assert json.loads(request.body) == body
        assert {**request.headers, **expected(request, known["client_secret"])} == request.headers

    def test_are_repeated_once_with_the_same_signature(self, lee: Viewer, app: WebhookReceiver) -> None:
        app.answer = lambda number: None if number == 1 else 200
        assert lee.fetch(app.url + "/launch/hubspot", {}).status_code == 200
        first, second = app.received
        assert first.headers["X-HubSpot-Signature-v3"] == second.headers["X-HubSpot-Signature-v3"]

    @pytest.mark.parametrize(("status", "calls"), [(500, 2), (404, 1), (302, 1), (401, 1)])
    def test_pass_on_nothing_but_success(self, lee: Viewer, app: WebhookReceiver, status: int, calls: int) -> None:
        app.answer = lambda number: status
        answer = lee.fetch(app.url + "/launch/hubspot", {})
        assert (answer.status_code, answer.json()["category"]) == (502, "BAD_GATEWAY")
        assert [each["status"] for each in lee.portal.journal("card")] == [status] * calls

    @pytest.mark.parametrize(
        "url", ["https://evil.example.com/launch", "{app}.evil.example.com/x", "/launch", "{app}/a#b", "{app}/a b", ""]
    )
    def test_go_to_permitted_addresses_only(self, lee: Viewer, app: WebhookReceiver, url: str) -> None:
        assert lee.fetch(url.format(app=app.url), {}).status_code == 400
        assert app.received == []


def expected(request: Any, secret: str) -> dict[str, str]:
    """The headers of both kinds that such a call carries."""
    timestamp = request.headers["X-HubSpot-Request-Timestamp"]
    v3 = portal_proofs.v3_headers(secret, "POST", request.url, request.body, timestamp)
    return v3 | portal_proofs.v2_headers(secret, "POST", request.url, request.body)
