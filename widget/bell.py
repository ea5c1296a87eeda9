"""Waiting for a run's row to change: one listener per web process, any number of waiting requests.

The message only wakes; the row is what is read. When the queue server is away, waiters look by themselves.
"""

from __future__ import annotations

import threading
import time
from collections import defaultdict

import structlog
from redis.exceptions import RedisError

from config.redis import blocking_client
from jobs.progress import CHANNEL
from jobs.runtime import Runtime

log = structlog.get_logger()

RECONNECT_SECONDS = 1.0
# How often a waiter looks by itself: steps are not rung for, only the end of a run.
LOOK_SECONDS = 0.25


class Bell:
    def __init__(self, runtime: Runtime, *, seats: int) -> None:
        self._runtime = runtime
        self._rung = threading.Condition()
        self._counts: dict[int, int] = defaultdict(int)
        self._listener: threading.Thread | None = None
        self._listening = False
        self._lost = False
        # A waiting request holds a thread: some must stay free for everybody else.
        self.seats = threading.BoundedSemaphore(max(1, seats))

    @property
    def queue_answers(self) -> bool:
        """False once the queue server has been asked and has not answered. Nothing is said against it before."""
        self._start()
        return not self._lost

    def count(self, run_id: int) -> int:
        """How often the run's bell has rung: take it before reading the row, then wait for it to grow."""
        self._start()
        with self._rung:
            return self._counts[run_id]

    def wait(self, run_id: int, count: int, seconds: float) -> None:
        """Until the bell has rung more often than `count`, or it is time to look again, `seconds` at most."""
        self._start()
        with self._rung:
            self._rung.wait_for(lambda: self._counts[run_id] != count, timeout=max(0.0, min(seconds, LOOK_SECONDS)))

    def glance(self, run_id: int, seconds: float) -> None:
        """Give a run that was just asked for the moment in which a quick one ends. Not held when no seat is free."""
        if not self.seats.acquire(blocking=False):
            return
        until = time.monotonic() + seconds
        try:
            # A new run's bell has not rung yet.
            while self.count(run_id) == 0 and (left := until - time.monotonic()) > 0:
                self.wait(run_id, 0, left)
        finally:
            self.seats.release()

    def _start(self) -> None:
        """In the first request, not before: threads do not survive the fork into a web worker."""
        if self._listener is not None and self._listener.is_alive():
            return
        with self._rung:
            if self._listener is None or not self._listener.is_alive():
                self._listener = threading.Thread(target=self._listen, name="bell", daemon=True)
                self._listener.start()

    def _listen(self) -> None:
        while True:
            try:
                with blocking_client(self._runtime.settings) as client, client.pubsub() as subscription:
                    subscription.subscribe(CHANNEL)
                    for message in subscription.listen():
                        self._listening, self._lost = True, False
                        if message["type"] == "message":
                            self._ring(int(message["data"]))
            except (RedisError, OSError, ValueError) as error:
                if self._listening:
                    log.warning("bell_lost", error=type(error).__name__)
            self._listening, self._lost = False, True
            time.sleep(RECONNECT_SECONDS)

    def _ring(self, run_id: int) -> None:
        with self._rung:
            self._counts[run_id] += 1
            self._rung.notify_all()
            if len(self._counts) > 10_000:
                self._counts.clear()
