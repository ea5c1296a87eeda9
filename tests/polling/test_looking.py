"""What no hint told of is found by looking: every change once, nothing that is known, nothing from before."""

from __future__ import annotations

from datetime import timedelta

from jobs import polling
from jobs.models.connection import ACTIVE, BROKEN
from jobs.runtime import utc_now
from jobs.sync.look import look_as_connection
from tests.polling.conftest import Watch
from tests.support.hinting import hint


def open_panel(watch: Watch, record_id: str) -> None:
    """What a panel does before it is drawn: it looks, and syncs nothing."""
    place = watch.place
    with watch.runtime.database.look() as database:
        mapping = watch.runtime.mappings.find(database, place.office.connection_id, place.object)
    look_as_connection(watch.runtime, place.office.connection, mapping, record_id)


def test_a_change_whose_hint_was_lost_is_brought_in(watch: Watch) -> None:
    place = watch.place
    ana, bo = place.known("Ana"), place.known("Bo")
    place.office.edit(ana, **{place.title: "Owner"})
    assert watch.look() == [ana]
    watch.bring()
    assert place.office.values(place.ours(ana), "job_title") == {"job_title": "Owner"}
    assert place.office.values(place.ours(bo), "job_title") == {"job_title": "Buyer"}
    assert (watch.mark.found_count, watch.mark.looked_at is not None) == (1, True)


def test_a_new_record_becomes_one_here(watch: Watch) -> None:
    place = watch.place
    ana = place.office.in_crm(place.object, **{place.last_name: "Ana", place.email: "ana@example.com"})
    place.office.edit(ana, **{place.title: "Owner"})
    assert watch.look() == [ana]
    watch.bring()
    assert place.office.values(place.ours(ana), "job_title") == {"job_title": "Owner"}


def test_what_was_deleted_there_is_deleted_here(watch: Watch) -> None:
    place = watch.place
    ana, stranger = place.known("Ana"), place.office.in_crm(place.object, **{place.last_name: "Stranger"})
    place.office.set_object(place.object, when_deleted_there="delete")
    place.delete(ana)
    place.delete(stranger)
    place.office.time_passes()
    assert watch.look() == [ana]
    watch.bring()
    assert place.office.local(place.ours(ana)).deleted_at is not None
    assert watch.look() == []


def test_a_deletion_that_was_only_seen_by_a_panel_is_still_news(watch: Watch) -> None:
    place = watch.place
    ana = place.known("Ana")
    place.delete(ana)
    place.office.time_passes()
    open_panel(watch, ana)
    assert watch.look() == [ana]


def test_a_change_that_was_only_seen_by_a_panel_is_still_news(in_portal: Watch) -> None:
    place = in_portal.place
    ana = place.known("Ana")
    place.office.edit(ana, **{place.title: "Owner"})
    open_panel(in_portal, ana)
    assert in_portal.look() == [ana]


def test_our_own_write_comes_back_and_is_no_news(watch: Watch) -> None:
    place = watch.place
    ana = place.known("Ana")
    place.office.change(place.ours(ana), job_title="Owner")
    place.sync(ana)
    assert place.title_of(ana) == "Owner"
    place.office.shift_crm_clock(minutes=1)
    assert watch.look() == []
    assert watch.look() == []
    assert watch.mark.known_until_at is not None
    link = place.office.link(place.object, ana)
    assert link is not None
    assert link.own_write_at is not None
    assert watch.mark.known_until_at > link.own_write_at


def test_what_a_hint_has_brought_is_no_news(watch: Watch) -> None:
    place = watch.place
    ana = place.known("Ana")
    place.office.edit(ana, **{place.title: "Owner"})
    hint(place.office, place.object, ana)
    watch.bring()
    assert watch.look() == []


def test_a_run_that_waits_takes_the_change_along(in_org: Watch) -> None:
    place = in_org.place
    ana = place.known("Ana")
    place.office.edit(ana, **{place.title: "Owner"})
    hint(place.office, place.object, ana)
    assert in_org.look() == []
    assert in_org.mark.found_count == 1


def test_a_person_who_may_not_see_every_field_does_not_settle_the_change(in_org: Watch) -> None:
    place = in_org.place
    ana = place.known("Ana")
    place.office.edit(ana, **{place.title: "Owner"})
    place.sync(ana, readable_fields=[place.last_name], editable_fields=[])
    assert in_org.look() == [ana]


def test_what_changed_before_the_object_was_switched_on_is_left(in_portal: Watch) -> None:
    place = in_portal.place
    ana = place.known("Ana")
    place.office.edit(ana, ago=timedelta(minutes=8), **{place.title: "Owner"})
    in_portal.set(began_at=utc_now() - timedelta(minutes=5))
    assert in_portal.look() == []


def test_switching_off_and_on_begins_anew(in_org: Watch) -> None:
    place = in_org.place
    for switch in (place.office.set_connection, lambda **on: place.office.set_object(place.object, **on)):
        name = "syncs_enabled" if switch == place.office.set_connection else "enabled"
        began_at = in_org.mark.began_at
        switch(**{name: False})
        assert in_org.tick() == 0
        switch(**{name: True})
        assert polling.start_due(in_org.runtime) == []
        assert in_org.mark.began_at > began_at
        assert in_org.mark.next_look_at > utc_now() + timedelta(minutes=50)


def test_a_crm_whose_clock_goes_wrong_loses_nothing(watch: Watch) -> None:
    place = watch.place
    for hours in (-3, 3):
        place.office.shift_crm_clock(hours=hours)
        ana = place.known(f"Ana{abs(hours + 1)}")
        watch.set(began_at=utc_now() - timedelta(minutes=5), known_until_at=None)
        place.office.edit(ana, **{place.title: "Owner"})
        assert watch.look() == [ana]
        watch.bring()
        assert watch.mark.known_until_at is not None
        assert watch.mark.known_until_at <= place.office.crm_now()
        assert watch.look() == []


def test_while_the_crm_is_away_the_watermark_stays(watch: Watch) -> None:
    place = watch.place
    ana = place.known("Ana")
    watch.look()
    known_until_at = watch.mark.known_until_at
    place.office.edit(ana, **{place.title: "Owner"})
    place.office.org.fault("status", "", status=503, count=None)
    assert watch.look() == []
    assert watch.mark.known_until_at == known_until_at
    assert watch.mark.lease_until is None
    place.office.org.control("faults", method="DELETE")
    assert watch.look() == [ana]


def test_a_broken_connection_is_not_asked_and_nothing_is_lost_when_it_is_let_in(in_portal: Watch) -> None:
    place = in_portal.place
    ana = place.known("Ana")
    place.office.edit(ana, **{place.title: "Owner"})
    place.office.set_connection(state=BROKEN)
    start = place.office.next_seq()
    assert in_portal.tick() == 0
    assert place.office.next_seq() == start
    place.office.set_connection(state=ACTIVE)
    assert in_portal.look() == [ana]


def test_what_the_day_has_left_is_for_people(in_org: Watch) -> None:
    """HubSpot tells nothing of its daily limit to an app that people signed in with."""
    place = in_org.place
    ana = place.known("Ana")
    place.office.edit(ana, **{place.title: "Owner"})
    place.office.org.control("limits", {"daily_api_requests": 1000, "used": 850})
    assert in_org.look() == []
    assert in_org.mark.next_look_at > utc_now() + timedelta(minutes=50)
    place.office.org.control("limits", {"used": 10})
    assert in_org.look() == [ana]
