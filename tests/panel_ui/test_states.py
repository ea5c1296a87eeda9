"""Every state of the panel, in both host looks, light and dark: accessible, quiet, and readable without scripts."""

from __future__ import annotations

import gzip
import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.panel_ui import samples
from tests.panel_ui.conftest import OpenPanel
from tests.panel_ui.gallery import Gallery

pytestmark = pytest.mark.browser

STATES = list(samples.states())
LOOKS = [(crm, scheme) for crm in ("salesforce", "hubspot") for scheme in ("light", "dark")]
BUSY = {"queued", "undoing", "running_reading", "running_comparing", "running_writing", "waiting"}
CLOSED = {"ambiguous", "object_off", "syncs_off", "not_allowed", "deleted"}


def serious_findings(page: Page, *rules: str) -> list[str]:
    """What the rules find, all of them where none is named."""
    found = Axe().run(page, options={"runOnly": list(rules)} if rules else None).response["violations"]
    return [
        f"{finding['id']}: {[node['html'] for node in finding['nodes']]}"
        for finding in found
        if finding["impact"] in ("serious", "critical")
    ]


@pytest.mark.parametrize(("crm", "scheme"), LOOKS)
def test_axe_finds_nothing_serious_in_any_state(
    open_panel: OpenPanel, complaints: list[str], crm: str, scheme: str
) -> None:
    # Between the looks only colours differ: the rest is asked of the first.
    rules = () if (crm, scheme) == LOOKS[0] else ("color-contrast",)
    for name in STATES:
        page = open_panel(name, crm, scheme=scheme)
        assert serious_findings(page, *rules) == [], name
    assert complaints == []


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious_side_by_side(open_panel: OpenPanel, window: Page, scheme: str) -> None:
    window.set_viewport_size({"width": 1000, "height": 700})
    for name in ("differs", "running_comparing", "ambiguous", "failed"):
        assert serious_findings(open_panel(name, scheme=scheme)) == [], name


@pytest.mark.parametrize("name", list(samples.MESSAGES))
def test_a_message_in_place_of_a_panel_is_accessible_and_quiet(
    window: Page, gallery: Gallery, complaints: list[str], name: str
) -> None:
    window.goto(f"{gallery.url}/message/{name}?host=https://host.example.com")
    assert serious_findings(window) == []
    assert complaints == []
    expect(window.get_by_role("button")).to_have_count(1 if samples.MESSAGES[name].can_relaunch else 0)


@pytest.mark.parametrize("name", STATES)
def test_the_button_has_its_name_wherever_it_can_be_pressed(open_panel: OpenPanel, name: str) -> None:
    page = open_panel(name)
    button = page.locator("#sync")
    if name in BUSY:
        expect(button).to_have_attribute("aria-busy", "true")
        expect(button).to_have_attribute("aria-disabled", "true")
        return
    expect(page.get_by_role("button", name="Sync this record", exact=True)).to_be_visible()
    if name in CLOSED:
        expect(button).to_have_attribute("aria-disabled", "true")
    else:
        expect(button).not_to_have_attribute("aria-disabled", "true")


@pytest.mark.parametrize("name", sorted(CLOSED | BUSY - {"queued"}))
def test_a_button_that_cannot_be_pressed_sends_nothing(open_panel: OpenPanel, gallery: Gallery, name: str) -> None:
    page = open_panel(name)
    page.locator("#sync").click(force=True)
    page.locator("#sync").press("Enter")
    page.wait_for_timeout(100)
    assert gallery.count("POST /panel/sync") == 0


def test_a_field_shows_one_value_when_both_agree_and_names_both_when_they_differ(open_panel: OpenPanel) -> None:
    page = open_panel("differs")
    title = page.locator(".row", has_text="Job title")
    expect(title.locator(".values")).to_have_text(re.compile(r"Salesforce\s+Chief of Staff\s+Ours\s+Office Manager"))
    expect(page.locator(".row", has_text="Phone").locator(".values")).to_have_text("+44 20 7946 0999")


def test_the_arrow_says_its_direction_in_words_on_hover_and_on_focus(open_panel: OpenPanel) -> None:
    page = open_panel("differs")
    arrow = page.get_by_role("img", name="From Salesforce to us").first
    hint = "element => getComputedStyle(element, '::after').visibility"
    page.locator("#sync").hover()
    assert arrow.evaluate(hint) == "hidden"
    arrow.focus()
    page.keyboard.press("Shift")
    assert arrow.evaluate(hint) == "visible"
    page.keyboard.press("Escape")
    assert arrow.evaluate(hint) == "hidden"


