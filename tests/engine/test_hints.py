"""A hint that comes while its record is being read: one run more follows, and however many come, only one."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from jobs.models import SyncRun
from jobs.models.run import OPEN
from tests.support.hinting import hint
from tests.support.office import Office


@pytest.fixture
def ana(office: Office) -> str:
    return office.in_crm("Contact", FirstName="Ana", LastName="Sample", Email="ana@example.com", Title="Buyer")


def open_runs(office: Office) -> list[SyncRun]:
    with office.runtime.database.read() as session:
        return list(session.scalars(select(SyncRun).where(SyncRun.status.in_(OPEN))))


def test_a_hint_before_the_read_needs_no_run_of_its_own(office: Office, ana: str) -> None:
    run_id = office.ask("Contact", ana)
    assert hint(office, "Contact", ana) == 0
    office.do(run_id)
    assert open_runs(office) == []


def test_hints_during_a_run_are_followed_by_one_more(office: Office, ana: str) -> None:
    office.sync("Contact", ana)
    run_id = office.ask("Contact", ana)

    def meanwhile() -> None:
        assert [hint(office, "Contact", ana) for _ in range(5)] == [0] * 5

    with office.while_waiting("queryAll", meanwhile):
        office.do(run_id)
    [follower] = open_runs(office)
    assert (follower.trigger, follower.crm_record_id) == ("webhook", ana)
    assert follower.resume_at is not None
    assert hint(office, "Contact", ana) == 0  # joins the one that waits


def test_what_changed_after_the_read_is_brought_by_the_follower(office: Office, ana: str) -> None:
    office.sync("Contact", ana)
    run_id = office.ask("Contact", ana)
    with office.while_waiting("queryAll", lambda: hint(office, "Contact", ana)):
        office.do(run_id)
    office.edit(ana, Title="Owner")
    [follower] = open_runs(office)
    told = office.again(office.told(follower.id, since=0))
    assert told.changes == {("job_title", "here", "Buyer", "Owner")}


def test_a_run_that_is_put_back_reads_again_anyway(office: Office, ana: str) -> None:
    office.org.fault("status", "/services/data", status=503, count=None)
    run_id = office.ask("Contact", ana)
    told = office.do(run_id)
    assert told.status == "queued"
    assert hint(office, "Contact", ana) == 0
    office.org.control("faults", method="DELETE")
    office.again(told)
    assert open_runs(office) == []
