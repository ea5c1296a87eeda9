"""A click while a run is at work: the run reads once more before it ends, as what made the person click may be newer.

One run, one log entry, and nothing is written twice.
"""

from __future__ import annotations

from contextlib import ExitStack
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select, update

from jobs.models import SyncRun
from jobs.models.run import OPEN
from jobs.runtime import utc_now
from tests.support.office import Office

READ = "GET queryAll"


@pytest.fixture
def ana(office: Office) -> str:
    ana = office.in_crm("Contact", FirstName="Ana", LastName="Sample", Email="ana@example.com", Title="Buyer")
    office.sync("Contact", ana)
    return ana


def click(office: Office, record_id: str, run_id: int, **ask: Any) -> None:
    """Somebody clicks a while after the run began, and joins it."""
    with office.runtime.database.write() as session:
        began = utc_now() - timedelta(seconds=5)
        session.execute(update(SyncRun).where(SyncRun.id == run_id).values(started_at=began))
    assert office.ask("Contact", record_id, **ask) == run_id


def open_runs(office: Office) -> list[SyncRun]:
    with office.runtime.database.read() as session:
        return list(session.scalars(select(SyncRun).where(SyncRun.status.in_(OPEN))))


def test_what_changed_after_the_read_is_in_the_result_of_the_run_that_was_joined(office: Office, ana: str) -> None:
    run_id = office.ask("Contact", ana)
    with ExitStack() as later:

        def at_the_first_read() -> None:
            click(office, ana, run_id)
            later.enter_context(office.while_waiting("queryAll", lambda: office.edit(ana, Title="Owner")))

        later.enter_context(office.while_waiting("queryAll", at_the_first_read))
        told = office.do(run_id)
    assert told.calls == [READ, READ]
    assert told.changes == {("job_title", "here", "Buyer", "Owner")}
    assert (told.run.attempts, open_runs(office)) == (1, [])


def test_what_was_written_already_is_not_written_again(office: Office, ana: str) -> None:
    ours = office.linked("Contact", ana)
    office.change(ours, job_title="Owner")
    run_id = office.ask("Contact", ana)

    def meanwhile() -> None:
        click(office, ana, run_id)
        office.change(ours, first_name="Anna")

    with office.while_waiting("composite", meanwhile):
        told = office.do(run_id)
    assert [write["new"] for write in told.writes] == [{"Title": "Owner"}, {"FirstName": "Anna"}]
    assert told.changes == {("job_title", "crm", "Buyer", "Owner"), ("first_name", "crm", "Ana", "Anna")}
    assert office.sync("Contact", ana).outcome == "unchanged"


def test_a_reason_that_was_put_right_meanwhile_is_not_told_any_more(office: Office, ana: str) -> None:
    ben = office.in_crm("Contact", LastName="Sample")
    run_id = office.ask("Contact", ben)
    with ExitStack() as later:

        def at_the_first_read() -> None:
            click(office, ben, run_id)
            later.enter_context(office.while_waiting("queryAll", lambda: office.edit(ben, Email="ben@example.com")))

        later.enter_context(office.while_waiting("queryAll", at_the_first_read))
        assert office.do(run_id).outcome == "created"


def test_a_double_click_costs_nothing(office: Office, ana: str) -> None:
    run_id = office.ask("Contact", ana)
    with office.while_waiting("queryAll", lambda: [office.ask("Contact", ana) for _ in range(3)]):
        told = office.do(run_id)
    assert (told.calls, told.outcome, open_runs(office)) == ([READ], "unchanged", [])


def test_a_choice_that_is_made_while_a_run_is_on_is_carried_out_by_it(office: Office, ana: str) -> None:
    office.set_field("Contact", "job_title", conflict_rule="ask")
    office.change(office.linked("Contact", ana), job_title="Owner")
    office.edit(ana, Title="Head of Buying")
    assert office.sync("Contact", ana).outcome == "conflict"
    run_id = office.ask("Contact", ana)
    with office.while_waiting("queryAll", lambda: click(office, ana, run_id, choices={"job_title": "local"})):
        told = office.do(run_id)
    assert told.written == {"Title": "Owner"}
    link = office.link("Contact", ana)
    assert link is not None
    assert link.open_conflicts == 0


def test_a_choice_that_is_made_while_a_run_waits_is_carried_out_by_it(office: Office, ana: str) -> None:
    office.set_field("Contact", "job_title", conflict_rule="ask")
    office.change(office.linked("Contact", ana), job_title="Owner")
    office.edit(ana, Title="Head of Buying")
    office.sync("Contact", ana)
    run_id = office.ask("Contact", ana)
    assert office.ask("Contact", ana, choices={"job_title": "crm"}) == run_id
    assert office.do(run_id).changes == {("job_title", "here", "Owner", "Head of Buying")}
