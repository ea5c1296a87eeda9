"""What a sync wrote can be taken back: where it was written, and only if it still holds what we wrote."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import update

from jobs.models import SyncLogEntry, SyncRun
from jobs.runtime import utc_now
from jobs.sync.undo_ask import UndoAsk, UndoRefused, open_undo
from tests.support.office import Office
from tests.support.told import Told

ONE_READ = ["GET queryAll"]
READ_AND_WRITE = ["GET queryAll", "POST composite"]


@pytest.fixture
def ana(office: Office) -> str:
    """Linked, in step, and left alone for a while."""
    return prepared(office)


def prepared(office: Office) -> str:
    office.map_field("Contact", "Lead_Score__c", "lead_score")
    ana = office.in_crm("Contact", FirstName="Ana", LastName="Sample", Email="ana@example.com", Title="Buyer")
    office.sync("Contact", ana)
    return ana


def pulled(office: Office, ana: str, **fields: Any) -> Told:
    office.edit(ana, **fields)
    return office.sync("Contact", ana)


def pushed(office: Office, ana: str, **values: Any) -> Told:
    office.change(office.linked("Contact", ana), **values)
    return office.sync("Contact", ana)


def ours(office: Office, ana: str, *names: str) -> dict[str, Any]:
    return office.values(office.linked("Contact", ana), *names)


def assert_silent(office: Office, ana: str) -> None:
    """What was undone is not done again."""
    for _ in range(2):
        told = office.sync("Contact", ana)
        assert (told.outcome, told.writes, told.calls) == ("unchanged", [], ONE_READ)


class TestAFieldGoesBack:
    def test_here_without_asking_the_crm(self, office: Office, ana: str) -> None:
        told = pulled(office, ana, Title="Owner")
        undone = office.undo(told)
        assert ours(office, ana, "job_title") == {"job_title": "Buyer"}
        assert (undone.calls, undone.status, undone.outcome) == ([], "succeeded", "updated")
        assert undone.changes == {("job_title", "here", "Owner", "Buyer")}
        assert_silent(office, ana)

    def test_in_the_crm_by_a_checked_write(self, each_office: Office) -> None:
        office, ana = each_office, prepared(each_office)
        told = pushed(office, ana, job_title="Owner")
        office.time_passes()
        undone = office.undo(told)
        assert office.shown_in_crm(ana, "Title") == {"Title": "Buyer"}
        assert undone.calls == READ_AND_WRITE
        [write] = undone.writes
        assert (write["old"], write["new"]) == ({"Title": "Owner"}, {"Title": "Buyer"})
        assert undone.changes == {("job_title", "crm", "Owner", "Buyer")}
        assert ours(office, ana, "job_title") == {"job_title": "Owner"}  # nobody had written there
        assert_silent(office, ana)

    def test_on_both_sides_at_once(self, office: Office, ana: str) -> None:
        office.edit(ana, FirstName="Anna")
        told = pushed(office, ana, job_title="Owner")
        office.time_passes()
        undone = office.undo(told)
        assert undone.changes == {("job_title", "crm", "Owner", "Buyer"), ("first_name", "here", "Anna", "Ana")}
        assert office.shown_in_crm(ana, "FirstName", "Title") == {"FirstName": "Anna", "Title": "Buyer"}
        assert ours(office, ana, "first_name", "job_title") == {"first_name": "Ana", "job_title": "Owner"}
        assert_silent(office, ana)

    def test_alone_when_only_that_field_was_asked_for(self, office: Office, ana: str) -> None:
        told = pulled(office, ana, FirstName="Anna", Title="Owner")
        office.undo(told, "first_name")
        assert ours(office, ana, "first_name", "job_title") == {"first_name": "Ana", "job_title": "Owner"}
        assert_silent(office, ana)

    def test_also_where_the_crm_made_something_else_of_it(self, office: Office, ana: str) -> None:
        told = pushed(office, ana, lead_score=12.345)
        assert office.shown_in_crm(ana, "Lead_Score__c") == {"Lead_Score__c": 12.3}
        office.time_passes()
        office.undo(told)
        assert office.shown_in_crm(ana, "Lead_Score__c") == {"Lead_Score__c": None}
        assert ours(office, ana, "lead_score") == {"lead_score": 12.345}  # as before the sync
        assert_silent(office, ana)

    def test_later_changes_of_either_side_flow_again(self, office: Office, ana: str) -> None:
        office.undo(pulled(office, ana, FirstName="Anna", Title="Owner"))
        office.edit(ana, FirstName="Anja")
        office.change(office.linked("Contact", ana), job_title="Director")
        assert office.sync("Contact", ana).changes == {
            ("first_name", "here", "Ana", "Anja"),
            ("job_title", "crm", "Owner", "Director"),
        }

    def test_what_the_crm_changed_since_is_not_lost_by_it(self, office: Office, ana: str) -> None:
        told = pulled(office, ana, Title="Owner")
        office.edit(ana, Title="Director")  # not synced yet
        office.undo(told)
        assert ours(office, ana, "job_title") == {"job_title": "Buyer"}
        assert office.sync("Contact", ana).changes == {("job_title", "here", "Buyer", "Director")}

    def test_and_the_log_tells_who_and_of_which_entry(self, office: Office, ana: str) -> None:
        told = pulled(office, ana, Title="Owner")
        before = vars(told.entry).copy()
        undone = office.undo(told)
        assert (undone.run.kind, undone.run.undoes_entry_id) == ("undo", told.entry.id)
        assert (undone.entry.undoes_entry_id, undone.entry.by) == (told.entry.id, "Riley Rep")
        assert {each["rule"] for each in undone.entry.changes} == {"UNDO"}
        origin = office.local(office.linked("Contact", ana)).provenance["job_title"]
        assert (origin["by"], origin["source"]) == ("Riley Rep", "here")  # no CRM says so
        again = office.told(told.run.id, since=office.next_seq()).entry
        assert {name: getattr(again, name) for name in before if name[0] != "_"} == {
            name: value for name, value in before.items() if name[0] != "_"
        }


class TestWhatMovedOnStays:
    def test_a_value_changed_here_since_is_left_and_named(self, office: Office, ana: str) -> None:
        told = pulled(office, ana, FirstName="Anna", Title="Owner")
        office.change(office.linked("Contact", ana), job_title="Director")
        undone = office.undo(told)
        assert ours(office, ana, "first_name", "job_title") == {"first_name": "Ana", "job_title": "Director"}
        assert (undone.left_alone, undone.status, undone.code) == ({"job_title": "MOVED_ON"}, "partial", "MOVED_ON")
        assert undone.entry.message.startswith("Job title stays as it is: It was changed since")

    def test_a_value_changed_in_the_crm_since_is_left_and_named(self, office: Office, ana: str) -> None:
        told = pushed(office, ana, job_title="Owner")
        office.edit(ana, Title="Director")
        undone = office.undo(told)
        assert (undone.outcome, undone.writes, undone.left_alone) == ("skipped", [], {"job_title": "MOVED_ON"})
        assert office.shown_in_crm(ana, "Title") == {"Title": "Director"}

    def test_even_when_it_moves_in_the_very_moment_of_the_undo(self, office: Office, ana: str) -> None:
        told = pushed(office, ana, first_name="Anna", job_title="Owner")
        office.time_passes()
        with office.while_waiting("composite", lambda: office.edit(ana, Title="Director", ago=timedelta())):
            undone = office.undo(told)
        assert undone.left_alone == {"job_title": "MOVED_ON"}
        assert office.shown_in_crm(ana, "FirstName", "Title") == {"FirstName": "Ana", "Title": "Director"}

    def test_our_record_changed_meanwhile_loses_nothing(self, office: Office, ana: str) -> None:
        office.edit(ana, Lead_Score__c=7)
        told = pushed(office, ana, job_title="Owner")
        office.time_passes()
        local_id = office.linked("Contact", ana)
        with office.while_waiting("composite", lambda: office.change(local_id, notes="Called")):
            undone = office.undo(told)
        assert len(undone.writes) == 1
        assert ours(office, ana, "notes", "lead_score") == {"notes": "Called", "lead_score": None}
        assert office.shown_in_crm(ana, "Title") == {"Title": "Buyer"}

    def test_a_second_undo_finds_nothing_to_do(self, office: Office, ana: str) -> None:
        told = pulled(office, ana, Title="Owner")
        office.undo(told)
        again = office.undo(told)
        assert (again.outcome, again.status, again.left_alone) == ("unchanged", "succeeded", {})

    def test_a_record_deleted_in_the_crm_keeps_what_it_had(self, office: Office, ana: str) -> None:
        told = pushed(office, ana, job_title="Owner")
        office.org.api("admin").delete(f"/sobjects/Contact/{ana}")
        assert office.undo(told).left_alone == {"job_title": "RECORD_DELETED"}

    def test_a_field_the_crm_refuses_stays_and_the_rest_goes_back(self, office: Office, ana: str) -> None:
        told = pushed(office, ana, first_name="Anna", job_title="Owner")
        office.time_passes()
        office.permit(fields={"Contact.Title": "read"})
        undone = office.undo(told)
        assert set(undone.left_alone) == {"job_title"}
        assert (undone.status, undone.written) == ("partial", {"FirstName": "Ana"})


class TestUndoingAnUndo:
    def test_brings_back_what_was_taken_back_here(self, office: Office, ana: str) -> None:
        undone = office.undo(pulled(office, ana, Title="Owner"))
        redone = office.undo(undone)
        assert redone.changes == {("job_title", "here", "Buyer", "Owner")}
        assert redone.entry.undoes_entry_id == undone.entry.id
        assert_silent(office, ana)

    def test_and_in_the_crm(self, office: Office, ana: str) -> None:
        undone = office.undo(pushed(office, ana, job_title="Owner"))
        office.time_passes()
        office.undo(undone)
        assert office.shown_in_crm(ana, "Title") == {"Title": "Owner"}
        assert_silent(office, ana)


class TestARecordThatWasMadeHere:
    @pytest.fixture
    def made(self, office: Office) -> tuple[str, Told]:
        ana = office.in_crm("Contact", FirstName="Ana", LastName="Sample", Email="ana@example.com", Title="Buyer")
        return ana, office.sync("Contact", ana)

    def test_goes_as_a_whole_and_is_not_made_again(self, office: Office, made: tuple[str, Told]) -> None:
        ana, told = made
        undone = office.undo(told)
        record = office.local(office.linked("Contact", ana))
        assert (undone.code, record.deleted_at is not None) == ("CREATION_UNDONE", True)
        assert record.name == "Ana Sample"  # for whoever reads the log
        again = office.sync("Contact", ana)
        assert (again.outcome, again.code, office.how_many("contact")) == ("skipped", "LOCAL_DELETED", 1)

    def test_comes_back_with_its_values(self, office: Office, made: tuple[str, Told]) -> None:
        ana, told = made
        redone = office.undo(office.undo(told))
        record = office.local(office.linked("Contact", ana))
        assert (redone.code, record.deleted_at) == ("CREATION_REDONE", None)
        assert (record.values["email"], record.values["job_title"]) == ("ana@example.com", "Buyer")
        assert_silent(office, ana)
        assert office.undo(redone).code == "CREATION_UNDONE"

    def test_stays_whole_when_somebody_has_worked_on_it(self, office: Office, made: tuple[str, Told]) -> None:
        ana, told = made
        office.change(office.linked("Contact", ana), job_title="Owner")
        undone = office.undo(told)
        assert undone.outcome == "skipped"
        assert undone.left_alone["job_title"] == "MOVED_ON"
        assert undone.left_alone["email"] == "CREATION_KEPT"
        assert ours(office, ana, "email", "job_title") == {"email": "ana@example.com", "job_title": "Owner"}


class TestWhoMay:
    def test_a_field_the_rep_may_not_edit_is_not_put_back_in_the_crm(self, office: Office, ana: str) -> None:
        told = pushed(office, ana, job_title="Owner")
        undone = office.undo(told, readable_fields=["Title"], editable_fields=[])
        assert (undone.left_alone, undone.writes) == ({"job_title": "NOT_YOURS_TO_EDIT"}, [])

    def test_a_field_the_rep_may_not_see_is_not_put_back_at_all(self, office: Office, ana: str) -> None:
        told = pulled(office, ana, FirstName="Anna", Title="Owner")
        undone = office.undo(told, readable_fields=["FirstName"], editable_fields=["FirstName"])
        assert undone.changes == {("first_name", "here", "Anna", "Ana")}
        assert undone.left_alone == {"job_title": "HIDDEN_FROM_YOU"}
        assert "Job title" not in undone.run.message

    def test_nothing_while_syncs_are_switched_off(self, office: Office, ana: str) -> None:
        told = pushed(office, ana, job_title="Owner")
        office.set_connection(syncs_enabled=False)
        undone = office.undo(told)
        assert (undone.outcome, undone.code, undone.calls) == ("skipped", "SYNCS_OFF", [])

    @pytest.mark.parametrize(
        ("fault", "changes", "in_crm"),
        [("lose_response", {("job_title", "crm", "Owner", "Buyer")}, "Buyer"), ("drop", set(), "Owner")],
    )
    def test_once_switched_off_what_was_written_before_is_put_on_the_books_and_nothing_more_is(
        self, office: Office, ana: str, fault: str, changes: set[object], in_crm: str
    ) -> None:
        told = pushed(office, ana, job_title="Owner")
        office.time_passes()
        office.org.fault(fault, "composite")
        waiting = office.undo(told)
        office.set_connection(syncs_enabled=False)
        done = office.again(waiting)
        assert (done.changes, done.writes, done.entry.finished_at is None) == (changes, [], False)
        assert office.shown_in_crm(ana, "Title") == {"Title": in_crm}
        assert done.left_alone == ({} if changes else {"job_title": "SYNCS_OFF"})

    def test_an_object_that_is_off_stops_reps_but_not_an_admin_who_cleans_up(self, office: Office, ana: str) -> None:
        told = pulled(office, ana, Title="Owner")
        office.set_object("Contact", enabled=False)
        assert office.undo(told).code == "OBJECT_OFF"
        assert office.undo(told, trigger="admin").changes == {("job_title", "here", "Owner", "Buyer")}


class TestAWholeRun:
    def run_of(self, office: Office, *told: Told) -> int:
        """The entries of several records in one run, as a full sync leaves them."""
        with office.runtime.database.write() as session:
            run = SyncRun(
                connection_id=office.connection_id,
                kind="full",
                trigger="admin",
                object="Contact",
                status="succeeded",
                created_at=utc_now(),
                enqueue_at=utc_now(),
            )
            session.add(run)
            session.flush()
            ids = [each.entry.id for each in told]
            session.execute(update(SyncLogEntry).where(SyncLogEntry.id.in_(ids)).values(run_id=run.id))
            return run.id

    def undo(self, office: Office, run_id: int) -> Told:
        with office.runtime.database.write() as session:
            run, _ = open_undo(session, UndoAsk("admin", run_id=run_id, requested_by="admin@example.com"))
        return office.do(run.id)

    def test_is_taken_back_record_by_record(self, each_office: Office) -> None:
        office, ana = each_office, prepared(each_office)
        ben = office.in_crm("Contact", LastName="Example", Email="ben@example.com", Title="Buyer")
        office.sync("Contact", ben)
        run_id = self.run_of(office, pulled(office, ana, Title="Owner"), pushed(office, ben, job_title="Owner"))
        office.time_passes()
        undone = self.undo(office, run_id)
        assert (undone.status, undone.run.updated_count, len(undone.entries)) == ("succeeded", 2, 2)
        assert ours(office, ana, "job_title") == {"job_title": "Buyer"}
        assert office.shown_in_crm(ben, "Title") == {"Title": "Buyer"}

    def test_the_newest_change_of_a_record_goes_first(self, office: Office, ana: str) -> None:
        first, second = pulled(office, ana, Title="Owner"), pulled(office, ana, Title="Director")
        self.undo(office, self.run_of(office, first, second))
        assert ours(office, ana, "job_title") == {"job_title": "Buyer"}

    def test_a_record_that_stays_does_not_stop_the_others(self, office: Office, ana: str) -> None:
        ben = office.in_crm("Contact", LastName="Example", Email="ben@example.com", Title="Buyer")
        office.sync("Contact", ben)
        run_id = self.run_of(office, pulled(office, ana, Title="Owner"), pulled(office, ben, Title="Owner"))
        office.change(office.linked("Contact", ben), job_title="Director")
        undone = self.undo(office, run_id)
        assert (undone.status, undone.run.updated_count, undone.run.skipped_count) == ("partial", 1, 1)
        assert ours(office, ana, "job_title") == {"job_title": "Buyer"}

    def test_goes_on_where_a_dead_worker_stopped(self, office: Office, ana: str) -> None:
        """The second record's answer is lost: the first is not touched again, the second is looked for and found."""
        ben = office.in_crm("Contact", LastName="Example", Email="ben@example.com", Title="Buyer")
        office.sync("Contact", ben)
        run_id = self.run_of(office, pushed(office, ben, job_title="Owner"), pulled(office, ana, Title="Owner"))
        office.time_passes()
        office.org.fault("lose_response", "composite")
        waiting = self.undo(office, run_id)
        assert (waiting.status, len(waiting.entries), len(waiting.writes)) == ("queued", 2, 1)
        done = office.again(waiting)
        assert (done.status, len(done.entries), done.writes, done.run.updated_count) == ("succeeded", 2, [], 2)
        assert office.shown_in_crm(ben, "Title") == {"Title": "Buyer"}
        assert_silent(office, ben)


