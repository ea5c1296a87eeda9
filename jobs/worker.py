"""The worker process: an RQ SimpleWorker with the product preloaded, and a heartbeat for the run it is at."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

import redis
import structlog
from redis.exceptions import RedisError
from rq import SimpleWorker

from config.memory import set_aside_what_is_loaded
from config.redis import QUEUE_NAMES, SERIALIZER, blocking_client
from config.redis import queue as rq_queue
from config.settings import Settings
from jobs import runs
from jobs.models import SyncRun
from jobs.runtime import Runtime, open_runtime

log = structlog.get_logger()

RECONNECT_SECONDS = 1.0


class QueueWorker(SimpleWorker):
    """RQ's worker, made to find a queue server again that was away, and soon."""

    # RQ's own pauses double up to a minute: a click would wait that long for a server that is back.
    max_connection_wait_time = 2.0
    stop_asked = False

    def handle_warm_shutdown_request(self) -> None:
        self.stop_asked = True

    def set_shutdown_requested_date(self) -> None:
        """Nothing: noting it in a queue server that is away would fail the job at hand, in the signal handler."""

    def subscribe(self) -> None:
        """Nothing: we are stopped by signals. RQ's listener for remote commands would outlive a lost connection."""


class _Process:
    """What belongs to the process, not to a job: RQ calls jobs by name and hands them nothing but their ids."""

    runtime: Runtime | None = None
    run: SyncRun | None = None


def use(runtime: Runtime) -> None:
    """Make this the runtime of every job this process runs."""
    _Process.runtime = runtime


def current_runtime() -> Runtime:
    if _Process.runtime is None:
        raise RuntimeError("jobs run inside `widget worker`, which opens the runtime first")
    return _Process.runtime


@contextmanager
def working_on(run: SyncRun) -> Iterator[None]:
    """While inside, the heartbeat keeps the run's lease."""
    _Process.run = run
    try:
        yield
    finally:
        _Process.run = None


def main(settings: Settings, *, burst: bool = False) -> None:
    """Work until told to stop. SIGTERM finishes the job at hand."""
    # Loaded before the first job, which would otherwise pay for it.
    import jobs.tasks  # noqa: F401

    set_aside_what_is_loaded()
    runtime = open_runtime(settings)
    use(runtime)
    threading.Thread(target=_keep_alive, args=(runtime,), name="heartbeat", daemon=True).start()
    connection = blocking_client(settings)
    connection.ping()  # a wrong address is told at the start; a server that goes away later is waited for
    _work(connection, burst=burst)


def _work(connection: redis.Redis, *, burst: bool) -> None:
    """Work until told to stop. RQ's worker ends when the queue server goes away during a job: a new one takes over."""
    while not (_is_told_to_stop(connection, burst=burst) or burst):
        # With nothing at hand a signal may end us on the spot, as it does before RQ's worker has begun.
        signal.signal(signal.SIGTERM, signal.SIG_DFL)
        signal.signal(signal.SIGINT, signal.default_int_handler)
        time.sleep(RECONNECT_SECONDS)


def _is_told_to_stop(connection: redis.Redis, *, burst: bool) -> bool:
    """Work until then, or until the queue server goes away. To be made, RQ's worker asks it for its version."""
    queues = [rq_queue(name, connection) for name in QUEUE_NAMES]
    worker: QueueWorker | None = None
    try:
        # Short times: an idle worker looks up often enough to notice a queue server that was away.
        worker = QueueWorker(
            queues, connection=connection, serializer=SERIALIZER, worker_ttl=30, maintenance_interval=30
        )
        worker.work(burst=burst, logging_level="WARNING")
    except RedisError as error:
        log.warning("queue_lost", error=type(error).__name__)
    return worker is not None and worker.stop_asked


def _keep_alive(runtime: Runtime) -> None:
    """Renew the lease of the run at hand. A run that is quicker than one beat never needs it."""
    pause = threading.Event()
    seconds = runtime.settings.lease_seconds
    while not pause.wait(seconds / 3):
        run = _Process.run
        if run is None:
            continue
        try:
            with runtime.database.write() as session:
                runs.keep(session, run, seconds=seconds)
        except runs.LeaseLost:
            continue  # finished in this moment, or taken over: the job itself finds out
        except Exception as error:
            log.warning("heartbeat_failed", run_id=run.id, error=type(error).__name__)
