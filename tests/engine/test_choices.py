"""Choices and users that the CRM stores under another name than it shows, and fields that it calculates."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from jobs.models import CustomField
from jobs.records import RecordError
from tests.support.office import Office

SECTORS = [{"value": "S1", "label": "Mining"}, {"value": "S2", "label": "Farming"}]


@pytest.fixture
def mill(office: Office) -> str:
    """An account whose industry is a choice of the CRM's own making."""
    field = {"name": "Sector__c", "label": "Sector", "type": "picklist", "restricted": True, "values": SECTORS}
    office.org.control("objects", {"object": "Account", "fields": [field]})
    office.set_field("Account", "industry", crm_field="Sector__c", direction="two_way")
    return office.in_crm("Account", Name="Sample Mill", Website="sample-mill.example", Sector__c="S1")


def test_a_label_here_and_its_value_there_are_the_same(office: Office, mill: str) -> None:
    ours = office.here("account", name="Sample Mill", domain="sample-mill.example", industry="mining")
    told = office.sync("Account", mill)
    assert (told.changes, office.linked("Account", mill)) == (set(), ours)
    assert office.values(ours, "industry") == {"industry": "mining"}


def test_our_choice_is_written_as_the_crm_stores_it(office: Office, mill: str) -> None:
    office.sync("Account", mill)
    ours = office.linked("Account", mill)
    office.change(ours, industry="Farming")
    assert office.sync("Account", mill).written == {"Sector__c": "S2"}
    assert office.values(ours, "industry") == {"industry": "Farming"}
    assert office.sync("Account", mill).outcome == "unchanged"
    office.edit(mill, Sector__c="S1")
    assert office.sync("Account", mill).changes == {("industry", "here", "Farming", "S1")}


def test_a_choice_that_the_crm_does_not_offer_is_not_added_to_those_it_has(office: Office) -> None:
    """An unrestricted picklist would take any text that the API sends."""
    office.set_field("Account", "industry", direction="two_way")
    mill = office.in_crm("Account", Name="Sample Mill", Website="sample-mill.example", Industry="Energy")
    office.sync("Account", mill)
    ours = office.linked("Account", mill)
    office.change(ours, industry="Nonsense", name="Sample Mills")
    told = office.sync("Account", mill)
    assert (told.written, told.left_alone) == ({"Name": "Sample Mills"}, {"industry": "OPTION_UNKNOWN_THERE"})
    office.change(ours, industry="banking")
    office.time_passes()
    assert office.sync("Account", mill).written == {"Industry": "Banking"}


class TestChoicesOfOursAlone:
    """The CRM's field is a free text; ours has its choices."""

    @pytest.fixture
    def ana(self, office: Office) -> str:
        office.map_own_field("Contact", "Department", "tier", "select")
        with office.runtime.database.write() as session:
            tier = session.scalars(select(CustomField).where(CustomField.name == "tier")).one()
            tier.options = [["A", "First"], ["B", "Second"]]
        ana = office.in_crm("Contact", LastName="Sample", Email="ana@example.com", Department="Nonsense")
        assert office.sync("Contact", ana).left_alone == {"tier": "OPTION_UNKNOWN"}
        return ana

    def test_what_is_none_of_them_stays_where_it_is(self, office: Office, ana: str) -> None:
        assert office.values(office.linked("Contact", ana), "tier") == {"tier": None}
        told = office.sync("Contact", ana)
        assert (told.changes, told.left_alone) == (set(), {"tier": "OPTION_UNKNOWN"})

    def test_what_names_one_of_them_is_that_one_and_comes_to_rest(self, office: Office, ana: str) -> None:
        office.edit(ana, Department="second")
        assert office.sync("Contact", ana).changes == {("tier", "here", None, "B")}
        for _ in range(2):
            told = office.sync("Contact", ana)
            assert (told.outcome, told.changes, told.writes) == ("unchanged", set(), [])

    def test_ours_is_written_as_we_spell_it(self, office: Office, ana: str) -> None:
        office.edit(ana, Department="second")
        office.sync("Contact", ana)
        office.change(office.linked("Contact", ana), tier="first")
        told = office.sync("Contact", ana)
        assert told.changes == {("tier", "crm", "second", "A")}
        assert office.sync("Contact", ana).outcome == "unchanged"

    def test_who_edits_ours_can_only_choose_what_there_is(self, office: Office, ana: str) -> None:
        ours = office.linked("Contact", ana)
        with pytest.raises(RecordError, match="tier has no choice “C”"):
            office.change(ours, tier="C")
        office.change(ours, tier="FIRST")
        assert office.values(ours, "tier") == {"tier": "A"}
        office.change(ours, tier="")
        assert office.values(ours, "tier") == {"tier": None}


def test_what_the_crm_calculates_comes_in_and_is_never_written(office: Office) -> None:
    field = {"name": "Greeting__c", "label": "Greeting", "type": "string", "length": 100, "formula": "TEXT(LastName)"}
    office.org.control("objects", {"object": "Contact", "fields": [field]})
    office.map_field("Contact", "Greeting__c", "notes")
    ana = office.in_crm("Contact", LastName="Sample", Email="ana@example.com")
    office.sync("Contact", ana)
    ours = office.linked("Contact", ana)
    assert office.values(ours, "notes") == {"notes": "Sample"}
    office.change(ours, notes="Dear Sample")
    told = office.sync("Contact", ana)
    assert (told.writes, told.left_alone) == ([], {"notes": "CALCULATED_IN_CRM"})


def test_a_field_whose_type_changed_is_left_with_the_reason(office: Office) -> None:
    office.map_field("Contact", "Department", "notes", label="Notes")
    ana = office.in_crm("Contact", LastName="Sample", Email="ana@example.com", Department="Samples")
    office.sync("Contact", ana)
    office.set_field("Contact", "notes", crm_field="HasOptedOutOfEmail")
    told = office.sync("Contact", ana)
    assert told.left_alone == {"notes": "TYPE_MISMATCH"}
    assert told.changes == set()


class TestUsers:
    """Met by email address, stored there by id."""

    @pytest.fixture
    def deal(self, office: Office) -> str:
        office.set_field("Opportunity", "owner", direction="two_way")
        rep = office.org.user("rep")["id"]
        deal = office.in_crm(
            "Opportunity", Name="Sample", StageName="Qualification", CloseDate="2027-01-01", OwnerId=rep
        )
        office.sync("Opportunity", deal)
        return deal

    def test_a_change_of_ours_is_written_as_the_id_of_that_user(self, office: Office, deal: str) -> None:
        ours, admin_id = office.linked("Opportunity", deal), office.org.user("admin")["id"]
        address = office.org.api("admin").read("User", admin_id, "Email")["Email"]
        assert office.values(ours, "owner")["owner"] not in (None, address)
        office.change(ours, owner=address.upper())
        assert office.sync("Opportunity", deal).written == {"OwnerId": admin_id}
        assert office.values(ours, "owner") == {"owner": address}
        assert office.sync("Opportunity", deal).outcome == "unchanged"

    def test_an_address_of_nobody_there_is_refused_by_name_and_the_rest_goes(self, office: Office, deal: str) -> None:
        office.change(office.linked("Opportunity", deal), owner="nobody@example.com", name="Sample Two")
        told = office.sync("Opportunity", deal)
        assert (told.status, told.written) == ("partial", {"Name": "Sample Two"})
        assert told.left_alone == {"owner": "NO_SUCH_OWNER"}
