"""Converted, merged, deleted, restored: the link follows the record, and ours stays unless the rule says otherwise."""

from __future__ import annotations

from datetime import datetime

import pytest

from tests.support.office import Office


@pytest.fixture
def ana(office: Office) -> str:
    return office.in_crm("Contact", FirstName="Ana", LastName="Sample", Email="ana@example.com", Title="Buyer")


@pytest.fixture
def linked(office: Office, ana: str) -> int:
    """Our side of her, in agreement with the CRM."""
    office.sync("Contact", ana)
    return office.linked("Contact", ana)


def put_at_odds(office: Office, object_name: str, record_id: str) -> None:
    """Both sides have changed the title, and a sync has looked."""
    office.edit(record_id, Title="Theirs")
    office.change(office.linked(object_name, record_id), job_title="Ours")
    assert office.sync(object_name, record_id).outcome == "conflict"


class TestALeadIsConverted:
    @pytest.fixture
    def lead(self, office: Office) -> str:
        lead = office.in_crm("Lead", LastName="Sample", Email="ana@example.com", Company="Sample Mill", Title="Buyer")
        office.sync("Lead", lead)
        return lead

    def convert(self, office: Office, lead: str, **to: str) -> str:
        return str(office.org.control("convert_lead", {"id": lead, **to})["contact_id"])

    def stamps(self, office: Office, object_name: str, record_id: str) -> tuple[datetime | None, datetime | None]:
        link = office.link(object_name, record_id)
        assert link is not None
        return link.own_write_at, link.changed_before_at

    def test_the_link_moves_to_the_contact_and_ours_stays(self, office: Office, lead: str) -> None:
        ours = office.linked("Lead", lead)
        contact = self.convert(office, lead)
        told = office.sync("Lead", lead)
        assert (told.outcome, told.code) == ("skipped", "LEAD_CONVERTED")
        assert (office.link("Lead", lead), office.linked("Contact", contact)) == (None, ours)
        assert office.how_many("contact") == 1

    def test_what_both_agreed_on_moves_along(self, office: Office, lead: str) -> None:
        """A change here since the last sync of the Lead is pushed to the Contact, not overwritten by it."""
        ours = office.linked("Lead", lead)
        contact = self.convert(office, lead)
        office.sync("Lead", lead)
        office.change(ours, job_title="Owner")
        assert office.sync("Contact", contact).written == {"Title": "Owner"}

    def test_what_salesforce_did_not_copy_is_filled_in_there_and_not_cleared_here(self, office: Office) -> None:
        for object_name in ("Lead", "Contact"):
            office.map_field(object_name, "Lead_Score__c", "lead_score")
        lead = office.in_crm("Lead", LastName="Sample", Email="ana@example.com", Company="Mill", Lead_Score__c=50)
        office.sync("Lead", lead)
        contact = self.convert(office, lead)
        office.edit(contact, Lead_Score__c=None)
        office.sync("Lead", lead)
        office.time_passes()
        told = office.sync("Contact", contact)
        assert (told.written, office.values(office.linked("Contact", contact), "lead_score")) == (
            {"Lead_Score__c": 50},
            {"lead_score": 50},
        )
        office.edit(contact, Lead_Score__c=None)  # from now on a blank there is somebody's doing
        assert office.sync("Contact", contact).changes == {("lead_score", "here", 50, None)}

    def test_nor_is_what_comes_from_the_crm_only(self, office: Office, lead: str) -> None:
        for object_name in ("Lead", "Contact"):
            office.set_field(object_name, "job_title", direction="inbound")
        contact = self.convert(office, lead)
        office.edit(contact, Title=None)
        office.sync("Lead", lead)
        assert office.sync("Contact", contact).left_alone == {"job_title": "FIRST_LINK_KEPT"}
        assert office.sync("Contact", contact).outcome == "unchanged"
        assert office.values(office.linked("Contact", contact), "job_title") == {"job_title": "Buyer"}

    def test_a_field_of_ours_that_is_another_one_there_begins_anew(self, office: Office, lead: str) -> None:
        office.map_field("Contact", "Department", "company")
        contact = self.convert(office, lead)
        office.sync("Lead", lead)
        office.time_passes()
        assert office.sync("Contact", contact).written == {"Department": "Sample Mill"}

    def test_and_is_no_change_of_somebody_where_it_is_filled_there(self, office: Office, lead: str) -> None:
        office.map_field("Contact", "Department", "company")
        office.set_object("Contact", duplicate_handling="update_missing")
        contact = self.convert(office, lead)
        office.edit(contact, Department="Sales")
        office.sync("Lead", lead)
        assert office.sync("Contact", contact).left_alone == {"company": "FIRST_LINK_KEPT"}

    def test_a_skipped_sync_in_between_changes_nothing_about_that(self, office: Office, lead: str) -> None:
        contact = self.convert(office, lead)
        office.sync("Lead", lead)
        office.edit(contact, Email=None, Title=None)
        assert office.sync("Contact", contact).code == "NO_EMAIL"
        office.edit(contact, Email="ana@example.com")
        assert office.sync("Contact", contact).written == {"Title": "Buyer"}

    def test_when_we_wrote_to_the_lead_says_nothing_of_the_contact(self, office: Office, lead: str) -> None:
        office.change(office.linked("Lead", lead), job_title="Owner")
        office.sync("Lead", lead)
        assert self.stamps(office, "Lead", lead) != (None, None)
        contact = self.convert(office, lead)
        office.sync("Lead", lead)
        assert self.stamps(office, "Contact", contact) == (None, None)

    def test_a_contact_that_is_linked_already_keeps_its_link_and_the_leads_ends(
        self, office: Office, lead: str
    ) -> None:
        contact = office.in_crm("Contact", LastName="Sample", Email="ana.other@example.com")
        office.sync("Contact", contact)
        account = office.in_crm("Account", Name="Sample Mill")
        self.convert(office, lead, contact_id=contact, account_id=account)
        office.sync("Lead", lead)
        assert office.link("Lead", lead) is None
        assert office.linked("Contact", contact)

    def test_an_open_conflict_moves_along_and_is_settled_there(self, office: Office, lead: str) -> None:
        for object_name in ("Lead", "Contact"):
            office.set_field(object_name, "job_title", conflict_rule="ask")
        put_at_odds(office, "Lead", lead)
        contact = self.convert(office, lead)
        office.sync("Lead", lead)
        [conflict] = office.conflicts()
        assert (conflict.object, conflict.crm_record_id, conflict.theirs) == ("Contact", contact, "Theirs")
        assert office.sync("Contact", contact, choices={"job_title": "local"}).written == {"Title": "Ours"}
        assert office.conflicts() == []

    def test_where_contacts_are_not_mapped_the_link_rests(self, office: Office, lead: str) -> None:
        office.set_object("Contact", object="Sample_Person__c")
        self.convert(office, lead)
        office.sync("Lead", lead)
        assert office.link("Lead", lead) is not None


