"""What may be wrong with a HubSpot account's data: each is told by its name, and everything else goes through."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from jobs.models import FieldMapping, ObjectMapping
from tests.engine.test_bad_values import SCRIPTS
from tests.support.portal_office import PortalOffice
from tests.support.told import Told

LONGEST = 65_536  # characters of a text property


@pytest.fixture
def office(portal_office: PortalOffice) -> PortalOffice:
    return portal_office


def someone(office: PortalOffice, name: str, **fields: object) -> str:
    """A contact that both sides know and agree on."""
    found = office.in_crm("contacts", lastname="Sample", email=f"{name}@example.com", jobtitle="Buyer", **fields)
    assert office.sync("contacts", found).outcome == "created"
    return found


def quiet(told: Told) -> bool:
    return (told.status, told.outcome, told.writes) == ("succeeded", "unchanged", [])


class TestTwoContactsWithSwappedEmails:
    """An address is one contact's alone in HubSpot; a link is stronger than an address."""

    @pytest.fixture
    def ana(self, office: PortalOffice) -> str:
        return someone(office, "ana")

    @pytest.fixture
    def ben(self, office: PortalOffice) -> str:
        return someone(office, "ben")

    def test_swapped_there_each_keeps_its_own_record_here(self, office: PortalOffice, ana: str, ben: str) -> None:
        ours = {each: office.linked("contacts", each) for each in (ana, ben)}
        office.edit(ana, email="for-a-moment@example.com")
        office.edit(ben, email="ana@example.com")
        office.edit(ana, email="ben@example.com")
        assert office.sync("contacts", ana).changes == {("email", "here", "ana@example.com", "ben@example.com")}
        assert office.sync("contacts", ben).changes == {("email", "here", "ben@example.com", "ana@example.com")}
        assert {each: office.linked("contacts", each) for each in (ana, ben)} == ours
        assert office.values(ours[ana], "email") == {"email": "ben@example.com"}
        assert quiet(office.sync("contacts", ana))
        assert quiet(office.sync("contacts", ben))

    def test_an_address_that_another_has_holds_nothing_else_back(
        self, office: PortalOffice, ana: str, ben: str
    ) -> None:
        office.change(office.linked("contacts", ana), email="ben@example.com", job_title="Owner")
        told = office.sync("contacts", ana)
        assert (told.status, told.code, told.written) == ("partial", "CONFLICT", {"jobtitle": "Owner"})
        assert told.left_alone == {"email": "CONFLICT"}

    def test_swapped_here_neither_is_written_until_one_is_freed(self, office: PortalOffice, ana: str, ben: str) -> None:
        ours = {each: office.linked("contacts", each) for each in (ana, ben)}
        office.change(ours[ana], email="ben@example.com")
        office.change(ours[ben], email="ana@example.com")
        for each in (ana, ben):
            told = office.sync("contacts", each)
            assert (told.status, told.code, told.writes) == ("failed", "CONFLICT", [])
            assert told.entry.remedy
        office.edit(ana, email="for-a-moment@example.com")
        assert office.sync("contacts", ben).written == {"email": "ana@example.com"}
        office.change(ours[ana], email="ben@example.com", ago=timedelta())
        assert office.sync("contacts", ana).written == {"email": "ben@example.com"}
        assert {each: office.linked("contacts", each) for each in (ana, ben)} == ours
        assert quiet(office.sync("contacts", ana))
        assert quiet(office.sync("contacts", ben))

    def test_in_a_chain_the_second_waits_for_the_first(self, office: PortalOffice, ana: str, ben: str) -> None:
        office.change(office.linked("contacts", ana), email="ana.new@example.com")
        office.change(office.linked("contacts", ben), email="ana@example.com")
        assert office.sync("contacts", ben).writes == []
        assert office.sync("contacts", ana).written == {"email": "ana.new@example.com"}
        assert office.sync("contacts", ben).written == {"email": "ana@example.com"}

    def test_a_new_contact_with_the_address_of_a_linked_one_is_not_linked_to_its_record(
        self, office: PortalOffice, ana: str
    ) -> None:
        ours = office.linked("contacts", ana)
        office.edit(ana, email="ana.new@example.com")
        other = office.in_crm("contacts", lastname="Other", email="ana@example.com")
        told = office.sync("contacts", other)
        assert (told.outcome, told.status, office.link("contacts", other)) == ("skipped", "succeeded", None)
        assert office.linked("contacts", ana) == ours
        office.sync("contacts", ana)
        assert office.sync("contacts", other).outcome == "created"
        assert office.linked("contacts", other) != ours


