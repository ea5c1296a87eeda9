"""Undo, history and explanation on the admin pages: asked once, with the words of what will be, then done by a run."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from jobs.models import ObjectMapping, SyncLogEntry, SyncRun
from jobs.runtime import Runtime
from tests.admin.samples import OTHER_CONTACT_ID
from tests.admin.site import Visitor, audited

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def undo_runs(runtime: Runtime) -> list[tuple[int | None, int | None, str | None]]:
    with runtime.database.read() as session:
        runs = session.scalars(select(SyncRun).where(SyncRun.kind == "undo").order_by(SyncRun.id))
        return [(each.undoes_run_id, each.undoes_entry_id, each.undoes_field) for each in runs]


def test_a_run_is_undone_by_a_run_after_one_question(runtime: Runtime, admin: Visitor) -> None:
    assert 'href="/admin/runs/1/undo"' in admin.get("/admin/runs/1").text
    question = admin.get("/admin/runs/1/undo").text
    assert "What this run wrote to 1 record goes back to what it was, here and in Salesforce." in question
    assert undo_runs(runtime) == []
    answer = admin.post("/admin/runs/1/undo")
    assert answer.status_code == 303
    assert undo_runs(runtime) == [(1, None, None)]
    page = admin.get(answer.headers["Location"]).text
    assert "Undo: Contact" in page
    assert 'href="/admin/runs/1">Run 1</a>' in page


def test_a_second_press_joins_the_open_undo(runtime: Runtime, admin: Visitor) -> None:
    places = {admin.post("/admin/runs/1/undo").headers["Location"] for _ in range(2)}
    assert len(places) == len(undo_runs(runtime)) == 1


def test_an_entry_or_one_field_of_it(runtime: Runtime, admin: Visitor) -> None:
    question = admin.get("/admin/logs/1/undo?field=job_title").text
    assert "goes back from Chief of Staff to Head of Staff here." in question
    admin.post("/admin/logs/1/undo", {"field": "job_title"})
    admin.post("/admin/logs/1/undo")
    assert undo_runs(runtime) == [(None, 1, "job_title"), (None, 1, None)]
    assert [each.action for each in audited(runtime)][-2:] == ["undo.start", "undo.start"]


def test_what_changed_nothing_offers_no_undo_and_refuses_one(runtime: Runtime, admin: Visitor) -> None:
    assert "/undo" not in admin.get("/admin/logs/2").text
    assert "Nothing was changed, so there is nothing to undo." in admin.get("/admin/logs/2/undo").text
    answer = admin.post("/admin/logs/2/undo")
    assert "nothing to undo" in admin.get(answer.headers["Location"]).text
    assert undo_runs(runtime) == []


def test_a_field_that_is_not_written_there_any_more_is_named_before(runtime: Runtime, admin: Visitor) -> None:
    with runtime.database.write() as session:
        entry = session.get_one(SyncLogEntry, 1)
        entry.changes = [each | {"side": "crm"} for each in entry.changes]
        session.scalars(select(ObjectMapping).where(ObjectMapping.object == "Contact")).one().outbound = False
    question = admin.get("/admin/logs/1/undo?field=job_title").text
    assert "stays as it is in Salesforce: Writing to Salesforce is switched off." in question
    assert "Put back" not in question


def test_ours_that_went_with_theirs_is_asked_about_as_a_whole(runtime: Runtime, admin: Visitor) -> None:
    with runtime.database.write() as session:
        session.get_one(SyncLogEntry, 1).code = "DELETED_ON_BOTH"
    question = admin.get("/admin/logs/1/undo?field=job_title").text
    assert '<input type="hidden" name="field" value="">' in question


def test_an_entry_says_by_whom_it_was_taken_back(runtime: Runtime, admin: Visitor) -> None:
    with runtime.database.write() as session:
        first = session.get_one(SyncLogEntry, 1)
        values = {each.key: getattr(first, each.key) for each in SyncLogEntry.__table__.columns if each.key != "id"}
        session.add(SyncLogEntry(**values | {"undoes_entry_id": 1, "by": "Riley Rep"}))
    page = admin.get("/admin/logs/1").text
    assert "Taken back" in page
    assert "by Riley Rep" in page
    assert "This took back" in admin.get("/admin/logs/5").text
    assert "Undone" in admin.get("/admin/records/1/history/job_title").text


def test_the_history_of_a_field_names_run_rule_and_person(admin: Visitor) -> None:
    assert 'href="/admin/records/1/history/job_title"' in admin.get("/admin/records/1").text
    page = admin.get("/admin/records/1/history/job_title").text
    for said in (
        "Head of Staff",
        "Chief of Staff",
        "rep@example.com",
        "Run 1</a>",
        "/admin/logs/1/undo?field=job_title",
    ):
        assert said in page
    assert "No sync has changed this field yet." in admin.get("/admin/records/1/history/email").text


def test_the_history_of_a_field_that_is_not_there_is_missing(admin: Visitor) -> None:
    assert admin.get("/admin/records/1/history/nothing").status_code == 404
    assert admin.get("/admin/records/4711/history/email").status_code == 404


def test_a_viewer_reads_history_and_explanation_and_undoes_nothing(runtime: Runtime, viewer: Visitor) -> None:
    assert viewer.get("/admin/records/1/history/job_title").status_code == 200
    assert viewer.get("/admin/links/1/explain").status_code == 200
    assert viewer.post("/admin/runs/1/undo").status_code == 403
    assert undo_runs(runtime) == []


def test_an_explanation_tells_where_it_stops_without_asking_the_crm(runtime: Runtime, admin: Visitor) -> None:
    page = admin.get("/admin/logs/1/explain").text
    assert "Syncs are switched on." in page
    assert "Read it afresh" in page
    admin.post("/admin/connections/1/switch", {"on": "0"})
    page = admin.get("/admin/links/1/explain").text
    assert "Why is Ana Sample not synced?" in page
    assert "Syncs are switched off. An admin can turn them on under Connections." in page


def test_what_was_made_in_the_crm_offers_no_undo_and_says_why(runtime: Runtime, admin: Visitor) -> None:
    with runtime.database.write() as session:
        entry = session.get_one(SyncLogEntry, 1)
        entry.outcome, entry.direction = "created", "outbound"
        entry.changes = [{**change, "side": "crm", "old": None} for change in entry.changes]
    assert "/admin/logs/1/undo" not in admin.get("/admin/logs/1").text
    assert "undo deletes nothing in Salesforce" in admin.get("/admin/logs/1/undo").text


def test_an_entry_about_no_crm_record_lists_candidates_there_and_syncs_nothing(
    runtime: Runtime, admin: Visitor
) -> None:
    """As a push leaves it that found several."""
    with runtime.database.write() as session:
        entry = session.get_one(SyncLogEntry, 2)
        entry.crm_record_id, entry.code = "", "AMBIGUOUS_THERE"
        entry.candidates = [{"crm_record_id": OTHER_CONTACT_ID, "name": "Ana Sampler"}]
    page = admin.get("/admin/logs/2").text
    assert "Ana Sampler" in page
    assert f"crm_record_id={OTHER_CONTACT_ID}" in page
    assert "/admin/logs/2/again" not in page
    answer = admin.post("/admin/logs/2/again")
    assert "create it from the page of our record" in admin.get(answer.headers["Location"]).text
