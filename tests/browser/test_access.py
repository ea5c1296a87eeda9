"""The panel shows what Salesforce would show this rep, and no more."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.admin_area import AdminArea
from tests.browser.demo import LEE, RILEY, Demo
from tests.browser.record_page import Protocol, RecordPage


def test_a_record_that_is_taken_away_is_not_shown_in_a_fresh_panel(demo: Demo, record_page: RecordPage) -> None:
    """The page was drawn while Lee still saw the record; the panel asks anew, with Lee's own token."""
    contact = demo.contact()
    record_page.open(contact, viewer=LEE)
    record_page.says("has not been synced yet")
    proof = record_page.fresh_proof()
    demo.control("permissions", {"user": LEE, "records": {contact.id: "none"}})
    record_page.post_into_frame(proof)
    record_page.says("Salesforce does not show you this record", "Ask its owner to share it with you.")
    expect(record_page.panel.get_by_text(contact.name)).to_have_count(0)
    record_page.picture("19-no-permission")
    record_page.forgive_refusal(403)


@pytest.mark.parametrize("protocol", ["canvas", "lwc", "lwc-sandboxed"])
def test_a_field_hidden_from_a_rep_is_absent_from_their_panel(
    demo: Demo, record_page: RecordPage, protocol: Protocol
) -> None:
    contact = demo.contact(Phone="+1 555 0177")
    record_page.open(contact, by=protocol, viewer=LEE)
    expect(record_page.row("Email")).to_be_visible()
    expect(record_page.row("Phone")).to_have_count(0)
    assert "0177" not in record_page.frame.content()
    record_page.open(contact, by=protocol, viewer=RILEY)
    expect(record_page.row("Phone")).to_contain_text("+1 555 0177")


def test_a_field_a_rep_may_not_edit_says_so_and_is_left_alone(
    demo: Demo, record_page: RecordPage, admin: AdminArea
) -> None:
    contact = demo.contact()
    record_page.open(contact, viewer=LEE)
    expect(record_page.row("Job title")).to_contain_text("You may not edit this field in Salesforce")
    record_page.sync("Created here from Salesforce")
    admin.edit_here(contact.name, "Job title", "Not by Lee")
    record_page.sync("Job title was left as it is")
    record_page.picture("20-field-not-editable")
    assert demo.values(contact)["Title"] == "Engineer"
    record_page.open(contact, viewer=RILEY).sync("1 field to Salesforce")
    assert demo.values(contact)["Title"] == "Not by Lee"
