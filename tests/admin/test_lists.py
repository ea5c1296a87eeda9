"""Runs, the log and the audit trail: filtered by their address, page by page, with cause and remedy."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest

from jobs.models import SyncLogEntry, SyncRun
from jobs.runtime import Runtime, utc_now
from tests.admin.samples import CONTACT_ID
from tests.admin.site import Visitor
from widget.admin.listing import PAGE_SIZE


def runs_on(page: str) -> list[int]:
    return [int(number) for number in re.findall(r'href="/admin/runs/(\d+)">Run', page)]


def entries_on(page: str) -> list[int]:
    return [int(number) for number in re.findall(r'href="/admin/logs/(\d+)">', page)]


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("", [4, 3, 2, 1]),
        ("status=failed", [3]),
        ("status=partial&object=Contact&kind=single&trigger=panel&connection=1", [4]),
        ("trigger=schedule", []),
        ("connection=2", []),
        ("connection=abc&status=nonsense&page=999&first=yesterday", [4, 3, 2, 1]),
        ("connection=99999999999999999999", [4, 3, 2, 1]),
        ("q=STRING_TOO", [3]),
        ("q=REP@example", [4, 3, 2, 1]),
        ("q=%25_%5C", []),
        ("q=%00", []),
        ("first=9999-12-31", []),
        ("last=9999-12-31", [4, 3, 2, 1]),
        ("last=2001-01-01", []),
    ],
)
def test_runs_are_filtered_by_the_address(admin: Visitor, query: str, shown: list[int]) -> None:
    assert runs_on(admin.get(f"/admin/runs/?{query}").text) == shown


@pytest.mark.parametrize(
    ("query", "shown"),
    [
        ("outcome=updated", [1]),
        ("direction=outbound", [3]),
        ("code=AMBIGUOUS_MATCH", [2]),
        ("object=Lead", []),
        ("q=too+long", [3]),
        (f"q={CONTACT_ID}", [4, 3, 1]),
    ],
)
def test_the_log_is_filtered_by_the_address(admin: Visitor, query: str, shown: list[int]) -> None:
    assert entries_on(admin.get(f"/admin/logs/?{query}").text) == shown


def test_an_empty_list_says_the_next_step(admin: Visitor) -> None:
    assert "No run fits these filters" in admin.get("/admin/runs/?status=queued").text


def test_long_lists_have_pages_that_keep_the_filters(runtime: Runtime, admin: Visitor) -> None:
    now = utc_now()
    with runtime.database.write() as session:
        session.add_all(
            SyncRun(connection_id=1, kind="full", trigger="admin", status="succeeded", created_at=now, enqueue_at=now)
            for _ in range(PAGE_SIZE + 5)
        )
    first = admin.get("/admin/runs/?kind=full")
    assert f"{PAGE_SIZE + 5} runs" in first.text
    assert len(runs_on(first.text)) == PAGE_SIZE
    assert 'href="?kind=full&amp;page=2"' in first.text
    assert len(runs_on(admin.get("/admin/runs/?kind=full&page=2").text)) == 5


def test_a_run_tells_its_counts_calls_duration_and_entries(admin: Visitor) -> None:
    page = admin.get("/admin/runs/3").text
    for told in ("Failed", "340 ms", "STRING_TOO_LONG", "Shorten it, then sync again.", "rep@example.com"):
        assert told in page


def test_only_an_open_run_is_asked_for_again_and_again(runtime: Runtime, admin: Visitor) -> None:
    assert "every 2s" not in admin.get("/admin/runs/1").text
    opened = admin.post("/admin/runs/1/again").location
    assert "every 2s" in admin.get(opened).text


def test_an_entry_tells_old_and_new_per_side_and_what_was_left_alone(admin: Visitor) -> None:
    page = admin.get("/admin/logs/1").text
    for told in ("Changed here", "Head of Staff", "Chief of Staff", "Left alone on purpose", "It has a value already."):
        assert told in page


def test_an_entry_with_candidates_leads_to_linking_the_right_one(admin: Visitor) -> None:
    page = admin.get("/admin/logs/2").text
    link = re.search(r'href="(/admin/links/new\?[^"]+)"', page)
    assert link is not None
    assert "Ana Sample" in admin.get(link.group(1).replace("&amp;", "&")).text


def test_times_are_relative_with_the_exact_time_beside_them(admin: Visitor) -> None:
    page = admin.get("/admin/runs/1").text
    assert re.search(r'<time datetime="[^"]+\+00:00" title="[^"]+ UTC">3 min ago</time>', page)


def test_the_overview_names_what_needs_attention(runtime: Runtime, admin: Visitor) -> None:
    page = admin.get("/admin/").text
    assert "1 run failed in the last 24 hours" in page
    assert "several candidates" in page
    assert "clock is not running" not in page


def test_the_overview_says_when_the_clock_has_stopped(runtime: Runtime, admin: Visitor) -> None:
    from jobs.models import Heartbeat

    with runtime.database.write() as session:
        session.get_one(Heartbeat, "clock").beat_at = utc_now() - timedelta(minutes=5)
    assert "The clock is not running" in admin.get("/admin/").text


def test_with_nothing_connected_the_overview_says_where_to_start(runtime: Runtime, admin: Visitor) -> None:
    from jobs.models import Base

    with runtime.database.write() as session:
        for table in reversed(Base.metadata.sorted_tables):
            if table.name != "user_account":
                session.execute(table.delete())
    assert "Connect a Salesforce org or a HubSpot account first" in admin.get("/admin/").text
    for path in ("connections", "objects", "links", "records", "runs", "logs", "audit"):
        assert 'class="card empty"' in admin.get(f"/admin/{path}/").text, path


def test_the_audit_trail_shows_who_what_and_names_secrets_only(admin: Visitor) -> None:
    page = admin.get("/admin/audit/?who=admin@example.com&action=connection.create").text
    assert "Connection Sample Org" in page
    assert "client secret" in page
    assert "set, never shown" in page


def test_a_value_in_the_log_is_text_and_never_markup(runtime: Runtime, admin: Visitor) -> None:
    with runtime.database.write() as session:
        entry = session.get_one(SyncLogEntry, 1)
        entry.record_name = entry.message = "<img src=x onerror=alert(1)>"
    for path in ("/admin/logs/", "/admin/logs/1", "/admin/runs/1", "/admin/records/1"):
        assert "<img" not in admin.get(path).text
