"""A sync that is over in a moment: the click's own answer is the result, and nobody has to ask again."""

from __future__ import annotations

import threading
import time

import pytest

from jobs import progress
from jobs.sync.recent import RecentEntries
from jobs.sync.rows import RecordKey, last_entries, rows_of
from tests.support.processes import eventually
from tests.support.stage import Stage
from widget import panel_answers


def test_the_answer_to_the_click_is_the_result(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(panel_answers, "GLANCE_SECONDS", 20.0)  # however slow the machine: the bell is what ends it
    panel = stage.open_panel()
    panel.view()
    assert eventually(lambda: bool(stage.runtime.redis.pubsub_numsub(progress.CHANNEL)[0][1]))
    worker = threading.Thread(target=_work_when_asked, args=[stage])
    worker.start()
    screen = panel.sync()
    worker.join()
    assert screen.headline == "2 fields from Salesforce, 1 field to Salesforce."
    assert not screen.asks_next


def test_a_longer_one_is_answered_after_a_moment_in_its_running_state(stage: Stage) -> None:
    screen = stage.open_panel().sync()
    assert screen.headline == "Waiting for its turn."
    assert screen.asks_next


def test_a_click_that_joins_a_run_is_not_held(stage: Stage, monkeypatch: pytest.MonkeyPatch) -> None:
    panel = stage.open_panel()
    panel.sync()
    monkeypatch.setattr(panel_answers, "GLANCE_SECONDS", 60.0)
    assert panel.sync().headline == "Waiting for its turn."


class TestWhatIsRemembered:
    """The last log entries of a record are read again only when there is a newer one."""

    def test_a_newer_entry_is_seen_at_once(self, stage: Stage) -> None:
        panel = stage.open_panel()
        panel.synced()
        first = panel.view().entries
        panel.synced()
        assert len(panel.view().entries) == len(first) + 1

    def test_what_is_known_is_not_read_again(self, stage: Stage) -> None:
        panel = stage.open_panel()
        panel.synced()
        key = RecordKey(stage.connection_id, "Contact", stage.org.record("Contact"))
        memory = RecentEntries()
        with stage.runtime.database.look() as database:
            newest = rows_of(database, key).newest_entry_id
            known = memory.of(database, key, newest)
            assert known == last_entries(database, key)
            assert memory.of(database, key, newest) is known

    def test_a_record_without_entries_has_none(self, stage: Stage) -> None:
        key = RecordKey(stage.connection_id, "Contact", stage.org.record("Contact"))
        with stage.runtime.database.look() as database:
            assert rows_of(database, key).newest_entry_id is None
            assert RecentEntries().of(database, key, None) == ()


def _work_when_asked(stage: Stage) -> None:
    while not stage.runtime.redis.llen("rq:queue:interactive"):
        time.sleep(0.01)
    stage.work()
