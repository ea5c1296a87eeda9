"""The inbox of conflicts: both values side by side, settled with one click, and once for ever if so wished."""

from __future__ import annotations

from sqlalchemy import select

from jobs.models import Conflict, FieldMapping, SyncLogEntry, SyncRun
from jobs.runtime import Runtime, utc_now
from jobs.shown import shown_stamp
from tests.admin.site import Visitor, audited

INBOX = "/admin/conflicts/"


def newest_run(runtime: Runtime) -> SyncRun:
    with runtime.database.read() as session:
        return session.scalars(select(SyncRun).order_by(SyncRun.id.desc()).limit(1)).one()


def rule_of_title(runtime: Runtime) -> str:
    with runtime.database.read() as session:
        query = select(FieldMapping).where(FieldMapping.crm_field == "Title", FieldMapping.object_mapping_id == 2)
        return session.scalars(query).one().conflict_rule


def test_it_shows_both_values_with_their_authors(admin: Visitor) -> None:
    page = admin.get(INBOX).text
    for words in ("Ana Sample", "Job title", "Head of Staff", "Sample Rep", "Chief of Staff", "was Assistant"):
        assert words in page


def test_a_choice_starts_a_sync_that_carries_it(admin: Visitor, runtime: Runtime) -> None:
    answer = admin.post(f"{INBOX}1", {"keep": "local"})
    run = newest_run(runtime)
    assert answer.location.endswith(f"/admin/runs/{run.id}")
    assert (run.choices, run.requested_by, run.readable_fields) == ({"job_title": "local"}, "admin@example.com", None)
    assert rule_of_title(runtime) == "most_recent"


def test_a_choice_goes_with_what_the_page_showed(admin: Visitor, runtime: Runtime) -> None:
    page = admin.get(INBOX).text
    admin.post(f"{INBOX}1", {"keep": "local", "shown": shown_stamp("Chief of Staff", "Head of Staff")})
    shown = newest_run(runtime).shown or {}
    assert f'name="shown" value="{shown["job_title"]}"' in page


def test_always_changes_the_rule_of_the_field_and_is_noted(admin: Visitor, runtime: Runtime) -> None:
    admin.post(f"{INBOX}1", {"keep": "crm", "always": "1"})
    assert rule_of_title(runtime) == "prefer_crm"
    noted = {each.action: each.details for each in audited(runtime)}
    assert noted["field.conflict_rule"]["choice"] == "crm"
    assert noted["sync.start"]["keeps"] == {"job_title": "crm"}


def test_nothing_but_the_two_sides_can_be_kept(admin: Visitor, runtime: Runtime) -> None:
    before = newest_run(runtime).id
    assert admin.post(f"{INBOX}1", {"keep": "both"}).status_code == 400
    assert admin.post(f"{INBOX}99", {"keep": "crm"}).status_code == 404
    assert newest_run(runtime).id == before


def test_a_settled_one_is_kept_to_look_at(admin: Visitor, runtime: Runtime) -> None:
    with runtime.database.write() as session:
        conflict = session.get_one(Conflict, 1)
        conflict.settled_at, conflict.settled_by, conflict.choice = utc_now(), "Sample Rep", "crm"
    assert "Nothing waits for a decision" in admin.get(INBOX).text
    assert "The CRM’s was kept" in admin.get(f"{INBOX}?state=settled").text
    assert "No conflict fits" in admin.get(f"{INBOX}?q=nobody").text


def test_the_log_names_the_field_that_both_sides_changed(admin: Visitor, runtime: Runtime) -> None:
    with runtime.database.write() as session:
        entry = session.get_one(SyncLogEntry, 1)
        entry.outcome, entry.message, entry.changes = "conflict", "", []
        entry.left_alone = [{"field": "job_title", "crm_field": "Title", "label": "Job title", "code": "BOTH_CHANGED"}]
    for path in ("/admin/logs/?outcome=conflict", "/admin/logs/1"):
        page = admin.get(path).text
        assert "Both sides changed Job title." in page
        assert "Nothing to do." not in page
