"""The host's side of the two protocols, in a real browser, with a small panel of our own in the frame."""

from __future__ import annotations

import html
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, ConsoleMessage, Frame, Page, Route, expect

from tests.support.org_server import OrgServer

pytestmark = pytest.mark.browser

PANEL_PAGE = """<!doctype html><html lang="en"><title>Panel</title><body>
<main><h1>Panel</h1><pre id="received">{received}</pre></main>
<script>
  window.heard = [];
  addEventListener("message", (event) => {{ if (event.source === parent) heard.push(event.data); }});
</script></body></html>"""


class Panel:
    """Answers in the place of the panel's server and keeps what the host sent it."""

    def __init__(self, page: Page, url: str) -> None:
        self.url = url
        self.received: list[str] = []
        self.paths: list[str] = []
        page.route(f"{url}/**", self._answer)

    def _answer(self, route: Route) -> None:
        request = route.request
        parts = urlsplit(request.url)
        proof = request.post_data if request.method == "POST" else parts.query
        values = parse_qs(proof or "")
        self.received.append((values.get("signed_request") or values.get("token") or [""])[0])
        self.paths.append(f"{request.method} {parts.path}")
        body = PANEL_PAGE.format(received=html.escape(self.received[-1]))
        route.fulfill(content_type="text/html; charset=utf-8", body=body)


class Host:
    """A record page with the panel in it."""

    def __init__(self, page: Page, org: OrgServer) -> None:
        self.page = page
        self.org = org
        self.errors: list[str] = []
        page.on("console", self._note)
        page.on("pageerror", lambda error: self.errors.append(str(error)))
        self.panel = Panel(page, org.panel_url)

    def _note(self, message: ConsoleMessage) -> None:
        if message.type == "error":
            self.errors.append(message.text)

    def open(self, mode: str = "view", *, object_name: str = "Contact", **query: str) -> None:
        record_id = self.org.credentials["records"][object_name]["id"]
        tail = "&".join(f"{name}={value}" for name, value in query.items())
        self.page.goto(f"{self.org.url}/lightning/r/{object_name}/{record_id}/{mode}?{tail}")
        self.page.frame_locator("iframe").get_by_role("heading", name="Panel").wait_for()

    @property
    def frame(self) -> Frame:
        return next(frame for frame in self.page.frames if frame.url.startswith(self.panel.url))

    @property
    def iframe(self) -> Any:
        return self.page.locator("iframe")

    def canvas(self, body: dict[str, Any], *, instance_id: str | None = None, module: str = "Canvas") -> None:
        """Post what the Canvas SDK posts: one JSON string."""
        own = self.frame.evaluate("window.name.substring('canvas-frame-'.length)")
        client = {"oauthToken": "null", "instanceId": instance_id or own, "targetOrigin": "*"}
        message = {
            "seq": 7,
            "src": "client",
            "clientVersion": "63.0",
            "body": body | {"config": {"client": client}},
            "targetModule": module,
        }
        self.post(json.dumps(message))

    def post(self, message: Any) -> None:
        self.frame.evaluate("message => parent.postMessage(message, '*')", message)


@pytest.fixture
def host(browser: Browser, org_server: OrgServer) -> Iterator[Host]:
    context = browser.new_context(viewport={"width": 1440, "height": 900})
    host = Host(context.new_page(), org_server)
    yield host
    assert host.errors == []
    context.close()


class TestCanvas:
    def test_one_signed_request_is_posted_when_the_page_loads(self, host: Host) -> None:
        host.open()
        assert host.panel.paths == ["POST /launch/salesforce/canvas"]
        assert host.panel.received[0].count(".") == 1

    def test_the_frame_takes_the_height_it_asks_for(self, host: Host) -> None:
        host.open()
        host.canvas({"type": "resize", "size": {"height": "613px", "width": ""}})
        expect(host.iframe).to_have_css("height", "613px")

    def test_messages_that_are_not_canvas_or_not_for_this_frame_change_nothing(self, host: Host) -> None:
        host.open()
        resize = {"type": "resize", "size": {"height": "999px"}}
        host.canvas(resize, instance_id="someone-else")
        host.canvas(resize, module="Other")
        host.post({"targetModule": "Canvas", "body": resize})
        host.post("not { json")
        host.page.evaluate("window.postMessage(JSON.stringify({targetModule: 'Canvas', body: {}}), '*')")
        host.canvas({"type": "resize", "size": {"height": "613px"}})
        expect(host.iframe).to_have_css("height", "613px")

    def test_repost_with_refresh_loads_the_panel_with_a_new_signed_request(self, host: Host) -> None:
        host.open()
        for refresh in (True, {"refresh": True}):
            before = len(host.panel.received)
            host.canvas({"type": "repost", "accessToken": "null", "refresh": refresh})
            expect(host.page.frame_locator("iframe").locator("#received")).not_to_have_text(
                host.panel.received[before - 1]
            )
        assert len(set(host.panel.received)) == len(host.panel.received) == 3

    def test_repost_without_refresh_sends_the_same_string_again(self, host: Host) -> None:
        host.open()
        with host.page.expect_response("**/launch/salesforce/canvas"):
            host.canvas({"type": "repost", "accessToken": "null", "refresh": False})
        assert len(host.panel.received) == 2
        assert host.panel.received[0] == host.panel.received[1]

    def test_refresh_answers_with_a_new_signed_request_and_keeps_the_page(self, host: Host) -> None:
        host.open()
        host.canvas({"type": "refresh", "accessToken": "null"})
        host.frame.wait_for_function("heard.length === 1")
        answer = json.loads(host.frame.evaluate("heard[0]"))
        assert (answer["type"], answer["status"], answer["seq"]) == ("callback", 200, 7)
        assert answer["targetModule"] == "Canvas"
        assert answer["payload"]["response"] not in host.panel.received
        assert answer["payload"]["response"].count(".") == 1
        assert len(host.panel.received) == 1


