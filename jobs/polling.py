"""Looking for changes: every now and then each CRM is asked what changed. Hints are quicker; this is complete.

    the tick: whose look is due? → a job: ask page by page → a run for each record that is not at that version here

A page's runs and the place behind it are one transaction; the watermark moves in that of the last page, to where the
CRM says that nothing can be missing before. So wherever a worker dies, the next one goes on behind the last page.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

import structlog
from redis.exceptions import RedisError
from sqlalchemy import func, literal, select, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from config.redis import queue
from jobs import usage, watermarks
from jobs.crm.adapters import open_changes
from jobs.crm.changes import ChangeReader, Page, Span
from jobs.crm.errors import ConnectionBroken, CrmError, RateLimited, RetryLater
from jobs.hints import Hint, open_runs
from jobs.models import Connection, ObjectMapping, SyncRun, Watermark
from jobs.models.base import UtcDateTime
from jobs.models.connection import BROKEN
from jobs.models.run import OPEN
from jobs.runs import LeaseLost
from jobs.runtime import Runtime, utc_now
from jobs.sync.news import news
from jobs.tasks import JOB_SECONDS, enqueue_many
from jobs.worker import current_runtime

log = structlog.get_logger()

TRIGGER = "schedule"
# Changes may be committed, and found by a search, later than they are stamped.
LOOKBACK = timedelta(minutes=10)
# Our clock is compared with the CRM's by whole seconds.
CLOCKS_DIFFER = timedelta(seconds=1)
# What is asked of the CRM before its clock is known.
FIRST_REACH = timedelta(days=1)
# So many ids at a time, and so many runs of a connection that wait: the rest is for the next ticks.
MOST_IDS = 2_000
MOST_OPEN = 2_000
# Of what the CRM allows in a day the rest is kept for people who click.
MOST_OF_ALLOWANCE = 0.8
TRY_AGAIN_AFTER = timedelta(minutes=1)
LOOK_AGAIN_FOR_ROOM = timedelta(seconds=10)


@dataclass(frozen=True)
class Look:
    """What a look is about. `reader` counts its own calls."""

    runtime: Runtime
    connection: Connection
    object: str
    reader: ChangeReader

    @property
    def every(self) -> timedelta:
        return interval(self.runtime)


def interval(runtime: Runtime) -> timedelta:
    return timedelta(minutes=runtime.settings.look_every_minutes)


def start_due(runtime: Runtime) -> list[int]:
    """Tell the queue of each look that is due: the ids of their mappings. For the tick."""
    with runtime.database.read() as session:
        moved, due = watermarks.switches_moved(session), watermarks.due(session)
    if moved:
        with runtime.database.write() as session:
            watermarks.keep_up_with_switches(session, interval(runtime))
    if not due:
        return []
    with runtime.database.write() as session:
        taken = watermarks.take_due(session, due)
    return [mapping_id for mapping_id in taken if enqueue_look(runtime, mapping_id)]


def enqueue_look(runtime: Runtime, mapping_id: int) -> bool:
    """Tell the queue; False when it does not answer: a later tick tells it."""
    try:
        queue("bulk", runtime.redis).enqueue(
            "jobs.polling.look_for_changes", mapping_id, result_ttl=0, failure_ttl=60, job_timeout=JOB_SECONDS
        )
    except RedisError as error:
        log.warning("queue_unreachable", object_mapping_id=mapping_id, error=type(error).__name__)
        return False
    return True


def look_for_changes(mapping_id: int) -> None:
    """The job: claim the look, ask the CRM, and hand over what is news. Never raises: the row tells."""
    runtime = current_runtime()
    try:
        with runtime.database.write() as session:
            mark = watermarks.claim(session, mapping_id)
        if mark is not None:
            _look(runtime, mark)
    except LeaseLost:
        log.info("look_not_ours", object_mapping_id=mapping_id)
    except OperationalError as error:
        # Our own database: the lease ends by itself, and the tick tells the queue again.
        log.warning("database_refused", object_mapping_id=mapping_id, error=type(error.orig).__name__)


def _look(runtime: Runtime, mark: Watermark) -> None:
    with runtime.database.read() as session:
        mapping = session.get_one(ObjectMapping, mark.object_mapping_id)
        connection = session.get_one(Connection, mapping.connection_id)
    look = Look(runtime, connection, mapping.object, open_changes(runtime, connection))
    try:
        usage.require_open(connection)
        _in_pages(look, mark)
    except RateLimited as error:
        _rate_limited(look, mark, error)
    except RetryLater as error:
        log.warning("look_put_off", connection_id=connection.id, object=look.object, code=error.code)
        _pause(look, mark, utc_now() + TRY_AGAIN_AFTER)
    except ConnectionBroken as error:
        _connection_broken(look, mark, error)
    except CrmError as error:
        log.warning("look_refused", connection_id=connection.id, object=look.object, code=error.code)
        with runtime.database.write() as session:
            watermarks.put_off(session, mark, utc_now() + look.every, code=error.code, message=error.message)
    finally:
        usage.count(look.runtime, look.connection.id, look.reader.meter.calls)


def _in_pages(look: Look, mark: Watermark) -> None:
    """Page by page, until the look is done or has to stop for now. Raises CrmError, LeaseLost."""
    ids = 0
    if mark.since_at is None:
        mark = _begin(look, mark)
    span = _span(mark)
    while True:
        if (room_at := _has_to_wait(look, ids)) is not None:
            return _pause(look, mark, room_at)
        page = look.reader.page(look.object, span, mark.after)
        following = _take(look, mark, page)
        if following is None:
            return None
        mark, ids = following, ids + page.ids


def _begin(look: Look, mark: Watermark) -> Watermark:
    """What the look spans: from the watermark, with lookback, but never from before the object was switched on."""
    known = mark.known_until_at
    reach = look.reader.begin(look.object, (known - LOOKBACK) if known else utc_now() - FIRST_REACH)
    offset = timedelta(seconds=look.reader.meter.clock_offset_seconds or 0)
    switched_on = mark.began_at + offset - CLOCKS_DIFFER
    since = max(known - LOOKBACK, switched_on) if known else switched_on
    with look.runtime.database.write() as session:
        # A CRM may cover less than it did before, while it holds a long transaction: what is known stays known.
        covers = max(reach.covers_until, known or switched_on)
        return watermarks.begin(session, mark, Span(since, reach.now), covers)


def _span(mark: Watermark) -> Span:
    assert mark.since_at is not None
    assert mark.until_at is not None
    return Span(mark.since_at, mark.until_at)


def _has_to_wait(look: Look, ids: int) -> datetime | None:
    """When to go on, where enough was done for now; None to go on."""
    if look.reader.meter.share_used >= MOST_OF_ALLOWANCE:
        log.warning("look_leaves_the_rest", connection_id=look.connection.id, object=look.object)
        return utc_now() + look.every
    if ids >= MOST_IDS:
        return utc_now()
    with look.runtime.database.read() as session:
        is_full = _open_runs(session, look.connection.id) >= MOST_OPEN
    return utc_now() + LOOK_AGAIN_FOR_ROOM if is_full else None


def _take(look: Look, mark: Watermark, page: Page) -> Watermark | None:
    """Runs for the news of a page, and the place behind it, in one transaction; None behind the last page."""
    following: Watermark | None = None
    with look.runtime.database.write() as session:
        unknown = news(session, look.connection.id, look.object, page.changes)
        hints = [Hint(look.object, each) for each in unknown]
        run_ids = open_runs(session, look.connection, hints, trigger=TRIGGER)
        if page.after is None:
            watermarks.finish(session, mark, found=len(hints), every=look.every)
        else:
            following = watermarks.go_on(session, mark, after=page.after, found=len(hints))
    if run_ids:
        enqueue_many(look.runtime, run_ids)  # what the queue does not hear of, the tick finds
        log.info("changes_found", connection_id=look.connection.id, object=look.object, runs=len(run_ids))
    return following


def _rate_limited(look: Look, mark: Watermark, error: RateLimited) -> None:
    """The CRM's own limit pauses the whole connection. Ours is for what nobody waits for: only the look waits."""
    until = error.retry_at or utc_now() + TRY_AGAIN_AFTER
    with look.runtime.database.write() as session:
        if error.code != "OWN_RATE_LIMIT" and error.retry_at is not None:
            session.get_one(Connection, look.connection.id).paused_until = until
    _pause(look, mark, until)


def _connection_broken(look: Look, mark: Watermark, error: ConnectionBroken) -> None:
    """The admin is told; until it is let in again nothing is looked for, and then from the same watermark."""
    log.error("connection_broken", connection_id=look.connection.id, code=error.code)
    broken = update(Connection).where(Connection.id == look.connection.id)
    since = func.coalesce(Connection.broken_at, literal(utc_now(), UtcDateTime()))  # since the first time
    with look.runtime.database.write() as session:
        session.execute(
            broken.values(state=BROKEN, broken_at=since, broken_code=error.code[:60], broken_message=error.message)
        )
    _pause(look, mark, utc_now() + TRY_AGAIN_AFTER)


def _pause(look: Look, mark: Watermark, until: datetime) -> None:
    with look.runtime.database.write() as session:
        watermarks.pause(session, mark, until)


def _open_runs(session: Session, connection_id: int) -> int:
    own = select(func.count()).where(SyncRun.connection_id == connection_id, SyncRun.trigger == TRIGGER)
    return session.scalar(own.where(SyncRun.kind == "single", SyncRun.status.in_(OPEN))) or 0
