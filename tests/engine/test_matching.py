"""How the two sides of one record find each other: accounts by domain, then by name; people by email."""

from __future__ import annotations

import pytest

from jobs.sync.apart import allow_again, keep_apart
from jobs.sync.rows import RecordKey
from tests.support.office import Office


def matched_by(office: Office, object_name: str, record_id: str) -> str:
    link = office.link(object_name, record_id)
    assert link is not None
    return link.matched_by


class TestAccounts:
    @pytest.mark.parametrize(
        ("website", "domain"),
        [
            ("https://www.sample-mill.example/contact", "sample-mill.example"),
            ("HTTP://SAMPLE-MILL.EXAMPLE:8080", "sample-mill.example"),
            ("shop.sample-mill.example", "www.sample-mill.example"),
            ("https://bücher-muster.example", "xn--bcher-muster-dlb.example"),
        ],
    )
    def test_meet_by_domain_however_it_is_written(self, office: Office, website: str, domain: str) -> None:
        ours = office.here("account", name="Another Name", domain=domain)
        theirs = office.in_crm("Account", Name="Sample Mill Inc", Website=website)
        told = office.sync("Account", theirs)
        assert (told.outcome, office.linked("Account", theirs)) == ("updated", ours)
        assert matched_by(office, "Account", theirs) == "domain"

    def test_meet_by_name_where_no_domain_does(self, office: Office) -> None:
        ours = office.here("account", name="SAMPLE MÍLL, Ltd.")
        theirs = office.in_crm("Account", Name="Sample Mill", Website="https://sample-mill.example")
        office.sync("Account", theirs)
        assert (office.linked("Account", theirs), matched_by(office, "Account", theirs)) == (ours, "name")

    def test_the_domain_counts_before_the_name(self, office: Office) -> None:
        office.here("account", name="Sample Mill")
        by_domain = office.here("account", name="Another", domain="sample-mill.example")
        theirs = office.in_crm("Account", Name="Sample Mill", Website="sample-mill.example")
        office.sync("Account", theirs)
        assert office.linked("Account", theirs) == by_domain

    def test_one_name_with_two_domains_is_two_companies(self, office: Office) -> None:
        ours = office.here("account", name="Sample Solutions", domain="sample-one.example")
        theirs = office.in_crm("Account", Name="Sample Solutions Inc.", Website="sample-two.example")
        assert office.sync("Account", theirs).outcome == "created"
        assert office.values(ours) == {"name": "Sample Solutions", "domain": "sample-one.example"}

    def test_a_word_in_front_that_is_elsewhere_a_legal_form_is_part_of_the_name(self, office: Office) -> None:
        office.here("account", name="SE Sample")
        theirs = office.in_crm("Account", Name="Sample Inc.")
        assert office.sync("Account", theirs).outcome == "created"

    def test_free_mail_tells_no_two_companies_apart(self, office: Office) -> None:
        ours = office.here("account", name="Sample Mill", domain="gmail.com")
        theirs = office.in_crm("Account", Name="Sample Mill", Website="sample-mill.example")
        office.sync("Account", theirs)
        assert office.linked("Account", theirs) == ours

    def test_however_many_of_the_name_are_linked_elsewhere_the_free_one_is_found(self, office: Office) -> None:
        for _ in range(11):
            linked = office.in_crm("Account", Name="Sample Mill")
            office.sync("Account", linked, chosen_local_record_id=office.here("account", name="Sample Mill"))
        free = office.here("account", name="Sample Mill")
        theirs = office.in_crm("Account", Name="Sample Mill")
        office.sync("Account", theirs)
        assert office.linked("Account", theirs) == free

    def test_however_many_have_another_domain_the_one_without_is_found(self, office: Office) -> None:
        for number in range(11):
            office.here("account", name="Sample Mill", domain=f"sample-{number}.example")
        ours = office.here("account", name="Sample Mill")
        theirs = office.in_crm("Account", Name="Sample Mill", Website="sample-mill.example")
        office.sync("Account", theirs)
        assert office.linked("Account", theirs) == ours

    def test_a_free_mail_domain_is_nobodys(self, office: Office) -> None:
        office.here("account", name="One Shop", domain="gmail.com")
        theirs = office.in_crm("Account", Name="Other Shop", Website="https://gmail.com")
        assert office.sync("Account", theirs).outcome == "created"


