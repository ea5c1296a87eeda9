"""Each way a CRM can frame the panel: Canvas, a Lightning component, a sandboxed frame; without any cookie."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Request, expect

from tests.browser.conftest import OpenWindow
from tests.browser.demo import Demo
from tests.browser.record_page import PATIENCE_MS, Protocol, RecordPage
from tests.browser.window import TRY_A_COOKIE, Window
from tests.panel_ui.gallery import serving
from tests.panel_ui.host import create_host

# Notes whoever touches what a browser could keep. The host page has a world of its own.
SPY = """
window.touched = []
for (const name of ['localStorage', 'sessionStorage', 'indexedDB', 'caches', 'cookieStore']) {
  const own = Object.getOwnPropertyDescriptor(window, name)
  const get = () => { touched.push(name); return own.get.call(window) }
  if (own) Object.defineProperty(window, name, { configurable: true, get })
}
const jar = Object.getOwnPropertyDescriptor(Document.prototype, 'cookie')
Object.defineProperty(Document.prototype, 'cookie', {
  configurable: true,
  get () { touched.push('cookie'); return jar.get.call(this) },
  set (text) { touched.push('cookie'); jar.set.call(this, text) }
})
"""


@pytest.mark.parametrize("protocol", ["canvas", "lwc", "lwc-sandboxed"])
def test_a_record_is_synced_without_a_cookie_or_any_storage(demo: Demo, window: Window, protocol: Protocol) -> None:
    asked: list[Request] = []
    window.page.on("request", lambda request: asked.append(request) if request.url.startswith(demo.web_url) else None)
    window.context.add_init_script(SPY)
    window.block_third_party_cookies()
    contact = demo.contact()
    record_page = RecordPage(window, demo).open(contact, by=protocol)
    record_page.sync("Created here from Salesforce")
    record_page.sync("Nothing to do.")

    posted = [each for each in asked if each.url.endswith("/panel/sync") and each.method == "POST"]
    assert len(posted) == 2
    assert "authorization" in posted[0].all_headers()
    assert [each.url for each in asked if "cookie" in each.all_headers()] == []
    assert [each.url for each in asked if "set-cookie" in _answer_headers(each)] == []
    assert record_page.frame.evaluate("touched") == []
    assert window.context.cookies(demo.web_url) == []
    # The block is real: a cookie that a frame tries to leave is not kept.
    assert record_page.frame.evaluate(TRY_A_COOKIE) == ""


def test_the_sandboxed_frame_has_no_origin_of_its_own(demo: Demo, record_page: RecordPage) -> None:
    record_page.open(demo.contact(), by="lwc-sandboxed")
    assert record_page.frame.evaluate("self.origin") == "null"


@pytest.mark.parametrize("protocol", ["canvas", "lwc", "lwc-sandboxed"])
def test_the_host_page_gives_the_frame_the_height_it_asks_for(
    demo: Demo, record_page: RecordPage, protocol: Protocol
) -> None:
    contact = demo.contact(Email=None)
    record_page.page.set_viewport_size({"width": 360, "height": 900})
    record_page.open(contact, by=protocol)
    fits(record_page)
    record_page.sync("has no email address")
    fits(record_page)
    before = height(record_page)
    why = record_page.recent.first.locator("details")
    record_page.reach(why.get_by_text("Why?")).click()
    expect(why).to_have_attribute("open", "")
    fits(record_page)
    assert height(record_page) > before


def test_no_foreign_page_may_frame_the_panel(demo: Demo, window: Window) -> None:
    """A page of another site holds a genuine launch address, and gets nothing to show."""
    contact = demo.contact()
    window.page.goto(f"{demo.org_url}/lightning/r/{contact.object}/{contact.id}/lwc")
    src = window.page.locator("[data-embed]").get_attribute("data-renew")
    fresh = window.page.evaluate("async (url) => (await (await fetch(url)).json()).src", src)
    with serving(create_host()) as foreign:
        with window.page.expect_event("console", lambda message: "frame-ancestors" in message.text):
            window.page.goto(f"http://foreign.localhost:{foreign.port}/?{urlencode({'src': fresh})}")
        framed = window.page.frames[1]
        expect(window.page.frame_locator("iframe").locator("#panel")).to_have_count(0)
        assert framed.url.startswith("chrome-error:")
    window.forgive("frame-ancestors")


def test_two_windows_of_one_rep_do_not_disturb_each_other(demo: Demo, open_window: OpenWindow) -> None:
    contact = demo.contact()
    first = RecordPage(open_window(), demo).open(contact)
    second = RecordPage(open_window(), demo).open(contact, by="lwc-sandboxed")
    first.sync("Created here from Salesforce")
    second.sync("Nothing to do.")
    first.sync("Nothing to do.")


def fits(record_page: RecordPage) -> None:
    """The frame is exactly as high as the panel in it."""
    wanted = record_page.frame.evaluate("Math.ceil(document.getElementById('panel').getBoundingClientRect().height)")
    frame = record_page.page.locator(".embed iframe")
    expect(frame).to_have_css("height", f"{wanted}px", timeout=PATIENCE_MS)


def height(record_page: RecordPage) -> float:
    box = record_page.page.locator(".embed iframe").bounding_box()
    assert box is not None
    return box["height"]


def _answer_headers(request: Request) -> dict[str, Any]:
    answer = request.response()
    return answer.all_headers() if answer else {}
