"""The admin's side of one click: is the connection good, what ran, what happened to the record."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.admin_area import AdminArea
from tests.browser.demo import Demo
from tests.browser.record_page import PATIENCE_MS, RecordPage


def test_an_admin_tests_the_connection(demo: Demo, admin: AdminArea) -> None:
    admin.go(f"connections/{demo.credentials['connection_id']}")
    admin.page.get_by_role("button", name="Test connection").click()
    expect(admin.page.get_by_role("status").first).to_contain_text("Connection successful", timeout=PATIENCE_MS)


def test_an_admin_finds_the_run_and_its_log_line(demo: Demo, record_page: RecordPage, admin: AdminArea) -> None:
    contact = demo.contact()
    record_page.open(contact).sync("Created here from Salesforce")
    run = admin.runs_of(contact.id)
    expect(run).to_have_count(1)
    expect(run).to_contain_text("Riley Rep")
    run.get_by_role("link").first.click()
    expect(admin.page.get_by_role("row", name=contact.name)).to_contain_text("Created")
    admin.page.get_by_role("link", name=contact.name).first.click()
    expect(admin.page.get_by_role("heading", level=1)).to_be_visible()
    expect(admin.page.locator("main")).to_contain_text("Job title")


def test_an_admin_starts_the_same_sync_again(demo: Demo, record_page: RecordPage, admin: AdminArea) -> None:
    contact = demo.contact()
    record_page.open(contact).sync("Created here from Salesforce")
    demo.edit(contact, Phone="+1 555 0166")
    admin.runs_of(contact.id).get_by_role("link").first.click()
    admin.page.get_by_role("button", name="Sync again").click()
    expect(admin.page.get_by_role("row", name=contact.name)).to_contain_text("Phone", timeout=PATIENCE_MS)
    expect(admin.runs_of(contact.id)).to_have_count(2)