class TestTwoAreMerged:
    @pytest.fixture
    def survivor(self, office: Office) -> str:
        return office.in_crm("Contact", FirstName="Ana", LastName="Sample", Email="ana.s@example.com", Title="Buyer")

    def merge(self, office: Office, survivor: str, loser: str) -> None:
        office.org.control("merge", {"object": "Contact", "master": survivor, "losers": [loser]})

    def test_the_link_moves_to_the_survivor(self, office: Office, ana: str, linked: int, survivor: str) -> None:
        self.merge(office, survivor, ana)
        assert office.sync("Contact", ana).code == "RECORD_MERGED"
        assert (office.link("Contact", ana), office.linked("Contact", survivor)) == (None, linked)
        assert office.sync("Contact", survivor).changes == {("email", "here", "ana@example.com", "ana.s@example.com")}

    def test_what_the_survivor_has_blank_clears_nothing_here(self, office: Office, ana: str, linked: int) -> None:
        survivor = office.in_crm("Contact", FirstName="Ana", LastName="Sample", Email="ana@example.com")
        self.merge(office, survivor, ana)
        office.edit(survivor, Title=None)
        office.sync("Contact", ana)
        told = office.sync("Contact", survivor)
        assert told.written == {"Title": "Buyer"}
        assert office.values(linked, "job_title") == {"job_title": "Buyer"}

    def test_a_survivor_that_is_linked_keeps_its_own(
        self, office: Office, ana: str, linked: int, survivor: str
    ) -> None:
        office.sync("Contact", survivor)
        ours = office.linked("Contact", survivor)
        self.merge(office, survivor, ana)
        office.sync("Contact", ana)
        assert (office.link("Contact", ana), office.linked("Contact", survivor)) == (None, ours)
        assert office.local(linked).deleted_at is None

    def test_an_open_conflict_ends_with_its_link(self, office: Office, ana: str, linked: int, survivor: str) -> None:
        office.sync("Contact", survivor)
        office.set_field("Contact", "job_title", conflict_rule="ask")
        put_at_odds(office, "Contact", ana)
        self.merge(office, survivor, ana)
        office.sync("Contact", ana)
        assert office.conflicts() == []
        [settled] = office.conflicts(settled=True)
        assert (settled.crm_record_id, settled.choice) == (ana, "")

    def test_asked_again_nothing_more_happens(self, office: Office, ana: str, linked: int, survivor: str) -> None:
        self.merge(office, survivor, ana)
        office.sync("Contact", ana)
        assert office.sync("Contact", ana).code == "RECORD_MERGED"
        assert office.linked("Contact", survivor) == linked