class TestPeople:
    @pytest.mark.parametrize(
        ("theirs", "ours"),
        [
            ("ana@example.com", "ana@example.com"),
            ("Ana.Sample@Example.COM", "ana.sample@example.com"),
            ("ana@xn--bcher-kva.example", "ana@bücher.example"),
        ],
    )
    @pytest.mark.parametrize("object_name", ["Contact", "Lead"])
    def test_meet_by_email(self, office: Office, object_name: str, theirs: str, ours: str) -> None:
        local_id = office.here("contact", email=ours, last_name="Sample")
        more = {"Company": "Sample Mill"} if object_name == "Lead" else {}
        record_id = office.in_crm(object_name, LastName="Sample", Email=theirs, **more)
        told = office.sync(object_name, record_id)
        assert office.linked(object_name, record_id) == local_id
        assert matched_by(office, object_name, record_id) == "email"
        assert told.writes == []  # another spelling of the same address is no change

    def test_a_lead_and_a_contact_may_be_one_person_of_ours(self, office: Office) -> None:
        lead = office.in_crm("Lead", LastName="Sample", Email="ana@example.com", Company="Sample Mill")
        contact = office.in_crm("Contact", LastName="Sample", Email="ana@example.com")
        office.sync("Lead", lead)
        office.sync("Contact", contact)
        assert office.linked("Lead", lead) == office.linked("Contact", contact)
        assert office.how_many("contact") == 1

    def test_a_converted_leads_contact_finds_the_person_the_lead_was(self, office: Office) -> None:
        lead = office.in_crm("Lead", LastName="Sample", Email="ana@example.com", Company="Sample Mill")
        office.sync("Lead", lead)
        contact = office.org.control("convert_lead", {"id": lead})["contact_id"]
        office.sync("Contact", contact)
        assert office.linked("Contact", contact) == office.linked("Lead", lead)

    def test_a_deleted_person_of_ours_is_not_met_again(self, office: Office) -> None:
        office.delete_here(office.here("contact", email="ana@example.com", last_name="Sample"))
        ana = office.in_crm("Contact", LastName="Sample", Email="ana@example.com")
        assert office.sync("Contact", ana).outcome == "created"


class TestChosenByHand:
    def test_the_chosen_one_is_linked_whatever_the_rules_say(self, office: Office) -> None:
        office.here("contact", email="ana@example.com", last_name="Sample")
        chosen = office.here("contact", email="other@example.com", last_name="Chosen")
        ana = office.in_crm("Contact", LastName="Sample", Email="ana@example.com")
        office.sync("Contact", ana, chosen_local_record_id=chosen)
        assert (office.linked("Contact", ana), matched_by(office, "Contact", ana)) == (chosen, "manual")

    def test_it_stays_linked_when_the_address_changes_on_both_sides(self, office: Office) -> None:
        ana = office.in_crm("Contact", LastName="Sample", Email="ana@example.com")
        office.sync("Contact", ana)
        local_id = office.linked("Contact", ana)
        office.here("contact", email="new@example.com", last_name="Decoy")
        office.edit(ana, Email="new@example.com")
        office.sync("Contact", ana)
        assert office.linked("Contact", ana) == local_id


