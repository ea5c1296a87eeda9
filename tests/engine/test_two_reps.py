"""Two people click on one record, and may do different things there: each gets what they may, and no less.

One run answers whoever may do the same or less. For others another run follows, with their rights and their choices.
"""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from jobs.models import SyncRun
from jobs.models.run import OPEN
from jobs.sync.undo_ask import UndoAsk, open_undo
from tests.support.office import Office
from tests.support.told import Told

MOST = ["Email", "FirstName", "LastName", "Title", "Phone"]
ALL = {"readable_fields": MOST, "editable_fields": MOST}
LITTLE: dict[str, Any] = {"readable_fields": ["Email"], "editable_fields": []}
OTHER: dict[str, Any] = {"readable_fields": ["Email", "Phone"], "editable_fields": ["Phone"]}


@pytest.fixture
def ana(office: Office) -> str:
    ana = office.in_crm("Contact", FirstName="Ana", LastName="Sample", Email="ana@example.com", Title="Buyer")
    office.sync("Contact", ana)
    return ana


@pytest.fixture
def torn(office: Office, ana: str) -> str:
    """Both sides have changed the title, and a person is asked."""
    office.set_field("Contact", "job_title", conflict_rule="ask")
    office.edit(ana, Title="Theirs")
    office.change(office.linked("Contact", ana), job_title="Ours")
    office.sync("Contact", ana)
    return ana


def open_runs(office: Office) -> list[SyncRun]:
    with office.runtime.database.read() as session:
        return list(session.scalars(select(SyncRun).where(SyncRun.status.in_(OPEN)).order_by(SyncRun.id)))


def all_that_follows(office: Office, told: Told) -> list[Told]:
    """The runs that are open now, each done, one after the other."""
    done: list[Told] = []
    while runs := open_runs(office):
        done.append(office.again(told) if runs[0].id == told.run.id else office.do(runs[0].id))
        assert len(done) < 5
    return done


def test_who_may_more_takes_over_a_run_that_has_not_begun(office: Office, ana: str) -> None:
    office.edit(ana, Title="Owner")
    run_id = office.ask("Contact", ana, **LITTLE)
    assert office.ask("Contact", ana, **ALL) == run_id
    assert office.do(run_id).changes == {("job_title", "here", "Buyer", "Owner")}
    assert open_runs(office) == []


def test_who_may_less_is_answered_by_a_run_that_may_more(office: Office, ana: str) -> None:
    office.edit(ana, Title="Owner")
    run_id = office.ask("Contact", ana, **ALL)
    assert office.ask("Contact", ana, **LITTLE) == run_id
    assert office.do(run_id).changes == {("job_title", "here", "Buyer", "Owner")}
    assert open_runs(office) == []


def test_who_may_more_than_a_run_at_work_is_followed_up(office: Office, ana: str) -> None:
    office.edit(ana, Title="Owner")
    run_id = office.ask("Contact", ana, **LITTLE)
    with office.while_waiting("queryAll", lambda: office.ask("Contact", ana, **ALL)):
        first = office.do(run_id)
    assert (first.changes, first.left_alone) == (set(), {"job_title": "HIDDEN_FROM_YOU"})
    [second] = all_that_follows(office, first)
    assert second.changes == {("job_title", "here", "Buyer", "Owner")}
    assert (second.run.trigger, second.run.requested_by, second.run.readable_fields) == ("panel", "Riley Rep", MOST)


def test_a_choice_of_one_who_may_is_not_refused_for_the_rights_of_another(office: Office, torn: str) -> None:
    run_id = office.ask("Contact", torn, readable_fields=MOST, editable_fields=[])
    office.ask("Contact", torn, **ALL, choices={"job_title": "local"})
    assert office.do(run_id).written == {"Title": "Ours"}
    assert office.conflicts() == []


def test_two_choices_with_different_rights_are_two_runs(office: Office, torn: str) -> None:
    """Neither is carried out with the rights of the other."""
    first = office.ask("Contact", torn, readable_fields=MOST, editable_fields=[], previewed="a" * 64)
    office.ask("Contact", torn, **ALL, choices={"job_title": "local"})
    told = office.do(first)
    assert told.writes == []
    [second] = all_that_follows(office, told)
    assert second.written == {"Title": "Ours"}
    assert [each.choice for each in office.conflicts(settled=True)] == ["local"]


def test_many_clicks_of_two_reps_are_two_runs(office: Office, ana: str) -> None:
    office.edit(ana, Title="Owner", Phone="1")
    run_id = office.ask("Contact", ana, readable_fields=["Title"], editable_fields=[])
    clicks = {office.ask("Contact", ana, **OTHER) for _ in range(50)}
    assert clicks == {run_id}
    told = office.do(run_id)
    [second] = all_that_follows(office, told)
    assert told.changes == {("job_title", "here", "Buyer", "Owner")}
    assert second.changes == {("phone", "here", None, "1")}


def test_a_run_that_fails_takes_nobody_with_it(office: Office, ana: str) -> None:
    office.change(office.linked("Contact", ana), job_title="x" * 300, first_name="Anna")
    run_id = office.ask("Contact", ana, readable_fields=["Title"], editable_fields=["Title"])
    office.ask("Contact", ana, readable_fields=["FirstName"], editable_fields=["FirstName"])
    told = office.do(run_id)
    assert told.status == "failed"
    [second] = all_that_follows(office, told)
    assert second.written == {"FirstName": "Anna"}


def test_an_undo_is_done_for_who_may_though_one_who_may_not_asked_first(office: Office, ana: str) -> None:
    office.edit(ana, Title="Owner")
    told = office.sync("Contact", ana)

    def ask(**rights: Any) -> int:
        with office.runtime.database.write() as session:
            return open_undo(session, UndoAsk("panel", entry_id=told.entry.id, **rights))[0].id

    first, second, third = ask(**LITTLE), ask(**ALL), ask(**LITTLE)
    assert (first == second, third) == (False, first)
    assert office.do(first).changes == set()
    assert office.do(second).changes == {("job_title", "here", "Owner", "Buyer")}
