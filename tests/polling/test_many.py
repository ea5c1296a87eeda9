"""Thousands at a time: in portions, in order, and whatever dies on the way, each of them once."""

from __future__ import annotations

import multiprocessing
import threading
from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import insert, update

from config.settings import Settings
from jobs import polling, watermarks, worker
from jobs.crm.http import _pool as crm_connections
from jobs.models import CrmRecord, SyncRun
from jobs.models.run import SUCCEEDED
from jobs.runtime import open_runtime, utc_now
from tests.polling.conftest import Watch
from tests.support.either_crm import in_salesforce
from tests.support.office import Office
from tests.support.processes import eventually

MANY = 2_500


def import_many(watch: Watch, count: int) -> list[str]:
    """So many records that an import made in one and the same second."""
    place = watch.place
    moment = place.office.crm_now() - timedelta(minutes=2)
    records: list[dict[str, Any]] = [{place.last_name: f"Sample {number}"} for number in range(count)]
    body: dict[str, Any] = {"object": place.object, "records": records}
    if place.object == "Contact":
        stamp = f"{moment:%Y-%m-%dT%H:%M:%S}.000+0000"
        for each in records:
            each |= dict.fromkeys(("CreatedDate", "LastModifiedDate", "SystemModstamp"), stamp)
    else:
        body["modified_at"] = f"{moment:%Y-%m-%dT%H:%M:%S.000Z}"
    return [str(each) for each in place.office.org.control("records", body)["ids"]]


def all_done(watch: Watch) -> None:
    """As if workers had done all runs that wait."""
    with watch.runtime.database.write() as session:
        session.execute(update(SyncRun).values(status=SUCCEEDED))


def are_known(watch: Watch, record_ids: list[str]) -> None:
    """As if workers had read them all."""
    now, place = utc_now(), watch.place
    same = {"connection_id": place.office.connection_id, "object": place.object, "name": "", "values": {}}
    same |= {"is_deleted": False, "modified_by": "", "seen_at": now, "synced_stamp_at": now, "synced_as_deleted": False}
    with watch.runtime.database.write() as session:
        session.execute(insert(CrmRecord), [same | {"crm_record_id": each} for each in record_ids])


def test_a_flood_comes_in_portions_and_the_watermark_waits_for_the_last(watch: Watch) -> None:
    made = import_many(watch, MANY)
    first = watch.look()
    assert len(first) == polling.MOST_IDS
    assert (watch.mark.known_until_at, watch.mark.looked_at) == (None, None)
    assert watch.look() == []  # there is no room as long as all of them wait
    all_done(watch)
    rest = watch.look()
    assert sorted(first + rest) == sorted(made)
    assert watch.mark.found_count == MANY
    assert watch.mark.known_until_at is not None


def test_what_is_known_counts_as_well(in_org: Watch) -> None:
    are_known(in_org, import_many(in_org, polling.MOST_IDS + 1))
    in_org.look()
    assert (in_org.mark.found_so_far, in_org.mark.since_at is not None) == (0, True)
    in_org.look()
    assert (in_org.mark.found_count, in_org.mark.since_at) == (0, None)


def test_a_worker_that_is_killed_loses_nothing_and_doubles_nothing(watch: Watch) -> None:
    made = import_many(watch, 700)
    watch.tick()
    # Salesforce's second page; HubSpot's third has to wait for its turn.
    watch.place.office.org.fault("latency", r"queryAll.*Id", seconds=1, count=None)
    child = multiprocessing.get_context("fork").Process(
        target=work_alone, args=(watch.runtime.settings, watch.mapping_id)
    )
    child.start()
    assert eventually(lambda: bool(watch.runs()))
    child.kill()
    child.join()
    watch.place.office.org.control("faults", method="DELETE")
    assert 0 < len(watch.runs()) < len(made)
    assert watch.look() == []  # the lease is still held
    watch.set(lease_until=utc_now() - timedelta(seconds=1))
    watch.look()
    assert sorted(each.crm_record_id for each in watch.runs()) == sorted(made)


def work_alone(settings: Settings, mapping_id: int) -> None:
    """In a process of its own: what its parent had open is not its."""
    crm_connections.cache_clear()
    runtime = open_runtime(settings)
    worker.use(runtime)
    polling.look_for_changes(mapping_id)


def test_two_clocks_and_two_workers_look_once(each_office: Office) -> None:
    watch = Watch(in_salesforce(each_office))
    watch.begin()
    watch.set(next_look_at=utc_now(), enqueue_at=utc_now())
    told: list[list[int]] = []
    claimed: list[bool] = []

    def clock() -> None:
        told.append(polling.start_due(each_office.runtime))
        with each_office.runtime.database.write() as session:
            claimed.append(watermarks.claim(session, watch.mapping_id) is not None)

    clocks = [threading.Thread(target=clock) for _ in range(4)]
    for each in clocks:
        each.start()
    for each in clocks:
        each.join()
    assert [each for looks in told for each in looks] == [watch.mapping_id]
    assert sorted(claimed) == [False, False, False, True]


def test_a_worker_that_was_thought_dead_moves_nothing(in_org: Watch) -> None:
    with in_org.runtime.database.write() as session:
        session.execute(update(SyncRun).values(status=SUCCEEDED))
    in_org.set(next_look_at=utc_now() - timedelta(seconds=1))
    with in_org.runtime.database.write() as session:
        slow = watermarks.claim(session, in_org.mapping_id)
    assert slow is not None
    in_org.set(lease_until=utc_now() - timedelta(seconds=1))
    in_org.look()
    known_until_at = in_org.mark.known_until_at
    with pytest.raises(watermarks.LeaseLost), in_org.runtime.database.write() as session:
        watermarks.finish(session, slow, found=1, every=timedelta(hours=1))
    assert in_org.mark.known_until_at == known_until_at
