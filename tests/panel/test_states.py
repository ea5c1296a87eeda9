"""Every state of the panel, reached the way a rep reaches it: real launches, real syncs, real trouble."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import func, select

from jobs.hints import Hint, take_hints
from jobs.models import Connection, RecordLink, SyncRun
from tests.support.screen import Screen
from tests.support.stage import Stage
from tests.support.together import together


def runs(stage: Stage) -> int:
    with stage.runtime.database.read() as session:
        return session.scalar(select(func.count()).select_from(SyncRun)) or 0


def chloe(stage: Stage) -> str:
    """Two of our records have her address."""
    return str(stage.org.api().rows("SELECT Id FROM Contact WHERE Email = 'chloe.specimen@example.net'")[0]["Id"])


class TestAtRest:
    def test_never_synced_and_matched_by_email(self, stage: Stage) -> None:
        screen = stage.open_panel().screen
        assert screen.headline == "This contact has not been synced yet."
        assert screen.link == "Matches Ana Sample by email"
        assert screen.rows["Job title"].differs
        assert screen.rows["Job title"].crm == "Chief of Staff"
        assert screen.rows["Job title"].ours == "Office Manager"
        assert screen.can_sync
        assert screen.asks_next == ""

    def test_never_synced_and_unknown_here(self, stage: Stage) -> None:
        screen = stage.open_panel("rep", "Opportunity").screen
        assert screen.told.endswith("A sync links it, or creates it on our side.")
        assert screen.link == "Not linked yet"

    def test_in_step(self, stage: Stage) -> None:
        stage.open_panel().synced()
        screen = stage.open_panel().screen
        assert (screen.headline, screen.health) == ("Both sides hold the same values.", "In step")
        assert screen.link == "Linked to Ana Sample"
        assert "by you" in screen.text

    def test_differs(self, stage: Stage) -> None:
        stage.open_panel().synced()
        stage.org.edit("Contact", stage.org.record("Contact"), {"Title": "Director"})
        stage.change_local("Ana Sample", first_name="Anna")
        screen = stage.open_panel().screen
        assert screen.headline == "2 fields differ."
        assert screen.rows["Job title"].crm == "Director"
        assert screen.rows["First name"].ours == "Anna"

    def test_a_field_that_no_sync_brings_in_step_is_not_promised_to_be(self, stage: Stage) -> None:
        """Lead score goes to Salesforce only; blank here from the start, it takes nothing from there away."""
        stage.change_local("Ana Sample", lead_score=None)
        stage.org.edit("Contact", stage.org.record("Contact"), {"Lead_Score__c": 40})
        stage.open_panel().synced()
        screen = stage.open_panel().screen
        assert (screen.headline, screen.health) == ("There is nothing to sync.", "In step")
        assert "1 field differs, and a sync leaves it as it is." in screen.told
        assert screen.rows["Lead score"].note == "A sync leaves this as it is"
        stage.change_local("Ana Sample", lead_score=50)
        assert stage.open_panel().screen.headline == "1 field differs."

    def test_one_choice_spelled_two_ways_does_not_differ(self, stage: Stage) -> None:
        stage.open_panel("rep", "Opportunity").synced()
        before = stage.open_panel("rep", "Opportunity").screen
        stage.change_local(before.name, stage=before.rows["Stage"].crm.upper())
        panel = stage.open_panel("rep", "Opportunity")
        assert panel.screen.headline == "Both sides hold the same values."
        assert panel.synced().headline == "Nothing to do."
        stage.change_local(before.name, stage="Something Else")
        assert stage.open_panel("rep", "Opportunity").screen.rows["Stage"].differs

    def test_it_names_who_synced_it_last(self, stage: Stage) -> None:
        stage.open_panel("rep").synced()
        assert "by Riley Rep" in stage.open_panel("limited_rep").screen.text


class TestOnTheWay:
    def test_queued_while_no_worker_is_free(self, stage: Stage) -> None:
        panel = stage.open_panel()
        screen = panel.sync()
        assert screen.headline == "Waiting for its turn."
        assert screen.is_busy
        assert not screen.can_sync
        assert screen.asks_next.startswith("/panel/runs/")

    def test_a_panel_opened_meanwhile_shows_the_run_that_is_on(self, stage: Stage) -> None:
        stage.open_panel("rep").sync()
        for screen in (stage.open_panel("limited_rep").screen, stage.open_panel("limited_rep").view()):
            assert screen.headline == "Waiting for its turn."
            assert "queue does not answer" not in screen.told
            assert screen.asks_next

    def test_running_at_its_step(self, stage: Stage) -> None:
        panel = stage.open_panel()
        stage.org.fault("latency", match="queryAll", seconds=1.5, count=1)
        panel.sync()
        with stage.working():
            seen = {panel.screen.headline}
            while panel.screen.asks_next:
                panel.follow_once()
                seen.add(panel.screen.headline)
        assert "Reading Salesforce." in seen
        assert panel.screen.headline == "2 fields from Salesforce, 1 field to Salesforce."

    def test_waiting_for_the_daily_limit_says_when_it_goes_on(self, stage: Stage) -> None:
        panel = stage.open_panel()
        panel.sync()
        stage.org.fault("rate_limit", match="/services/data", count=None)
        stage.work()
        panel.follow_once()
        assert panel.screen.headline == "Salesforce takes no more requests from us for now."
        assert "Your click is kept" in panel.screen.told
        assert re.search(r"Goes on in [45] min", panel.screen.told)
        assert panel.screen.code == "REQUEST_LIMIT_EXCEEDED"
        assert not panel.screen.can_sync

    def test_meanwhile_another_click_joins_and_calls_nothing(self, stage: Stage) -> None:
        stage.open_panel().sync()
        stage.org.fault("rate_limit", match="/services/data", count=None)
        stage.work()
        calls = len(stage.org.journal("call"))
        screen = stage.open_panel("limited_rep", by="lwc").sync()
        stage.work()
        assert screen.code == "REQUEST_LIMIT_EXCEEDED"
        assert runs(stage) == 1
        assert len(stage.org.journal("call")) == calls

    def test_waiting_while_the_crm_does_not_answer_and_then_done(self, stage: Stage) -> None:
        panel = stage.open_panel()
        panel.sync()
        stage.org.fault("status", count=None, status=503)
        stage.work()
        panel.follow_once()
        assert panel.screen.told.startswith("Salesforce is not available.")
        assert "Goes on" in panel.screen.told
        stage.org.control("faults", method="DELETE")
        make_due(stage)
        assert stage.tick()
        stage.work()
        assert panel.follow().headline == "2 fields from Salesforce, 1 field to Salesforce."


def make_due(stage: Stage) -> None:
    """As if the time until the next try had gone by."""
    with stage.runtime.database.write() as session:
        run = session.scalars(select(SyncRun)).one()
        run.resume_at = run.enqueue_at = run.created_at


class TestAfterTheRun:
    def test_done_in_both_directions(self, each_stage: Stage) -> None:
        screen = each_stage.open_panel().synced()
        assert screen.headline == "2 fields from Salesforce, 1 field to Salesforce."
        assert screen.rows["Job title"].note == "Changed here"
        assert screen.rows["Lead score"].note == "Changed in Salesforce"
        assert screen.entries == ["2 fields from Salesforce, 1 field to Salesforce"]
        ana = each_stage.org.api().read("Contact", each_stage.org.record("Contact"), "Title", "Lead_Score__c")
        assert (ana["Title"], ana["Lead_Score__c"]) == ("Chief of Staff", 72)
        assert each_stage.local("Ana Sample").values["job_title"] == "Chief of Staff"

    def test_done_by_making_one_of_ours(self, stage: Stage) -> None:
        screen = stage.open_panel("rep", "Opportunity").synced()
        assert screen.headline == "Created here from Salesforce."
        assert screen.entries == ["Created here from Salesforce"]

    def test_nothing_to_do(self, stage: Stage) -> None:
        panel = stage.open_panel()
        panel.synced()
        writes = len(stage.org.writes())
        screen = panel.synced()
        assert screen.told == "Nothing to do. Both sides hold the same values."
        assert screen.entries[0] == "Nothing to do"
        assert len(stage.org.writes()) == writes

    def test_skipped_without_an_email(self, stage: Stage) -> None:
        stage.org.edit("Contact", stage.org.record("Contact"), {"Email": None})
        screen = stage.open_panel().synced()
        assert screen.headline == "This Contact has no email address."
        assert "Add an email address in Salesforce, then sync again." in screen.told
        assert screen.code == "NO_EMAIL"
        assert stage.org.writes()[1:] == []

    def test_skipped_because_the_lead_was_converted(self, stage: Stage) -> None:
        panel = stage.open_panel("rep", "Lead")
        stage.org.control("convert_lead", {"id": stage.org.record("Lead")})
        screen = panel.synced()
        assert screen.told.startswith("This lead was converted.")
        assert "Open the contact it became" in screen.told

    def test_deleted_while_the_panel_was_open(self, stage: Stage) -> None:
        panel = stage.open_panel()
        stage.org.control("delete", {"object": "Contact", "id": stage.org.record("Contact")})
        screen = panel.synced()
        assert screen.headline == "This record was deleted in Salesforce."
        assert screen.code == "RECORD_DELETED"
        assert not screen.can_sync

    def test_deleted_before_it_was_opened_by_apex(self, stage: Stage) -> None:
        stage.org.control("delete", {"object": "Contact", "id": stage.org.record("Contact")})
        assert stage.open_panel(by="lwc").screen.code == "RECORD_DELETED"

    def test_purged_for_good(self, stage: Stage) -> None:
        stage.open_panel().synced()
        record = {"object": "Contact", "id": stage.org.record("Contact")}
        stage.org.control("delete", record)
        stage.org.control("purge", record)
        assert stage.open_panel(by="lwc").screen.code == "RECORD_DELETED"

    def test_restored_it_can_be_synced_again(self, stage: Stage) -> None:
        record = {"object": "Contact", "id": stage.org.record("Contact")}
        stage.org.control("delete", record)
        stage.open_panel(by="lwc")
        stage.org.control("undelete", record)
        assert stage.open_panel(by="lwc").screen.can_sync

    def test_failed_because_a_rule_of_the_crm_refused_it(self, stage: Stage) -> None:
        stage.open_panel().synced()
        stage.change_local("Ana Sample", lead_score=4711)
        panel = stage.open_panel()
        screen = panel.synced()
        assert screen.headline == "A rule in Salesforce refused the change: Lead Score must be between 0 and 100."
        assert "Follow it, then sync again." in screen.told
        assert screen.code == "FIELD_CUSTOM_VALIDATION_EXCEPTION"
        assert screen.can_sync
        assert screen.rows["Lead score"].differs

    def test_partly_done_when_one_field_was_refused(self, stage: Stage) -> None:
        stage.change_local("Ana Sample", lead_score=4711)
        screen = stage.open_panel().synced()
        assert screen.headline == "2 fields from Salesforce."
        assert screen.health == "Partly in step"
        assert "Lead Score must be between 0 and 100." in screen.told
        assert "4711" in screen.rows["Lead score"].ours.replace(",", "")

    def test_a_result_is_shown_to_the_visit_that_saw_it_and_then_how_things_stand(self, stage: Stage) -> None:
        panel = stage.open_panel()
        panel.synced()
        assert panel.view().headline == "Both sides hold the same values."


class TestSeveralCandidates:
    def test_ambiguous_names_each_and_one_click_links_the_right_one(self, each_stage: Stage) -> None:
        panel = each_stage.open_panel("rep", "Contact", chloe(each_stage))
        assert panel.screen.headline == "Several of our records could be this one."
        assert len(panel.screen.candidates) == 2
        chosen = next(each for each, words in panel.screen.candidates.items() if "Sales Manager" in words)
        response = panel.choose(chosen)
        assert response.status_code == 200
        each_stage.work()
        panel.screen = Screen(response.text)
        screen = panel.follow()
        assert screen.link.startswith("Linked to")
        with each_stage.runtime.database.read() as session:
            assert session.scalars(select(RecordLink.local_record_id)).one() == chosen

    def test_a_click_on_the_button_leaves_the_choice_open(self, stage: Stage) -> None:
        screen = stage.open_panel("rep", "Contact", chloe(stage)).synced()
        assert screen.code == "AMBIGUOUS_MATCH"
        assert len(screen.candidates) == 2

    def test_only_a_real_candidate_can_be_chosen(self, stage: Stage) -> None:
        panel = stage.open_panel("rep", "Contact", chloe(stage))
        ana = stage.local("Ana Sample").id
        for stranger in (ana, 4711, 0):
            assert panel.choose(stranger).status_code == 403
        assert runs(stage) == 0

    def test_one_that_is_somebody_else_is_taken_out_and_the_other_is_found(self, stage: Stage) -> None:
        panel = stage.open_panel("rep", "Contact", chloe(stage))
        other, right = panel.screen.candidates
        screen = panel.say_it_is_another(other)
        assert screen.candidates == {}
        assert panel.post("/panel/apart", data={"local_record_id": str(other)}).status_code == 403
        assert panel.synced().link.startswith("Linked to")
        with stage.runtime.database.read() as session:
            assert session.scalars(select(RecordLink.local_record_id)).one() == right

    def test_no_longer_once_it_is_linked(self, stage: Stage) -> None:
        panel = stage.open_panel("rep", "Contact", chloe(stage))
        first, second = panel.screen.candidates
        panel.choose(first)
        stage.work()
        assert panel.choose(second).status_code == 403

    def test_nothing_of_a_candidate_is_shown_that_the_rep_may_not_read(self, stage: Stage) -> None:
        record_id = chloe(stage)
        hidden = {"Contact.Title": "hidden"}
        stage.org.control("permissions", {"user": "limited_rep", "fields": hidden})
        panel = stage.open_panel("limited_rep", "Contact", record_id)
        assert len(panel.screen.candidates) == 2
        assert "Sales Manager" not in panel.screen.html


class TestSwitchedOff:
    def test_the_object(self, stage: Stage) -> None:
        panel = stage.open_panel()
        stage.change_object("Contact", enabled=False)
        screen = panel.view()
        assert screen.told.startswith("Contact sync is switched off. All values and links are kept.")
        assert screen.code == "OBJECT_OFF"
        assert not screen.can_sync

    def test_everything(self, stage: Stage) -> None:
        stage.change_connection(syncs_enabled=False)
        screen = stage.open_panel().screen
        assert (screen.headline, screen.code) == ("Syncs are switched off.", "SYNCS_OFF")
        assert not screen.can_sync

    def test_a_click_that_was_on_its_way_writes_nothing(self, stage: Stage) -> None:
        panel = stage.open_panel()
        stage.change_object("Contact", enabled=False)
        panel.synced()
        assert stage.org.writes() == []
        assert panel.screen.code == "OBJECT_OFF"

    def test_a_broken_connection_says_what_an_admin_can_do(self, stage: Stage) -> None:
        panel = stage.open_panel()
        stage.change_connection(client_secret_sealed=stage.runtime.vault.seal("not the secret"))
        screen = panel.synced()
        assert "The connection to Salesforce is broken: invalid client credentials." in screen.told
        assert "An admin can mend it under Connections." in screen.told
        opened_later = stage.open_panel().screen
        assert "The connection to Salesforce is broken: invalid client credentials." in opened_later.told
        assert opened_later.code == "invalid_client"


class TestJoining:
    def test_a_double_click_is_one_run(self, stage: Stage) -> None:
        panel = stage.open_panel()
        assert panel.sync().asks_next == panel.sync().asks_next
        assert runs(stage) == 1

    def test_two_reps_join_one_run_and_both_see_it_done(self, stage: Stage) -> None:
        one, other = stage.open_panel("rep"), stage.open_panel("rep", by="lwc")
        one.sync()
        other.sync()
        stage.work()
        assert one.follow().headline == other.follow().headline == "2 fields from Salesforce, 1 field to Salesforce."
        assert runs(stage) == 1
        assert len(stage.org.writes()) == 1

    def test_a_click_that_joins_what_the_crm_had_told_of_sees_that_nothing_was_to_do(self, stage: Stage) -> None:
        """Nobody had asked for that run, so it leaves no line in the log where both sides agree."""
        panel = stage.open_panel()
        panel.synced()
        with stage.runtime.database.read() as session:
            connection = session.get_one(Connection, stage.connection_id)
        hints = [Hint("Contact", stage.org.record("Contact"))]
        assert take_hints(stage.runtime, connection, hints, is_news=lambda _: True) == 1
        panel.sync()
        stage.work()
        screen = panel.follow()
        assert (runs(stage), "Sync again." in screen.told, "same values" in screen.told) == (2, False, True)

    def test_many_clicks_at_once_are_one_run_and_one_write(self, each_stage: Stage) -> None:
        panels = [each_stage.open_panel(by="lwc") for _ in range(3)]
        answers = together(*[each.sync for each in panels * 4])
        assert len({each.asks_next.partition("?")[0] for each in answers}) == 1
        each_stage.work()
        assert runs(each_stage) == 1
        assert len(each_stage.org.writes()) == 1

    def test_after_it_is_over_a_click_is_a_run_of_its_own(self, stage: Stage) -> None:
        panel = stage.open_panel()
        panel.synced()
        panel.synced()
        assert runs(stage) == 2


@pytest.mark.parametrize("by", ["canvas", "lwc"])
def test_by_either_launch_a_click_syncs_the_record(stage: Stage, by: str) -> None:
    assert stage.open_panel(by=by).synced().headline == "2 fields from Salesforce, 1 field to Salesforce."