@pytest.mark.parametrize("mode", ["lwc", "lwc-sandboxed"])
class TestLightningComponent:
    def test_the_frame_takes_the_height_it_asks_for(self, host: Host, mode: str) -> None:
        host.open(mode)
        host.post({"type": "crm-sync-widget:resize", "height": 577})
        expect(host.iframe).to_have_css("height", "577px")

    def test_a_relaunch_loads_the_frame_with_a_new_token(self, host: Host, mode: str) -> None:
        host.open(mode)
        host.post({"type": "crm-sync-widget:relaunch"})
        expect(host.page.frame_locator("iframe").locator("#received")).not_to_have_text(host.panel.received[0])
        assert host.panel.paths == ["GET /launch/salesforce/lwc"] * 2
        assert len(set(host.panel.received)) == 2

    def test_only_the_frames_own_window_is_heard(self, host: Host, mode: str) -> None:
        host.open(mode)
        host.page.evaluate("window.postMessage({type: 'crm-sync-widget:resize', height: 999}, '*')")
        host.page.evaluate("window.postMessage({type: 'crm-sync-widget:relaunch'}, '*')")
        host.post({"type": "crm-sync-widget:resize", "height": "constructor"})
        host.post({"type": "constructor"})
        host.post(None)
        host.post({"type": "crm-sync-widget:resize", "height": 577})
        expect(host.iframe).to_have_css("height", "577px")
        assert len(host.panel.received) == 1

    def test_the_frame_is_where_the_page_says(self, host: Host, mode: str) -> None:
        host.open(mode)
        origin = host.frame.evaluate("self.origin")
        assert origin == ("null" if mode == "lwc-sandboxed" else host.panel.url)
        narrow = host.iframe.bounding_box()["width"]
        host.open(mode, placement="main")
        assert narrow < 400 < 900 < host.iframe.bounding_box()["width"]


class TestEditingInPlace:
    def test_a_pencil_opens_the_form_and_saving_leaves_the_panel_loaded(self, host: Host) -> None:
        host.open()
        page = host.page
        page.get_by_role("link", name="Edit Title", exact=True).click()
        field = page.get_by_label("Title", exact=True)
        expect(field).to_be_focused()
        field.fill("Changed in the browser")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("status")).to_contain_text("was saved")
        expect(page.locator("#highlights")).to_contain_text("Changed in the browser")
        assert len(host.panel.received) == 1

    def test_a_refused_save_is_told_at_the_field(self, host: Host) -> None:
        host.open()
        page = host.page
        page.get_by_role("link", name="Edit Email", exact=True).click()
        page.get_by_label("Email", exact=True).fill("not an email")
        page.get_by_role("button", name="Save").click()
        expect(page.get_by_role("alert")).to_contain_text("invalid email address")
        expect(page.get_by_label("Email", exact=True)).to_be_focused()
        expect(page.get_by_label("Email", exact=True)).to_have_attribute("aria-invalid", "true")
        host.errors.clear()

    def test_escape_closes_the_form(self, host: Host) -> None:
        host.open()
        host.page.get_by_role("link", name="Edit Title", exact=True).click()
        host.page.get_by_label("Title", exact=True).press("Escape")
        expect(host.page.get_by_role("button", name="Save")).to_have_count(0)

    def test_refresh_shows_what_others_changed_and_leaves_the_panel_loaded(self, host: Host) -> None:
        host.open()
        other = host.page.context.new_page()
        other.route(f"{host.panel.url}/**", lambda route: route.fulfill(body="", content_type="text/html"))
        other.goto(host.page.url.split("?")[0] + "?edit=Title")
        other.get_by_label("Title", exact=True).fill("Changed by someone else")
        other.get_by_role("button", name="Save").click()
        expect(other.locator("#highlights")).to_contain_text("Changed by someone else")
        other.close()
        host.page.get_by_role("link", name="Refresh").click()
        expect(host.page.locator("#highlights")).to_contain_text("Changed by someone else")
        assert len(host.panel.received) == 1


@pytest.mark.parametrize(("width", "scheme"), [(390, "dark"), (1440, "light")])
def test_the_pages_are_accessible_and_never_wider_than_the_screen(
    browser: Browser, org_server: OrgServer, width: int, scheme: Any
) -> None:
    context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
    host = Host(context.new_page(), org_server)
    record = f"/lightning/r/Contact/{org_server.credentials['records']['Contact']['id']}/view"
    for path in ("/lightning/page/home", "/lightning/o/Contact/list?q=ana", record, f"{record}?edit=Title"):
        host.page.goto(org_server.url + path)
        found = Axe().run(host.page, options={"iframes": False}).response["violations"]
        serious = [each for each in found if each["impact"] in ("serious", "critical")]
        assert [(each["id"], [node["html"] for node in each["nodes"]][:3]) for each in serious] == []
        assert host.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
    context.close()
