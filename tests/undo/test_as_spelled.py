"""What goes back in the CRM is what it held, letter by letter, where our form of a value says less than that."""

from __future__ import annotations

import pytest

from tests.support.office import Office
from tests.support.portal_office import PortalOffice

SHOP = "https://www.sample-mill.example/de/shop"
AFTERNOON = "2026-03-01T15:30:00Z"


@pytest.fixture
def met(portal_office: PortalOffice) -> PortalOffice:
    """A moment in HubSpot is a day of ours."""
    asked_for = {"name": "last_meet", "label": "Met", "type": "datetime", "fieldType": "date"}
    portal_office.org.control("objects", {"object": "contacts", "properties": [asked_for]})
    portal_office.map_own_field("contacts", "last_meet", "met", "date")
    return portal_office


def test_an_address_of_which_we_keep_the_domain(office: Office) -> None:
    mill = office.in_crm("Account", Name="Sample Mill", Website=SHOP)
    office.sync("Account", mill)
    office.change(office.linked("Account", mill), domain="other.example")
    told = office.sync("Account", mill)
    assert told.changes == {("domain", "crm", "sample-mill.example", "other.example")}
    office.time_passes()
    undone = office.undo(told)
    assert undone.changes == {("domain", "crm", "other.example", "sample-mill.example")}
    assert office.shown_in_crm(mill, "Website") == {"Website": SHOP}
    assert office.sync("Account", mill).outcome == "unchanged"


def test_an_undo_of_the_undo_and_once_more(office: Office) -> None:
    mill = office.in_crm("Account", Name="Sample Mill", Website=SHOP)
    office.sync("Account", mill)
    office.change(office.linked("Account", mill), domain="other.example")
    told = office.sync("Account", mill)
    for website in (SHOP, "other.example", SHOP):
        office.time_passes()
        told = office.undo(told)
        assert office.shown_in_crm(mill, "Website") == {"Website": website}


def test_the_time_of_a_day(met: PortalOffice) -> None:
    ana = met.in_crm("contacts", lastname="Sample", email="ana@example.com", last_meet=AFTERNOON)
    met.sync("contacts", ana)
    met.change(met.linked("contacts", ana), met="2026-03-05")
    met.undo(met.sync("contacts", ana))
    assert str(met.shown_in_crm(ana, "last_meet")["last_meet"]).startswith("2026-03-01T15:30:00")
    assert met.sync("contacts", ana).outcome == "unchanged"


def test_blanks_at_the_ends(portal_office: PortalOffice) -> None:
    office = portal_office
    ana = office.in_crm("contacts", lastname="Sample", email="ana@example.com", jobtitle="  Buyer  ")
    office.sync("contacts", ana)
    office.change(office.linked("contacts", ana), job_title="Owner")
    office.undo(office.sync("contacts", ana))
    assert office.shown_in_crm(ana, "jobtitle") == {"jobtitle": "  Buyer  "}


def test_nothing_more_is_kept_of_a_value_that_our_form_tells_in_full(office: Office) -> None:
    ana = office.in_crm("Contact", FirstName="Ana", LastName="Sample", Email="ana@example.com", Title="Buyer")
    office.sync("Contact", ana)
    office.change(office.linked("Contact", ana), job_title="Owner")
    [change] = office.sync("Contact", ana).entry.changes
    assert "old_spelled" not in change


def test_also_where_the_answer_to_our_write_was_lost(office: Office) -> None:
    mill = office.in_crm("Account", Name="Sample Mill", Website=SHOP)
    office.sync("Account", mill)
    office.change(office.linked("Account", mill), domain="other.example")
    office.org.fault("lose_response", "composite")
    told = office.again(office.sync("Account", mill))
    assert told.changes == {("domain", "crm", "sample-mill.example", "other.example")}
    office.time_passes()
    office.undo(told)
    assert office.shown_in_crm(mill, "Website") == {"Website": SHOP}
