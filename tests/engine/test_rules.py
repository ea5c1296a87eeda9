"""The rules of a mapping, each on a real record: blanks, filling only, conflicts, and the first meeting."""

from __future__ import annotations

import pytest

from jobs.runtime import utc_now
from tests.support.office import Office


@pytest.fixture
def ana(office: Office) -> str:
    return office.in_crm("Contact", FirstName="Ana", LastName="Sample", Email="ana@example.com", Title="Buyer")


@pytest.fixture
def linked(office: Office, ana: str) -> int:
    """Our side of her, in agreement with the CRM."""
    office.sync("Contact", ana)
    return office.linked("Contact", ana)


class TestBlanks:
    def test_a_blank_there_clears_ours(self, office: Office, ana: str, linked: int) -> None:
        office.edit(ana, Title=None)
        assert office.sync("Contact", ana).changes == {("job_title", "here", "Buyer", None)}

    def test_unless_ours_is_kept_when_blank(self, office: Office, ana: str, linked: int) -> None:
        office.set_field("Contact", "job_title", keep_when_blank=True)
        office.edit(ana, Title=None)
        assert office.sync("Contact", ana).outcome == "unchanged"
        assert office.values(linked, "job_title") == {"job_title": "Buyer"}
        assert office.sync("Contact", ana).writes == []

    def test_a_blank_here_clears_theirs(self, office: Office, ana: str, linked: int) -> None:
        office.change(linked, job_title="")
        assert office.sync("Contact", ana).written == {"Title": None}
        assert office.shown_in_crm(ana, "Title") == {"Title": None}

    def test_unless_theirs_may_not_be_cleared(self, office: Office, ana: str, linked: int) -> None:
        office.set_field("Contact", "job_title", may_clear_crm=False)
        office.change(linked, job_title="")
        told = office.sync("Contact", ana)
        assert told.writes == []
        assert told.left_alone == {"job_title": "MAY_NOT_CLEAR"}
        assert office.shown_in_crm(ana, "Title") == {"Title": "Buyer"}

    def test_a_blank_that_nobody_made_clears_nothing(self, office: Office, ana: str) -> None:
        """An outbound field that was never filled here."""
        office.map_field("Contact", "Lead_Score__c", "lead_score", "outbound")
        office.edit(ana, Lead_Score__c=50)
        office.here("contact", email="ana@example.com", last_name="Sample")
        assert office.sync("Contact", ana).writes == []
        assert office.shown_in_crm(ana, "Lead_Score__c") == {"Lead_Score__c": 50}

    def test_blanks_are_filled_from_the_other_side_when_they_first_meet(self, office: Office) -> None:
        ben = office.in_crm("Contact", LastName="Example", Email="ben@example.com", Title="Buyer")
        local_id = office.here("contact", email="ben@example.com", first_name="Ben")
        told = office.sync("Contact", ben)
        assert told.changes == {
            ("first_name", "crm", None, "Ben"),
            ("last_name", "here", None, "Example"),
            ("job_title", "here", None, "Buyer"),
        }
        assert office.values(local_id, "last_name", "job_title") == {"last_name": "Example", "job_title": "Buyer"}


class TestFillingOnly:
    @pytest.fixture(autouse=True)
    def _fill_blank(self, office: Office) -> None:
        office.set_field("Contact", "job_title", write_rule="fill_blank")

    def test_a_value_here_is_not_overwritten(self, office: Office, ana: str, linked: int) -> None:
        office.edit(ana, Title="Owner")
        assert office.sync("Contact", ana).outcome == "unchanged"
        assert office.values(linked, "job_title") == {"job_title": "Buyer"}

    def test_a_value_there_is_not_overwritten(self, office: Office, ana: str, linked: int) -> None:
        office.change(linked, job_title="Owner")
        assert office.sync("Contact", ana).writes == []
        assert office.shown_in_crm(ana, "Title") == {"Title": "Buyer"}

    def test_a_gap_there_is_filled(self, office: Office) -> None:
        ben = office.in_crm("Contact", LastName="Example", Email="ben@example.com")
        office.sync("Contact", ben)
        office.change(office.linked("Contact", ben), job_title="Owner")
        assert office.sync("Contact", ben).written == {"Title": "Owner"}

    def test_a_gap_here_is_filled(self, office: Office) -> None:
        ben = office.in_crm("Contact", LastName="Example", Email="ben@example.com")
        office.sync("Contact", ben)
        office.edit(ben, Title="Owner")
        assert office.sync("Contact", ben).changes == {("job_title", "here", None, "Owner")}