class TestItIsDeletedThere:
    def delete(self, office: Office, ana: str) -> None:
        office.org.control("delete", {"object": "Contact", "id": ana})

    def undelete(self, office: Office, ana: str) -> None:
        office.org.control("undelete", {"object": "Contact", "id": ana})

    def test_ours_is_kept_unless_the_object_says_otherwise(self, office: Office, ana: str, linked: int) -> None:
        self.delete(office, ana)
        assert office.sync("Contact", ana).code == "RECORD_DELETED"
        assert office.local(linked).deleted_at is None
        assert office.linked("Contact", ana) == linked

    def test_ours_goes_with_it_where_the_object_says_so(self, office: Office, ana: str, linked: int) -> None:
        office.set_object("Contact", when_deleted_there="delete")
        self.delete(office, ana)
        told = office.sync("Contact", ana)
        assert (told.outcome, told.code) == ("updated", "DELETED_ON_BOTH")
        assert office.local(linked).deleted_at is not None
        assert office.sync("Contact", ana).code == "DELETED_ON_BOTH"

    def test_and_comes_back_with_it_as_it_was(self, office: Office, ana: str, linked: int) -> None:
        office.set_object("Contact", when_deleted_there="delete")
        self.delete(office, ana)
        office.sync("Contact", ana)
        self.undelete(office, ana)
        office.edit(ana, Title="Owner")
        told = office.sync("Contact", ana)
        assert (told.outcome, told.code) == ("updated", "RESTORED_HERE")
        assert told.changes == {("job_title", "here", "Buyer", "Owner")}
        assert office.local(linked).deleted_at is None
        assert office.sync("Contact", ana).outcome == "unchanged"

    def test_what_a_person_deleted_here_does_not_come_back(self, office: Office, ana: str, linked: int) -> None:
        office.set_object("Contact", when_deleted_there="delete")
        office.delete_here(linked)
        self.delete(office, ana)
        office.sync("Contact", ana)
        self.undelete(office, ana)
        assert office.sync("Contact", ana).code == "LOCAL_DELETED"

    def test_with_inbound_off_ours_stays(self, office: Office, ana: str, linked: int) -> None:
        office.set_object("Contact", when_deleted_there="delete", inbound=False)
        self.delete(office, ana)
        assert office.sync("Contact", ana).code == "RECORD_DELETED"
        assert office.local(linked).deleted_at is None


def test_what_is_deleted_here_is_never_deleted_there(office: Office, ana: str, linked: int) -> None:
    office.set_object("Contact", when_deleted_there="delete")
    office.delete_here(linked)
    told = office.sync("Contact", ana)
    assert (told.code, told.writes) == ("LOCAL_DELETED", [])
    assert office.shown_in_crm(ana, "Title") == {"Title": "Buyer"}