class TestAsking:
    def test_twice_in_a_row_joins_the_open_run(self, office: Office, ana: str) -> None:
        told = pulled(office, ana, Title="Owner")
        with office.runtime.database.write() as session:
            first, is_new = open_undo(session, UndoAsk("panel", entry_id=told.entry.id))
            second, is_second_new = open_undo(session, UndoAsk("panel", entry_id=told.entry.id))
        assert (first.id, is_new, is_second_new) == (second.id, True, False)

    def test_for_what_changed_nothing_is_refused_with_a_sentence(self, office: Office, ana: str) -> None:
        told = office.sync("Contact", ana)
        for ask in (UndoAsk("panel", entry_id=told.entry.id), UndoAsk("admin", run_id=told.run.id)):
            with (
                office.runtime.database.write() as session,
                pytest.raises(UndoRefused, match="nothing to undo"),
            ):
                open_undo(session, ask)

    def test_for_what_is_not_there_is_refused(self, office: Office) -> None:
        with office.runtime.database.write() as session, pytest.raises(UndoRefused, match="no longer in the log"):
            open_undo(session, UndoAsk("panel", entry_id=4711))


class TestALostAnswer:
    def test_the_run_looks_before_it_writes_again(self, each_office: Office) -> None:
        office, ana = each_office, prepared(each_office)
        told = pushed(office, ana, job_title="Owner")
        office.time_passes()
        office.org.fault("lose_response", "composite")
        waiting = office.undo(told)
        assert (waiting.status, waiting.entry.finished_at) == ("queued", None)
        done = office.again(waiting)
        assert (done.status, done.writes, len(done.entries)) == ("succeeded", [], 1)
        assert done.changes == {("job_title", "crm", "Owner", "Buyer")}
        assert_silent(office, ana)
