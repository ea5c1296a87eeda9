"""What the panel says when something is in the way: what is so, what was kept, what to do; and then it goes on."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.admin_area import AdminArea
from tests.browser.demo import Demo
from tests.browser.record_page import RecordPage

API = "/services/data"


def test_a_contact_without_email_is_skipped_until_it_has_one(demo: Demo, record_page: RecordPage) -> None:
    contact = demo.contact(Email=None)
    record_page.open(contact).sync("has no email address.", "Add an email address in Salesforce")
    record_page.picture("07-skipped")
    expect(record_page.recent.first).to_contain_text("no email address")
    record_page.edit_in_salesforce("Email", "found@robin.test")
    record_page.sync("Created here from Salesforce")


def test_a_converted_lead_is_skipped(demo: Demo, record_page: RecordPage) -> None:
    lead = demo.new(
        "Lead",
        "Robin Prospect",
        FirstName="Robin",
        LastName="Prospect",
        Company="Sample Prospects",
        Email="p@robin.test",
    )
    record_page.open(lead)
    demo.control("convert_lead", {"id": lead.id})
    record_page.sync("This lead was converted.", "Open the contact it became")
    record_page.picture("08-lead-converted")


def test_a_refused_value_says_which_rule_and_the_rest_goes_through(
    demo: Demo, record_page: RecordPage, admin: AdminArea
) -> None:
    account = demo.new("Account", "Robin Works", Name="Robin Works", Website="https://robinworks.test")
    record_page.open(account).sync("Created here from Salesforce")
    admin.edit_here("Robin Works", "Employees", "-5")
    record_page.sync("Employees cannot be negative.", "FIELD_CUSTOM_VALIDATION_EXCEPTION")
    record_page.picture("09-failed")
    admin.edit_here("Robin Works", "Domain", "robin-works.test")
    record_page.sync("1 field to Salesforce", "Employees cannot be negative.")
    record_page.picture("10-partly-done")
    assert "robin-works.test" in demo.values(account)["Website"]
    admin.edit_here("Robin Works", "Employees", "5")
    record_page.sync("1 field to Salesforce")
    assert demo.values(account)["NumberOfEmployees"] == 5


def test_an_object_that_is_switched_off_says_so_and_comes_back(
    demo: Demo, record_page: RecordPage, admin: AdminArea
) -> None:
    account = demo.new("Account", "Robin Pause", Name="Robin Pause", Website="https://robinpause.test")
    with admin.object_off("Account"):
        record_page.open(account)
        record_page.says("Account sync is switched off.", "An admin can turn it on under Objects.")
        expect(record_page.panel.locator("#sync")).to_have_attribute("aria-disabled", "true")
        record_page.picture("11-object-off")
    record_page.open(account).sync("Created here from Salesforce")


def test_a_switch_that_is_turned_while_the_panel_is_open_holds_at_once(
    demo: Demo, record_page: RecordPage, admin: AdminArea
) -> None:
    account = demo.new("Account", "Robin Late", Name="Robin Late", Website="https://robinlate.test")
    record_page.open(account)
    with admin.object_off("Account"):
        record_page.button.click()
        record_page.says("Account sync is switched off.")
    assert len(demo.writes(account)) == 1  # its birth


def test_everything_switched_off_is_said_and_comes_back(demo: Demo, record_page: RecordPage, admin: AdminArea) -> None:
    contact = demo.contact()
    with admin.syncs_off():
        record_page.open(contact)
        record_page.says("Syncs are switched off.", "An admin can turn them on under Connections.")
        record_page.picture("12-syncs-off")
    record_page.open(contact).sync("Created here from Salesforce")


def test_a_record_deleted_meanwhile_is_named_and_ours_is_kept(
    demo: Demo, record_page: RecordPage, admin: AdminArea
) -> None:
    contact = demo.contact()
    record_page.open(contact).sync("Created here from Salesforce")
    demo.control("delete", {"object": "Contact", "id": contact.id})
    record_page.button.click()
    record_page.says("This record was deleted in Salesforce.", "Our record is kept.")
    record_page.picture("13-deleted")
    admin.open_record(contact.name)


def test_without_an_answer_from_salesforce_the_last_values_stay_and_the_click_is_kept(
    demo: Demo, record_page: RecordPage
) -> None:
    contact = demo.contact()
    record_page.open(contact).sync("Created here from Salesforce")
    demo.edit(contact, Title="Changed meanwhile")
    with demo.fault(kind="status", status=503, match=API, count=None):
        record_page.open(contact, by="lwc")
        record_page.says("Salesforce does not answer right now.")
        expect(record_page.row("Job title")).to_contain_text("Engineer")
        record_page.picture("14-unreachable")
        record_page.button.click()
        record_page.says("Your click is kept", "Goes on in")
        record_page.picture("15-waiting")
    record_page.says("1 field from Salesforce")
    expect(record_page.row("Job title")).to_contain_text("Changed meanwhile")


def test_without_an_answer_nothing_is_shown_that_could_not_be_checked(demo: Demo, record_page: RecordPage) -> None:
    """A Canvas launch is checked with the rep's own token; unchecked, the record stays hidden."""
    contact = demo.contact()
    with demo.fault(kind="status", status=503, match=API, count=None):
        record_page.open(contact)
        record_page.says("We could not check whether you may see this record")
        expect(record_page.panel.get_by_text(contact.name)).to_have_count(0)
        record_page.picture("16-access-unknown")
    record_page.reload_panel()
    record_page.says("has not been synced yet")
    record_page.forgive_refusal(503)


def test_a_rate_limit_names_the_time_and_goes_on_by_itself(demo: Demo, record_page: RecordPage) -> None:
    contact = demo.contact()
    record_page.open(contact)
    order = {"kind": "rate_limit", "status": 429, "headers": {"Retry-After": "6"}, "match": API}
    with demo.fault(**order):
        record_page.button.click()
        record_page.says("Salesforce takes no more requests from us for now.", "Your click is kept", "Goes on in")
        record_page.picture("17-rate-limited")
        record_page.says("Created here from Salesforce")


def test_a_locked_row_is_tried_again_by_itself(demo: Demo, record_page: RecordPage, admin: AdminArea) -> None:
    contact = demo.contact()
    record_page.open(contact).sync("Created here from Salesforce")
    admin.edit_here(contact.name, "Job title", "Director")
    with demo.fault(kind="lock_rows", ids=[contact.id], seconds=3):
        record_page.sync("1 field to Salesforce")
    assert demo.values(contact)["Title"] == "Director"


def test_a_panel_that_cannot_reach_us_keeps_what_it_shows_and_offers_to_try_again(
    demo: Demo, record_page: RecordPage
) -> None:
    contact = demo.contact()
    record_page.open(contact)
    record_page.page.context.set_offline(True)
    record_page.panel.locator("#sync").click()
    record_page.says("it is not sure that your click arrived")
    expect(record_page.row("Email")).to_contain_text("robin.test")
    record_page.picture("18-no-answer-from-us")
    record_page.page.context.set_offline(False)
    record_page.panel.get_by_role("button", name="Try again").click()
    record_page.says("Created here from Salesforce")
    record_page.window.forgive("ERR_INTERNET_DISCONNECTED|htmx:")
