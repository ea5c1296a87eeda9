"""Values that change on either side, and where they end up."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.admin_area import AdminArea
from tests.browser.demo import Demo
from tests.browser.record_page import RecordPage


def test_an_edit_in_salesforce_arrives_with_the_next_click(
    demo: Demo, record_page: RecordPage, admin: AdminArea
) -> None:
    contact = demo.contact()
    record_page.open(contact).sync("Created here from Salesforce")
    record_page.edit_in_salesforce("Business Phone", "+1 555 0188")
    record_page.sync("1 field from Salesforce")
    expect(record_page.row("Phone")).to_contain_text("Changed here")
    admin.open_record(contact.name)
    expect(admin.page.get_by_role("row", name="Phone +1 555 0188")).to_be_visible()


def test_an_edit_here_lands_in_salesforce_with_the_next_click(
    demo: Demo, record_page: RecordPage, admin: AdminArea
) -> None:
    contact = demo.contact()
    record_page.open(contact).sync("Created here from Salesforce")
    admin.edit_here(contact.name, "Job title", "Director")
    record_page.open(contact)
    record_page.says("1 field differs.")
    record_page.picture("05-differs")
    record_page.sync("1 field to Salesforce")
    assert demo.values(contact)["Title"] == "Director"


def test_of_two_edits_the_most_recent_wins(demo: Demo, record_page: RecordPage, admin: AdminArea) -> None:
    contact = demo.contact()
    record_page.open(contact).sync("Created here from Salesforce")
    admin.edit_here(contact.name, "Job title", "Edited here")
    a_second_later(record_page)
    demo.edit(contact, Title="Edited there")
    record_page.sync("1 field from Salesforce")
    assert demo.values(contact)["Title"] == "Edited there"
    a_second_later(record_page)
    admin.edit_here(contact.name, "Job title", "Edited here again")
    record_page.sync("1 field to Salesforce")
    assert demo.values(contact)["Title"] == "Edited here again"


def test_an_account_is_found_by_its_website(demo: Demo, record_page: RecordPage) -> None:
    account = demo.headline("Account", "Sample Foods")
    record_page.open(account)
    expect(record_page.panel.locator("#top")).to_contain_text("by domain")
    record_page.sync("from Salesforce")
    expect(record_page.panel.locator("#top")).to_contain_text("Linked to")
    record_page.sync("Nothing to do.")


def test_an_opportunity_shows_its_amount_and_its_owner(demo: Demo, record_page: RecordPage) -> None:
    deal = demo.headline("Opportunity", "Sample Rollout")
    record_page.open(deal).sync("Created here from Salesforce")
    expect(record_page.row("Amount")).to_contain_text("$")
    expect(record_page.row("Owner")).to_contain_text("riley@example.com")
    record_page.sync("Nothing to do.")


def test_a_lead_is_linked_to_the_person_we_know(demo: Demo, record_page: RecordPage) -> None:
    lead = demo.headline("Lead", "Uma Fixture")
    record_page.open(lead).sync("Salesforce")
    expect(record_page.panel.locator("#top")).to_contain_text("Linked to Uma Fixture")


def test_one_of_several_candidates_is_chosen_and_linked(demo: Demo, record_page: RecordPage, admin: AdminArea) -> None:
    cleo = demo.new("Contact", "Cleo Twofold", FirstName="Cleo", LastName="Twofold", Email="chloe.specimen@example.net")
    record_page.open(cleo)
    record_page.says("Several of our records could be this one.")
    record_page.picture("06-several-candidates")
    record_page.sync("Several of our records could be this one.")
    assert demo.writes(cleo)[1:] == []
    choice = record_page.panel.locator(".choices li", has_text="Sales Manager")
    choice.get_by_role("button", name="This one").click()
    record_page.says("from Salesforce")
    expect(record_page.panel.locator("#top")).to_contain_text("Linked to Cleo Twofold")
    expect(record_page.panel.locator(".choices")).to_have_count(0)


def a_second_later(record_page: RecordPage) -> None:
    """The CRM tells times to the second: a later edit has to be in a later one."""
    record_page.page.wait_for_timeout(1100)