class TestACompanyWithoutADomain:
    def test_it_is_found_by_its_name(self, office: PortalOffice) -> None:
        ours = office.here("account", name="Sample Mill GmbH", domain="sample-mill.example")
        mill = office.in_crm("companies", name="SAMPLE MILL")
        assert office.sync("companies", mill).status == "succeeded"
        assert office.linked("companies", mill) == ours
        assert office.how_many("account") == 1

    def test_that_neither_has_one_makes_no_two_companies_one(self, office: PortalOffice) -> None:
        ours = office.here("account", name="Other Works")
        mill = office.in_crm("companies", name="Sample Mill")
        assert office.sync("companies", mill).outcome == "created"
        assert office.linked("companies", mill) != ours
        assert quiet(office.sync("companies", mill))

    def test_two_of_the_same_name_are_not_guessed_between(self, office: PortalOffice) -> None:
        for _ in range(2):
            office.here("account", name="Sample Mill")
        told = office.sync("companies", office.in_crm("companies", name="Sample Mill"))
        assert (told.code, len(told.entry.candidates), told.writes) == ("AMBIGUOUS_MATCH", 2, [])

    def test_one_with_neither_name_nor_domain_is_nobodys(self, office: PortalOffice) -> None:
        ours = office.here("account", phone="1")
        bare = office.in_crm("companies", phone="555 0100")
        assert office.sync("companies", bare).status == "succeeded"
        assert (link := office.link("companies", bare)) is None or link.local_record_id != ours

    def test_a_domain_that_comes_later_moves_no_link(self, office: PortalOffice) -> None:
        mill = office.in_crm("companies", name="Sample Mill")
        office.sync("companies", mill)
        ours = office.linked("companies", mill)
        office.here("account", name="Other Works", domain="works.example")
        office.edit(mill, domain="works.example")
        assert office.sync("companies", mill).changes == {("domain", "here", None, "works.example")}
        assert office.linked("companies", mill) == ours


