"""What the panel tells on demand, and undo: with a token, for its record, and only of fields this person may read."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from jobs import runs
from jobs.models import SyncRun
from jobs.records import create_local
from jobs.sync.push_ask import PushAsk
from jobs.tasks import request_push
from tests.support.screen import Screen
from tests.support.stage import Panel, Stage
from widget.tokens import mint_panel_token, open_panel_token


@pytest.fixture
def panel(stage: Stage) -> Panel:
    """Linked, with one sync in the log that brought the job title over."""
    panel = stage.open_panel()
    panel.synced()
    edit(stage, Title="Owner")
    panel.synced()
    return panel


def edit(stage: Stage, **fields: str) -> None:
    stage.org.edit("Contact", stage.org.record("Contact"), fields, user="rep")


def ask(panel: Panel, path: str) -> Screen:
    response = panel.get(path)
    assert response.status_code == 200, response.text
    return Screen(response.text)


def undo(panel: Panel, entry_id: int, **form: str) -> TestResponse:
    return panel.post("/panel/undo", data={"entry_id": str(entry_id), **form})


def undone(panel: Panel, entry_id: int, **form: str) -> Screen:
    """Press, let a worker do it, and see what came of it."""
    response = undo(panel, entry_id, **form)
    assert response.status_code == 200, response.text
    panel.screen = Screen(response.text)
    panel.stage.work()
    return panel.follow()


def entry_to_undo(screen: Screen) -> int:
    """The newest entry that offers an undo."""
    summaries = [each.get("id", "") for each in screen.root.iter("summary")]
    return int(next(each for each in summaries if each.startswith("undo-")).removeprefix("undo-"))


class TestUndo:
    def test_is_offered_with_the_words_of_what_will_be(self, panel: Panel) -> None:
        assert "Job title goes back to “Chief of Staff” here." in panel.screen.text

    def test_puts_it_back_and_says_so(self, panel: Panel) -> None:
        screen = undone(panel, entry_to_undo(panel.screen))
        assert screen.headline == "1 field put back here."
        assert "It stays so until either side is changed." in screen.told
        assert screen.health == "In step"
        row = screen.rows["Job title"]
        assert row.differs
        assert (row.crm, row.ours) == ("Owner", "Chief of Staff")
        assert screen.entries[0] == "1 field put back here"

    def test_a_field_that_is_not_written_there_any_more_is_named_before_and_stays(self, stage: Stage) -> None:
        panel = stage.open_panel()
        panel.synced()
        edit(stage, FirstName="Anna")
        stage.change_local("Ana Sample", job_title="Owner")
        panel.synced()
        stage.change_object("Contact", outbound=False)
        screen = panel.view()
        assert (
            "First name goes back to “Ana” here. Job title stays: Writing to Salesforce is switched off." in screen.text
        )

    def test_what_was_undone_is_marked_and_offers_no_second_one(self, panel: Panel) -> None:
        entry_id = entry_to_undo(panel.screen)
        screen = undone(panel, entry_id)
        assert "Undone" in screen.text
        assert f"undo-{entry_id}" not in screen.html
        assert undone(panel, entry_to_undo(screen)).rows["Job title"].ours == "Owner"  # an undo can be undone

    def test_one_field_alone(self, stage: Stage, panel: Panel) -> None:
        edit(stage, FirstName="Anna", Title="Director")
        entry_id = entry_to_undo(panel.synced())
        screen = undone(panel, entry_id, field="job_title")
        assert (screen.rows["Job title"].ours, screen.rows["First name"].ours) == ("Owner", "Anna")

    def test_says_that_it_is_at_work_meanwhile(self, panel: Panel) -> None:
        screen = Screen(undo(panel, entry_to_undo(panel.screen)).text)
        assert (screen.headline, screen.is_busy, bool(screen.asks_next)) == ("Undoing.", True, True)

    def test_is_not_offered_for_what_has_moved_on(self, stage: Stage, panel: Panel) -> None:
        entry_id = entry_to_undo(panel.screen)
        stage.change_local("Ana Sample", job_title="Director")
        assert f"undo-{entry_id}" not in panel.view().html
        screen = undone(panel, entry_id)
        assert screen.headline == "Job title stays as it is: It was changed since, and the newer value is kept."

    def test_is_finished_by_another_worker_when_its_own_has_died(self, stage: Stage, panel: Panel) -> None:
        undo(panel, entry_to_undo(panel.screen))
        stage.runtime.redis.flushall()
        with stage.runtime.database.write() as session:
            run_id = session.scalars(select(SyncRun.id).where(SyncRun.kind == "undo")).one()
            assert runs.claim(session, run_id, seconds=-1) is not None  # and never heard of again
        assert stage.tick() == [run_id]
        stage.work()
        assert panel.view().rows["Job title"].ours == "Chief of Staff"

    def test_needs_its_scope(self, stage: Stage, panel: Panel) -> None:
        entry_id = entry_to_undo(panel.screen)
        claims = open_panel_token(stage.settings, panel.token)
        panel.token = mint_panel_token(stage.settings, replace(claims, scopes=("view", "sync")))[0]
        assert undo(panel, entry_id).status_code == 403
        assert "Put back" not in panel.view().html

    def test_of_another_records_entry_is_refused(self, stage: Stage, panel: Panel) -> None:
        other = stage.open_panel("rep", "Account")
        response = undo(other, entry_to_undo(panel.screen))
        assert (response.status_code, (response.json or {})["error"]) == (409, "nothing_to_undo")

    def test_of_nonsense_is_refused(self, panel: Panel) -> None:
        assert panel.post("/panel/undo").status_code == 400
        for entry_id in ("", "-1", "1.5", "9" * 30, "1; DROP TABLE sync_run"):
            assert panel.post("/panel/undo", data={"entry_id": entry_id}).status_code == 400
        assert undo(panel, 10**17).status_code == 409

    def test_writes_nothing_a_rep_may_not_edit(self, stage: Stage) -> None:
        rep, limited = stage.open_panel(), stage.open_panel("limited_rep")
        rep.synced()
        stage.change_local("Ana Sample", job_title="Director")
        entry_id = entry_to_undo(rep.synced())
        assert f"undo-{entry_id}" not in limited.view().html
        writes = len(stage.org.writes())
        screen = undone(limited, entry_id)
        assert "You may not edit this field in Salesforce." in screen.told
        assert len(stage.org.writes()) == writes


class TestHistory:
    def test_tells_each_change_with_its_rule(self, panel: Panel) -> None:
        said = ask(panel, "/panel/history/Title").text
        assert "from Chief of Staff → to Owner" in said
        assert "by you, asked for in the panel. Only Salesforce had changed it." in said
        assert "The two records were linked for the first time." in said

    def test_says_why_it_is_what_it_is(self, panel: Panel) -> None:
        said = ask(panel, "/panel/history/Title").text
        assert "Both sides hold the same value." in said
        assert "It was last changed in Salesforce by Riley Rep." in said

    def test_costs_no_crm_call(self, stage: Stage, panel: Panel) -> None:
        before = len(stage.org.journal("call"))
        ask(panel, "/panel/history/Title")
        assert len(stage.org.journal("call")) == before

    def test_of_a_field_that_is_hidden_or_not_synced_is_not_found(self, stage: Stage) -> None:
        panel = stage.open_panel("limited_rep")
        panel.synced()
        for field in ("Phone", "title", "Nothing", "..", "%00", "x" * 300):
            assert panel.get(f"/panel/history/{field}").status_code == 404, field

    def test_needs_a_token(self, stage: Stage) -> None:
        assert stage.client.get("/panel/history/Title").status_code == 401


class TestExplain:
    def test_says_that_nothing_is_in_the_way(self, panel: Panel) -> None:
        said = ask(panel, "/panel/explain").text
        assert "Nothing keeps it from being synced." in said
        assert "It is linked to a record of ours" in said

    def test_says_where_it_stops_and_what_to_do(self, stage: Stage, panel: Panel) -> None:
        stage.change_object("Contact", enabled=False)
        said = ask(panel, "/panel/explain").text
        assert "It is not synced. Contact sync is switched off." in said
        assert "An admin can turn it on under Objects." in said

    def test_answers_also_when_the_crm_does_not(self, stage: Stage, panel: Panel) -> None:
        stage.org.fault("status", "queryAll", count=None, status=503)
        assert "The rest is told of what we saw last." in ask(panel, "/panel/explain").text

    def test_tells_nothing_of_a_hidden_field(self, stage: Stage) -> None:
        panel = stage.open_panel("limited_rep")
        panel.synced()
        said = ask(panel, "/panel/explain").text
        assert "Phone" not in said
        assert "1 field is hidden from you in Salesforce" in said


class TestARecordThatWasMadeOfOurs:
    def test_says_so_and_offers_no_undo_of_what_stays_in_the_crm(self, stage: Stage) -> None:
        with stage.runtime.database.write() as session:
            ben = create_local(
                session, "contact", {"email": "ben@mill.example", "last_name": "Sample"}, by="sample data"
            )
        run = request_push(stage.runtime, PushAsk(stage.connection_id, "Contact", ben.id, "admin")).run
        stage.work()
        with stage.runtime.database.read() as session:
            record_id = session.get_one(SyncRun, run.id).crm_record_id
        panel = stage.open_panel(record_id=record_id)
        assert panel.view().entries == ["Created in Salesforce from ours"]
        assert "undo-" not in panel.screen.html
        assert "goes back" not in ask(panel, "/panel/history/LastName").text
        assert "made the record in Salesforce of ours" in ask(panel, "/panel/explain").text
