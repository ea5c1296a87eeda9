"""Changes that a CRM shows late: an index that lags behind, a transaction that is committed long after it began."""

from __future__ import annotations

import time
from datetime import timedelta

from jobs.crm.hubspot_changes import SEARCH_LAG
from tests.polling.conftest import Watch


def test_a_change_that_the_search_does_not_show_yet_is_found_by_the_next_look(in_portal: Watch) -> None:
    place = in_portal.place
    ana = place.known("Ana")
    place.office.org.control("limits", {"search_lag_seconds": 1})
    place.office.edit(ana, ago=timedelta(seconds=20), **{place.title: "Owner"})
    assert in_portal.look() == []
    known_until_at = in_portal.mark.known_until_at
    assert known_until_at is not None
    assert known_until_at <= place.office.crm_now() - SEARCH_LAG
    time.sleep(1.1)
    assert in_portal.look() == [ana]


def test_a_transaction_that_is_committed_late_holds_the_watermark_back(in_org: Watch) -> None:
    place = in_org.place
    ana = place.known("Ana")
    began_at = place.office.crm_now()
    edit = {"object": place.object, "id": ana, "fields": {place.title: "Owner"}, "commit_after": 1}
    place.office.org.control("edit", edit)
    place.office.shift_crm_clock(minutes=30)
    assert in_org.look() == []
    assert in_org.mark.known_until_at is not None
    assert in_org.mark.known_until_at <= began_at
    time.sleep(1.2)
    assert in_org.look() == [ana]


def test_records_that_were_merged_away_are_found_with_the_one_they_live_on_as(in_portal: Watch) -> None:
    place = in_portal.place
    ana, bo = place.known("Ana"), place.known("Bo")
    place.office.org.control("merge", {"object": "contacts", "primary": ana, "other": bo})
    place.office.time_passes()
    found = in_portal.look()
    assert {ana, bo} <= set(found)
    in_portal.bring()
    assert in_portal.look() == []


def test_what_was_deleted_for_good_is_found_also_by_a_clock_that_is_hours_late(in_org: Watch) -> None:
    place = in_org.place
    place.office.shift_crm_clock(hours=3)
    ana = place.known("Ana")
    place.forget(ana)
    place.office.shift_crm_clock(hours=3, minutes=2)  # the seconds of a span are cut off
    assert in_org.look() == [ana]
    in_org.bring()
    assert in_org.look() == []
