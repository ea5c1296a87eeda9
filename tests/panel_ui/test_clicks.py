"""A click on the button, from the press to what changed, with every way the way there can fail."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.panel_ui.conftest import OpenPanel
from tests.panel_ui.gallery import Gallery

pytestmark = pytest.mark.browser


def press(page: Page) -> None:
    page.get_by_role("button", name="Sync this record", exact=True).click()


def test_a_click_shows_each_step_and_then_what_changed(
    open_panel: OpenPanel, gallery: Gallery, complaints: list[str]
) -> None:
    gallery.pace = 150
    gallery.gate.set()
    page = open_panel("differs")
    status = page.get_by_role("status")
    press(page)
    for words in (
        "Waiting for its turn.",
        "Reading Salesforce.",
        "Comparing both sides.",
        "Writing to Salesforce.",
    ):
        expect(status).to_contain_text(words)
    expect(status).to_contain_text("Done: 2 fields changed.")
    expect(page.locator(".row.fresh")).to_have_count(2)
    expect(page.get_by_role("button", name="Sync this record", exact=True)).to_be_enabled()
    assert gallery.count("POST /panel/sync") == 1
    assert complaints == []


def test_asking_stops_when_the_run_is_over(open_panel: OpenPanel, gallery: Gallery) -> None:
    gallery.gate.set()
    page = open_panel("differs")
    press(page)
    expect(page.get_by_role("status")).to_contain_text("Done")
    asked = gallery.count("GET /panel/runs/7")
    page.wait_for_timeout(500)
    assert asked == 4
    assert gallery.count("GET /panel/runs/7") == asked


def test_a_panel_opened_while_a_run_is_under_way_follows_it(open_panel: OpenPanel, gallery: Gallery) -> None:
    gallery.gate.set()
    gallery.pace = 50
    page = open_panel("running_reading")
    expect(page.get_by_role("status")).to_contain_text("Done")


def test_the_status_region_and_its_neighbours_are_the_same_elements_throughout(
    open_panel: OpenPanel, gallery: Gallery
) -> None:
    gallery.gate.set()
    page = open_panel("differs")
    regions = "[...document.querySelectorAll('#told, #fields, #recent, #action')]"
    page.evaluate(f"window.before = {regions}")
    press(page)
    expect(page.get_by_role("status")).to_contain_text("Done")
    assert page.evaluate(f"{regions}.every((region, index) => region === window.before[index])")


def test_what_did_not_change_is_left_alone(open_panel: OpenPanel, gallery: Gallery) -> None:
    page = open_panel("in_step")
    page.locator(".entry").get_by_text("Why?").first.click()
    page.evaluate("window.entry = document.querySelector('.entry')")
    gallery.end = "nothing"
    gallery.gate.set()
    press(page)
    expect(page.get_by_role("status")).to_contain_text("Nothing to do")
    assert page.evaluate("window.entry === document.querySelector('.entry')")
    expect(page.locator(".entry details:not(.undo)").first).to_have_attribute("open", "")


def test_a_double_click_sends_one_request(open_panel: OpenPanel, gallery: Gallery) -> None:
    gallery.answer_delay = 0.3
    page = open_panel("differs")
    page.get_by_role("button", name="Sync this record").dblclick()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Waiting for its turn.")
    assert gallery.count("POST /panel/sync") == 1


def test_a_press_shows_at_once_before_any_answer(open_panel: OpenPanel, gallery: Gallery) -> None:
    gallery.answer_delay = 1
    page = open_panel("differs")
    press(page)
    expect(page.locator("#sync")).to_have_attribute("aria-busy", "true")
    expect(page.locator("#sync .spin")).to_be_visible()
    assert "Sync this record" in page.locator("#sync").inner_text()


def test_the_keyboard_alone_syncs_and_keeps_its_place(open_panel: OpenPanel, gallery: Gallery) -> None:
    gallery.gate.set()
    page = open_panel("differs")
    page.keyboard.press("Tab")
    expect(page.locator("#sync")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Done")
    expect(page.get_by_role("button", name="Sync this record", exact=True)).to_be_focused()


def test_every_stop_of_the_tab_key_is_visible(open_panel: OpenPanel) -> None:
    page = open_panel("ambiguous")
    seen: list[str] = []
    while "why-4" not in seen:
        assert len(seen) < 40, seen
        page.keyboard.press("Tab")
        outline = page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        seen.append(page.evaluate("document.activeElement.id"))
        assert outline == "solid", seen
    assert seen[:4] == ["sync", "ask-why", "pick-11", "apart-11"]
    assert "why-3" in seen


def test_one_click_links_the_right_candidate(open_panel: OpenPanel, gallery: Gallery) -> None:
    gallery.gate.set()
    page = open_panel("ambiguous")
    page.get_by_role("button", name="This one").nth(1).click()
    expect(page.get_by_role("status")).to_contain_text("Done")
    expect(page.get_by_role("button", name="This one")).to_have_count(0)
    sent = gallery.forms[gallery.calls_to_panel.index("POST /panel/link")]
    assert sent == {"local_record_id": "12"}
    expect(page.get_by_role("button", name="Sync this record")).to_be_focused()


def test_old_values_are_refreshed_by_a_click(open_panel: OpenPanel, gallery: Gallery) -> None:
    page = open_panel("unreachable")
    page.get_by_role("button", name="Refresh").click()
    expect(page.get_by_role("status")).to_contain_text("Both sides hold the same values.")
    assert gallery.count("GET /panel/view") == 1


def test_requests_carry_the_token_and_nothing_about_the_page(open_panel: OpenPanel, gallery: Gallery) -> None:
    page = open_panel("differs", secret="one-time-proof")
    press(page)
    expect(page.get_by_role("status")).to_contain_text("Waiting for its turn.")
    sent = gallery.headers[0]
    assert sent["Authorization"] == "Bearer sample-token-1"
    assert not [name for name in sent if name.lower().startswith("hx-")]
    assert "one-time-proof" not in str(sent)
    assert "Cookie" not in sent


def test_nothing_is_stored_in_the_browser_and_the_token_leaves_the_page(
    open_panel: OpenPanel, gallery: Gallery
) -> None:
    page = open_panel("differs", secret="one-time-proof")
    press(page)
    expect(page.get_by_role("status")).to_contain_text("Waiting for its turn.")
    expect(page.locator("#proof")).to_have_count(0)
    assert "sample-token" not in page.content()
    page.goto(f"{gallery.url}/static/panel.css")  # the same tab and origin, without the panel's script
    assert page.evaluate("sessionStorage.length + localStorage.length") == 0
    assert page.context.cookies() == []


@pytest.mark.parametrize(
    ("status", "words"),
    [
        (403, "You may not do this here."),
        (409, "Something else is going on"),
        (413, "too large"),
        (500, "problem of its own"),
    ],
)
def test_a_refusal_is_said_plainly_and_everything_stays(
    open_panel: OpenPanel, gallery: Gallery, status: int, words: str
) -> None:
    gallery.failing = status
    page = open_panel("differs")
    press(page)
    expect(page.get_by_role("status")).to_contain_text(words)
    expect(page.get_by_text("Chief of Staff")).to_be_visible()
    expect(page.get_by_role("button", name="Sync this record")).to_be_enabled()


def test_the_servers_own_words_are_used_when_it_gives_some(open_panel: OpenPanel, gallery: Gallery) -> None:
    gallery.failing, gallery.failing_body = 403, {"error": "no_scope", "message": "You may look <b>but</b> not sync."}
    page = open_panel("differs")
    press(page)
    expect(page.get_by_role("status")).to_contain_text("You may look <b>but</b> not sync.")


def test_a_click_that_met_an_error_is_offered_again(open_panel: OpenPanel, gallery: Gallery) -> None:
    gallery.failing = 503
    gallery.gate.set()
    page = open_panel("differs")
    press(page)
    again = page.get_by_role("button", name="Try again")
    expect(again).to_be_visible()
    gallery.failing = None
    again.click()
    expect(page.get_by_role("status")).to_contain_text("Done")
    expect(again).to_be_hidden()


def test_a_click_without_a_network_is_not_lost(open_panel: OpenPanel, gallery: Gallery) -> None:
    gallery.gate.set()
    page = open_panel("differs")
    page.context.set_offline(True)
    press(page)
    expect(page.get_by_role("status")).to_contain_text("it is not sure that your click arrived")
    expect(page.get_by_role("button", name="Sync this record")).to_be_enabled()
    page.context.set_offline(False)
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("status")).to_contain_text("Done")


def test_a_lost_connection_while_a_run_goes_on_mends_itself(open_panel: OpenPanel, gallery: Gallery) -> None:
    gallery.gate.set()
    page = open_panel("differs")
    lost: list[str] = []

    def lose_twice(route: Route) -> None:
        lost.append(route.request.url)
        if len(lost) <= 2:
            route.abort()
        else:
            route.continue_()

    page.route(re.compile(r"/panel/runs/"), lose_twice)
    press(page)
    expect(page.get_by_role("status")).to_contain_text("The connection is lost.")
    expect(page.locator("#sync")).to_have_attribute("aria-busy", "true")
    expect(page.get_by_role("status")).to_contain_text("Done", timeout=10_000)
    assert gallery.count("POST /panel/sync") == 1
