"""Everything that runs in the background, each job beside the function that enqueues it. Jobs take ids only."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import structlog
from redis.exceptions import RedisError
from rq import Queue
from sqlalchemy import func, literal, update
from sqlalchemy.exc import OperationalError

from config.redis import QueueName, queue
from jobs import asking, progress, run_keys, runs, usage
from jobs.crm.adapters import open_adapter
from jobs.crm.base import CrmAdapter, ObjectInfo
from jobs.crm.describes import describe
from jobs.crm.errors import ConnectionBroken, CrmError, RateLimited, Rejected, RetryLater
from jobs.mappings import ObjectFacts
from jobs.models import Connection, SyncRun
from jobs.models.base import UtcDateTime
from jobs.models.connection import ACTIVE, BROKEN, DISCONNECTED
from jobs.models.list_import import IMPORT
from jobs.models.run import PUSH
from jobs.runtime import Runtime, utc_now
from jobs.sync import import_rows, settle
from jobs.sync.drift import keep_drift
from jobs.sync.engine import sync_record
from jobs.sync.import_ask import ImportAsk, open_import
from jobs.sync.importing import import_list
from jobs.sync.log_entries import UNATTENDED
from jobs.sync.push import push_record
from jobs.sync.push_ask import PushAsk, open_push
from jobs.sync.scene import Setup
from jobs.sync.undo import undo_run
from jobs.sync.undo_ask import UNDO, UndoAsk, open_undo
from jobs.worker import current_runtime, working_on

log = structlog.get_logger()

JOB_SECONDS = 180  # far above any honest single run: every CRM call has its own time limit
MAX_INTERNAL_TRIES = 5


@dataclass(frozen=True)
class Asked:
    run: SyncRun
    is_new: bool  # False: an open run of the same record was joined
    queue_answers: bool


def request_single(runtime: Runtime, ask: asking.Ask, *, key: str = "") -> Asked:
    """Ask for one record to be brought in line. `key`: names the click; a repeated one gets the run of the first.

    The row is committed before the queue hears of it. A queue that is down costs nothing but time: the tick
    enqueues what was never picked up.
    """
    with runtime.database.write() as session:
        run, is_new = run_keys.open_single(session, ask, key) if key else asking.open_single(session, ask)
    return Asked(run, is_new, enqueue_single(runtime, run.id) if is_new else True)


def enqueue_single(runtime: Runtime, run_id: int, *, trigger: str = "panel") -> bool:
    """Tell the queue; False when it does not answer. What nobody waits for comes after what somebody waits for."""
    return _tell_queue(runtime, "default" if trigger in UNATTENDED else "interactive", "jobs.tasks.sync_single", run_id)


def enqueue_many(runtime: Runtime, run_ids: Sequence[int]) -> bool:
    """Tell the queue of single runs that nobody waits for, all at once; False when it does not answer."""
    jobs = [
        Queue.prepare_data("jobs.tasks.sync_single", (run_id,), result_ttl=0, failure_ttl=60, timeout=JOB_SECONDS)
        for run_id in run_ids
    ]
    try:
        queue("default", runtime.redis).enqueue_many(jobs)
    except RedisError as error:
        log.warning("queue_unreachable", runs=len(jobs), error=type(error).__name__)
        return False
    return True


def sync_single(run_id: int) -> None:
    """The job: claim the run, bring its record in line, finish it or put it back. Never raises: the row tells."""
    _do(run_id)


def request_undo(runtime: Runtime, ask: UndoAsk) -> Asked:
    """Ask for an undo; the row is committed before the queue hears of it. Raises UndoRefused."""
    with runtime.database.write() as session:
        run, is_new = open_undo(session, ask)
    return Asked(run, is_new, enqueue_undo(runtime, run.id, is_long=ask.run_id is not None) if is_new else True)


def enqueue_undo(runtime: Runtime, run_id: int, *, is_long: bool = False) -> bool:
    """Tell the queue; False when it does not answer."""
    return _tell_queue(runtime, "bulk" if is_long else "interactive", "jobs.tasks.undo_changes", run_id)


def undo_changes(run_id: int) -> None:
    """The job: take back what the run names, a portion at a time. Never raises."""
    _do(run_id)


def request_push(runtime: Runtime, ask: PushAsk) -> Asked:
    """Ask for a record of ours to be in a CRM; the row is committed before the queue hears. Raises PushRefused."""
    with runtime.database.write() as session:
        run, is_new = open_push(session, ask)
    return Asked(run, is_new, enqueue_push(runtime, run.id, trigger=ask.trigger) if is_new else True)


def enqueue_push(runtime: Runtime, run_id: int, *, trigger: str) -> bool:
    """Tell the queue; False when it does not answer."""
    return _tell_queue(runtime, "default" if trigger in UNATTENDED else "interactive", "jobs.tasks.push_one", run_id)


def push_one(run_id: int) -> None:
    """The job: find the record of the run in the CRM, or make it. Never raises: the row tells."""
    _do(run_id)


def request_import(runtime: Runtime, ask: ImportAsk) -> Asked:
    """Ask for everybody in a list; the row is committed before the queue hears. Raises ImportRefused."""
    with runtime.database.write() as session:
        run, is_new = open_import(session, ask)
    return Asked(run, is_new, enqueue_import(runtime, run.id) if is_new else True)


def enqueue_import(runtime: Runtime, run_id: int) -> bool:
    """Tell the queue; False when it does not answer."""
    return _tell_queue(runtime, "bulk", "jobs.tasks.import_members", run_id)


def import_members(run_id: int) -> None:
    """The job: sync who is in the list of the run, a portion at a time. Never raises: the row tells."""
    _do(run_id)


def enqueue_due(runtime: Runtime, run_id: int, *, kind: str, trigger: str) -> bool:
    """Tell the queue once more of a run that is due; False when it does not answer."""
    if kind == IMPORT:
        return enqueue_import(runtime, run_id)
    return enqueue_single(runtime, run_id, trigger=trigger)


def _tell_queue(runtime: Runtime, name: QueueName, job: str, run_id: int) -> bool:
    try:
        queue(name, runtime.redis).enqueue(job, run_id, result_ttl=0, failure_ttl=60, job_timeout=JOB_SECONDS)
    except RedisError as error:
        log.warning("queue_unreachable", run_id=run_id, error=type(error).__name__)
        return False
    return True


def _do(run_id: int) -> None:
    """Whatever job brought the id, what is done is what the row says: the tick knows ids only."""
    runtime = current_runtime()
    try:
        with runtime.database.write() as session:
            run = runs.claim(session, run_id, seconds=runtime.settings.lease_seconds)
        if run is None:
            log.info("run_not_ours", run_id=run_id)
            return
        with working_on(run):
            _sync(runtime, run)
    except runs.LeaseLost:
        log.warning("lease_lost", run_id=run_id)
    except OperationalError as error:
        # Our own database: the lease ends by itself, or the tick looks again, and another try is made.
        log.warning("database_refused", run_id=run_id, error=type(error.orig).__name__)


def _sync(runtime: Runtime, run: SyncRun) -> None:
    with runtime.database.look() as database:
        connection, mapping = runtime.mappings.setup_of(database, run.connection_id, run.object)
    if mapping is None and run.kind != UNDO:
        return settle.failed(runtime, run, connection, calls=0, code="NOT_MAPPED", detail="")
    adapter = open_adapter(runtime, connection)
    try:
        usage.require_open(connection)
        if mapping is None or run.kind == UNDO:
            _undo(runtime, run, connection, adapter)
        elif run.kind == IMPORT:
            _import(runtime, run, connection, adapter)
        else:
            _sync_one(runtime, run, connection, mapping, adapter)
        return _mended(runtime, connection) if connection.state == BROKEN and adapter.calls else None
    except RetryLater as error:
        return _retry_later(runtime, run, connection, adapter, error)
    except ConnectionBroken as error:
        return _connection_broken(runtime, run, connection, adapter, error)
    except CrmError as error:
        return settle.failed(runtime, run, connection, calls=adapter.calls, code=error.code, detail=error.message)
    except (runs.LeaseLost, OperationalError):
        raise
    except Exception:
        log.exception("run_crashed", run_id=run.id, attempt=run.attempts)
        if run.attempts >= MAX_INTERNAL_TRIES:
            return settle.failed(runtime, run, connection, calls=adapter.calls, code="INTERNAL", detail="")
        return _put_back(runtime, run, adapter, utc_now() + timedelta(seconds=run.attempts), "INTERNAL", "")


def _sync_one(
    runtime: Runtime, run: SyncRun, connection: Connection, mapping: ObjectFacts, adapter: CrmAdapter
) -> None:
    # Switched off costs nothing, unless an earlier attempt may have written: that is looked for.
    needs_fields = (connection.syncs_enabled and mapping.enabled) or run.attempts > 1
    info = ObjectInfo(run.object, "")
    if needs_fields:  # while the object is paused, what was known of it counts for nothing
        info = describe(runtime, adapter, connection.id, run.object, at_once=bool(mapping.paused_reason))
    mapping = keep_drift(runtime, connection, mapping, info)
    _sync_knowing_fields(Setup(runtime, adapter, run, connection, mapping, info))


def _undo(runtime: Runtime, run: SyncRun, connection: Connection, adapter: CrmAdapter) -> None:
    if not undo_run(runtime, run, connection, adapter):
        _put_back(runtime, run, adapter, utc_now(), "", "")
        enqueue_undo(runtime, run.id, is_long=True)


def _import(runtime: Runtime, run: SyncRun, connection: Connection, adapter: CrmAdapter) -> None:
    if not import_list(runtime, run, connection, adapter, _sync_knowing_fields):
        _put_back(runtime, run, adapter, utc_now(), "", "")
        enqueue_import(runtime, run.id)


def _sync_knowing_fields(setup: Setup) -> None:
    """A field or object that vanished since the last describe is refused by the read: ask anew, once."""
    bring = push_record if setup.run.kind == PUSH else sync_record
    try:
        bring(setup)
    except Rejected as error:
        if error.code not in ("INVALID_FIELD", "INVALID_TYPE"):
            raise
        fresh = describe(setup.runtime, setup.adapter, setup.connection.id, setup.run.object, at_once=True)
        mapping = keep_drift(setup.runtime, setup.connection, setup.mapping, fresh)
        bring(replace(setup, mapping=mapping, info=fresh), again=True)


def _retry_later(
    runtime: Runtime, run: SyncRun, connection: Connection, adapter: CrmAdapter, error: RetryLater
) -> None:
    if isinstance(error, RateLimited) and error.retry_at is not None:
        with runtime.database.write() as session:
            session.get_one(Connection, connection.id).paused_until = error.retry_at
        # A daily limit may last hours; the click is kept for as long.
        return _put_back(runtime, run, adapter, error.retry_at, error.code, error.message)
    again_at = import_rows.retry_at(runtime, run) if run.kind == IMPORT else runs.retry_at(run, utc_now())
    log.warning("crm_unavailable", run_id=run.id, code=error.code, again_at=str(again_at))
    if again_at is None:
        return settle.failed(runtime, run, connection, calls=adapter.calls, code="GAVE_UP", detail=error.message)
    return _put_back(runtime, run, adapter, again_at, error.code, error.message)


def _connection_broken(
    runtime: Runtime, run: SyncRun, connection: Connection, adapter: CrmAdapter, error: ConnectionBroken
) -> None:
    """The run fails, and its connection notes in the same moment that a record waits: see `jobs.interrupted`."""
    log.error("connection_broken", connection_id=connection.id, code=error.code)
    code = error.code if error.code in ("ENCRYPTION_KEY", DISCONNECTED) else "CONNECTION_BROKEN"
    now = literal(utc_now(), UtcDateTime())
    broken = (
        update(Connection)
        .where(Connection.id == connection.id)
        .values(
            state=BROKEN,
            broken_at=func.coalesce(Connection.broken_at, now),  # since the first time
            broken_code=error.code[:60],
            broken_message=error.message,
            interrupted_at=func.coalesce(Connection.interrupted_at, now),
        )
    )
    with runtime.database.write() as session:
        session.execute(broken)
        settle.fail(session, run, connection, calls=adapter.calls, code=code, detail=error.message)
    progress.tell(runtime, run.id)


def _mended(runtime: Runtime, connection: Connection) -> None:
    """It answered: whatever broke it is over."""
    with runtime.database.write() as session:
        row = session.get_one(Connection, connection.id)
        row.state, row.broken_at, row.broken_code, row.broken_message = ACTIVE, None, "", ""


def _put_back(
    runtime: Runtime, run: SyncRun, adapter: CrmAdapter, resume_at: datetime, code: str, message: str
) -> None:
    with runtime.database.write() as session:
        runs.put_back(session, run, resume_at=resume_at, code=code, message=message, calls=adapter.calls)
        usage.add(session, run.connection_id, adapter.calls)
    progress.tell(runtime, run.id)
