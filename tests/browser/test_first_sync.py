"""A rep's first click, from the record page to what has changed on either side."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.admin_area import AdminArea
from tests.browser.conftest import OpenWindow
from tests.browser.demo import LEE, RILEY, Demo
from tests.browser.record_page import RecordPage


def test_a_contact_we_know_by_email_is_linked_and_both_sides_change(
    demo: Demo, record_page: RecordPage, admin: AdminArea
) -> None:
    ana = demo.headline("Contact", "Ana Sample")
    record_page.open(ana)
    expect(record_page.panel.get_by_role("heading", name="Ana Sample")).to_be_visible()
    expect(record_page.panel.locator("#top")).to_contain_text("Matches Ana Sample by email")
    record_page.says("has not been synced yet")
    record_page.picture("01-never-synced")

    # Salesforce holds the job title that wins, and no lead score of ours yet.
    expect(record_page.row("Job title")).to_contain_text("Chief of Staff")
    expect(record_page.row("Job title")).to_contain_text("Office Manager")
    place = record_page.place_of_button()
    record_page.sync("from Salesforce", "1 field to Salesforce")
    assert record_page.place_of_button() == place
    record_page.picture("02-done")

    expect(record_page.row("Lead score")).to_contain_text("72")
    expect(record_page.row("Lead score")).to_contain_text("Changed in Salesforce")
    expect(record_page.row("Job title")).to_contain_text("Changed here")
    expect(record_page.recent.first).to_contain_text("1 field to Salesforce")
    expect(record_page.panel.locator("#last")).to_contain_text("by you")
    assert demo.values(ana)["Lead_Score__c"] == 72
    admin.open_record("Ana Sample")
    expect(admin.page.get_by_role("row", name="Job title Chief of Staff")).to_be_visible()


def test_the_panel_is_at_home_in_the_sidebar(demo: Demo, record_page: RecordPage) -> None:
    record_page.page.set_viewport_size({"width": 1240, "height": 980})
    ben = demo.find("Contact", "Ben Example")
    demo.edit(ben, Lead_Score__c=12)
    record_page.open(ben, place="sidebar")
    place = record_page.place_of_button()
    record_page.sync("from Salesforce", "1 field to Salesforce")
    assert record_page.place_of_button() == place
    record_page.refresh()
    expect(record_page.salesforce_value("Lead Score")).to_contain_text("37")
    assert record_page.frame.evaluate("document.documentElement.scrollWidth <= innerWidth")
    record_page.picture_of_page("00-record-page")


def test_the_page_of_salesforce_shows_the_pushed_value_after_refresh(
    demo: Demo, record_page: RecordPage, admin: AdminArea
) -> None:
    contact = demo.contact()
    record_page.open(contact).sync("Created here from Salesforce")
    admin.edit_here(contact.name, "Job title", "Head of Engineering")
    expect(record_page.salesforce_value("Title")).to_contain_text("Engineer")
    record_page.sync("1 field to Salesforce")
    record_page.refresh()
    expect(record_page.salesforce_value("Title")).to_contain_text("Head of Engineering")
    # The panel was left alone by the page's refresh.
    record_page.says("1 field to Salesforce")


def test_a_second_click_finds_nothing_to_do(demo: Demo, record_page: RecordPage) -> None:
    contact = demo.contact()
    record_page.open(contact).sync("Created here from Salesforce")
    writes = len(demo.writes(contact))
    record_page.sync("Nothing to do.")
    record_page.picture("03-nothing-to-do")
    assert len(demo.writes(contact)) == writes


def test_every_step_is_told_while_it_runs(demo: Demo, record_page: RecordPage) -> None:
    contact = demo.contact()
    record_page.open(contact)
    place = record_page.place_of_button()
    with demo.fault(kind="latency", match="/services/data", count=None, seconds=2):
        record_page.button.click()
        record_page.says("Reading Salesforce.")
        busy = record_page.panel.locator("#sync")
        expect(busy).to_have_attribute("aria-busy", "true")
        assert record_page.place_of_button() == place
        expect(record_page.panel.get_by_role("list", name="Progress")).to_contain_text("Writing to Salesforce")
        record_page.picture("04-running")
    record_page.says("Created here from Salesforce")
    assert record_page.place_of_button() == place


def test_a_double_click_is_one_run(demo: Demo, record_page: RecordPage, admin: AdminArea) -> None:
    contact = demo.contact()
    record_page.open(contact)
    record_page.panel.locator("#sync").dblclick()
    record_page.says("Created here from Salesforce")
    expect(admin.runs_of(contact.id)).to_have_count(1)


def test_two_reps_join_one_run(demo: Demo, open_window: OpenWindow, admin: AdminArea) -> None:
    contact = demo.contact()
    riley = RecordPage(open_window(), demo).open(contact, viewer=RILEY)
    lee = RecordPage(open_window(), demo).open(contact, by="lwc", viewer=LEE)
    with demo.fault(kind="latency", match="/services/data", count=None, seconds=2):
        riley.button.click()
        riley.says("Salesforce")
        lee.button.click()
        lee.says("Reading Salesforce.")
    riley.says("Created here from Salesforce")
    lee.says("Created here from Salesforce")
    expect(admin.runs_of(contact.id)).to_have_count(1)
