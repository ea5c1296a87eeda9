"""getUpdated and getDeleted, and the watermark that is safe to keep."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta

import pytest

from tests.support.org_server import Api, OrgServer, error_of


def at(offset: timedelta) -> str:
    return (datetime.now(UTC) + offset).strftime("%Y-%m-%dT%H:%M:%SZ")


def span(api: Api, what: str, start: timedelta = -timedelta(minutes=10), end: timedelta = timedelta(minutes=3)) -> dict:  # type: ignore[type-arg]
    answer = api.get(f"/sobjects/Contact/{what}/", params={"start": at(start), "end": at(end)})
    assert answer.status_code == 200, answer.text
    return dict(answer.json())


def test_updated_tells_the_ids_that_changed(org_server: OrgServer, api: Api) -> None:
    ana = org_server.record("Contact")
    assert ana not in span(api, "updated")["ids"]
    api.patch(f"/sobjects/Contact/{ana}", {"Title": "X"})
    assert span(api, "updated")["ids"] == [ana]


def test_it_goes_by_system_modstamp(org_server: OrgServer, api: Api) -> None:
    ana = org_server.record("Contact")
    org_server.control("system_touch", {"object": "Contact", "id": ana})
    assert span(api, "updated")["ids"] == [ana]


def test_deleted_tells_id_and_time(org_server: OrgServer, api: Api) -> None:
    ana = org_server.record("Contact")
    api.delete(f"/sobjects/Contact/{ana}")
    answer = span(api, "deleted")
    assert [each["id"] for each in answer["deletedRecords"]] == [ana]
    assert answer["deletedRecords"][0]["deletedDate"].endswith("+0000")
    assert answer["earliestDateAvailable"] < answer["latestDateCovered"]
    assert ana not in span(api, "updated")["ids"]


def test_a_purged_record_is_still_told_as_deleted(org_server: OrgServer, api: Api) -> None:
    ana = org_server.record("Contact")
    api.delete(f"/sobjects/Contact/{ana}")
    org_server.control("purge", {"object": "Contact", "id": ana})
    assert [each["id"] for each in span(api, "deleted")["deletedRecords"]] == [ana]


def test_the_covered_date_is_cut_to_the_minute_and_never_in_the_future(api: Api) -> None:
    covered = span(api, "updated")["latestDateCovered"]
    assert covered.endswith(":00.000+0000")
    assert covered[:16] <= at(timedelta())[:16]


def test_an_open_transaction_holds_the_covered_date_back(org_server: OrgServer, api: Api) -> None:
    """The change shows up late, under a stamp that a plain watermark would have passed."""
    ana = org_server.record("Contact")
    org_server.control("clock", {"offset_seconds": -600})
    org_server.edit("Contact", ana, {"Title": "Late"}, user="rep", commit_after=2.5)
    org_server.control("clock", {"offset_seconds": 0})
    during = span(api, "updated", start=-timedelta(minutes=30))
    assert during["ids"] == []
    assert during["latestDateCovered"] <= at(-timedelta(minutes=10))
    deadline = time.monotonic() + 30
    while not org_server.writes() and time.monotonic() < deadline:
        time.sleep(0.05)
    after = span(api, "updated", start=-timedelta(minutes=30))
    assert after["ids"] == [ana]
    assert after["latestDateCovered"] > during["latestDateCovered"]
    assert api.read("Contact", ana, "SystemModstamp")["SystemModstamp"] < at(-timedelta(minutes=9))


@pytest.mark.parametrize(
    ("what", "start", "end"),
    [
        ("updated", at(-timedelta(minutes=1)), at(timedelta())),
        ("updated", at(timedelta()), at(-timedelta(hours=1))),
        ("updated", at(-timedelta(days=31)), at(timedelta())),
        ("deleted", at(-timedelta(days=16)), at(timedelta())),
        ("updated", "yesterday", at(timedelta())),
        ("deleted", at(-timedelta(hours=1)), ""),
        ("updated", "0001-01-01T00:00:00+12:00", at(timedelta())),
    ],
    # Named: what is made of the time of day has another name in every test process.
    ids=["too short", "backwards", "31 days back", "16 days back", "no time", "no end", "before the calendar"],
)
def test_an_impossible_span_is_refused(api: Api, what: str, start: str, end: str) -> None:
    answer = api.get(f"/sobjects/Contact/{what}", params={"start": start, "end": end})
    assert error_of(answer) == (400, "INVALID_REPLICATION_DATE")


def test_both_ends_are_needed(api: Api) -> None:
    answer = api.get("/sobjects/Contact/updated", params={"start": at(-timedelta(hours=1))})
    assert error_of(answer) == (400, "INVALID_REPLICATION_DATE")
