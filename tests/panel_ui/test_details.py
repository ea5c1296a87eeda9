"""History, explanation and undo in a real browser: opened in place, closed again, by pointer and by keyboard."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.panel_ui.conftest import OpenPanel
from tests.panel_ui.gallery import Gallery
from tests.panel_ui.test_states import serious_findings

pytestmark = pytest.mark.browser


def open_history(page: Page, name: str = "Title") -> None:
    page.locator(f"#ask-{name}").click()
    expect(page.locator(f"#past-{name} .changes")).to_be_visible()


@pytest.mark.parametrize(("crm", "scheme"), [("salesforce", "light"), ("salesforce", "dark"), ("hubspot", "light")])
def test_axe_finds_nothing_serious_in_history_explanation_and_undo(
    open_panel: OpenPanel, complaints: list[str], crm: str, scheme: str
) -> None:
    page = open_panel("differs", crm, scheme=scheme)
    open_history(page)
    page.locator("#past-Title summary").first.click()
    page.get_by_role("button", name="Explain").click()
    expect(page.get_by_role("heading", name="It is not synced.")).to_be_visible()
    assert serious_findings(page) == []
    assert complaints == []


def test_the_history_opens_below_its_field_and_a_second_press_closes_it(open_panel: OpenPanel) -> None:
    page = open_panel("in_step")
    button = page.get_by_role("button", name="History of Job title")
    expect(button).to_have_attribute("aria-expanded", "false")
    button.click()
    expect(page.get_by_role("list", name="Changes by sync, newest first").locator("> li")).to_have_count(3)
    expect(button).to_have_attribute("aria-expanded", "true")
    button.click()
    expect(page.locator("#past-Title")).to_be_empty()
    expect(button).to_have_attribute("aria-expanded", "false")
    button.click()
    expect(page.locator("#past-Title li").first).to_be_visible()


def test_all_of_it_works_with_the_keyboard_alone(open_panel: OpenPanel, gallery: Gallery) -> None:
    page = open_panel("in_step")
    page.locator("#ask-Title").focus()
    page.keyboard.press("Enter")
    expect(page.locator("#past-Title .changes")).to_be_visible()
    expect(page.locator("#ask-Title")).to_be_focused()
    page.locator("#past-Title summary").first.focus()
    page.keyboard.press("Space")
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name="Put back").first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Undoing.")
    assert {"entry_id": "31", "field": "job_title"} in gallery.forms


def test_an_undo_takes_two_presses_and_says_in_between_what_will_be(open_panel: OpenPanel, gallery: Gallery) -> None:
    page = open_panel("in_step")
    page.locator("#undo-31").click()
    assert gallery.count("POST /panel/undo") == 0
    expect(page.locator(".undo[open]")).to_contain_text("Goes back to what it was: Job title, Phone here; Lead score")
    page.get_by_role("button", name="Put back").click()
    expect(page.get_by_role("status")).to_contain_text("Undoing.")
    assert gallery.count("POST /panel/undo") == 1


def test_a_refused_undo_says_why(open_panel: OpenPanel, gallery: Gallery) -> None:
    gallery.failing = 409
    gallery.failing_body = {"error": "nothing_to_undo", "message": "This entry is no longer in the log."}
    page = open_panel("in_step")
    page.locator("#undo-31").click()
    page.get_by_role("button", name="Put back").click()
    expect(page.get_by_role("status")).to_contain_text("This entry is no longer in the log.")


def test_with_a_dead_token_it_opens_all_the_same(open_panel: OpenPanel, gallery: Gallery) -> None:
    page = open_panel("in_step")
    gallery.expire_token()
    open_history(page)
    assert gallery.count("POST /panel/token") == 1


def test_an_answer_of_a_sync_closes_the_explanation_and_keeps_an_unchanged_history(
    open_panel: OpenPanel, gallery: Gallery
) -> None:
    gallery.gate.set()
    gallery.end = "in_step"
    page = open_panel("in_step")
    page.get_by_role("button", name="Explain").click()
    expect(page.locator("#explain li").first).to_be_visible()
    open_history(page)
    page.get_by_role("button", name="Sync this record", exact=True).click()
    expect(page.locator("#explain")).to_be_empty()
    expect(page.get_by_role("button", name="Explain")).to_have_attribute("aria-expanded", "false")
    expect(page.get_by_role("button", name="Sync this record", exact=True)).not_to_have_attribute("aria-busy", "true")
    expect(page.locator("#past-Title .changes")).to_be_visible()


@pytest.mark.parametrize("width", [320, 800])
def test_text_typed_by_crm_users_stays_text_and_in_the_frame(
    open_panel: OpenPanel, window: Page, complaints: list[str], width: int
) -> None:
    page = open_panel("hostile")
    page.set_viewport_size({"width": width, "height": 700})
    page.locator("#ask-a").click()
    expect(page.locator("#past-a .changes")).to_be_visible()
    for summary in page.locator("#past-a summary:visible, .undo summary:visible").all():
        summary.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("#panel img, #panel script").count() == 0
    assert "owned" not in page.title()
    assert complaints == []


def test_targets_are_large_enough(browser: Browser, gallery: Gallery) -> None:
    for touch, least in ((False, 32), (True, 44)):
        context = browser.new_context(has_touch=touch, is_mobile=touch, viewport={"width": 320, "height": 700})
        page = context.new_page()
        page.goto(f"{gallery.url}/state/salesforce/in_step")
        open_history(page)
        page.locator("#past-Title summary").first.click()
        for target in page.locator("button:visible, summary:visible").all():
            box = target.bounding_box()
            assert box is not None
            assert box["height"] >= least, target.inner_text()
        context.close()