class TestConflicts:
    @pytest.fixture(autouse=True)
    def _both_change(self, office: Office, ana: str, linked: int) -> None:
        office.edit(ana, Title="Theirs")
        office.change(linked, job_title="Ours")

    def test_prefer_crm(self, office: Office, ana: str) -> None:
        office.set_field("Contact", "job_title", conflict_rule="prefer_crm")
        assert office.sync("Contact", ana).changes == {("job_title", "here", "Ours", "Theirs")}

    def test_prefer_local(self, office: Office, ana: str) -> None:
        office.set_field("Contact", "job_title", conflict_rule="prefer_local")
        assert office.sync("Contact", ana).changes == {("job_title", "crm", "Theirs", "Ours")}

    def test_ask_leaves_both_as_they_are(self, office: Office, ana: str, linked: int) -> None:
        office.set_field("Contact", "job_title", conflict_rule="ask")
        told = office.sync("Contact", ana)
        assert (told.outcome, told.writes, told.entry.changes) == ("conflict", [], [])
        assert told.left_alone == {"job_title": "BOTH_CHANGED"}
        assert office.values(linked, "job_title") == {"job_title": "Ours"}
        assert office.shown_in_crm(ana, "Title") == {"Title": "Theirs"}

    def test_ask_holds_no_other_field_back(self, office: Office, ana: str) -> None:
        office.set_field("Contact", "job_title", conflict_rule="ask")
        office.edit(ana, FirstName="Anna")
        told = office.sync("Contact", ana)
        assert told.changes == {("first_name", "here", "Ana", "Anna")}
        assert told.left_alone == {"job_title": "BOTH_CHANGED"}

    def test_ask_goes_on_asking_until_one_side_gives_in(self, office: Office, ana: str, linked: int) -> None:
        office.set_field("Contact", "job_title", conflict_rule="ask")
        office.sync("Contact", ana)
        assert office.sync("Contact", ana).outcome == "conflict"
        office.change(linked, job_title="Theirs")
        assert office.sync("Contact", ana).outcome == "unchanged"


class TestFirstMeeting:
    """Both sides have a value and nobody knows which is newer."""

    @pytest.fixture
    def ours(self, office: Office) -> int:
        return office.here("contact", email="ana@example.com", last_name="Sample", job_title="Ours")

    def test_overwrite_all_takes_the_crms(self, office: Office, ana: str, ours: int) -> None:
        told = office.sync("Contact", ana)
        assert ("job_title", "here", "Ours", "Buyer") in told.changes
        assert told.writes == []

    def test_update_missing_keeps_both_and_says_so(self, office: Office, ana: str, ours: int) -> None:
        office.set_object("Contact", duplicate_handling="update_missing")
        told = office.sync("Contact", ana)
        assert told.changes == {("first_name", "here", None, "Ana")}
        assert told.left_alone == {"job_title": "FIRST_LINK_KEPT"}
        assert office.values(ours, "job_title") == {"job_title": "Ours"}
        assert office.shown_in_crm(ana, "Title") == {"Title": "Buyer"}

    def test_what_was_kept_apart_moves_with_the_next_change(self, office: Office, ana: str, ours: int) -> None:
        office.set_object("Contact", duplicate_handling="update_missing")
        office.sync("Contact", ana)
        assert office.sync("Contact", ana).outcome == "unchanged"
        office.change(ours, job_title="Owner")
        assert office.sync("Contact", ana).changes == {("job_title", "crm", "Buyer", "Owner")}

    def test_an_outbound_value_waits_too_when_only_gaps_are_to_be_filled(self, office: Office) -> None:
        office.map_field("Contact", "Lead_Score__c", "lead_score", "outbound")
        office.set_object("Contact", duplicate_handling="update_missing")
        ben = office.in_crm("Contact", LastName="Example", Email="ben@example.com", Lead_Score__c=1)
        local_id = office.here("contact", email="ben@example.com", last_name="Example", lead_score=72)
        assert office.sync("Contact", ben).writes == []
        office.change(local_id, lead_score=73)
        assert office.sync("Contact", ben).written == {"Lead_Score__c": 73}


