"""Inside a CRM's page on another origin, sandboxed or not: it syncs, and tells its host its height."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import urlencode

import pytest
from playwright.sync_api import Browser, FrameLocator, Page, expect

from tests.panel_ui.gallery import Gallery

pytestmark = pytest.mark.browser


def open_host(
    page: Page, gallery: Gallery, host_url: str, *, sandbox: bool, path: str = "", **asked: str
) -> FrameLocator:
    """Opens the host page with the panel in its frame, and waits for the panel to be drawn."""
    query = urlencode({"host": host_url, **asked})
    src = f"{gallery.url}{path or '/state/salesforce/differs'}?{query}"
    page.goto(f"{host_url}/?{urlencode({'src': src, **({'sandbox': '1'} if sandbox else {})})}")
    frame = page.frame_locator("iframe")
    expect(frame.locator("#panel")).to_be_visible()
    page.wait_for_timeout(300)
    return frame


def received(page: Page, *, least: int = 0) -> list[dict[str, Any]]:
    """What the host page was told, once it was told so often, and whatever comes right behind it."""
    page.wait_for_function("least => window.received.length >= least", arg=least)
    page.wait_for_timeout(100)
    messages: list[dict[str, Any]] = page.evaluate("window.received")
    return messages


@pytest.mark.parametrize("sandbox", [False, True])
def test_a_record_is_synced_in_the_frame(
    window: Page, gallery: Gallery, host_url: str, complaints: list[str], sandbox: bool
) -> None:
    gallery.gate.set()
    frame = open_host(window, gallery, host_url, sandbox=sandbox)
    frame.get_by_role("button", name="Sync this record").click()
    expect(frame.get_by_role("status")).to_contain_text("Done")
    assert complaints == []
    assert received(window)[0]["origin"] == ("null" if sandbox else gallery.url)


def test_the_token_is_renewed_in_a_sandboxed_frame(window: Page, gallery: Gallery, host_url: str) -> None:
    frame = open_host(window, gallery, host_url, sandbox=True)
    gallery.expire_token()
    frame.get_by_role("button", name="Sync this record").click()
    expect(frame.get_by_role("status")).to_contain_text("Waiting for its turn.")


def test_it_works_with_third_party_cookies_blocked(browser: Browser, gallery: Gallery, host_url: str) -> None:
    """A context that refuses cookies and storage of framed sites altogether."""
    context = browser.new_context()
    page = context.new_page()
    context.new_cdp_session(page).send(
        "Network.setCookieControls",
        {
            "enableThirdPartyCookieRestriction": True,
            "disableThirdPartyCookieMetadata": True,
            "disableThirdPartyCookieHeuristics": True,
        },
    )
    frame = open_host(page, gallery, host_url, sandbox=False)
    frame.get_by_role("button", name="Sync this record").click()
    expect(frame.get_by_role("status")).to_contain_text("Waiting for its turn.")
    context.close()


@pytest.mark.parametrize("sandbox", [False, True])
def test_an_lwc_host_is_told_the_height_once_and_again_when_it_changes(
    window: Page, gallery: Gallery, host_url: str, sandbox: bool
) -> None:
    frame = open_host(window, gallery, host_url, sandbox=sandbox)
    told = [message["data"] for message in received(window, least=1)]
    box = frame.locator("#panel").bounding_box()
    assert box is not None
    assert told == [{"type": "crm-sync-widget:resize", "height": -int(-box["height"] // 1)}]
    frame.get_by_text("Why?").first.click()
    heights = [message["data"]["height"] for message in received(window, least=2)]
    assert len(heights) == 2
    assert heights[1] > heights[0]


def test_a_canvas_host_is_told_the_height_in_the_words_of_the_canvas_sdk(
    window: Page, gallery: Gallery, host_url: str
) -> None:
    open_host(window, gallery, host_url, sandbox=False, protocol="canvas")
    raw = received(window)[0]["data"]
    assert isinstance(raw, str)
    message = json.loads(raw)
    assert (message["targetModule"], message["src"], message["body"]["type"]) == ("Canvas", "client", "resize")
    assert message["body"]["size"]["height"].endswith("px")
    client = message["body"]["config"]["client"]
    assert client == {"oauthToken": "null", "instanceId": "_:sample_panel:1", "targetOrigin": host_url}


@pytest.mark.parametrize("protocol", ["lwc", "canvas"])
def test_a_panel_at_its_end_asks_the_host_for_a_fresh_launch(
    window: Page, gallery: Gallery, host_url: str, protocol: str
) -> None:
    frame = open_host(window, gallery, host_url, sandbox=False, protocol=protocol)
    told = len(received(window))
    gallery.expire_token()
    gallery.capped = True
    frame.get_by_role("button", name="Sync this record").click()
    frame.get_by_role("button", name="Reload this panel").click()
    assert_relaunch(received(window, least=told + 1)[-1]["data"], protocol)


@pytest.mark.parametrize("protocol", ["lwc", "canvas"])
def test_a_message_page_can_ask_for_a_fresh_launch(
    window: Page, gallery: Gallery, host_url: str, protocol: str
) -> None:
    frame = open_host(window, gallery, host_url, sandbox=True, path="/message/expired", protocol=protocol)
    told = len(received(window))
    frame.get_by_role("button", name="Reload this panel").click()
    assert_relaunch(received(window, least=told + 1)[-1]["data"], protocol)


def test_in_a_modal_of_hubspot_a_panel_at_its_end_closes_the_window(
    window: Page, gallery: Gallery, host_url: str
) -> None:
    frame = open_host(window, gallery, host_url, sandbox=False, path="/state/hubspot/in_step", protocol="hubspot")
    assert received(window) == []  # the modal has a size of its own, and nobody there listens for another
    gallery.expire_token()
    gallery.capped = True
    frame.get_by_role("button", name="Sync this record").click()
    frame.get_by_role("button", name="Close this window").click()
    assert [json.loads(each["data"]) for each in received(window, least=1)] == [{"action": "DONE"}]


@pytest.mark.parametrize("sandbox", [False, True])
def test_so_does_a_message_page_there(window: Page, gallery: Gallery, host_url: str, sandbox: bool) -> None:
    frame = open_host(window, gallery, host_url, sandbox=sandbox, path="/message/expired", protocol="hubspot")
    frame.get_by_role("button", name="Close this window").click()
    assert json.loads(received(window, least=1)[-1]["data"]) == {"action": "DONE"}
    expect(frame.get_by_role("status")).to_contain_text("Close it by its own button", timeout=10_000)


def assert_relaunch(data: Any, protocol: str) -> None:
    if protocol == "lwc":
        assert data == {"type": "crm-sync-widget:relaunch"}
        return
    body = json.loads(data)["body"]
    assert (body["type"], body["refresh"]) == ("repost", True)


def test_no_other_page_is_told_anything(window: Page, gallery: Gallery, host_url: str) -> None:
    open_host(window, gallery, host_url, sandbox=False, path="/state/salesforce/in_step", protocol="lwc")
    src = f"{gallery.url}/state/salesforce/in_step?host=https://someone-else.example.com"
    window.goto(f"{host_url}/?{urlencode({'src': src})}")
    window.wait_for_timeout(300)
    assert received(window) == []
