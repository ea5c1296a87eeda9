"""What is kept apart: who said so and when, and allowing the two to be matched again."""

from __future__ import annotations

import pytest

from jobs.models import KeepApart, RecordLink
from jobs.runtime import Runtime
from tests.admin.samples import CONTACT_ID
from tests.admin.site import Visitor, audited, count

PAGE = "/admin/links/apart/"


@pytest.fixture
def apart_id(runtime: Runtime, admin: Visitor) -> int:
    """Ana and her contact are unlinked for good."""
    admin.post("/admin/links/1/unlink", {"apart": "1"})
    with runtime.database.read() as session:
        return session.query(KeepApart).one().id


def test_nothing_is_kept_apart_at_first(admin: Visitor) -> None:
    assert "Nothing is kept apart." in admin.get(PAGE).text
    assert PAGE in admin.get("/admin/links/").text


def test_it_names_both_records_and_who_said_so(admin: Visitor, apart_id: int) -> None:
    page = admin.get(PAGE).text
    results = page[page.index('id="results"') :]
    for words in ("Ana Sample", CONTACT_ID, "admin@example.com", "Allow matching again"):
        assert words in results


@pytest.mark.parametrize(
    ("query", "is_shown"),
    [("q=ana", True), ("q=admin@", True), ("object=Contact", True), ("q=nobody", False), ("object=Account", False)],
)
def test_a_pair_is_found_by_either_name_and_by_who_said_so(
    admin: Visitor, apart_id: int, query: str, is_shown: bool
) -> None:
    page = admin.get(f"{PAGE}?{query}").text
    assert (CONTACT_ID in page[page.index('id="results"') :]) is is_shown


def test_matching_is_allowed_again_and_nothing_is_linked_by_that(
    runtime: Runtime, admin: Visitor, apart_id: int
) -> None:
    links = count(runtime, RecordLink)
    answer = admin.post(f"{PAGE}{apart_id}/allow")
    assert "Ana Sample may be matched with it again" in admin.get(answer.location).text
    assert (count(runtime, KeepApart), count(runtime, RecordLink)) == (0, links)
    entry = audited(runtime)[-1]
    assert (entry.action, entry.subject) == ("link.allow_again", f"Contact {CONTACT_ID}")
    assert entry.details["before"]["kept apart by"] == "admin@example.com"
    assert admin.post(f"{PAGE}{apart_id}/allow").status_code == 404


def test_a_viewer_sees_them_and_changes_nothing(runtime: Runtime, viewer: Visitor, apart_id: int) -> None:
    assert "Ana Sample" in viewer.get(PAGE).text
    assert viewer.post(f"{PAGE}{apart_id}/allow").status_code == 403
    assert count(runtime, KeepApart) == 1
