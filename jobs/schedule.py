"""What runs by itself and how often: one tick, every few seconds, that finds work in the database.

Any number of clocks may run: each due row is taken by a conditional update, so none is taken twice.
"""

from __future__ import annotations

import signal
import threading

import structlog
from redis.exceptions import RedisError
from sqlalchemy import delete, select
from sqlalchemy.exc import DBAPIError

from config.settings import Settings
from jobs import interrupted, polling, retention, runs, tasks
from jobs.models import Heartbeat, LaunchTicket, RunKey, SyncRun, UsedProof
from jobs.runtime import Runtime, open_runtime, utc_now

log = structlog.get_logger()

CLOCK = "clock"


def main(settings: Settings) -> None:
    """Tick until told to stop."""
    runtime = open_runtime(settings)
    stop = threading.Event()
    for name in (signal.SIGTERM, signal.SIGINT):
        signal.signal(name, lambda *_: stop.set())
    while not stop.is_set():
        try:
            tick(runtime)
        except DBAPIError as error:
            # The database may be restarting; the next tick finds everything where it was.
            log.warning("tick_failed", error=type(error.orig).__name__)
        stop.wait(settings.tick_seconds)
    runtime.close()


def tick(runtime: Runtime) -> list[int]:
    """Enqueue every run that is due, was never picked up, lost its worker, or waited for access; their ids."""
    # While the queue is away nothing is taken: each taking postpones the next look, by minutes for an old run.
    queue_answers = _queue_answers(runtime)
    with runtime.database.write() as session:
        due = runs.take_due(session) if queue_answers else []
        asked = session.execute(select(SyncRun.id, SyncRun.kind, SyncRun.trigger).where(SyncRun.id.in_(due)))
        known = {row.id: row for row in asked}
        session.merge(Heartbeat(name=CLOCK, beat_at=utc_now()))
        for kept in (UsedProof, LaunchTicket, RunKey):
            session.execute(delete(kept).where(kept.forget_at < utc_now()))
    for run_id in due:
        if not tasks.enqueue_due(runtime, run_id, kind=known[run_id].kind, trigger=known[run_id].trigger):
            break  # it went away in this moment: the next look finds the rest
    if due:
        log.info("runs_enqueued_by_tick", run_ids=due)
    resumed = interrupted.resume(runtime) if queue_answers else []
    if resumed:
        tasks.enqueue_many(runtime, resumed)  # what the queue does not hear of, a later tick finds
        log.info("interrupted_runs_resumed", runs=len(resumed))
    if queue_answers:
        polling.start_due(runtime)
    retention.forget_when_due(runtime)
    return due + resumed


def _queue_answers(runtime: Runtime) -> bool:
    try:
        return bool(runtime.redis.ping())
    except RedisError as error:
        log.warning("queue_unreachable", error=type(error).__name__)
        return False
