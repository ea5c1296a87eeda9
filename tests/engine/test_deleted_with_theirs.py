"""Where the object says so, ours is deleted with theirs: told as a change, never with a loss, and to be taken back."""

from __future__ import annotations

from datetime import timedelta

import pytest

from jobs.asking import Ask
from jobs.sync.plan import Skip
from jobs.sync.preview import preview
from jobs.sync.undo_ask import UndoRefused
from tests.engine.test_two_crms import Both, both
from tests.support.office import Office
from tests.support.told import Told

__all__ = ["both"]


@pytest.fixture
def ana(office: Office) -> str:
    office.set_object("Contact", when_deleted_there="delete")
    ana = office.in_crm("Contact", FirstName="Ana", LastName="Sample", Email="ana@example.com", Title="Buyer")
    office.sync("Contact", ana)
    return ana


def delete(office: Office, record_id: str) -> Told:
    """A person deletes it in the CRM, and a sync sees it."""
    office.org.control("delete", {"object": "Contact", "id": record_id})
    return office.sync("Contact", record_id)


def is_there(office: Office, ana: str) -> bool:
    return office.local(office.linked("Contact", ana)).deleted_at is None


class TestItGoes:
    def test_and_the_log_keeps_what_went_as_a_change_here(self, office: Office, ana: str) -> None:
        told = delete(office, ana)
        assert (told.outcome, told.code, told.entry.direction) == ("updated", "DELETED_ON_BOTH", "inbound")
        assert told.changes == {
            ("first_name", "here", "Ana", None),
            ("last_name", "here", "Sample", None),
            ("email", "here", "ana@example.com", None),
            ("job_title", "here", "Buyer", None),
        }
        again = office.sync("Contact", ana)
        assert (again.outcome, again.code, again.changes) == ("skipped", "DELETED_ON_BOTH", set())

    def test_and_an_undo_brings_it_back_for_good(self, office: Office, ana: str) -> None:
        undone = office.undo(delete(office, ana))
        assert (undone.status, undone.outcome, undone.code) == ("succeeded", "updated", "BROUGHT_BACK")
        assert office.values(office.linked("Contact", ana), "job_title") == {"job_title": "Buyer"}
        for _ in range(2):
            told = office.sync("Contact", ana)
            assert (told.outcome, told.code, is_there(office, ana)) == ("skipped", "KEPT_BROUGHT_BACK", True)

    def test_once_theirs_is_restored_the_rule_holds_for_it_again(self, office: Office, ana: str) -> None:
        office.undo(delete(office, ana))
        office.org.control("undelete", {"object": "Contact", "id": ana})
        assert office.sync("Contact", ana).outcome == "unchanged"
        assert delete(office, ana).code == "DELETED_ON_BOTH"
        assert not is_there(office, ana)

    def test_the_undo_can_be_undone_and_theirs_still_brings_it_back(self, office: Office, ana: str) -> None:
        again = office.undo(office.undo(delete(office, ana)))
        assert (again.code, is_there(office, ana)) == ("DELETED_ON_BOTH", False)
        office.org.control("undelete", {"object": "Contact", "id": ana})
        assert office.sync("Contact", ana).code == "RESTORED_HERE"
        assert is_there(office, ana)

    def test_but_not_what_somebody_has_worked_on_since(self, office: Office, ana: str) -> None:
        back = office.undo(delete(office, ana))
        office.change(office.linked("Contact", ana), job_title="Owner")
        again = office.undo(back)
        assert (again.outcome, again.left_alone["job_title"]) == ("skipped", "MOVED_ON")
        assert is_there(office, ana)

    def test_a_second_undo_finds_nothing_to_do(self, office: Office, ana: str) -> None:
        told = delete(office, ana)
        office.undo(told)
        assert (office.undo(told).outcome, is_there(office, ana)) == ("unchanged", True)

    def test_no_field_comes_back_alone(self, office: Office, ana: str) -> None:
        told = delete(office, ana)
        with pytest.raises(UndoRefused, match="as a whole"):
            office.undo(told, "job_title")


class TestItStays:
    def test_where_the_crm_never_got_our_last_change(self, office: Office, ana: str) -> None:
        office.change(office.linked("Contact", ana), job_title="Owner")
        told = delete(office, ana)
        assert (told.outcome, told.code, is_there(office, ana)) == ("skipped", "KEPT_CHANGED", True)
        assert "Ours is kept: it holds what Salesforce never got." in told.entry.message
        assert told.entry.remedy
        assert office.sync("Contact", ana).code == "KEPT_CHANGED"

    def test_where_a_field_that_never_syncs_was_changed_since(self, office: Office, ana: str) -> None:
        office.change(office.linked("Contact", ana), notes="Called", ago=timedelta())
        assert delete(office, ana).code == "KEPT_CHANGED"

    def test_where_a_record_that_lives_is_linked_to_it_too(self, both: Both) -> None:
        both.sync_both()
        both.org.set_object("Contact", when_deleted_there="delete")
        both.portal.set_object("contacts", when_deleted_there="delete")
        ours = both.org.linked("Contact", both.contact)
        told = delete(both.org, both.contact)
        assert (told.code, both.org.local(ours).deleted_at) == ("KEPT_LINKED", None)
        assert "another record that lives is linked to it" in told.entry.message
        both.portal.org.control("delete", {"object": "contacts", "id": both.hubspot_contact})
        both.portal.sync("contacts", both.hubspot_contact)
        assert both.org.local(ours).deleted_at is not None  # the last one that lived

    def test_and_the_preview_says_so_before(self, office: Office, ana: str) -> None:
        office.change(office.linked("Contact", ana), job_title="Owner")
        office.org.control("delete", {"object": "Contact", "id": ana})
        seen = preview(office.runtime, Ask(office.connection_id, "Contact", ana, "panel"))
        assert seen.skip == Skip("KEPT_CHANGED")
