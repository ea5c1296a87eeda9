"""The panel's requests from any origin, with and without a good token, and what a bad request gets."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import text
from werkzeug.test import TestResponse

from tests.support.stage import Stage

CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
    "Access-Control-Allow-Headers": "authorization, content-type, hx-request, hx-trigger, hx-target, hx-current-url",
}
REQUESTS = [
    ("GET", "/panel/view"),
    ("POST", "/panel/sync"),
    ("POST", "/panel/link"),
    ("POST", "/panel/apart"),
    ("GET", "/panel/runs/1"),
    ("POST", "/panel/token"),
]


def require_cors(response: TestResponse) -> None:
    assert {name: response.headers.get(name) for name in CORS} == CORS
    assert "Access-Control-Allow-Credentials" not in response.headers
    assert "Set-Cookie" not in response.headers


class TestFromAnOpaqueOrigin:
    """In `sandbox="allow-scripts"` the page's origin is "null" and our own server a foreign one."""

    @pytest.mark.parametrize("origin", ["null", "https://evil.example", ""])
    def test_the_origin_is_not_asked_for(self, stage: Stage, origin: str) -> None:
        panel = stage.open_panel()
        response = stage.client.get("/panel/view", headers=panel.headers | {"Origin": origin})
        assert response.status_code == 200
        require_cors(response)

    @pytest.mark.parametrize("path", ["/panel/view", "/panel/sync", "/panel/runs/1", "/panel/token", "/panel/nothing"])
    def test_a_preflight_needs_no_token(self, stage: Stage, path: str) -> None:
        asked = {
            "Origin": "null",
            "Access-Control-Request-Method": "POST",
            "Access-Control-Request-Headers": "authorization,hx-request,hx-current-url",
        }
        response = stage.client.options(path, headers=asked)
        assert (response.status_code, response.data) == (204, b"")
        require_cors(response)

    def test_every_header_htmx_sends_is_allowed_by_name(self, stage: Stage) -> None:
        allowed = stage.client.options("/panel/sync").headers["Access-Control-Allow-Headers"].split(", ")
        assert {"authorization", "hx-request", "hx-target", "hx-trigger", "hx-current-url"} <= set(allowed)

    def test_nothing_but_the_panel_is_open_to_other_origins(self, stage: Stage) -> None:
        for path in ("/admin/login", "/launch/salesforce/lwc", "/healthz", "/"):
            assert "Access-Control-Allow-Origin" not in stage.client.get(path).headers


class TestErrorsCanBeReadFromThere:
    def answer(self, stage: Stage, status: int) -> TestResponse:
        panel = stage.open_panel()
        if status == 400:
            return panel.post("/panel/link", data={"local_record_id": "x"})
        if status == 401:
            return stage.client.get("/panel/view")
        if status == 403:
            return stage.open_panel(by="lwc", may_sync=False).post("/panel/sync")
        if status == 404:
            return panel.get("/panel/runs/4711")
        if status == 405:
            return panel.get("/panel/sync")
        if status == 413:
            return panel.post("/panel/link", data={"local_record_id": "1" * 600_000})
        with stage.runtime.database.write() as session:
            damage = "ALTER TABLE crm_record RENAME TO gone" if status == 503 else _UNREADABLE
            session.execute(text(damage))
        return panel.get("/panel/view")

    @pytest.mark.parametrize("status", [400, 401, 403, 404, 405, 413, 500, 503])
    def test_as_json_with_words_and_the_right_headers(self, stage: Stage, status: int) -> None:
        response = self.answer(stage, status)
        assert response.status_code == status
        require_cors(response)
        assert response.json is not None
        assert set(response.json) == {"error", "message"}
        assert response.json["message"].endswith(".")
        for leak in ("Traceback", "sqlalchemy", "File ", "KeyError"):
            assert leak not in response.text

    def test_a_401_asks_for_no_password(self, stage: Stage) -> None:
        assert "WWW-Authenticate" not in self.answer(stage, 401).headers

    def test_an_address_with_nothing_behind_it_says_what_to_do(self, stage: Stage) -> None:
        answer = stage.client.get("/nowhere")
        assert answer.status_code == 404
        assert "Go back, and open it from there again." in answer.text

    def test_no_answer_leads_to_a_login_page(self, stage: Stage) -> None:
        for method, path in REQUESTS:
            response = stage.client.open(path, method=method)
            assert (response.status_code, response.mimetype) == (401, "application/json")


