"""Yes, no, and never asked: HubSpot keeps no value for a checkbox that nobody has touched, and neither do we."""

from __future__ import annotations

import pytest

from tests.support.office import Office
from tests.support.portal_office import PortalOffice

VIP = {"name": "is_vip", "label": "VIP", "type": "bool", "fieldType": "booleancheckbox"}


@pytest.fixture
def office_of_portal(portal_office: PortalOffice) -> PortalOffice:
    """With a checkbox on both sides."""
    portal_office.org.control("objects", {"object": "contacts", "properties": [VIP]})
    portal_office.map_own_field("contacts", "is_vip", "vip", "boolean")
    return portal_office


def meet(office: PortalOffice, ours: bool | None, theirs: str | None) -> tuple[int, str]:
    """The two sides of one contact that have just been linked, and agree."""
    local_id = office.here("contact", email="ana@example.com", last_name="Sample", vip=ours)
    ana = office.in_crm("contacts", lastname="Sample", email="ana@example.com", is_vip=theirs)
    office.sync("contacts", ana)
    assert office.linked("contacts", ana) == local_id
    again = office.sync("contacts", ana)
    assert (again.outcome, again.writes) == ("unchanged", [])
    return local_id, ana


@pytest.mark.parametrize(
    ("ours", "theirs", "both"),
    [
        (True, None, True),
        (False, None, False),
        (None, "true", True),
        (None, "false", False),
        (None, None, None),
        (False, "true", True),
    ],
)
def test_a_first_meeting_fills_the_side_that_was_never_asked(
    office_of_portal: PortalOffice, ours: bool | None, theirs: str | None, both: bool | None
) -> None:
    local_id, ana = meet(office_of_portal, ours, theirs)
    assert office_of_portal.values(local_id, "vip") == {"vip": both}
    spelled = None if both is None else str(both).lower()
    assert office_of_portal.shown_in_crm(ana, "is_vip") == {"is_vip": spelled}


def test_what_was_never_set_there_does_not_clear_ours(office_of_portal: PortalOffice) -> None:
    office_of_portal.set_field("contacts", "vip", keep_when_blank=True, direction="inbound")
    local_id, ana = meet(office_of_portal, True, None)
    assert office_of_portal.values(local_id, "vip") == {"vip": True}
    office_of_portal.edit(ana, is_vip="false")
    assert office_of_portal.sync("contacts", ana).changes == {("vip", "here", True, False)}


def test_one_that_is_emptied_there_is_emptied_here_if_the_mapping_says_so(office_of_portal: PortalOffice) -> None:
    _, ana = meet(office_of_portal, True, "true")
    office_of_portal.edit(ana, is_vip="")
    assert office_of_portal.sync("contacts", ana).changes == {("vip", "here", True, None)}
    assert office_of_portal.sync("contacts", ana).outcome == "unchanged"


@pytest.mark.parametrize("rules", [{"duplicate_handling": "update_missing"}, {"write_rule": "fill_blank"}])
def test_one_that_was_never_set_here_is_filled_where_only_blanks_are(office: Office, rules: dict[str, str]) -> None:
    office.map_own_field("Contact", "HasOptedOutOfEmail", "opted_out", "boolean")
    if "write_rule" in rules:
        office.set_field("Contact", "opted_out", **rules)
    else:
        office.set_object("Contact", **rules)
    ours = office.here("contact", email="ben@example.com", last_name="Sample")
    ben = office.in_crm("Contact", LastName="Sample", Email="ben@example.com", HasOptedOutOfEmail=True)
    office.sync("Contact", ben)
    assert office.values(ours, "opted_out") == {"opted_out": True}


def test_one_that_is_emptied_here_says_no_where_the_crm_has_only_yes_and_no(office: Office) -> None:
    office.map_own_field("Contact", "HasOptedOutOfEmail", "opted_out", "boolean")
    ben = office.in_crm("Contact", LastName="Sample", Email="ben@example.com", HasOptedOutOfEmail=True)
    office.sync("Contact", ben)
    ours = office.linked("Contact", ben)
    office.change(ours, opted_out="")
    assert office.sync("Contact", ben).written == {"HasOptedOutOfEmail": False}
    assert office.values(ours, "opted_out") == {"opted_out": False}
    assert office.sync("Contact", ben).outcome == "unchanged"
