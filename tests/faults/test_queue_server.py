"""The queue server dies, forgets everything, or is away. Every accepted click completes by itself all the same.

Web, clock and workers are the same processes before and after: they find the server again without being restarted.
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta

import pytest

from jobs.models import Heartbeat, SyncRun
from jobs.schedule import CLOCK
from jobs.worker import RECONNECT_SECONDS
from tests.faults.conftest import READ_TIMEOUT, RECOVERY
from tests.faults.installation import Installation, installation, until
from tests.faults.people import Person, new_person

PROMISED_SECONDS = 15.0
AWAY_SECONDS = 10.0


@pytest.fixture(scope="module")
def own_installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    """As shipped."""
    with installation(tmp_path_factory.mktemp("queue-faults"), **READ_TIMEOUT) as here:
        yield here


@pytest.fixture
def here(own_installation: Installation) -> Iterator[Installation]:
    """The same processes serve every test, and none of them may have ended by its end."""
    pids = {name: process.pid for name, process in own_installation.children.items()}
    yield own_installation
    if not own_installation.queue_server.is_answering():
        own_installation.queue_server.start()
    assert {name: process.pid for name, process in own_installation.children.items()} == pids
    ended = [name for name, process in own_installation.children.items() if process.poll() is not None]
    for name in ended:
        own_installation.start(name)
    assert ended == []


def test_a_queue_server_that_is_killed_and_comes_back_loses_nothing(
    here: Installation, record_property: Callable[[str, object], None]
) -> None:
    people = _people_with_changes(here, 3)
    here.queue_server.kill()
    here.queue_server.start()
    back_at = time.monotonic()
    run_ids = [person.rep.click() for person in people]
    record_property(RECOVERY, _all_complete(people, run_ids, since=back_at))


def test_a_queue_server_killed_while_workers_work_loses_nothing(
    here: Installation, record_property: Callable[[str, object], None]
) -> None:
    """The workers are in the middle of their jobs: they finish them, and tell the queue what it never hears."""
    people = _people_with_changes(here, 2)
    faults = [here.org.fault("latency", f"sobjects/.*{person.record_id}", seconds=1) for person in people]
    run_ids = [person.rep.click() for person in people]
    until(lambda: here.has_struck(*faults), what="both workers are at work")
    here.queue_server.kill()
    until(lambda: all(here.is_over(run_id) for run_id in run_ids), what="the runs at hand complete without it")
    time.sleep(3 * RECONNECT_SECONDS)  # and look for it in vain a few times
    here.queue_server.start()
    back_at = time.monotonic()
    later = _people_with_changes(here, 1)
    later_ids = [person.rep.click() for person in later]
    record_property(RECOVERY, _all_complete([*people, *later], [*run_ids, *later_ids], since=back_at))


def test_a_queue_that_is_emptied_right_after_the_clicks_loses_nothing(
    here: Installation, record_property: Callable[[str, object], None]
) -> None:
    people = _people_with_changes(here, 2)
    here.pause(*here.workers)  # so that the clicks are still in the queue, or in a socket on their way
    run_ids = [person.rep.click() for person in people]
    here.runtime.redis.flushall()
    here.resume(*here.workers)
    record_property(RECOVERY, _all_complete(people, run_ids, since=time.monotonic()))


def test_clicks_while_the_queue_server_is_away_are_saved_said_to_be_and_done(
    here: Installation, record_property: Callable[[str, object], None]
) -> None:
    people = _people_with_changes(here, 4)
    here.queue_server.kill()
    away_since = time.monotonic()
    run_ids = []
    for person in people:
        run_ids.append(person.rep.click())
        assert person.rep.screen.headline == "Your click is saved."
        assert "Our queue does not answer right now; the sync starts by itself." in person.rep.screen.told
        assert person.rep.click() == run_ids[-1]  # a second click joins the run that waits
        _away_for(away_since, AWAY_SECONDS * len(run_ids) / len(people))
    assert not any(here.is_over(run_id) for run_id in run_ids)
    here.queue_server.start()
    record_property(RECOVERY, _all_complete(people, run_ids, since=time.monotonic()))
    until(here.is_ready, what="web says it is ready")


def test_clicks_that_have_waited_long_are_done_as_soon_as_the_queue_server_is_back(
    here: Installation, record_property: Callable[[str, object], None]
) -> None:
    """The older a click, the rarer it is looked for; an outage must not count as having looked."""
    people = _people_with_changes(here, 1)
    here.queue_server.kill()
    run_ids = [person.rep.click() for person in people]
    with here.runtime.database.write() as session:
        for run_id in run_ids:
            run = session.get_one(SyncRun, run_id)
            run.created_at -= timedelta(minutes=10)
            run.enqueue_at -= timedelta(minutes=10)
    beat_at = _beat_at(here)
    until(lambda: _beat_at(here) > beat_at + timedelta(seconds=3), what="the clock has ticked a few times in vain")
    here.queue_server.start()
    record_property(RECOVERY, _all_complete(people, run_ids, since=time.monotonic()))


def test_a_queue_server_that_hangs_delays_an_answer_and_nothing_else(here: Installation) -> None:
    """It accepts connections and says nothing."""
    people = _people_with_changes(here, 1)
    assert here.queue_server.process is not None
    here.queue_server.process.send_signal(signal.SIGSTOP)
    try:
        run_ids = [person.rep.click() for person in people]
        assert [person.rep.screen.headline for person in people] == ["Your click is saved."]
    finally:
        here.queue_server.process.send_signal(signal.SIGCONT)
    _all_complete(people, run_ids, since=time.monotonic())


def _beat_at(here: Installation) -> datetime:
    with here.runtime.database.read() as session:
        return session.get_one(Heartbeat, CLOCK).beat_at


def _people_with_changes(here: Installation, count: int) -> list[Person]:
    people = [new_person(here) for _ in range(count)]
    for person in people:
        person.change_both_sides()
    return people


def _all_complete(people: list[Person], run_ids: list[int], *, since: float) -> list[float]:
    here = people[0].here
    taken: list[float] = []
    for run_id in run_ids:
        until(lambda run_id=run_id: here.is_over(run_id), what="the click completes by itself")
        taken.append(time.monotonic() - since)
    for person, run_id in zip(people, run_ids, strict=True):
        assert person.rep.follow().headline == "1 field from Salesforce, 1 field to Salesforce."
        person.require_one_write(run_id)
        person.require_quiet()
    assert max(taken) <= PROMISED_SECONDS, taken
    return taken


def _away_for(since: float, seconds: float) -> None:
    time.sleep(max(0.0, since + seconds - time.monotonic()))
