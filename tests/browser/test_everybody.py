"""Usable by keyboard and by screen reader, in the real page."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.demo import Demo
from tests.browser.record_page import Protocol, RecordPage


def test_the_keyboard_alone_syncs_and_reads_on(demo: Demo, record_page: RecordPage) -> None:
    contact = demo.contact(Email=None)
    record_page.open(contact)
    record_page.page.get_by_role("link", name="Refresh").focus()
    button = record_page.panel.locator("#sync")
    tab_to(record_page.page, lambda: is_focused(record_page, "sync"))
    assert button.evaluate("element => getComputedStyle(element).outlineStyle") == "solid"
    record_page.page.keyboard.press("Enter")
    record_page.says("has no email address")
    # The focus stayed with the button, and leads on to the reason.
    assert is_focused(record_page, "sync")
    tab_to(record_page.page, lambda: is_focused(record_page, "why-1"))
    record_page.page.keyboard.press("Enter")
    expect(record_page.recent.first).to_contain_text("Add an email address in Salesforce")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("protocol", ["canvas", "lwc"])
def test_nothing_serious_stands_in_the_way_of_anybody(
    demo: Demo, record_page: RecordPage, protocol: Protocol, scheme: str
) -> None:
    record_page.page.emulate_media(color_scheme="dark" if scheme == "dark" else "light")
    record_page.open(demo.contact(Email=None), by=protocol)
    assert serious(record_page.page) == []
    record_page.sync("has no email address")
    record_page.recent.first.get_by_text("Why?").click()
    assert serious(record_page.page) == []


def tab_to(page: Page, arrived: object) -> None:
    for _ in range(40):
        page.keyboard.press("Tab")
        if callable(arrived) and arrived():
            return
    raise AssertionError("Tab does not lead there")


def is_focused(record_page: RecordPage, element_id: str) -> bool:
    return bool(record_page.frame.evaluate("id => document.activeElement.id === id", element_id))


def serious(page: Page) -> list[str]:
    """What axe finds in the page and in the frame."""
    found = Axe().run(page).response["violations"]
    return [
        f"{each['id']}: {node['target']} {node['html'][:160]}"
        for each in found
        if each["impact"] in ("serious", "critical")
        for node in each["nodes"]
    ]
