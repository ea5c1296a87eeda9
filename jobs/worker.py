"""The worker process: an RQ SimpleWorker with the product preloaded, and a heartbeat for the run it is at."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from rq import SimpleWorker

from config.redis import QUEUE_NAMES, SERIALIZER, blocking_client
from config.redis import queue as rq_queue
from config.settings import Settings
from jobs import runs
from jobs.models import SyncRun
from jobs.runtime import Runtime, open_runtime

log = structlog.get_logger()


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

    runtime = open_runtime(settings)
    use(runtime)
    threading.Thread(target=_keep_alive, args=(runtime,), name="heartbeat", daemon=True).start()
    connection = blocking_client(settings)
    queues = [rq_queue(name, connection) for name in QUEUE_NAMES]
    # Short times: an idle worker looks up often enough to notice a queue server that was away.
    worker = SimpleWorker(queues, connection=connection, serializer=SERIALIZER, worker_ttl=30, maintenance_interval=30)
    worker.work(burst=burst, logging_level="WARNING")


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