class TestMergedArchivedRestored:
    @pytest.fixture
    def ana(self, office: PortalOffice) -> str:
        return someone(office, "ana")

    @staticmethod
    def merge(office: PortalOffice, primary: str, other: str) -> str:
        merged = office.org.control("merge", {"object": "contacts", "primary": primary, "other": other})
        office.objects[str(merged["id"])] = "contacts"
        return str(merged["id"])

    def test_the_link_moves_to_what_the_merge_made(self, office: PortalOffice, ana: str) -> None:
        ours = office.linked("contacts", ana)
        other = office.in_crm("contacts", lastname="Sample", email="other@example.com")
        merged = self.merge(office, other, ana)
        assert office.sync("contacts", ana).code == "RECORD_MERGED"
        assert (office.link("contacts", ana), office.linked("contacts", merged)) == (None, ours)
        office.sync("contacts", merged)
        assert office.how_many("contact") == 1
        assert quiet(office.sync("contacts", merged))

    def test_of_two_linked_ones_both_of_ours_stay_and_one_link_does(self, office: PortalOffice, ana: str) -> None:
        ben = someone(office, "ben")
        ours = [office.linked("contacts", each) for each in (ana, ben)]
        merged = self.merge(office, ana, ben)
        for each in (ana, ben):
            office.sync("contacts", each)
        assert office.linked("contacts", merged) in ours
        assert [office.local(each).deleted_at for each in ours] == [None, None]
        assert office.sync("contacts", merged).status == "succeeded"
        assert quiet(office.sync("contacts", merged))

    def test_archived_ours_goes_along_where_the_object_says_so_and_comes_back_restored(
        self, office: PortalOffice, ana: str
    ) -> None:
        ours = office.linked("contacts", ana)
        office.set_object("contacts", when_deleted_there="delete")
        office.org.control("archive", {"object": "contacts", "id": ana})
        assert office.sync("contacts", ana).code == "DELETED_ON_BOTH"
        assert office.local(ours).deleted_at is not None
        office.org.control("restore", {"object": "contacts", "id": ana})
        assert office.sync("contacts", ana).code == "RESTORED_HERE"
        assert (office.local(ours).deleted_at, office.linked("contacts", ana)) == (None, ours)
        assert quiet(office.sync("contacts", ana))

    def test_while_it_is_archived_a_change_of_ours_waits(self, office: PortalOffice, ana: str) -> None:
        office.org.control("archive", {"object": "contacts", "id": ana})
        office.change(office.linked("contacts", ana), job_title="Owner")
        told = office.sync("contacts", ana)
        assert (told.outcome, told.writes) == ("skipped", [])
        office.org.control("restore", {"object": "contacts", "id": ana})
        assert office.sync("contacts", ana).written == {"jobtitle": "Owner"}

    def test_archived_in_the_midst_of_a_sync_it_is_skipped(self, office: PortalOffice, ana: str) -> None:
        office.change(office.linked("contacts", ana), job_title="Owner")
        archive = {"object": "contacts", "id": ana}
        with office.while_waiting(ana, lambda: office.org.control("archive", archive), method="PATCH"):
            told = office.sync("contacts", ana)
        assert (told.status, told.outcome, told.writes) == ("succeeded", "skipped", [])


class TestPropertiesThatVanish:
    def archive(self, office: PortalOffice, name: str) -> None:
        api = office.org.api()
        assert api.call("DELETE", api.path("properties", f"/contacts/{name}")).status_code == 204

    def bring_back(self, office: PortalOffice, name: str) -> None:
        """As an admin does: a property made under the name of an archived one is that one."""
        api = office.org.api()
        made = {"name": name, "label": "Department", "type": "string", "fieldType": "text", "groupName": "sample_sync"}
        assert api.call("POST", api.path("properties", "/contacts"), json=made).status_code == 201

    @pytest.fixture
    def ana(self, office: PortalOffice) -> str:
        self.bring_back(office, "sample_department")
        office.map_field("contacts", "sample_department", "notes")
        return someone(office, "ana", sample_department="Mill")

    def reason(self, office: PortalOffice) -> str:
        query = select(FieldMapping).join(ObjectMapping).where(FieldMapping.crm_field == "sample_department")
        with office.runtime.database.read() as session:
            return session.scalars(query).one().paused_reason

    def test_its_field_waits_alone_until_it_is_back(self, office: PortalOffice, ana: str) -> None:
        ours = office.linked("contacts", ana)
        self.archive(office, "sample_department")
        office.change(ours, job_title="Owner", notes="Ours")
        told = office.sync("contacts", ana)
        assert (told.written, told.left_alone) == ({"jobtitle": "Owner"}, {"notes": "FIELD_GONE"})
        assert self.reason(office).startswith("HubSpot has no field sample_department any more")
        assert office.values(ours, "notes") == {"notes": "Ours"}
        office.time_passes()
        self.bring_back(office, "sample_department")
        office.forget_fields()
        assert office.sync("contacts", ana).written == {"sample_department": "Ours"}
        assert self.reason(office) == ""

    def test_a_filter_that_asks_for_it_pauses_the_object_with_the_reason(self, office: PortalOffice, ana: str) -> None:
        document = {"all": [{"field": "sample_department", "operator": "is", "value": "Mill"}]}
        office.set_object("contacts", filter=document)
        assert quiet(office.sync("contacts", ana))
        self.archive(office, "sample_department")
        told = office.sync("contacts", ana)
        assert (told.outcome, told.code, told.writes) == ("skipped", "FILTER_PAUSED", [])
        assert "“sample_department”" in told.entry.message
        office.time_passes()
        self.bring_back(office, "sample_department")
        office.forget_fields()
        assert quiet(office.sync("contacts", ana))


