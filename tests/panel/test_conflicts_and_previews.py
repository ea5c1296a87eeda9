"""The panel's own two questions: what would a sync change, and which of two values is to stay."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from jobs.models import AuditEntry, Conflict, FieldMapping, LocalRecord, SyncRun
from jobs.runtime import Runtime
from tests.support.stage import Panel, Stage

NAME = "Ana Sample"


@pytest.fixture
def synced(stage: Stage) -> Panel:
    panel = stage.open_panel()
    panel.synced()
    return panel


@pytest.fixture
def torn(stage: Stage, synced: Panel) -> Panel:
    """Both sides have changed the title, the rule is ask, and a sync has looked."""
    with stage.runtime.database.write() as session:
        for mapping in session.scalars(select(FieldMapping).where(FieldMapping.crm_field == "Title")):
            mapping.conflict_rule = "ask"
    stage.org.edit("Contact", stage.org.record("Contact"), {"Title": "Theirs"}, user="rep")
    stage.change_local(NAME, job_title="Ours")
    synced.synced()
    return synced


def conflict_of(runtime: Runtime) -> Conflict:
    with runtime.database.read() as session:
        return session.scalars(select(Conflict)).one()


def settle(panel: Panel, conflict: Conflict, **form: str) -> int:
    return panel.post(f"/panel/conflicts/{conflict.id}", data=form).status_code


class TestPreview:
    def test_it_says_each_change_with_both_values(self, stage: Stage, synced: Panel) -> None:
        stage.org.edit("Contact", stage.org.record("Contact"), {"Title": "Head of Samples"}, user="rep")
        text = synced.get("/panel/preview").text
        assert "1 field would change here." in text
        assert "Head of Samples" in text
        assert 'name="previewed"' in text

    def test_nothing_to_do_is_said(self, synced: Panel) -> None:
        assert "A sync would change nothing." in synced.get("/panel/preview").text

    def test_a_record_that_would_be_left_alone_says_why(self, stage: Stage, synced: Panel) -> None:
        stage.change_object("Contact", enabled=False)
        text = synced.get("/panel/preview").text
        assert "A sync would leave this record alone." in text
        assert "Contact sync is switched off." in text

    def test_a_crm_that_does_not_answer_is_named(self, stage: Stage, synced: Panel) -> None:
        stage.org.fault("status", match="/services/data", status=503, count=None)
        assert "It cannot be said right now" in synced.get("/panel/preview").text

    def test_what_this_person_may_not_read_is_not_in_it(self, stage: Stage, synced: Panel) -> None:
        limited = stage.open_panel("limited_rep")
        stage.org.edit("Contact", stage.org.record("Contact"), {"Phone": "+44 20 7946 0001"}, user="admin")
        assert "7946 0001" not in limited.get("/panel/preview").text

    def test_a_click_goes_with_the_stamp_of_the_preview_and_with_no_other_text(
        self, stage: Stage, synced: Panel
    ) -> None:
        for sent, kept in (("a" * 64, "a" * 64), ("x", ""), ("A" * 64, "")):
            synced.post("/panel/sync", data={"previewed": sent})
            with stage.runtime.database.read() as session:
                assert session.scalars(select(SyncRun).order_by(SyncRun.id.desc()).limit(1)).one().previewed == kept
            stage.work()

    def test_it_needs_a_token(self, stage: Stage) -> None:
        assert stage.client.get("/panel/preview").status_code == 401


class TestConflict:
    def test_it_is_shown_with_both_values_and_both_authors(self, torn: Panel) -> None:
        text = torn.get("/panel/view").text
        for words in ("Theirs", "Ours", "a colleague", "Keep ours", "Keep Salesforce’s", "Always do this for"):
            assert words in text
        assert torn.view().headline == "A field was changed on both sides."
        assert "Both ways; you choose when both change" in text

    def test_one_click_keeps_ours(self, stage: Stage, torn: Panel) -> None:
        assert settle(torn, conflict_of(stage.runtime), keep="local") == 200
        stage.work()
        assert stage.org.api("admin").read("Contact", stage.org.record("Contact"), "Title")["Title"] == "Ours"
        assert conflict_of(stage.runtime).choice == "local"
        assert torn.view().headline == "Both sides hold the same values."

    def test_one_click_keeps_theirs(self, stage: Stage, torn: Panel) -> None:
        settle(torn, conflict_of(stage.runtime), keep="crm")
        stage.work()
        with stage.runtime.database.read() as session:
            ours = session.scalars(select(LocalRecord).where(LocalRecord.name == NAME)).one()
        assert ours.values["job_title"] == "Theirs"

    @pytest.mark.parametrize("keep", ["crm", "local"])
    def test_a_button_keeps_one_of_the_two_values_it_stood_beside_and_no_other(
        self, stage: Stage, torn: Panel, keep: str
    ) -> None:
        [shown] = set(re.findall(r'"shown": "([0-9a-f]{64})"', torn.get("/panel/view").text))
        stage.change_local(NAME, job_title="Ours anew")
        stage.org.edit("Contact", stage.org.record("Contact"), {"Title": "Newer"}, user="rep")
        torn.synced()
        settle(torn, conflict_of(stage.runtime), keep=keep, shown=shown)
        stage.work()
        conflict = conflict_of(stage.runtime)
        assert (conflict.settled_at, conflict.ours, conflict.theirs) == (None, "Ours anew", "Newer")

    def test_always_is_kept_as_the_rule_and_audited(self, stage: Stage, torn: Panel) -> None:
        settle(torn, conflict_of(stage.runtime), keep="crm", always="1")
        with stage.runtime.database.read() as session:
            rules = session.scalars(select(FieldMapping.conflict_rule).where(FieldMapping.crm_field == "Title")).all()
            [noted] = session.scalars(select(AuditEntry).where(AuditEntry.action == "field.conflict_rule")).all()
        assert "prefer_crm" in rules
        assert noted.subject == "Contact.Title"

    def test_where_the_rules_are_the_admins_alone_it_is_not_offered_and_is_refused(
        self, stage: Stage, torn: Panel
    ) -> None:
        assert 'name="always"' in torn.get("/panel/view").text
        stage.change_object("Contact", reps_may_set_rules=False)
        shown = torn.get("/panel/view").text
        assert "Keep ours" in shown
        assert 'name="always"' not in shown
        conflict = conflict_of(stage.runtime)
        assert settle(torn, conflict, keep="crm", always="1") == 403
        with stage.runtime.database.read() as session:
            rules = session.scalars(select(FieldMapping.conflict_rule).where(FieldMapping.crm_field == "Title")).all()
        assert "prefer_crm" not in rules
        assert settle(torn, conflict, keep="crm") == 200

    def test_another_records_conflict_is_not_found(self, stage: Stage, torn: Panel) -> None:
        other = stage.open_panel(object_name="Account")
        assert settle(other, conflict_of(stage.runtime), keep="crm") == 404

    def test_a_choice_that_is_none_is_refused(self, stage: Stage, torn: Panel) -> None:
        assert settle(torn, conflict_of(stage.runtime), keep="both") == 400

    def test_a_person_without_the_right_to_edit_may_not_keep_ours(self, stage: Stage, torn: Panel) -> None:
        claims = {"fields": {"read": ["Email", "Title"], "edit": []}}
        reader = stage.open_panel(by="lwc", **claims)
        assert settle(reader, conflict_of(stage.runtime), keep="local") == 403