class TestKeptApart:
    """Somebody said that two records are not the same."""

    def say_they_are_two(self, office: Office, record_id: str, local_id: int, object_name: str = "Contact") -> None:
        with office.runtime.database.write() as session:
            for _ in range(2):  # saying it twice is no error
                keep_apart(session, RecordKey(office.connection_id, object_name, record_id), local_id, by="Riley Rep")

    def test_they_are_not_matched_and_a_new_record_is_made(self, office: Office) -> None:
        namesake = office.here("contact", email="ana@example.com", last_name="Other")
        ana = office.in_crm("Contact", LastName="Sample", Email="ana@example.com")
        self.say_they_are_two(office, ana, namesake)
        assert office.sync("Contact", ana).outcome == "created"
        assert office.linked("Contact", ana) != namesake

    def test_however_many_are_kept_apart_the_one_that_is_not_is_found(self, office: Office) -> None:
        ana = office.in_crm("Contact", LastName="Sample", Email="ana@example.com")
        for _ in range(11):
            self.say_they_are_two(office, ana, office.here("contact", email="ana@example.com", last_name="Other"))
        right = office.here("contact", email="ana@example.com", last_name="Sample")
        office.sync("Contact", ana)
        assert office.linked("Contact", ana) == right

    @pytest.mark.parametrize("lead_first", [True, False], ids=["the lead is synced first", "its contact is"])
    @pytest.mark.parametrize("was_linked", [False, True])
    def test_a_lead_that_is_kept_apart_stays_so_as_a_contact(
        self, office: Office, lead_first: bool, was_linked: bool
    ) -> None:
        namesake = office.here("contact", email="ana@example.com", last_name="Other")
        lead = office.in_crm("Lead", LastName="Sample", Email="ana@example.com", Company="Sample Mill")
        self.say_they_are_two(office, lead, namesake, "Lead")
        if was_linked:
            office.sync("Lead", lead)
        contact = str(office.org.control("convert_lead", {"id": lead})["contact_id"])
        if lead_first:
            office.sync("Lead", lead)
        office.sync("Contact", contact)
        assert office.linked("Contact", contact) != namesake
        assert office.how_many("contact") == 2

    def test_so_does_one_that_is_merged_into_another(self, office: Office) -> None:
        namesake = office.here("contact", email="ana@example.com", last_name="Other")
        ana, survivor = (office.in_crm("Contact", LastName="Sample", Email="ana@example.com") for _ in range(2))
        self.say_they_are_two(office, ana, namesake)
        office.org.control("merge", {"object": "Contact", "master": survivor, "losers": [ana]})
        assert office.sync("Contact", survivor).outcome == "created"
        assert office.linked("Contact", survivor) != namesake

    def test_what_was_kept_apart_says_nothing_of_another_one(self, office: Office) -> None:
        ours = office.here("contact", email="ana@example.com", last_name="Sample")
        lead = office.in_crm("Lead", LastName="Sample", Email="ana@example.com", Company="Sample Mill")
        self.say_they_are_two(office, lead, ours, "Lead")
        ana = office.in_crm("Contact", LastName="Sample", Email="ana@example.com")
        office.sync("Contact", ana)
        assert office.linked("Contact", ana) == ours

    def test_of_several_candidates_the_other_one_is_left(self, office: Office) -> None:
        namesake = office.here("contact", email="ana@example.com", last_name="Other")
        right = office.here("contact", email="ana@example.com", last_name="Sample")
        ana = office.in_crm("Contact", LastName="Sample", Email="ana@example.com")
        assert office.sync("Contact", ana).code == "AMBIGUOUS_MATCH"
        self.say_they_are_two(office, ana, namesake)
        office.sync("Contact", ana)
        assert office.linked("Contact", ana) == right

    def test_it_says_nothing_about_other_records(self, office: Office) -> None:
        ours = office.here("contact", email="ana@example.com", last_name="Sample")
        self.say_they_are_two(office, "003000000000009AAA", ours)
        ana = office.in_crm("Contact", LastName="Sample", Email="ana@example.com")
        office.sync("Contact", ana)
        assert office.linked("Contact", ana) == ours

    def test_taken_back_they_match_again(self, office: Office) -> None:
        ours = office.here("contact", email="ana@example.com", last_name="Sample")
        ana = office.in_crm("Contact", LastName="Sample", Email="ana@example.com")
        self.say_they_are_two(office, ana, ours)
        with office.runtime.database.write() as session:
            allow_again(session, RecordKey(office.connection_id, "Contact", ana), ours)
        office.sync("Contact", ana)
        assert office.linked("Contact", ana) == ours