class TestOptionsThatVanish:
    def offer(self, office: PortalOffice, *options: tuple[str, str]) -> None:
        office.time_passes()
        listed = [{"value": value, "label": label} for value, label in options]
        made = {"name": "sector", "label": "Sector", "type": "enumeration", "fieldType": "select", "options": listed}
        office.org.control("objects", {"object": "companies", "properties": [made]})
        office.forget_fields()

    def test_a_record_that_holds_it_stays_as_it_is_and_its_other_fields_go_on(self, office: PortalOffice) -> None:
        self.offer(office, ("S1", "Mining"), ("S2", "Farming"))
        office.set_field("companies", "industry", crm_field="sector", direction="two_way")
        mill = office.in_crm("companies", name="Sample Mill", sector="S1")
        office.sync("companies", mill)
        self.offer(office, ("S2", "Farming"))
        ours = office.linked("companies", mill)
        office.change(ours, name="Sample Mill and Sons")
        told = office.sync("companies", mill)
        assert told.written == {"name": "Sample Mill and Sons"}
        assert office.shown_in_crm(mill, "sector") == {"sector": "S1"}
        assert office.values(ours, "industry") == {"industry": "S1"}
        told = office.sync("companies", mill)
        assert (told.writes, told.changes) == ([], set())

    def test_of_a_thousand_each_arrives_and_the_last_one_goes(self, office: PortalOffice) -> None:
        self.offer(office, *((f"v{number}", f"Choice {number}") for number in range(1_000)))
        office.set_field("companies", "industry", crm_field="sector", direction="two_way")
        mill = office.in_crm("companies", name="Sample Mill", sector="v500")
        office.sync("companies", mill)
        ours = office.linked("companies", mill)
        assert office.values(ours, "industry") == {"industry": "v500"}
        office.change(ours, industry="choice 999")
        assert office.sync("companies", mill).written == {"sector": "v999"}
        office.change(ours, industry="v1000")
        told = office.sync("companies", mill)
        assert (told.left_alone, told.writes) == ({"industry": "OPTION_UNKNOWN_THERE"}, [])
        assert len(told.entry.message) < 500


