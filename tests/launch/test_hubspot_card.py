"""What HubSpot's app card is told: the record as it stands, one click, how it goes, and an address for Details."""

from __future__ import annotations

import json
import re
import threading
import uuid
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select, text

from jobs import progress
from jobs.models import SyncRun
from jobs.runtime import utc_now
from tests.support.portal_stage import CARD, SYNC, PortalStage
from tests.support.processes import eventually
from tests.support.proofs import Json
from tests.support.together import together

CONTRACT = Path(__file__).parents[2] / "packages/hubspot/src/app/cards/contract.ts"


@pytest.fixture(autouse=True)
def _no_glance(monkeypatch: pytest.MonkeyPatch) -> None:
    """Most tests have no worker running: a click need not be held for one."""
    monkeypatch.setattr("widget.launch.hubspot.GLANCE_SECONDS", 0.0)


def row(answer: Json, label: str) -> Json:
    found: Json = next(each for each in answer["fields"] if each["label"] == label)
    return found


def runs(stage: PortalStage) -> int:
    with stage.runtime.database.read() as session:
        return session.scalar(select(func.count()).select_from(SyncRun)) or 0


def promised(name: str) -> set[str]:
    """The members of an interface that the card's own code is written against."""
    source = CONTRACT.read_text("utf-8")
    body = re.search(rf"export interface {name} {{\n(.*?)\n}}", source, re.S)
    assert body is not None
    return set(re.findall(r"^  (\w+)\??:", body[1], re.M))


def calls(stage: PortalStage) -> list[str]:
    return [f"{each['method']} {each['path']}" for each in stage.org.journal("call")]


class TestTheRecord:
    def test_is_named_with_its_fields_and_both_values_where_they_differ(self, portal_stage: PortalStage) -> None:
        answer = portal_stage.card()
        assert answer["record"] == {"name": "Ana Sample", "object_label": "Contact"}
        assert [each["label"] for each in answer["fields"]] == [
            "Email",
            "First name",
            "Last name",
            "Job title",
            "Phone",
        ]
        title = row(answer, "Job title")
        assert (title["crm_value"], title["our_value"], title["differs"]) == ("Chief of Staff", "Office Manager", True)
        assert row(answer, "Phone")["direction_words"] == "From HubSpot to us"

    def test_says_how_it_stands_and_that_it_can_be_synced(self, portal_stage: PortalStage) -> None:
        answer = portal_stage.card()
        assert (answer["status"], answer["state"], answer["health_words"]) == ("ok", "never", "Not synced yet")
        assert answer["headline"] == "This contact has not been synced yet."
        assert answer["can_sync"]
        assert (answer["last"], answer["run_id"], answer["poll_after_ms"], answer["url"]) == (None, None, None, None)

    def test_tells_exactly_what_the_card_is_written_against(self, portal_stage: PortalStage) -> None:
        answer = portal_stage.synced()
        assert set(answer) == promised("CardAnswer")
        assert set(answer["fields"][0]) == promised("FieldRow")
        assert set(answer["last"]) == promised("Entry")
        assert set(answer["last"]["at"]) == promised("Moment")
        refused = portal_stage.card("2-999999", "501")
        assert refused["status"] == "refused"
        assert set(refused) == promised("CardAnswer")

    def test_takes_exactly_what_the_card_sends(self, portal_stage: PortalStage) -> None:
        sent = set(portal_stage.asked())
        assert sent | {"run_id", "details"} == promised("CardRequest")
        assert sent | {"key"} == promised("SyncRequest")

    def test_is_written_the_way_its_reader_reads(self, portal_stage: PortalStage) -> None:
        portal_stage.synced()
        portal_stage.card()
        american = portal_stage.card(locale="en-US", time_zone="UTC")["last"]["at"]
        german = portal_stage.card(locale="de_DE", time_zone="Europe/Berlin")["last"]["at"]
        assert american["iso"] == german["iso"]
        assert american["exact"] != german["exact"]
        assert portal_stage.card(locale="klingon", time_zone="../../etc/passwd")["status"] == "ok"

    def test_a_very_long_value_does_not_fill_the_card(self, portal_stage: PortalStage) -> None:
        portal_stage.org.edit("contacts", portal_stage.org.record("contacts"), {"jobtitle": "x" * 5000})
        assert len(row(portal_stage.card(), "Job title")["crm_value"]) == 400

    def test_markup_in_a_value_is_text(self, portal_stage: PortalStage) -> None:
        portal_stage.org.edit("contacts", portal_stage.org.record("contacts"), {"jobtitle": "<b>Chief</b>"})
        assert row(portal_stage.card(), "Job title")["crm_value"] == "<b>Chief</b>"

    def test_costs_one_call_and_changes_nothing(self, portal_stage: PortalStage) -> None:
        portal_stage.card()
        before = len(calls(portal_stage))
        portal_stage.card()
        assert [each.rpartition("/")[2] for each in calls(portal_stage)[before:]] == ["501"]
        assert runs(portal_stage) == 0
        assert portal_stage.org.writes() == []

    def test_a_change_in_hubspot_shows_at_the_next_look(self, portal_stage: PortalStage) -> None:
        portal_stage.card()
        portal_stage.org.edit("contacts", portal_stage.org.record("contacts"), {"jobtitle": "Chief of Everything"})
        assert row(portal_stage.card(), "Job title")["crm_value"] == "Chief of Everything"

    def test_nothing_of_it_is_kept_by_a_cache_or_may_be_read_by_a_foreign_page(self, portal_stage: PortalStage) -> None:
        response = portal_stage.send(portal_stage.called(), json.dumps(portal_stage.asked()).encode())
        assert response.headers["Cache-Control"] == "no-store"
        assert "Access-Control-Allow-Origin" not in response.headers
        assert "Set-Cookie" not in response.headers


