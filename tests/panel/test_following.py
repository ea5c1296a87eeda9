"""Asking for news of a run: held open until there is some, and never a storm of questions."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import update

from jobs import progress, runs
from jobs.models import SyncRun
from jobs.runtime import utc_now
from tests.support.processes import eventually
from tests.support.screen import Screen
from tests.support.stage import Panel, Stage
from tests.support.stage_fixtures import StageWithQueue
from widget import panel as panel_module


class Question:
    """One request for news in a thread of its own."""

    def __init__(self, panel: Panel, address: str) -> None:
        self.answer: Screen | None = None
        self._panel, self._address = panel, address
        self._thread = threading.Thread(target=self._ask)
        self._thread.start()

    @property
    def is_open(self) -> bool:
        return self._thread.is_alive()

    def wait(self) -> Screen:
        self._thread.join(timeout=30)
        assert self.answer is not None
        return self.answer

    def _ask(self) -> None:
        self.answer = Screen(self._panel.get(self._address).text)


def claimed(stage: Stage) -> SyncRun:
    """A worker takes the run, and goes no further."""
    with stage.runtime.database.write() as session:
        run_id = session.query(SyncRun.id).order_by(SyncRun.id.desc()).limit(1).scalar()
        run = runs.claim(session, run_id, seconds=60)
    assert run is not None
    progress.tell(stage.runtime, run.id)
    return run


def at_step(stage: Stage, run: SyncRun, step: str) -> None:
    with stage.runtime.database.write() as session:
        runs.keep(session, run, step=step, seconds=60)
    progress.tell(stage.runtime, run.id)


def is_watching(stage: Stage) -> bool:
    """The web process hears the bell: the queue server counts its listeners."""
    return bool(stage.runtime.redis.pubsub_numsub(progress.CHANNEL)[0][1])


@pytest.fixture
def waiting_panel(stage: Stage) -> Panel:
    """A panel whose run is queued, in a process that listens."""
    panel = stage.open_panel()
    panel.view()
    panel.sync()
    assert eventually(lambda: is_watching(stage))
    return panel


def test_a_question_stays_open_while_nothing_is_new_and_ends_with_the_news(stage: Stage, waiting_panel: Panel) -> None:
    question = Question(waiting_panel, waiting_panel.screen.asks_next)
    assert not eventually(lambda: not question.is_open, seconds=0.5)
    claimed(stage)
    assert question.wait().headline == "Reading Salesforce."


def test_what_is_new_already_is_told_at_once(stage: Stage, waiting_panel: Panel) -> None:
    address = waiting_panel.screen.asks_next
    claimed(stage)
    assert Question(waiting_panel, address).wait().headline == "Reading Salesforce."


def test_each_step_is_a_newer_version_that_ends_the_next_question(stage: Stage, waiting_panel: Panel) -> None:
    run = claimed(stage)
    waiting_panel.follow_once()
    told = [waiting_panel.screen.headline]
    for step in ("comparing", "writing"):
        question = Question(waiting_panel, waiting_panel.screen.asks_next)
        at_step(stage, run, step)
        waiting_panel.screen = question.wait()
        told.append(waiting_panel.screen.headline)
    assert told == ["Reading Salesforce.", "Comparing both sides.", "Writing to Salesforce."]


def test_the_end_is_told_without_waiting_and_nobody_asks_again(stage: Stage, waiting_panel: Panel) -> None:
    question = Question(waiting_panel, waiting_panel.screen.asks_next)
    stage.work()
    screen = question.wait()
    while screen.asks_next:
        screen = Question(waiting_panel, screen.asks_next).wait()
    assert screen.headline == "2 fields from Salesforce, 1 field to Salesforce."


def test_a_question_ends_by_itself_so_that_no_proxy_cuts_it(
    stage: Stage, waiting_panel: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(panel_module, "HOLD_SECONDS", 0.3)
    screen = waiting_panel.follow_once()
    assert screen.headline == "Waiting for its turn."
    assert screen.asks_next == waiting_panel.screen.asks_next


def test_when_every_seat_is_taken_the_next_is_answered_at_once_and_asked_to_come_back(
    stage: Stage, waiting_panel: Panel
) -> None:
    seats = stage.settings.web_threads // 2
    questions = [Question(waiting_panel, waiting_panel.screen.asks_next) for _ in range(seats)]
    bell = stage.app.extensions[panel_module.BELL]
    assert eventually(lambda: bell.seats._value == 0)
    screen = waiting_panel.follow_once()
    assert all(each.is_open for each in questions)
    assert screen.asks_after_ms > 0
    claimed(stage)
    assert {each.wait().headline for each in questions} == {"Reading Salesforce."}


def test_a_run_that_waits_for_its_time_is_asked_for_now_and_then_and_holds_no_seat(
    stage: Stage, waiting_panel: Panel
) -> None:
    stage.org.fault("rate_limit", match="/services/data", count=None)
    stage.work()
    for _ in range(3):
        screen = waiting_panel.follow_once()
        assert screen.code == "REQUEST_LIMIT_EXCEEDED"
        assert screen.asks_after_ms >= 500


def test_once_its_time_has_come_it_is_held_open_again(stage: Stage, waiting_panel: Panel) -> None:
    with stage.runtime.database.write() as session:
        session.execute(update(SyncRun).values(resume_at=utc_now()))
    question = Question(waiting_panel, waiting_panel.screen.asks_next)
    assert not eventually(lambda: not question.is_open, seconds=0.4)
    claimed(stage)
    assert question.wait().headline == "Reading Salesforce."


class TestWithoutTheQueueServer:
    def test_a_click_is_kept_and_the_panel_says_so(self, stage_with_own_queue: StageWithQueue) -> None:
        stage, server = stage_with_own_queue.stage, stage_with_own_queue.queue_server
        panel = stage.open_panel()
        server.stop()
        screen = panel.sync()
        assert screen.told == ("Your click is saved. Our queue does not answer right now; the sync starts by itself.")
        assert screen.asks_next

    def test_later_questions_say_so_too_until_it_is_back(self, stage_with_own_queue: StageWithQueue) -> None:
        stage, server = stage_with_own_queue.stage, stage_with_own_queue.queue_server
        panel = stage.open_panel()
        panel.view()
        assert eventually(lambda: is_watching(stage))
        server.stop()
        panel.sync()
        assert eventually(lambda: panel.view().headline == "Your click is saved.")
        server.start()
        assert eventually(lambda: panel.view().headline == "Waiting for its turn.")

    def test_the_sync_starts_by_itself_when_it_is_back(self, stage_with_own_queue: StageWithQueue) -> None:
        stage, server = stage_with_own_queue.stage, stage_with_own_queue.queue_server
        panel = stage.open_panel()
        server.stop()
        panel.sync()
        with stage.runtime.database.write() as session:
            session.execute(update(SyncRun).values(enqueue_at=utc_now()))
        server.start()
        assert stage.tick()
        stage.work()
        assert panel.follow().headline == "2 fields from Salesforce, 1 field to Salesforce."

    def test_a_panel_opens_and_shows_its_values(self, stage_with_own_queue: StageWithQueue) -> None:
        stage = stage_with_own_queue.stage
        stage_with_own_queue.queue_server.stop()
        panel = stage.open_panel()
        assert panel.screen.name == "Ana Sample"
        assert panel.view().rows["Email"].crm == "ana.sample@example.com"

    def test_what_a_flush_threw_away_is_found_again_by_the_tick(self, stage: Stage) -> None:
        panel = stage.open_panel()
        panel.sync()
        stage.runtime.redis.flushall()
        stage.work()
        assert panel.view().headline == "Waiting for its turn."
        with stage.runtime.database.write() as session:
            session.execute(update(SyncRun).values(enqueue_at=utc_now()))
        assert stage.tick()
        stage.work()
        assert panel.follow().headline == "2 fields from Salesforce, 1 field to Salesforce."
