"""The panel token: renewed on a timer, on a refusal, on coming back; never twice at once; and an honest end."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.panel_ui.conftest import OpenPanel
from tests.panel_ui.gallery import Gallery

pytestmark = pytest.mark.browser

COME_BACK = "document.dispatchEvent(new Event('visibilitychange'))"


def press(page: Page) -> None:
    page.get_by_role("button", name="Sync this record", exact=True).click()


def test_it_is_renewed_before_it_ends_again_and_again(open_panel: OpenPanel, gallery: Gallery) -> None:
    gallery.token_lifetime = 1
    page = open_panel("in_step")
    page.wait_for_timeout(2000)
    assert gallery.count("POST /panel/token") >= 2
    press(page)
    expect(page.get_by_role("status")).to_contain_text("Waiting for its turn.")
    assert gallery.count("POST /panel/sync") == 1


def test_a_refused_click_renews_the_token_and_is_repeated_once(open_panel: OpenPanel, gallery: Gallery) -> None:
    page = open_panel("differs")
    gallery.expire_token()
    press(page)
    expect(page.get_by_role("status")).to_contain_text("Waiting for its turn.")
    assert gallery.count("POST /panel/token") == 1
    assert gallery.count("POST /panel/sync") == 2


def test_while_the_token_is_renewed_a_second_click_adds_nothing(open_panel: OpenPanel, gallery: Gallery) -> None:
    gallery.renewal_delay = 0.5
    page = open_panel("differs")
    gallery.expire_token()
    press(page)
    page.wait_for_timeout(200)
    page.locator("#sync").click(force=True)
    expect(page.get_by_role("status")).to_contain_text("Waiting for its turn.")
    assert gallery.count("POST /panel/sync") == 2


def test_a_repeated_link_still_names_its_candidate(open_panel: OpenPanel, gallery: Gallery) -> None:
    page = open_panel("ambiguous")
    gallery.expire_token()
    page.get_by_role("button", name="This one").first.click()
    expect(page.get_by_role("status")).to_contain_text("Waiting for its turn.")
    links = [
        form for form, call in zip(gallery.forms, gallery.calls_to_panel, strict=True) if call == "POST /panel/link"
    ]
    assert links == [{"local_record_id": "11"}, {"local_record_id": "11"}]


def test_a_run_is_followed_across_a_renewal(open_panel: OpenPanel, gallery: Gallery) -> None:
    page = open_panel("differs")
    press(page)
    expect(page.get_by_role("status")).to_contain_text("Waiting for its turn.")
    gallery.gate.set()
    gallery.expire_token()
    expect(page.get_by_role("status")).to_contain_text("Done", timeout=10_000)


def test_coming_back_to_the_tab_renews_it(open_panel: OpenPanel, gallery: Gallery) -> None:
    page = open_panel("in_step")
    page.evaluate(COME_BACK)
    page.wait_for_timeout(300)
    assert gallery.count("POST /panel/token") == 1


def test_renewals_at_the_same_time_are_one(open_panel: OpenPanel, gallery: Gallery) -> None:
    gallery.renewal_delay = 0.5
    page = open_panel("unreachable")
    gallery.expire_token()
    page.evaluate(COME_BACK)
    page.evaluate(COME_BACK)
    page.get_by_role("button", name="Refresh").click()
    expect(page.get_by_role("status")).to_contain_text("Both sides hold the same values.")
    assert gallery.count("POST /panel/token") == 1


def test_at_the_cap_the_panel_says_so_and_keeps_its_values(open_panel: OpenPanel, gallery: Gallery) -> None:
    page = open_panel("differs", host="https://host.example.com")
    gallery.expire_token()
    gallery.capped = True
    press(page)
    expect(page.get_by_role("status")).to_contain_text("This panel needs a fresh start.")
    expect(page.get_by_role("button", name="Reload this panel")).to_be_visible()
    expect(page.get_by_text("Chief of Staff")).to_be_visible()
    asked = len(gallery.calls)
    press(page)
    page.wait_for_timeout(200)
    assert len(gallery.calls) == asked


def test_a_token_that_is_refused_even_when_fresh_ends_the_panel(open_panel: OpenPanel, gallery: Gallery) -> None:
    page = open_panel("differs")
    page.route("**/panel/sync", lambda route: route.fulfill(status=401, json={"error": "x", "message": "x"}))
    press(page)
    expect(page.get_by_role("status")).to_contain_text("This panel needs a fresh start.")
    assert gallery.count("POST /panel/token") == 1


def test_a_renewal_without_a_network_offers_the_click_again(open_panel: OpenPanel, gallery: Gallery) -> None:
    page = open_panel("differs")
    gallery.expire_token()
    page.route("**/panel/token", lambda route: route.abort())
    press(page)
    expect(page.get_by_role("status")).to_contain_text("it is not sure that your click arrived")
    page.unroute("**/panel/token")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("status")).to_contain_text("Waiting for its turn.")
