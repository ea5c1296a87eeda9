"""The area in a real browser: readable by everybody, usable by keyboard and without scripts, quiet in the console."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, ConsoleMessage, Page, expect

from tests.admin import routes
from tests.admin.conftest import Org
from tests.admin.site import PASSWORD, serving

pytestmark = [pytest.mark.browser, pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)]

SIZES = {"desk": (1440, 900), "tablet": (1024, 768), "phone": (390, 844)}
# Colours do not change with the size, nor places with the scheme.
LOOKS = [("desk", "light"), ("tablet", "light"), ("phone", "dark")]


@pytest.fixture
def url(app: Flask) -> Iterator[str]:
    with serving(app) as url:
        yield url


@pytest.fixture
def complaints() -> list[str]:
    """Errors, warnings and policy violations of the browser's console."""
    return []


def enter(
    browser: Browser, url: str, complaints: list[str], *, email: str = "admin@example.com", **options: Any
) -> Page:
    """A signed-in window."""
    page = browser.new_context(**options).new_page()

    def listen(message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            complaints.append(message.text)

    page.on("console", listen)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(f"{url}/admin/login")
    page.get_by_label("Email").fill(email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Overview", level=1)).to_be_visible()
    return page


def paths(app: Flask) -> list[str]:
    more = ["/admin/logs/2", "/admin/links/new?mapping=2&crm_record_id=003000000000001AAA&q=sample"]
    rules = [rule for rule in routes.rules(app, "GET") if rule.endpoint not in routes.NEED_A_SIGN_IN]
    found = [routes.address(app, rule) for rule in rules]
    return [path for path in found if path != routes.LOGIN] + more


def serious(page: Page) -> list[str]:
    found = Axe().run(page).response["violations"]
    return [
        f"{each['id']}: {node['html'][:160]}"
        for each in found
        if each["impact"] in ("serious", "critical")
        for node in each["nodes"]
    ]


@pytest.mark.parametrize(("size", "scheme"), LOOKS)
def test_every_page_is_readable_by_everybody_at_every_size(
    browser: Browser, app: Flask, url: str, complaints: list[str], size: str, scheme: str
) -> None:
    width, height = SIZES[size]
    options: dict[str, Any] = {"viewport": {"width": width, "height": height}, "color_scheme": scheme}
    options["reduced_motion"] = "reduce"  # a colour measured half way through its transition is nobody's
    page = enter(browser, url, complaints, **options)
    problems = []
    for path in paths(app):
        page.goto(url + path)
        problems += [f"{path} {problem}" for problem in serious(page)]
        if page.evaluate("document.documentElement.scrollWidth > window.innerWidth"):
            problems.append(f"{path} is wider than the window")
    page.context.close()
    assert (problems, complaints) == ([], [])


def test_the_login_page_is_readable_by_everybody(browser: Browser, url: str) -> None:
    page = browser.new_page()
    page.goto(f"{url}/admin/login")
    assert serious(page) == []
    page.get_by_label("Email").fill("nobody@example.com")
    page.get_by_label("Password").fill("wrong")
    page.keyboard.press("Enter")
    expect(page.get_by_role("alert")).to_contain_text("is wrong")
    assert serious(page) == []
    page.context.close()


def test_a_viewer_finds_buttons_switched_off_with_the_reason(
    browser: Browser, app: Flask, url: str, complaints: list[str]
) -> None:
    page = enter(browser, url, complaints, email="viewer@example.com")
    page.goto(f"{url}/admin/connections/1")
    button = page.get_by_role("button", name="Turn syncs off")
    expect(button).to_be_disabled()
    assert "viewer" in (button.get_attribute("title") or "")
    assert serious(page) == []
    page.context.close()


def test_test_connection_answers_in_place_and_keeps_what_was_typed(
    browser: Browser, org: Org, url: str, complaints: list[str]
) -> None:
    page = enter(browser, url, complaints)
    page.goto(f"{url}/admin/connections/new/salesforce")
    page.get_by_label("Name").fill("Stand-in org")
    page.get_by_label("My Domain address").fill(org.url)
    page.get_by_label("Client id (consumer key)").fill(org.credentials["client_id"])
    page.get_by_label("Client secret (consumer secret)").fill("wrong")
    page.get_by_role("button", name="Test connection").click()
    expect(page.locator("#check")).to_contain_text("No connection.")
    page.get_by_label("Client secret (consumer secret)").fill(org.credentials["client_secret"])
    page.get_by_role("button", name="Test connection").click()
    expect(page.locator("#check")).to_contain_text("Connection successful.")
    assert page.url.endswith("/admin/connections/new/salesforce")
    assert serious(page) == []
    page.get_by_role("button", name="Connect", exact=True).click()
    expect(page.get_by_role("heading", name="Stand-in org", level=1)).to_be_visible()
    page.context.close()
    assert complaints == []


def test_filters_follow_while_they_change_and_stand_in_the_address(
    browser: Browser, url: str, complaints: list[str]
) -> None:
    page = enter(browser, url, complaints)
    page.goto(f"{url}/admin/runs/")
    page.get_by_label("Status").select_option("failed")
    expect(page.locator("#how-many")).to_have_text("1 run")
    expect(page.get_by_role("link", name="Run 3")).to_be_visible()
    expect(page.get_by_role("link", name="Run 4")).to_have_count(0)
    assert "status=failed" in page.url
    page.reload()
    expect(page.get_by_label("Status")).to_have_value("failed")
    page.go_back()
    expect(page.get_by_role("link", name="Run 4")).to_be_visible()
    page.context.close()
    assert complaints == []


def test_without_scripts_everything_still_works(browser: Browser, org: Org, url: str, complaints: list[str]) -> None:
    page = enter(browser, url, complaints, java_script_enabled=False)
    page.goto(f"{url}/admin/runs/")
    page.get_by_label("Status").select_option("failed")
    page.get_by_role("button", name="Show").click()
    expect(page.get_by_role("link", name="Run 4")).to_have_count(0)
    page.goto(f"{url}/admin/connections/new/salesforce")
    page.get_by_label("My Domain address").fill(org.url)
    page.get_by_label("Client id (consumer key)").fill(org.credentials["client_id"])
    page.get_by_label("Client secret (consumer secret)").fill(org.credentials["client_secret"])
    page.get_by_role("button", name="Test connection").click()
    expect(page.locator("#check")).to_contain_text("Connection successful.")
    page.goto(f"{url}/admin/links/1")
    page.get_by_role("link", name="Unlink").click()
    page.get_by_role("button", name="Unlink").click()
    expect(page.get_by_role("status").first).to_contain_text("Both records are still there")
    page.context.close()


def test_the_keyboard_alone_reaches_the_content_and_turns_a_switch(
    browser: Browser, url: str, complaints: list[str]
) -> None:
    page = enter(browser, url, complaints)
    page.goto(f"{url}/admin/objects/2")
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    focused = page.locator(":focus")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(focused).to_have_text("Import from a list")
    page.keyboard.press("Tab")
    expect(focused).to_have_text("Turn off")
    assert focused.evaluate("element => getComputedStyle(element).outlineStyle") == "solid"
    page.keyboard.press("Enter")
    expect(page.get_by_role("status").first).to_contain_text("Contact: off")
    page.context.close()


def test_on_a_phone_the_menu_opens_and_leads_on(browser: Browser, url: str, complaints: list[str]) -> None:
    page = enter(browser, url, complaints, viewport={"width": 390, "height": 844})
    expect(page.get_by_role("link", name="Audit trail")).to_be_hidden()
    page.get_by_text("Menu", exact=True).click()
    page.get_by_role("link", name="Audit trail").click()
    expect(page.get_by_role("heading", name="Audit trail")).to_be_visible()
    page.context.close()
