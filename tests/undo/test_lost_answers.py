"""An undo whose write was not answered: what becomes of the record before anybody can look again, in both CRMs."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from jobs.models import SyncLogEntry, SyncRun
from jobs.runtime import utc_now
from jobs.sync.undo_ask import UndoAsk, open_undo
from tests.support.either_crm import Place, in_hubspot
from tests.support.portal_office import PortalOffice
from tests.support.told import Told


@pytest.fixture
def in_portal(portal_office: PortalOffice) -> Place:
    return in_hubspot(portal_office)


def pushed(place: Place, record_id: str, title: str) -> Told:
    place.office.change(place.ours(record_id), job_title=title)
    place.office.time_passes()
    return place.sync(record_id)


def undo_of_both(place: Place, *told: Told) -> int:
    """An undo of one run with the entries of several records; the newest is taken back first."""
    with place.office.runtime.database.write() as session:
        run = SyncRun(
            connection_id=place.office.connection_id,
            kind="full",
            trigger="admin",
            object=place.object,
            status="succeeded",
            created_at=utc_now(),
            enqueue_at=utc_now(),
        )
        session.add(run)
        session.flush()
        ids = [each.entry.id for each in told]
        session.execute(update(SyncLogEntry).where(SyncLogEntry.id.in_(ids)).values(run_id=run.id))
        return open_undo(session, UndoAsk("admin", run_id=run.id, requested_by="admin@example.com"))[0].id


def entry_of(told: Told, record_id: str) -> SyncLogEntry:
    [entry] = [each for each in told.entries if each.crm_record_id == record_id]
    return entry


class TestTheRecordIsGone:
    @pytest.mark.parametrize("fault", ["lose_response", "drop"])
    def test_it_is_named_and_the_others_are_taken_back(self, place: Place, fault: str) -> None:
        """Whether our write arrived or not, nobody can tell any more: the log does not pretend."""
        office, ana, ben = place.office, place.known("Sample"), place.known("Example")
        run_id = undo_of_both(place, pushed(place, ana, "Owner"), pushed(place, ben, "Owner"))
        office.time_passes()
        office.org.fault(fault, method="PATCH")
        assert office.do(run_id).status == "queued"
        place.forget(ben)
        office.time_passes()
        done = office.again(office.told(run_id, since=office.next_seq()))

        assert (done.status, done.run.updated_count, done.run.skipped_count) == ("partial", 1, 1)
        assert place.title_of(ana) == "Buyer"
        gone = entry_of(done, ben)
        assert (gone.outcome, gone.code) == ("skipped", "GONE_UNANSWERED")
        assert "Job title" in gone.message
        assert "undo once more" in gone.remedy
        assert [(each["old"], each["new"], each.get("unsure")) for each in gone.changes] == [("Owner", "Buyer", True)]
        assert [each["code"] for each in gone.left_alone] == ["GONE_UNANSWERED"]

    def test_what_was_made_here_goes_back_all_the_same(self, place: Place) -> None:
        office, ana = place.office, place.known("Sample")
        office.edit(ana, **{place.last_name: "Samples"})
        told = pushed(place, ana, "Owner")
        office.time_passes()
        office.org.fault("lose_response", method="PATCH")
        waiting = office.undo(told)
        place.forget(ana)
        done = office.again(waiting)
        assert (done.status, done.outcome, done.code) == ("partial", "updated", "GONE_UNANSWERED")
        assert office.values(place.ours(ana), "last_name") == {"last_name": "Sample"}

    def test_in_the_recycle_bin_it_still_tells_whether_it_was_written(self, place: Place) -> None:
        office, ana = place.office, place.known("Sample")
        told = pushed(place, ana, "Owner")
        office.time_passes()
        office.org.fault("lose_response", method="PATCH")
        waiting = office.undo(told)
        place.delete(ana)
        done = office.again(waiting)
        assert (done.status, done.code, done.changes) == ("succeeded", "", {("job_title", "crm", "Owner", "Buyer")})


class TestAPersonIsQuicker:
    """In HubSpot, whose history tells."""

    @pytest.mark.parametrize("title", ["Owner", "Director"])
    def test_what_they_made_of_it_stays_and_comes_to_us(self, in_portal: Place, title: str) -> None:
        place, office, ana = in_portal, in_portal.office, in_portal.known("Sample")
        told = pushed(place, ana, "Owner")
        office.time_passes()
        office.org.fault("lose_response", method="PATCH")
        waiting = office.undo(told)
        office.time_passes()
        office.edit(ana, ago=timedelta(), jobtitle=title)
        done = office.again(waiting)
        assert (done.status, done.writes, done.changes) == ("succeeded", [], {("job_title", "crm", "Owner", "Buyer")})
        place.sync(ana)
        assert (place.title_of(ana), office.values(place.ours(ana), "job_title")) == (
            title,
            {"job_title": title},
        )
