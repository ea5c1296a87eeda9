"""HubSpot beside Salesforce: the card, its Details, a webhook that brings a change by itself, one person in both."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser.admin_area import AdminArea
from tests.browser.conftest import OpenWindow
from tests.browser.demo import Demo
from tests.browser.hubspot_page import HubSpotPage
from tests.browser.record_page import PATIENCE_MS, RecordPage
from tests.browser.window import TRY_A_COOKIE, Window


def test_the_card_syncs_its_details_open_and_a_later_change_arrives_without_a_click(
    demo: Demo, hubspot_page: HubSpotPage, admin: AdminArea
) -> None:
    contact_id = demo.portal.find_contact("elif.mockford@ember4.test")
    hubspot_page.open(contact_id)
    hubspot_page.picture("30-hubspot-card-first")
    hubspot_page.sync("Created here from HubSpot")
    admin.edit_here("Elif Mockford", "Lead score", "80")
    hubspot_page.sync("1 field to HubSpot", "Changed in HubSpot")
    hubspot_page.shows("80")
    assert demo.portal.value(contact_id, "sample_lead_score") == "80"
    hubspot_page.picture("31-hubspot-card-done")

    panel = hubspot_page.open_details()
    expect(panel.get_by_role("heading", name="Elif Mockford")).to_be_visible()
    expect(panel.locator("#recent")).to_contain_text("Created here from HubSpot")
    hubspot_page.picture("32-hubspot-details", schemes=("light", "dark"))
    hubspot_page.close_details()

    hubspot_page.edit("Job Title", "Head of Samples")
    admin.open_record("Elif Mockford")
    admin.wait_for_row("Job title Head of Samples")
    expect(admin.runs_of(contact_id).first).to_contain_text("Webhook")
    admin.picture("guide-runs", admin.page.locator("main"))


def test_the_details_sync_in_hubspots_own_window_with_third_party_cookies_blocked(
    demo: Demo, window: Window, hubspot_page: HubSpotPage, admin: AdminArea
) -> None:
    window.block_third_party_cookies()
    contact_id = demo.portal.find_contact("rosa.testwell@ripple17.test")
    hubspot_page.open(contact_id)
    panel = hubspot_page.open_details()
    panel.get_by_role("button", name="Sync this record").click()
    expect(panel.locator("#recent")).to_contain_text("Created here from HubSpot", timeout=PATIENCE_MS)
    admin.edit_here("Rosa Testwell", "Lead score", "77")
    panel.get_by_role("button", name="Sync this record").click()
    expect(panel.locator("#recent")).to_contain_text("1 field to HubSpot", timeout=PATIENCE_MS)
    assert demo.portal.value(contact_id, "sample_lead_score") == "77"
    hubspot_page.picture("34-hubspot-details-at-rail-width", schemes=("light", "dark"), width=360)

    frame = hubspot_page.details_frame
    assert frame.url.startswith(demo.web_url)
    assert window.context.cookies(demo.web_url) == []
    # The block is real: a cookie that the frame tries to leave is not kept.
    assert frame.evaluate(TRY_A_COOKIE) == ""
    hubspot_page.close_details()
    hubspot_page.shows("77")


def test_one_person_in_both_crms_is_one_record_here_and_an_edit_goes_from_one_to_the_other(
    demo: Demo, record_page: RecordPage, open_window: OpenWindow, admin: AdminArea
) -> None:
    in_salesforce = demo.find("Contact", "Hugo Trial")
    in_hubspot = demo.portal.find_contact("hugo.trial@harbor7.test")
    hubspot_page = HubSpotPage(open_window(), demo.portal)
    record_page.open(in_salesforce).sync("Created here from Salesforce")
    hubspot_page.open(in_hubspot, place="tab").sync("from HubSpot")
    hubspot_page.picture("33-hubspot-card-in-the-middle")
    admin.open_record("Hugo Trial")
    expect(admin.page.get_by_role("listitem").filter(has_text="in Sample Org, synced")).to_have_count(1)
    expect(admin.page.get_by_role("listitem").filter(has_text="in Sample Portal, synced")).to_have_count(1)

    record_page.edit_in_salesforce("Title", "Edited in Salesforce")
    record_page.sync("1 field from Salesforce")
    hubspot_page.sync("1 field to HubSpot")
    assert demo.portal.value(in_hubspot, "jobtitle") == "Edited in Salesforce"
    hubspot_page.shows("Edited in Salesforce")
    writes = len(demo.writes(in_salesforce)), demo.portal.writes(in_hubspot)
    record_page.sync("Nothing to do.")
    hubspot_page.sync("Nothing to do.")
    assert (len(demo.writes(in_salesforce)), demo.portal.writes(in_hubspot)) == writes
