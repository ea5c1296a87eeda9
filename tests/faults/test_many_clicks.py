"""Many people click at once, or one person clicks again and again: one run, one write, and then silence."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from jobs.tasks import enqueue_single
from tests.faults.installation import Installation, until
from tests.faults.people import Person, Rep, new_person

CLICKS = 50
QUIET_ROUNDS = 20


def test_fifty_clicks_at_the_same_moment_are_one_run_and_one_write(here: Installation) -> None:
    person = new_person(here)
    reps = [Rep(here, person.record_id, role=("rep", "admin")[number % 2]) for number in range(CLICKS)]
    person.change_both_sides()
    before = len(here.runs_of(person.record_id))
    fault = here.org.fault("latency", f"queryAll.*{person.record_id}", seconds=2)  # all click while it runs
    together = Barrier(CLICKS)

    def click(rep: Rep) -> int:
        together.wait()
        return rep.click()

    with ThreadPoolExecutor(CLICKS) as threads:
        run_ids = set(threads.map(click, reps))
    assert here.has_struck(fault)
    (run_id,) = run_ids
    assert len(here.runs_of(person.record_id)) == before + 1

    with ThreadPoolExecutor(CLICKS) as threads:
        headlines = {screen.headline for screen in threads.map(Rep.follow, reps)}
    assert headlines == {"1 field from Salesforce, 1 field to Salesforce."}
    assert person.patches() == [204]
    person.require_one_write(run_id)
    person.require_quiet()


def test_a_click_while_a_run_is_on_joins_it_and_one_after_its_end_starts_anew(here: Installation) -> None:
    person = new_person(here)
    person.change_both_sides()
    colleague = Rep(here, person.record_id, role="admin")
    fault = here.org.fault("latency", f"sobjects/.*{person.record_id}", seconds=1)
    run_id = person.rep.click()
    until(lambda: here.has_struck(fault), what="the write is under way")
    assert colleague.click() == run_id
    assert colleague.follow().headline == person.rep.follow().headline
    assert colleague.click() > run_id
    assert colleague.follow().headline == "Nothing to do."
    person.require_one_write(run_id)


def test_a_run_that_stands_in_the_queue_several_times_is_done_once(here: Installation) -> None:
    """The clock enqueues what it does not see picked up; the first job may come through all the same."""
    person = new_person(here)
    person.change_both_sides()
    fault = here.org.fault("latency", f"queryAll.*{person.record_id}", seconds=1)
    run_id = person.rep.click()
    for _ in range(5):
        assert enqueue_single(here.runtime, run_id)
    until(lambda: here.has_struck(fault), what="the read is under way")
    until(lambda: here.is_over(run_id), what="the run completes")
    assert enqueue_single(here.runtime, run_id)
    person.rep.follow()
    reads = [call for call in here.calls(person.since, "/queryAll") if person.record_id in call["query"]]
    assert (here.run(run_id).attempts, len(reads), person.patches()) == (1, 1, [204])
    person.require_one_write(run_id)
    person.require_quiet()


def test_twenty_quiet_rounds_change_nothing_on_either_side(here: Installation) -> None:
    person = new_person(here)
    person.change_both_sides()
    person.rep.click()
    person.rep.follow()
    since, before = here.mark(), _rows(person)
    for _ in range(QUIET_ROUNDS):
        person.rep.click()
        assert person.rep.follow().headline == "Nothing to do."
    assert here.journal(since, "write") == []
    assert here.calls(since, "/composite") == []
    assert _rows(person) == before


def _rows(person: Person) -> list[object]:
    """Our record and its link, as far as they say anything but when they were last looked at."""
    local, link = person.local(), person.link()
    return [local.version, local.values, local.provenance, local.updated_at, link.base, link.local_record_id]