class TestDirections:
    def test_inbound_off_leaves_ours(self, office: Office, ana: str, linked: int) -> None:
        office.set_object("Contact", inbound=False)
        office.edit(ana, Title="Owner")
        office.change(linked, first_name="Anna")
        assert office.sync("Contact", ana).changes == {("first_name", "crm", "Ana", "Anna")}
        assert office.values(linked, "job_title") == {"job_title": "Buyer"}

    def test_outbound_off_leaves_theirs(self, office: Office, ana: str, linked: int) -> None:
        office.set_object("Contact", outbound=False)
        office.edit(ana, Title="Owner")
        office.change(linked, first_name="Anna")
        told = office.sync("Contact", ana)
        assert (told.changes, told.writes) == ({("job_title", "here", "Buyer", "Owner")}, [])

    def test_a_direction_switched_on_again_goes_on_with_what_waited(
        self, office: Office, ana: str, linked: int
    ) -> None:
        office.set_object("Contact", outbound=False)
        office.change(linked, first_name="Anna")
        office.sync("Contact", ana)
        office.set_object("Contact", outbound=True)
        assert office.sync("Contact", ana).written["FirstName"] == "Anna"

    def test_a_field_switched_off_neither_leaves_nor_arrives(self, office: Office, ana: str, linked: int) -> None:
        office.set_field("Contact", "job_title", enabled=False)
        office.edit(ana, Title="Owner")
        told = office.sync("Contact", ana)
        assert told.outcome == "unchanged"
        assert "Title" not in told.journal[0]["query"]


class TestCreatingAndUpdating:
    """May create here, may update here, may update there: each by itself."""

    def test_existing_records_here_are_not_updated(self, office: Office, ana: str, linked: int) -> None:
        office.set_object("Contact", may_update_here=False)
        office.edit(ana, Title="Owner")
        told = office.sync("Contact", ana)
        assert (told.outcome, told.writes) == ("unchanged", [])
        assert office.values(linked, "job_title") == {"job_title": "Buyer"}

    def test_but_new_ones_are_made_and_filled(self, office: Office, ana: str) -> None:
        office.set_object("Contact", may_update_here=False)
        assert office.sync("Contact", ana).outcome == "created"
        assert office.values(office.linked("Contact", ana), "job_title") == {"job_title": "Buyer"}

    def test_existing_records_there_are_not_updated(self, office: Office, ana: str, linked: int) -> None:
        office.set_object("Contact", may_update_there=False)
        office.change(linked, job_title="Owner")
        told = office.sync("Contact", ana)
        assert (told.outcome, told.writes) == ("unchanged", [])

    def test_turned_on_again_the_next_change_goes_through(self, office: Office, ana: str, linked: int) -> None:
        office.set_object("Contact", may_update_there=False)
        office.change(linked, job_title="Owner")
        office.sync("Contact", ana)
        office.set_object("Contact", may_update_there=True)
        assert office.sync("Contact", ana).written == {"Title": "Owner"}


def test_a_field_mapped_anew_with_another_one_starts_as_a_first_meeting(office: Office, ana: str, linked: int) -> None:
    """What was agreed on before was about another field: it must not make theirs look like a change of ours."""
    office.set_object("Contact", duplicate_handling="update_missing")
    office.edit(ana, Department="Samples")
    office.set_field("Contact", "job_title", crm_field="Department", mapped_at=utc_now())
    assert office.sync("Contact", ana).changes == set()
    assert office.values(linked, "job_title") == {"job_title": "Buyer"}
    office.edit(ana, Department="Examples")
    assert office.sync("Contact", ana).changes == {("job_title", "here", "Buyer", "Examples")}