class TestBadRequests:
    def test_an_authorization_that_is_none(self, stage: Stage) -> None:
        for header in ("", "Bearer", "Bearer ", "Basic abc", "Token x", "Bearer a b", "Bearer ä", "Bearer a.b.c"):
            response = stage.client.get("/panel/view", headers={"Authorization": header})
            assert response.status_code == 401, header
        long = {"Authorization": "Bearer " + "x" * 9000}
        assert stage.client.get("/panel/view", headers=long).status_code == 401

    def test_a_token_in_the_address_or_a_cookie_counts_for_nothing(self, stage: Stage) -> None:
        panel = stage.open_panel()
        assert stage.client.get("/panel/view", query_string={"token": panel.token}).status_code == 401
        assert stage.client.get("/panel/view", headers={"Cookie": f"token={panel.token}"}).status_code == 401

    def test_the_word_bearer_in_any_case(self, stage: Stage) -> None:
        panel = stage.open_panel()
        assert stage.client.get("/panel/view", headers={"Authorization": f"bearer {panel.token}"}).status_code == 200

    def test_a_run_that_cannot_be(self, each_stage: Stage) -> None:
        panel = each_stage.open_panel()
        for run_id in ("0", "-1", "x", "1.5", "9" * 18, "9" * 19, "9" * 400, "٣", "1;drop", ""):
            assert panel.get(f"/panel/runs/{run_id}").status_code == 404, run_id

    def test_a_version_that_cannot_be_is_as_good_as_none(self, stage: Stage) -> None:
        panel = stage.open_panel()
        panel.synced()
        for seen in ("x", "-1", "9" * 40, "", "1e9"):
            assert panel.get(f"/panel/runs/{_last_run(stage)}?seen={seen}").status_code == 200, seen

    def test_a_candidate_that_cannot_be(self, stage: Stage) -> None:
        panel = stage.open_panel()
        for chosen in ("", "x", "-1", "1.0", "1' OR 1=1", "9" * 19, "9" * 5000, "\u00b2"):
            assert panel.post("/panel/link", data={"local_record_id": chosen}).status_code == 400, chosen
        assert _last_run(stage) is None

    def test_the_record_comes_from_the_token_whatever_the_form_says(self, stage: Stage) -> None:
        panel = stage.open_panel()
        other = stage.org.record("Account")
        panel.post("/panel/sync", data={"object": "Account", "crm_record_id": other, "connection_id": "2"})
        stage.work()
        assert panel.view().name == "Ana Sample"
        assert {write["id"] for write in stage.org.writes()} == {stage.org.record("Contact")}

    def test_a_body_nobody_asked_for_does_no_harm(self, stage: Stage) -> None:
        panel = stage.open_panel()
        for options in _BODIES:
            assert panel.post("/panel/sync", **options).status_code in (200, 413)


class TestAnotherRecordsRun:
    def test_is_not_found(self, stage: Stage) -> None:
        contact, account = stage.open_panel("rep", "Contact"), stage.open_panel("rep", "Account")
        address = contact.sync().asks_next
        assert account.get(address).status_code == 404
        stage.work()
        assert account.get(address).status_code == 404
        assert contact.get(address).status_code == 200

    def test_nor_a_run_of_the_same_object_and_another_record(self, stage: Stage) -> None:
        first = stage.open_panel()
        ben = stage.org.api().rows("SELECT Id FROM Contact WHERE FirstName = 'Ben'")[0]["Id"]
        second = stage.open_panel("rep", "Contact", ben)
        assert second.get(first.sync().asks_next).status_code == 404


_UNREADABLE = """UPDATE local_record SET provenance = '{"email": {"by": 1}}'"""
_BODIES: list[dict[str, Any]] = [
    {"json": {"a": 1}},
    {"data": b"\xff\xfe\x00", "content_type": "application/json"},
    {"data": "x" * 600_000},
    {"data": {"a": ["b"] * 2000}},
]


def _last_run(stage: Stage) -> int | None:
    with stage.runtime.database.read() as session:
        found = session.execute(text("SELECT max(id) FROM sync_run")).scalar()
    return None if found is None else int(found)