def test_the_last_five_entries_are_shown_and_tell_why(open_panel: OpenPanel) -> None:
    page = open_panel("in_step")
    entries = page.locator(".entry")
    expect(entries).to_have_count(5)
    entries.nth(2).get_by_text("Why?").click()
    expect(entries.nth(2)).to_contain_text("Shorten the phone number to 40 characters and sync again. STRING_TOO_LONG")


def test_text_typed_by_crm_users_stays_text(open_panel: OpenPanel, window: Page, complaints: list[str]) -> None:
    page = open_panel("hostile")
    page.wait_for_timeout(200)
    assert "owned" not in page.title()
    assert page.locator("#panel img, #panel script").count() == 0
    assert complaints == []


@pytest.mark.parametrize("width", [300, 320, 700, 1000])
def test_no_text_however_long_makes_the_panel_wider_than_its_frame(open_panel: OpenPanel, width: int) -> None:
    page = open_panel("hostile")
    page.set_viewport_size({"width": width, "height": 600})
    assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_a_long_text_opens_in_place(open_panel: OpenPanel) -> None:
    page = open_panel("hostile")
    text = page.locator(".more .value").first
    before = text.bounding_box()
    page.locator(".more summary").first.click()
    after = text.bounding_box()
    assert before is not None
    assert after is not None
    assert after["height"] > before["height"]


def test_so_does_any_value_that_does_not_fit_into_two_lines(open_panel: OpenPanel) -> None:
    page = open_panel("hostile")
    page.set_viewport_size({"width": 320, "height": 700})
    address = page.locator("#fields .row").nth(3).locator("summary").first
    closed = address.bounding_box()
    address.press("Enter")
    opened = address.bounding_box()
    assert closed is not None
    assert opened is not None
    assert opened["height"] > closed["height"]


def test_the_values_are_there_before_any_script_ran(browser: Browser, gallery: Gallery) -> None:
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{gallery.url}/state/salesforce/differs")
    expect(page.get_by_text("Chief of Staff")).to_be_visible()
    expect(page.get_by_role("status")).to_contain_text("2 fields differ.")
    context.close()


def test_the_look_follows_the_system_unless_the_host_says_otherwise(browser: Browser, gallery: Gallery) -> None:
    background = "getComputedStyle(document.body).backgroundColor"
    context = browser.new_context(color_scheme="dark")
    page = context.new_page()
    page.goto(f"{gallery.url}/state/salesforce/in_step")
    assert page.evaluate(background) == "rgb(30, 31, 34)"
    page.goto(f"{gallery.url}/state/salesforce/in_step?scheme=light")
    assert page.evaluate(background) == "rgb(255, 255, 255)"
    context.close()


def test_targets_are_at_least_32_pixels_and_44_under_a_finger(browser: Browser, gallery: Gallery) -> None:
    for touch, least in ((False, 32), (True, 44)):
        context = browser.new_context(has_touch=touch, is_mobile=touch, viewport={"width": 320, "height": 700})
        page = context.new_page()
        for name in ("ambiguous", "unreachable"):
            page.goto(f"{gallery.url}/state/salesforce/{name}")
            for target in page.locator("button:visible, summary:visible").all():
                box = target.bounding_box()
                assert box is not None
                assert box["height"] >= least, target.inner_text()
        context.close()


def test_nothing_moves_for_those_who_asked_for_less_motion(browser: Browser, gallery: Gallery) -> None:
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    for name in ("running_comparing", "done"):
        page.goto(f"{gallery.url}/state/salesforce/{name}")
        assert page.evaluate("document.getAnimations().length") == 0
    context.close()


def test_the_whole_panel_weighs_under_40_kilobytes_compressed(gallery: Gallery, window: Page) -> None:
    window.goto(f"{gallery.url}/state/salesforce/failed")
    parts = ["/state/salesforce/failed", "/static/panel.css", "/static/panel.js", "/static/vendor/htmx.min.js"]
    bodies = {part: window.request.get(gallery.url + part) for part in parts}
    assert all(body.ok for body in bodies.values())
    weights = {part: len(gzip.compress(body.body(), 6)) for part, body in bodies.items()}
    assert sum(weights.values()) < 40_000, weights
