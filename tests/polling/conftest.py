"""An office beside either CRM whose contacts are looked at: `watch.look()` is a tick, the queue and a worker."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import pytest
from rq import SimpleWorker
from rq.timeouts import TimerDeathPenalty
from sqlalchemy import select, update

from config.redis import QUEUE_NAMES, SERIALIZER, blocking_client, queue
from jobs import polling, schedule, worker
from jobs.models import ObjectMapping, SyncRun, Watermark
from jobs.models.run import OPEN
from jobs.runtime import utc_now
from tests.support.either_crm import Place, in_hubspot, in_salesforce, place
from tests.support.office_fixtures import (
    each_office,
    office,
    office_database,
    office_keys,
    office_on_postgres,
    office_org,
)
from tests.support.portal_fixtures import office_portal, portal_database, portal_office

__all__ = [
    "each_office",
    "in_hubspot",
    "office",
    "office_database",
    "office_keys",
    "office_on_postgres",
    "office_org",
    "office_portal",
    "place",
    "portal_database",
    "portal_office",
]


@dataclass
class Watch:
    place: Place

    @property
    def runtime(self) -> Any:
        return self.place.office.runtime

    @property
    def mapping_id(self) -> int:
        query = select(ObjectMapping.id).where(ObjectMapping.object == self.place.object)
        with self.runtime.database.read() as session:
            return int(session.scalars(query).one())

    @property
    def mark(self) -> Watermark:
        with self.runtime.database.read() as session:
            mark: Watermark = session.get_one(Watermark, self.mapping_id)
            return mark

    def begin(self, *, ago: timedelta = timedelta(minutes=30)) -> None:
        """The object was switched on that long ago."""
        polling.start_due(self.runtime)
        self.set(began_at=utc_now() - ago)

    def set(self, **values: Any) -> None:
        with self.runtime.database.write() as session:
            mine = update(Watermark).where(Watermark.object_mapping_id == self.mapping_id)
            session.execute(mine.values(**values))

    def tick(self) -> int:
        """The time of the next look has come, and the clock ticks; how many looks wait for a worker then."""
        self.set(next_look_at=utc_now(), enqueue_at=utc_now())
        schedule.tick(self.runtime)
        return int(queue("bulk", self.runtime.redis).count)

    def look(self) -> list[str]:
        """What a look opens runs for, which are left for `bring`."""
        self.tick()
        before = {each.id for each in self.runs()}
        self._work("bulk")
        return [each.crm_record_id for each in self.runs() if each.id not in before]

    def bring(self) -> None:
        """A worker does the runs that wait."""
        self._work(*QUEUE_NAMES)

    def runs(self, *, is_open: bool = False) -> list[SyncRun]:
        query = select(SyncRun).where(SyncRun.trigger == "schedule").order_by(SyncRun.id)
        with self.runtime.database.read() as session:
            return list(session.scalars(query.where(SyncRun.status.in_(OPEN)) if is_open else query))

    def _work(self, *names: Any) -> None:
        worker.use(self.runtime)
        with blocking_client(self.runtime.settings) as connection:
            queues = [queue(name, connection) for name in names]
            _Worker(queues, connection=connection, serializer=SERIALIZER).work(burst=True, logging_level="WARNING")


class _Worker(SimpleWorker):
    """The tests' own clock needs SIGALRM."""

    death_penalty_class = TimerDeathPenalty

    def _install_signal_handlers(self) -> None:
        pass


@pytest.fixture
def watch(place: Place) -> Watch:
    """The test runs twice: beside an org and beside a HubSpot account."""
    watch = Watch(place)
    for name in QUEUE_NAMES:
        queue(name, watch.runtime.redis).empty()
    watch.begin()
    return watch


@pytest.fixture
def in_portal(portal_office: Any) -> Watch:
    watch = Watch(in_hubspot(portal_office))
    watch.begin()
    return watch


@pytest.fixture
def in_org(office: Any) -> Watch:
    watch = Watch(in_salesforce(office))
    watch.begin()
    return watch
