"""Proofs are good once and tokens for a while: an idle tab lives on, a stale one comes back with one click."""

from __future__ import annotations

import pytest
from playwright.sync_api import Request, expect

from tests.browser.conftest import OpenWindow
from tests.browser.demo import TOKEN_SECONDS, Demo
from tests.browser.record_page import PATIENCE_MS, Protocol, RecordPage
from tests.browser.window import Window


def test_an_idle_panel_renews_itself_and_one_that_could_not_comes_back_with_a_click(
    demo: Demo, open_window: OpenWindow
) -> None:
    """Three windows wait together for longer than a token lives: only one of them is let renew its token."""
    idle, canvas, lwc = (open_window() for _ in range(3))
    renewals: list[Request] = []
    idle.page.on("request", lambda each: renewals.append(each) if each.url.endswith("/panel/token") else None)
    kept = RecordPage(idle, demo).open(demo.contact(), by="lwc-sandboxed")
    asleep = {
        canvas: RecordPage(canvas, demo).open(demo.contact()),
        lwc: RecordPage(lwc, demo).open(demo.contact(), by="lwc"),
    }
    for window in asleep:
        window.page.route("**/panel/token", lambda route: route.abort())
    lwc.page.wait_for_timeout((TOKEN_SECONDS + 2) * 1000)

    assert len(renewals) >= 1
    kept.sync("Created here from Salesforce")
    assert idle.complaints == []

    for window, record_page in asleep.items():
        window.page.unroute("**/panel/token")
        record_page.button.click()
        record_page.says("This panel needs a fresh start.")
        if window is canvas:
            record_page.picture("21-expired")
        record_page.reload_panel()
        record_page.says("has not been synced yet")
        record_page.sync("Created here from Salesforce")
        window.forgive("ERR_FAILED|401")


@pytest.mark.parametrize("protocol", ["canvas", "lwc", "lwc-sandboxed"])
def test_a_reload_of_the_frame_alone_is_answered_helpfully(
    demo: Demo, window: Window, record_page: RecordPage, protocol: Protocol
) -> None:
    """The browser sends the same proof again; it was good once. One click gets a fresh one."""
    record_page.open(demo.contact(), by=protocol)
    if protocol == "canvas":
        record_page.post_into_frame()
    else:
        record_page.frame.evaluate("setTimeout(() => location.reload())")
    record_page.says("This panel was opened before.", "Reload it to get a fresh one.")
    if protocol == "canvas":
        record_page.picture("22-opened-before")
    record_page.reload_panel()
    expect(record_page.button).to_be_visible(timeout=PATIENCE_MS)
    record_page.sync("Created here from Salesforce")
    window.forgive("409")
