"""The filter of an object, built in the admin area from the fields of a real stand-in org."""

from __future__ import annotations

from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from flask import Flask
from playwright.sync_api import Browser, Page, expect

from jobs.models import ApiUsage, Connection, ObjectMapping
from jobs.models.connection import DescribeCache
from jobs.runtime import Runtime, utc_now
from tests.admin.conftest import Org
from tests.admin.site import PASSWORD, Visitor, audited, serving

CONTACT = 2
PAGE = f"/admin/objects/{CONTACT}/filter/"
WEB = {"kind-r": "all", "field-r.0": "LeadSource", "operator-r.0": "is", "value-r.0": "Web"}
HTMX = {"HX-Request": "true"}

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture
def connected(runtime: Runtime, org: Org) -> Org:
    """The sample connection, with what lets it into the org and nothing known of its fields."""
    with runtime.database.write() as session:
        connection = session.get_one(Connection, 1)
        connection.base_url, connection.client_id = org.url, org.credentials["client_id"]
        connection.client_secret_sealed = runtime.vault.seal(org.credentials["client_secret"])
        connection.access_token_sealed = ""
        session.delete(session.get_one(DescribeCache, (1, "Contact")))
    return org


def stored(runtime: Runtime) -> Any:
    with runtime.database.read() as session:
        return session.get_one(ObjectMapping, CONTACT).filter


def test_a_filter_is_saved_once_the_crm_has_counted_it(runtime: Runtime, admin: Visitor, connected: Org) -> None:
    saved = admin.post(PAGE, WEB, follow_redirects=True)
    assert "The filter of Contact is saved." in saved.text
    assert "records pass it now. Links and values stay as they are." in saved.text
    assert "Records pass when Lead Source is Web" in saved.text
    assert stored(runtime) == {
        "all": [{"field": "LeadSource", "operator": "is", "value": "Web"}],
        "time_zone": "UTC",
    }
    entry = audited(runtime)[-1]
    assert (entry.action, entry.subject) == ("object.filter", "Contact of Sample Org")
    assert entry.details == {"before": {"filter": "every record"}, "after": {"filter": "Lead Source is Web"}}


def test_what_is_saved_is_drawn_again_and_saving_it_is_no_change(
    runtime: Runtime, admin: Visitor, connected: Org
) -> None:
    admin.post(PAGE, WEB)
    page = admin.get(PAGE).text
    assert '<option value="LeadSource" selected>' in page
    assert '<option value="Web" selected>' in page
    known = len(audited(runtime))
    admin.post(PAGE, WEB)
    assert len(audited(runtime)) == known


def test_no_line_at_all_means_that_every_record_syncs(runtime: Runtime, admin: Visitor, connected: Org) -> None:
    admin.post(PAGE, WEB)
    saved = admin.post(PAGE, {"kind-r": "all"}, follow_redirects=True)
    assert "Every record syncs again." in saved.text
    assert stored(runtime) is None


def test_groups_within_groups_and_lists(runtime: Runtime, admin: Visitor, connected: Org) -> None:
    form = {
        "kind-r": "any",
        "field-r.0": "Title",
        "operator-r.0": "is_one_of",
        "lines-r.0": "CEO\r\n\r\nCFO\r\n",
        "kind-r.1": "all",
        "field-r.1.0": "Lead_Score__c",
        "operator-r.1.0": "between",
        "value-r.1.0": ["10", "90.5"],
        "field-r.1.1": "Languages__c",
        "operator-r.1.1": "includes_any",
        "value-r.1.1": ["German", "French"],
        "field-r.1.2": "Email",
        "operator-r.1.2": "is_not_empty",
        "time_zone": "Europe/Berlin",
    }
    assert admin.post(PAGE, form).status_code == 303
    assert stored(runtime) == {
        "any": [
            {"field": "Title", "operator": "is_one_of", "value": ["CEO", "CFO"]},
            {
                "all": [
                    {"field": "Lead_Score__c", "operator": "between", "value": ["10", "90.5"]},
                    {"field": "Languages__c", "operator": "includes_any", "value": ["German", "French"]},
                    {"field": "Email", "operator": "is_not_empty"},
                ]
            },
        ],
        "time_zone": "Europe/Berlin",
    }
    page = admin.get(PAGE).text
    for drawn in ("CEO\nCFO</textarea>", 'value="90.5"', '<option value="German" selected>'):
        assert drawn in page


def test_the_count_is_one_call_and_stores_nothing(runtime: Runtime, admin: Visitor, connected: Org) -> None:
    admin.get(PAGE)
    before = calls(runtime)
    answer = admin.post(PAGE + "count", WEB, headers=HTMX).text
    assert "pass" in answer
    assert "<strong>" in answer
    assert calls(runtime) == before + 1
    assert stored(runtime) is None


def test_a_button_changes_the_form_alone(runtime: Runtime, admin: Visitor, connected: Org) -> None:
    grown = admin.post(PAGE + "draw", WEB | {"do": "add r"}, headers=HTMX).text
    assert 'name="field-r.1"' in grown
    assert "<html" not in grown
    nested = admin.post(PAGE + "draw", WEB | {"do": "group r"}, headers=HTMX).text
    assert 'name="field-r.1.0"' in nested
    shrunk = admin.post(PAGE + "draw", WEB | {"do": "remove r.0"}, headers=HTMX).text
    assert "Every record of this object syncs." in shrunk
    assert stored(runtime) is None