class TestOneClick:
    def test_starts_a_run_and_says_where_it_is(self, portal_stage: PortalStage) -> None:
        portal_stage.card()
        answer = portal_stage.sync()
        assert (answer["status"], answer["state"], answer["health_words"]) == ("ok", "queued", "Syncing")
        assert answer["run_id"]
        assert 500 <= answer["poll_after_ms"] <= 10_000
        assert not answer["can_sync"]

    def test_following_it_ends_with_what_changed_on_each_side(self, portal_stage: PortalStage) -> None:
        answer = portal_stage.synced()
        assert (answer["state"], answer["headline"]) == ("done", "2 fields from HubSpot.")
        assert answer["poll_after_ms"] is None
        assert answer["can_sync"]
        assert (row(answer, "Job title")["changed"], row(answer, "Email")["changed"]) == ("here", "")
        last = answer["last"]
        assert (last["outcome"], last["sentence"], last["by"]) == ("updated", "2 fields from HubSpot", "you")

    def test_another_persons_sync_is_told_by_their_address(self, portal_stage: PortalStage) -> None:
        portal_stage.synced()
        assert portal_stage.card(user="limited_rep")["last"]["by"] == "riley@example.com"

    def test_once_more_there_is_nothing_to_do(self, portal_stage: PortalStage) -> None:
        portal_stage.synced()
        assert portal_stage.card()["state"] == "in_step"
        assert portal_stage.synced()["state"] == "nothing"

    def test_a_quick_one_is_answered_with_its_result(
        self, portal_stage: PortalStage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("widget.launch.hubspot.GLANCE_SECONDS", 20.0)  # the bell is what ends it
        portal_stage.card()
        assert eventually(lambda: bool(portal_stage.runtime.redis.pubsub_numsub(progress.CHANNEL)[0][1]))
        worker = threading.Thread(target=_work_when_asked, args=[portal_stage])
        worker.start()
        answer = portal_stage.sync()
        worker.join()
        assert (answer["state"], answer["poll_after_ms"]) == ("done", None)

    def test_costs_a_call_to_look_and_following_costs_none(self, portal_stage: PortalStage) -> None:
        portal_stage.card()
        before = len(calls(portal_stage))
        run_id = portal_stage.sync()["run_id"]
        portal_stage.card(run_id=run_id)
        assert len(calls(portal_stage)) == before
        portal_stage.work()
        portal_stage.card(run_id=run_id)
        assert len(calls(portal_stage)) == before + 1  # the run's own read; nothing had to be written

    def test_a_second_click_joins_the_run_that_is_on(self, portal_stage: PortalStage) -> None:
        first, second = portal_stage.sync(), portal_stage.sync(user="limited_rep")
        assert first["run_id"] == second["run_id"]
        assert runs(portal_stage) == 1

    def test_the_same_click_twice_is_one_also_when_it_is_over(self, portal_stage: PortalStage) -> None:
        first = portal_stage.sync(key="the-same-click")
        portal_stage.work()
        again = portal_stage.sync(key="the-same-click")
        assert (again["run_id"], again["state"]) == (first["run_id"], "done")
        assert runs(portal_stage) == 1

    def test_of_the_same_click_many_times_at_once_one_counts(self, portal_stage: PortalStage) -> None:
        portal_stage.card()
        answers = together(*[lambda: portal_stage.sync(key="the-same-click")] * 5)
        assert len({each["run_id"] for each in answers}) == 1
        assert runs(portal_stage) == 1

    def test_the_same_key_of_another_person_or_record_is_another_click(self, portal_stage: PortalStage) -> None:
        first = portal_stage.sync(key="the-same-click")["run_id"]
        portal_stage.work()
        assert portal_stage.sync(key="the-same-click", user="limited_rep")["run_id"] != first
        assert portal_stage.sync("contacts", "502", key="the-same-click")["run_id"] != first

    def test_without_a_key_nothing_starts(self, portal_stage: PortalStage) -> None:
        response = portal_stage.send(portal_stage.called(SYNC), json.dumps(portal_stage.asked()).encode())
        assert (response.status_code, response.mimetype) == (400, "application/json")
        assert runs(portal_stage) == 0

    def test_a_run_of_another_record_tells_nothing(self, portal_stage: PortalStage) -> None:
        run_id = portal_stage.sync()["run_id"]
        other = portal_stage.card("contacts", "502", run_id=run_id)
        assert (other["run_id"], other["poll_after_ms"]) == (None, None)

    def test_a_run_id_does_not_show_a_record_that_nobody_has_looked_at(self, portal_stage: PortalStage) -> None:
        before = len(calls(portal_stage))
        portal_stage.card("contacts", "503", run_id=1)
        assert len(calls(portal_stage)) > before

    def test_while_the_queue_is_away_the_click_is_kept(
        self, portal_stage: PortalStage, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        after = portal_stage.restarted(redis_url="redis://127.0.0.1:1")
        answer = after.sync()
        assert answer["state"] == "queued"
        assert runs(portal_stage) == 1

    def test_several_candidates_are_chosen_between_in_details(self, portal_stage: PortalStage) -> None:
        record_id = _record_of(portal_stage, "chloe.specimen@example.net")
        answer = portal_stage.card("contacts", record_id)
        assert (answer["state"], answer["code"]) == ("ambiguous", "AMBIGUOUS_MATCH")
        panel = portal_stage.open_details("contacts", record_id)
        assert len(panel.screen.candidates) == 2
        assert panel.choose(next(iter(panel.screen.candidates))).status_code == 200
        portal_stage.work()
        assert portal_stage.card("contacts", record_id)["state"] == "in_step"


class TestDetails:
    def test_an_address_comes_only_when_it_is_asked_for(self, portal_stage: PortalStage) -> None:
        assert portal_stage.card()["url"] is None
        assert portal_stage.sync()["url"] is None
        assert portal_stage.card(details=False)["url"] is None
        assert portal_stage.details().startswith("https://widget.example.com/panel?ticket=")

    def test_each_time_another_one(self, portal_stage: PortalStage) -> None:
        assert portal_stage.details() != portal_stage.details()

    def test_costs_one_look(self, portal_stage: PortalStage) -> None:
        portal_stage.card()
        before = len(calls(portal_stage))
        portal_stage.open_details()
        assert len(calls(portal_stage)) == before + 1


class TestWaiting:
    def test_a_run_that_waits_says_when_to_ask_again(self, portal_stage: PortalStage) -> None:
        run_id = portal_stage.sync()["run_id"]
        with portal_stage.runtime.database.write() as session:
            run = session.get_one(SyncRun, run_id)
            run.resume_at, run.code = utc_now() + timedelta(seconds=60), "REQUEST_LIMIT_EXCEEDED"
        answer = portal_stage.card(run_id=run_id)
        assert answer["state"] == "waiting"
        assert answer["poll_after_ms"] == 10_000

    def test_without_a_database_it_is_told_as_busy_not_as_an_error(self, portal_stage: PortalStage) -> None:
        with portal_stage.runtime.database.write() as session:
            session.execute(text("ALTER TABLE connection RENAME TO gone"))
        for path in (CARD, SYNC):
            answer = portal_stage.call(path, portal_stage.asked(key=uuid.uuid4().hex))
            assert (answer["status"], answer["code"]) == ("busy", "NO_DATABASE")
            assert answer["message"] == "Our database does not answer."
            assert set(answer) == promised("CardAnswer")


def _record_of(stage: PortalStage, email: str) -> str:
    answer = stage.org.api().get("contacts", email, idProperty="email")
    return str(answer.json()["id"])


def _work_when_asked(stage: PortalStage) -> None:
    assert eventually(lambda: bool(stage.runtime.redis.llen("rq:queue:interactive")))
    stage.work()
