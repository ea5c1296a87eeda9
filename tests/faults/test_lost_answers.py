"""The org answers badly, late, half or not at all. The click completes, is written once, and stands in the log once."""

from __future__ import annotations

from typing import Any

from jobs.runtime import utc_now
from tests.faults.installation import Installation, until
from tests.faults.people import Person, new_person

# On the write: what the org does, and whether it has written by then.
ON_THE_WRITE: dict[str, tuple[str, dict[str, Any]]] = {
    "the answer is lost after the write": ("lose_response", {}),
    "half of the answer arrives": ("half_body", {}),
    "the connection drops before the write": ("drop", {}),
    "it fails": ("status", {"status": 503}),
    "it fails without saying why": ("status", {"status": 500, "body": "<html>Down for maintenance</html>"}),
    "it says nothing for too long and writes nothing": ("hang", {"seconds": 6}),
    "it writes and then says nothing for too long": ("hang", {"seconds": 6, "apply": True}),
    "its tokens end": ("expire_tokens", {}),
}
ON_THE_READ: dict[str, tuple[str, dict[str, Any]]] = {
    "the connection drops": ("drop", {"count": 4}),
    "half of the answer arrives": ("half_body", {}),
    "it fails": ("status", {"status": 503, "count": 4}),
    "it says nothing for too long": ("hang", {"seconds": 6}),
    "its tokens end": ("expire_tokens", {}),
}


def test_whatever_goes_wrong_with_the_write_is_got_over(here: Installation) -> None:
    """Each trouble befalls a person of its own, all at the same time."""
    _all_complete_in_spite_of(here, ON_THE_WRITE, r"sobjects/.*{}")


def test_whatever_goes_wrong_with_the_read_is_got_over(here: Installation) -> None:
    _all_complete_in_spite_of(here, ON_THE_READ, r"queryAll.*{}")


def test_a_row_that_somebody_else_is_saving_is_waited_for(here: Installation) -> None:
    person = new_person(here)
    person.change_both_sides()
    here.org.fault("lock_rows", ids=[person.record_id], seconds=2)
    run_id = person.rep.click()
    person.rep.follow()
    assert here.run(run_id).attempts > 1
    person.require_one_write(run_id)
    person.require_quiet()


def test_answers_lost_again_and_again_lead_to_one_write(here: Installation) -> None:
    """The org writes and the answer is lost; then reading fails; then the tokens end; then the row is locked."""
    person = new_person(here)
    person.change_both_sides()
    at_write, at_read = f"sobjects/.*{person.record_id}", f"queryAll\\?.*{person.record_id}"
    faults = [
        here.org.fault("lose_response", at_write),
        here.org.fault("status", f"^/services/data/v[0-9.]+/{at_read}", count=4, status=503),
    ]
    run_id = person.rep.click()
    until(lambda: here.has_struck(*faults), what="all of it has happened")
    here.org.control("expire_tokens", {})
    person.rep.follow()
    person.require_one_write(run_id)
    person.require_quiet()


def test_a_renewed_token_repeats_the_write_with_its_condition(here: Installation) -> None:
    """The token ends at the write, and somebody edits the record while we get a new one: 412, and we look again."""
    person = new_person(here)
    here.let_org_time_pass()
    person.change_here(job_title="Title from us")
    person.since = here.mark()
    ended = here.org.fault("expire_tokens", f"sobjects/.*{person.record_id}")
    renewal = here.org.fault("latency", "/services/oauth2/token", seconds=2.2)
    run_id = person.rep.click()
    until(lambda: here.has_struck(ended, renewal), what="a new token is being asked for")
    until(lambda: (utc_now() - _changed_at(person)).total_seconds() > 1.8, what="the edit is surely the newer one")
    person.edit(Title="Title from the rep")
    person.rep.follow()

    composites = [call["status"] for call in here.calls(person.since, "/composite")]
    assert composites == [401, 200]
    assert person.patches() == [412]
    assert person.our_writes() == []
    assert person.local().values["job_title"] == "Title from the rep"
    assert here.run(run_id).status == "succeeded"
    person.require_in_step()
    person.require_quiet()


def test_a_limit_with_a_time_pauses_until_then(here: Installation) -> None:
    person = new_person(here)
    person.change_both_sides()
    here.org.fault("rate_limit", f"queryAll.*{person.record_id}", headers={"Retry-After": "3"})
    run_id = person.rep.click()
    until(lambda: here.run(run_id).resume_at is not None, what="the run waits")
    waiting = here.run(run_id)
    assert waiting.code == "REQUEST_LIMIT_EXCEEDED"
    assert waiting.resume_at is not None
    screen = person.rep.view()
    assert screen.headline == "Salesforce takes no more requests from us for now."
    assert "Your click is kept" in screen.told
    person.rep.follow()
    finished = here.run(run_id)
    assert finished.finished_at is not None
    assert finished.finished_at >= waiting.resume_at
    person.require_one_write(run_id)
    person.require_quiet()


def test_a_limit_without_a_time_pauses_and_asks_the_org_nothing_meanwhile(here: Installation) -> None:
    """The org says no when: we look again after minutes. Other people's clicks are kept without a call."""
    person, colleague = new_person(here), new_person(here)
    person.change_both_sides()
    colleague.change_both_sides()
    here.org.fault("rate_limit", f"queryAll.*{person.record_id}")
    run_id = person.rep.click()
    until(lambda: here.run(run_id).resume_at is not None, what="the run waits")
    since = here.mark()
    later_id = colleague.rep.click()
    until(lambda: here.run(later_id).resume_at is not None, what="the other run waits too")
    resume_at = here.run(run_id).resume_at
    assert resume_at is not None
    assert 240 < (resume_at - utc_now()).total_seconds() <= 300
    assert here.run(later_id).resume_at == resume_at
    assert here.calls(since, "/queryAll") == []

    _let_the_pause_end(here, run_id, later_id)
    for each, its_run in ((person, run_id), (colleague, later_id)):
        until(lambda its_run=its_run: here.is_over(its_run), what="the run completes")
        each.rep.follow()
        each.require_one_write(its_run)
        each.require_quiet()


def _all_complete_in_spite_of(here: Installation, troubles: dict[str, tuple[str, dict[str, Any]]], where: str) -> None:
    people = {trouble: new_person(here) for trouble in troubles}
    for person in people.values():
        person.change_both_sides()
    faults = [
        here.org.fault(kind, where.format(people[trouble].record_id), **parameters)
        for trouble, (kind, parameters) in troubles.items()
    ]
    run_ids = {trouble: person.rep.click() for trouble, person in people.items()}
    until(lambda: here.has_struck(*faults), what="all of it has happened")
    for trouble, person in people.items():
        person.rep.follow()
        assert here.run(run_ids[trouble]).status == "succeeded", trouble
        person.require_one_write(run_ids[trouble])
        person.require_quiet()


def _changed_at(person: Person) -> Any:
    return person.local().updated_at


def _let_the_pause_end(here: Installation, *run_ids: int) -> None:
    """Five minutes later: the same rows as they would be found then."""
    from jobs.models import Connection, SyncRun

    now = utc_now()
    with here.runtime.database.write() as session:
        session.get_one(Connection, here.connection_id).paused_until = now
        for run_id in run_ids:
            run = session.get_one(SyncRun, run_id)
            run.resume_at = run.enqueue_at = now
