"""Who may frame an answer, what it may load, and that it sets no cookie: on every kind of answer."""

from __future__ import annotations

import time

import pytest
from sqlalchemy import text
from werkzeug.test import TestResponse

from tests.support.answers import policy_of
from tests.support.stage import CANVAS, FORM, LWC, Stage

ANY_ORG = (
    "https://*.lightning.force.com https://*.my.salesforce.com https://*.vf.force.com "
    "https://*.visualforce.com https://*.visual.force.com"
)
MY_DOMAIN = ["https://sample.my.salesforce.com", "https://sample.lightning.force.com"]
PANEL_POLICY = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "connect-src": "'self'",
    "base-uri": "'none'",
    "form-action": "'none'",
}


def ancestors(response: TestResponse) -> str:
    assert response.mimetype == "text/html"
    return policy_of(response)["frame-ancestors"]


def refusals(stage: Stage) -> dict[str, TestResponse]:
    """One of each kind of refusal that comes before the signature is known to be good."""
    now = int(time.time())
    return {
        "get": stage.client.get(CANVAS),
        "not approved": stage.client.get(CANVAS, query_string={"_sfdc_canvas_authvalue": "user_approval_required"}),
        "no form": stage.client.post(CANVAS, json={}),
        "no envelope": stage.client.post(CANVAS, data={"a": "b"}),
        "too large": stage.client.post(CANVAS, data="a" * 600_000, content_type=FORM),
        "wrong signature": stage.post_canvas(stage.canvas_request()[:-8] + "AAAAAAAA"),
        "foreign host": stage.post_canvas(stage.canvas_request(instanceUrl="https://evil.example")),
        "no token": stage.client.get(LWC),
        "no jwt": stage.get_lwc("x"),
        "expired": stage.get_lwc(stage.apex_token(iat=now - 120, nbf=now - 120, exp=now - 60)),
        "unknown issuer": stage.get_lwc(stage.apex_token(iss="00D000000000009EAA")),
    }


class TestFrameAncestors:
    @pytest.mark.parametrize("by", ["canvas", "lwc"])
    def test_a_panel_is_framed_by_the_hosts_of_its_connection_alone(self, stage: Stage, by: str) -> None:
        stage.change_connection(host_origins=MY_DOMAIN)
        expected = MY_DOMAIN if by == "lwc" else [*MY_DOMAIN, stage.org.url]
        assert ancestors(stage.open_panel(by=by).response) == " ".join(expected)

    def test_of_two_connections_each_names_its_own(self, stage: Stage) -> None:
        another = ["https://another.my.salesforce.com", "https://another.lightning.force.com"]
        stage.add_connection(org_id="00D000000000009EAA", host_origins=another)
        assert ancestors(stage.open_panel(by="lwc").response) == stage.org.url
        assert ancestors(stage.open_panel(by="canvas").response) == stage.org.url

    def test_a_refusal_before_the_org_is_known_may_be_framed_by_any_org(self, stage: Stage) -> None:
        expected = f"{stage.org.url} {ANY_ORG}"
        found = {name: ancestors(response) for name, response in refusals(stage).items()}
        assert found == dict.fromkeys(found, expected)

    def test_a_refusal_after_that_is_framed_by_that_org_alone(self, stage: Stage) -> None:
        stage.change_connection(host_origins=MY_DOMAIN)
        signed_request, token = stage.canvas_request(), stage.apex_token()
        stage.post_canvas(signed_request)
        stage.get_lwc(token)
        assert ancestors(stage.post_canvas(signed_request)) == " ".join([*MY_DOMAIN, stage.org.url])
        assert ancestors(stage.get_lwc(token)) == " ".join(MY_DOMAIN)
        no_access = stage.post_canvas(stage.canvas_request(record_id="003Wz00000zzzzz"))
        assert ancestors(no_access) == " ".join([*MY_DOMAIN, stage.org.url])
        assert ancestors(stage.get_lwc(stage.apex_token(record_id="003"))) == " ".join(MY_DOMAIN)

    def test_a_panel_that_crashes_says_so_in_a_page_that_may_be_framed(self, stage: Stage) -> None:
        with stage.runtime.database.write() as session:
            session.execute(text('UPDATE local_record SET provenance = \'{"email": {"by": 1}}\''))
        response = stage.post_canvas(stage.canvas_request())
        assert response.status_code == 500
        assert ancestors(response) == stage.org.url

    @pytest.mark.parametrize("path", [CANVAS, LWC])
    def test_without_a_database_the_words_still_reach_the_frame(self, stage: Stage, path: str) -> None:
        with stage.runtime.database.write() as session:
            session.execute(text("ALTER TABLE connection RENAME TO gone"))
        response = stage.post_canvas(stage.canvas_request()) if path == CANVAS else stage.get_lwc(stage.apex_token())
        assert response.status_code == 503
        assert ancestors(response) == ANY_ORG

    @pytest.mark.parametrize("path", ["/", "/admin/", "/admin/login", "/admin/nothing", "/nothing", "/healthz"])
    def test_nothing_else_may_be_framed(self, stage: Stage, path: str) -> None:
        assert policy_of(stage.client.get(path))["frame-ancestors"] == "'none'"

    @pytest.mark.parametrize("path", ["/panel/view", "/panel/nothing"])
    def test_a_partial_is_no_page_and_may_not_be_framed(self, stage: Stage, path: str) -> None:
        panel = stage.open_panel()
        assert policy_of(panel.get(path))["frame-ancestors"] == "'none'"

    def test_the_older_header_that_would_forbid_every_frame_is_not_sent(self, stage: Stage) -> None:
        for response in (stage.open_panel().response, *refusals(stage).values()):
            assert "X-Frame-Options" not in response.headers


class TestEveryAnswer:
    @pytest.fixture
    def answers(self, stage: Stage) -> dict[str, TestResponse]:
        panel = stage.open_panel()
        return refusals(stage) | {
            "panel": panel.response,
            "by apex": stage.open_panel(by="lwc").response,
            "view": panel.get("/panel/view"),
            "sync": panel.post("/panel/sync"),
            "token": panel.post("/panel/token"),
            "refused": stage.client.get("/panel/view"),
        }

    def test_is_kept_by_no_cache_sets_no_cookie_and_runs_nothing_inline(self, answers: dict[str, TestResponse]) -> None:
        for name, response in answers.items():
            policy = policy_of(response)
            del policy["frame-ancestors"]
            assert policy == PANEL_POLICY, name
            assert response.headers["Cache-Control"] == "no-store", name
            assert response.headers["Referrer-Policy"] == "no-referrer", name
            assert response.headers["X-Content-Type-Options"] == "nosniff", name
            assert "Set-Cookie" not in response.headers, name
            for forbidden in ("<script>", "<style", " style=", " onclick=", "javascript:", "http://cdn", "hx-on"):
                assert forbidden not in response.text, (name, forbidden)

    def test_holds_the_token_in_the_page_and_in_no_address(self, stage: Stage) -> None:
        panel = stage.open_panel()
        assert panel.response.text.count(panel.token) == 1
        assert panel.token not in str(panel.response.headers)
        assert all(panel.token not in each for each in (panel.sync().asks_next, panel.screen.html))

    def test_cookies_of_an_admin_are_neither_read_nor_touched(self, stage: Stage) -> None:
        client = stage.app.test_client()
        client.set_cookie("widget_admin", "whatever", path="/")
        response = client.post(CANVAS, data={"signed_request": stage.canvas_request()})
        assert response.status_code == 200
        assert "Set-Cookie" not in response.headers
