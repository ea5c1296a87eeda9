"""One record of ours with several links to one CRM: what they both bring in comes to rest, and no edit is lost."""

from __future__ import annotations

import pytest
from sqlalchemy import inspect, select

from jobs.mapping_defaults import add_default_mappings
from jobs.models import Connection
from tests.engine.test_two_crms import Both
from tests.engine.test_two_crms import both as both  # a fixture
from tests.support.office import Office

ROUNDS = 20


@pytest.fixture
def ana(office: Office) -> str:
    ana = office.in_crm("Contact", LastName="Sample", Email="ana@example.com", Phone="111")
    office.sync("Contact", ana)
    return ana


@pytest.fixture
def lead(office: Office, ana: str) -> str:
    """The same person; her number is another one here."""
    lead = office.in_crm("Lead", LastName="Sample", Email="ana@example.com", Company="Sample Mill", Phone="222")
    office.sync("Lead", lead)
    return lead


def phone(office: Office, ana: str) -> object:
    """Here."""
    return office.values(office.linked("Contact", ana), "phone")["phone"]


def assert_silent(office: Office, ana: str, lead: str) -> None:
    """Twenty rounds in which nobody changes anything make no write on either side."""
    version = office.local(office.linked("Contact", ana)).version
    for _ in range(ROUNDS):
        for told in (office.sync("Contact", ana), office.sync("Lead", lead)):
            assert (told.outcome, told.changes, told.writes) == ("unchanged", set(), [])
    assert office.local(office.linked("Contact", ana)).version == version


def test_a_lead_and_a_contact_who_disagree_fall_silent(office: Office, ana: str, lead: str) -> None:
    assert office.linked("Lead", lead) == office.linked("Contact", ana)
    assert phone(office, ana) == "222"
    assert_silent(office, ana, lead)
    assert phone(office, ana) == "222"


def test_the_one_that_somebody_changes_brings_its_value(office: Office, ana: str, lead: str) -> None:
    office.edit(ana, Phone="333")
    assert office.sync("Contact", ana).changes == {("phone", "here", "222", "333")}
    assert_silent(office, ana, lead)
    office.edit(lead, Phone="444")
    assert office.sync("Lead", lead).changes == {("phone", "here", "333", "444")}
    assert_silent(office, ana, lead)


def test_a_blank_that_was_always_there_clears_nothing_and_a_new_one_does(office: Office) -> None:
    ana = office.in_crm("Contact", LastName="Sample", Email="ana@example.com")
    lead = office.in_crm("Lead", LastName="Sample", Email="ana@example.com", Company="Sample Mill", Phone="222")
    office.sync("Contact", ana)
    office.sync("Lead", lead)
    assert_silent(office, ana, lead)
    assert phone(office, ana) == "222"
    office.edit(lead, Phone=None)
    office.sync("Lead", lead)
    assert_silent(office, ana, lead)
    assert phone(office, ana) is None


def test_a_value_of_ours_that_nobody_brought_in_is_put_right_all_the_same(office: Office, ana: str, lead: str) -> None:
    office.put_raw(office.linked("Contact", ana), phone="stray")
    assert office.sync("Contact", ana).changes == {("phone", "here", "stray", "111")}
    assert_silent(office, ana, lead)


def test_a_mapping_that_is_off_brings_nothing_in_so_the_others_value_counts_again(
    office: Office, ana: str, lead: str
) -> None:
    office.set_field("Lead", "phone", enabled=False)
    assert office.sync("Contact", ana).changes == {("phone", "here", "222", "111")}
    assert_silent(office, ana, lead)


def test_the_contact_that_a_lead_became_brings_in_its_changes(office: Office) -> None:
    lead = office.in_crm("Lead", LastName="Sample", Email="ben@example.com", Company="Sample Mill", Phone="222")
    office.sync("Lead", lead)
    contact = str(office.org.control("convert_lead", {"id": lead})["contact_id"])
    office.sync("Lead", lead)
    office.edit(contact, Phone="333")
    assert office.sync("Contact", contact).changes == {("phone", "here", "222", "333")}


def test_two_connections_to_one_crm_fall_silent(office: Office, ana: str) -> None:
    """Two orgs as far as the product knows; both answer from the one that is there."""
    other = Office(office.runtime, office.org, second_connection(office))
    same = office.in_crm("Contact", LastName="Sample", Email="ana@example.com", Phone="222")
    other.sync("Contact", same)
    assert office.linked("Contact", same) == office.linked("Contact", ana)
    version = office.local(office.linked("Contact", ana)).version
    for _ in range(ROUNDS):
        for told in (office.sync("Contact", ana), other.sync("Contact", same)):
            assert (told.outcome, told.changes, told.writes) == ("unchanged", set(), [])
    assert office.local(office.linked("Contact", ana)).version == version


def second_connection(office: Office) -> int:
    with office.runtime.database.write() as session:
        first = session.scalars(select(Connection)).one()
        names = {each.key for each in inspect(Connection).column_attrs} - {"id"}
        second = Connection(**{name: getattr(first, name) for name in names} | {"org_id": "00D00000000SAMPLE"})
        session.add(second)
        session.flush()
        add_default_mappings(session, second)
        return second.id


def test_a_lead_a_contact_and_hubspot_both_ways_fall_silent(both: Both) -> None:
    """Else each sync of the Lead and of the Contact would be written to HubSpot, for ever."""
    both.portal.set_field("contacts", "phone", direction="two_way")
    both.org.edit(both.contact, Phone="111")
    lead = both.org.in_crm("Lead", LastName="Sample", Email="ana@two.example.com", Company="Sample Mill", Phone="222")
    both.sync_both()
    both.org.sync("Lead", lead)
    both.sync_both()
    assert both.portal.shown_in_crm(both.hubspot_contact, "phone") == {"phone": "222"}
    for _ in range(ROUNDS // 4):
        both.assert_silence(rounds=1)
        told = both.org.sync("Lead", lead)
        assert (told.outcome, told.changes, told.writes) == ("unchanged", set(), [])