class TestValues:
    @pytest.fixture
    def ana(self, office: PortalOffice) -> str:
        for crm_field, ours in (("sample_lead_score", "lead_score"), ("message", "notes")):
            office.map_field("contacts", crm_field, ours)
        return someone(office, "ana")

    def test_every_script_and_sign_and_markup_travels_both_ways(self, office: PortalOffice, ana: str) -> None:
        ours, there, back = office.linked("contacts", ana), "\n".join(SCRIPTS), "\n".join(reversed(SCRIPTS))
        office.edit(ana, message=there)
        office.sync("contacts", ana)
        assert office.values(ours, "notes") == {"notes": there}
        office.change(ours, notes=back)
        office.sync("contacts", ana)
        assert office.shown_in_crm(ana, "message") == {"message": back}
        assert quiet(office.sync("contacts", ana))

    def test_the_longest_text_fits_and_one_sign_more_does_not(self, office: PortalOffice, ana: str) -> None:
        ours = office.linked("contacts", ana)
        office.change(ours, notes="ü" * LONGEST)
        assert office.sync("contacts", ana).written == {"message": "ü" * LONGEST}
        office.change(ours, notes="ü" * (LONGEST + 1), job_title="Owner")
        told = office.sync("contacts", ana)
        assert (told.status, told.written) == ("partial", {"jobtitle": "Owner"})
        assert list(told.left_alone) == ["notes"]
        assert len(told.entry.message) < 500

    def test_a_text_of_theirs_that_is_no_number_leaves_only_its_field_alone(
        self, office: PortalOffice, ana: str
    ) -> None:
        office.set_field("contacts", "lead_score", crm_field="city", direction="inbound")
        for title, text in (("A", "NaN"), ("B", "Infinity"), ("C", "1e999")):
            office.edit(ana, city=text, jobtitle=title)
            told = office.sync("contacts", ana)
            assert {each[3] for each in told.changes} == {title}
            assert told.left_alone == {"lead_score": "VALUE_REFUSED"}

    def test_a_number_of_theirs_beyond_what_a_double_holds_is_left_alone(self, office: PortalOffice, ana: str) -> None:
        """HubSpot keeps numbers as text, and takes any."""
        for number in ("1e999", "-1e400"):
            office.edit(ana, sample_lead_score=number)
            told = office.sync("contacts", ana)
            assert (told.left_alone, told.writes) == ({"lead_score": "VALUE_REFUSED"}, [])
            assert office.shown_in_crm(ana, "sample_lead_score") == {"sample_lead_score": number}

    def test_a_number_with_more_digits_than_we_keep_is_not_written_back(self, office: PortalOffice, ana: str) -> None:
        for number in ("12345678901234567890", "0.30000000000000004", "1E+3", "007"):
            office.edit(ana, sample_lead_score=number)
            assert office.sync("contacts", ana).writes == []
            assert quiet(office.sync("contacts", ana))
            assert office.shown_in_crm(ana, "sample_lead_score") == {"sample_lead_score": number}

    def test_a_huge_number_of_ours_goes_and_stays_what_it_is(self, office: PortalOffice, ana: str) -> None:
        office.change(office.linked("contacts", ana), lead_score=1e300)
        assert len(office.sync("contacts", ana).written) == 1
        assert quiet(office.sync("contacts", ana))

    @pytest.mark.parametrize("theirs_has_it", [True, False])
    def test_an_address_with_signs_nobody_sees_finds_its_person(
        self, office: PortalOffice, theirs_has_it: bool
    ) -> None:
        odd, plain = "\u200bben@exam\u00adple.com\ufeff", "ben@example.com"
        ours = office.here("contact", email=plain if theirs_has_it else odd, last_name="Sample")
        ben = office.in_crm("contacts", lastname="Sample", email=odd if theirs_has_it else plain)
        told = office.sync("contacts", ben)
        assert (office.linked("contacts", ben), told.writes) == (ours, [])
        assert office.how_many("contact") == 1


class TestDates:
    @pytest.fixture
    def deal(self, office: PortalOffice) -> str:
        deal = office.in_crm("deals", dealname="Sample Deal", closedate="2027-01-01T00:00:00Z")
        assert office.sync("deals", deal).outcome == "created"
        return deal

    # Nights in which the clocks of the account's own zone, or of Europe, are set; and both ends of the calendar.
    def test_a_day_stays_that_day_both_ways(self, office: PortalOffice, deal: str) -> None:
        ours = office.linked("deals", deal)
        for day in ("2026-03-08", "2026-03-29", "2026-11-01", "1699-12-31", "4001-01-01"):
            office.change(ours, close_date=day)
            assert len(office.sync("deals", deal).written) == 1
            assert office.shown_in_crm(deal, "closedate")["closedate"].startswith(day)
            assert quiet(office.sync("deals", deal))
        for day in ("2026-03-29", "2026-10-25", "1600-02-29", "9999-12-31"):
            office.edit(deal, closedate=f"{day}T00:00:00Z")
            [(_, side, _, new)] = office.sync("deals", deal).changes
            assert (side, new) == ("here", day)
            assert quiet(office.sync("deals", deal))

    def test_a_moment_in_the_hour_that_is_there_twice_stays_that_moment(self, office: PortalOffice) -> None:
        office.map_own_field("contacts", "sample_last_call", "last_call", "datetime")
        ana = someone(office, "ana", sample_last_call="2026-10-25T02:30:00+01:00")
        ours = office.linked("contacts", ana)
        assert office.values(ours, "last_call") == {"last_call": "2026-10-25T01:30:00Z"}
        assert quiet(office.sync("contacts", ana))
        office.change(ours, last_call="2026-10-25T00:30:00Z")
        office.sync("contacts", ana)
        assert office.shown_in_crm(ana, "sample_last_call")["sample_last_call"].startswith("2026-10-25T00:30:00")
        assert quiet(office.sync("contacts", ana))