def test_without_scripts_a_button_draws_the_whole_page(admin: Visitor, connected: Org) -> None:
    page = admin.post(PAGE + "draw", WEB | {"do": "add r"}).text
    assert "<html" in page
    assert 'name="field-r.1"' in page
    assert "<strong>" in admin.post(PAGE + "count", WEB).text


def test_another_field_brings_its_own_conditions(admin: Visitor, connected: Org) -> None:
    drawn = admin.post(PAGE + "draw", WEB | {"field-r.0": "Birthdate", "was-r.0": "LeadSource"}, headers=HTMX).text
    assert "is in the last" in drawn
    assert 'type="date"' in drawn
    assert "Time zone in which a day begins" in drawn
    assert "contains" not in drawn


REFUSED: list[tuple[dict[str, Any], str]] = [
    (WEB | {"value-r.0": ""}, "Lead Source: “is” needs a value."),
    (WEB | {"field-r.0": ""}, "No field is chosen."),
    (WEB | {"field-r.0": "Id FROM User"}, "is not a field of Contact"),
    (WEB | {"operator-r.0": "less_than"}, "does not go with Lead Source"),
    (WEB | {"kind-r.1": "any"}, "A group is empty"),
    (WEB | {"field-r.0": "Lead_Score__c", "value-r.0": "<b>ten"}, "“&lt;b&gt;ten” is not a number"),
    (WEB | {"field-r.0": "AccountId", "value-r.0": "Sample Org"}, "compared with a Salesforce record id"),
    (WEB | {"time_zone": "Mars/Olympus"}, "There is no time zone “Mars/Olympus”."),
]


@pytest.mark.parametrize(("form", "said"), REFUSED)
def test_what_cannot_be_asked_is_not_saved_and_stays_on_the_page(
    runtime: Runtime, admin: Visitor, connected: Org, form: dict[str, Any], said: str
) -> None:
    answer = admin.post(PAGE, form)
    assert answer.status_code == 422
    assert said in answer.text
    assert "<b>ten" not in answer.text
    assert stored(runtime) is None


def test_a_crm_that_does_not_answer_is_told_and_nothing_is_saved(
    runtime: Runtime, admin: Visitor, connected: Org
) -> None:
    admin.get(PAGE)
    connected.fault(kind="status", match="/query", status=503, count=None)
    try:
        answer = admin.post(PAGE, WEB)
        counted = admin.post(PAGE + "count", WEB, headers=HTMX)
    finally:
        connected.clear_faults()
    assert answer.status_code == 422
    assert "Salesforce could not be asked how many records pass" in answer.text
    assert "Salesforce could not be asked" in counted.text
    assert stored(runtime) is None


def test_an_object_whose_filter_cannot_be_asked_says_so(runtime: Runtime, admin: Visitor, connected: Org) -> None:
    admin.post(PAGE, WEB)
    with runtime.database.write() as session:
        kept = session.get_one(DescribeCache, (1, "Contact"))
        kept.fields = {name: each for name, each in kept.fields.items() if name != "LeadSource"}
    page = admin.get(f"/admin/objects/{CONTACT}").text
    assert "Contact sync is paused." in page
    assert "“LeadSource” is not a field of Contact" in page
    assert "LeadSource (gone or hidden)" in admin.get(PAGE).text


# --- In a browser -----------------------------------------------------------------------------------------------------


def at_rest(page: Page) -> Page:
    """Once what was swapped in listens too."""
    expect(page.locator(".htmx-request, .htmx-added, .htmx-settling, .htmx-swapping")).to_have_count(0)
    return page


def choose(page: Page, name: str, value: str) -> None:
    at_rest(page).locator(f'[id="{name}"]').select_option(value)


@pytest.mark.browser
def test_a_filter_is_built_counted_and_saved_on_one_page(
    runtime: Runtime, browser: Browser, app: Flask, connected: Org
) -> None:
    with serving(app) as url:
        page = browser.new_context(viewport={"width": 390, "height": 844}).new_page()
        page.goto(f"{url}/admin/login?next={PAGE}")
        page.get_by_label("Email").fill("admin@example.com")
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        page.get_by_role("button", name="Add a condition").click()
        choose(page, "field-r.0", "LeadSource")
        choose(page, "operator-r.0", "is_not")
        choose(page, "value-r.0", "Web")
        expect(page.get_by_role("status")).to_contain_text("records pass in the CRM now")
        at_rest(page).locator("#group-r").click()
        choose(page, "field-r.1.0", "Lead_Score__c")
        at_rest(page).get_by_label("Value", exact=True).last.fill("high")
        page.keyboard.press("Tab")
        expect(page.get_by_role("status")).to_contain_text("Lead Score: “high” is not a number.")
        serious = [each for each in Axe().run(page).response["violations"] if each["impact"] in ("serious", "critical")]
        assert serious == []
        assert not page.evaluate("document.documentElement.scrollWidth > window.innerWidth")
        at_rest(page).locator('[id="remove-r.1.0"]').click()
        at_rest(page).locator('[id="remove-r.1"]').click()
        at_rest(page).get_by_role("button", name="Save the filter").click()
        expect(page.get_by_role("status")).to_contain_text("The filter of Contact is saved.")
        page.context.close()
    assert stored(runtime)["all"] == [{"field": "LeadSource", "operator": "is_not", "value": "Web"}]


def calls(runtime: Runtime) -> int:
    with runtime.database.read() as session:
        used = session.get(ApiUsage, (1, utc_now().date()))
        return used.calls if used is not None else 0
