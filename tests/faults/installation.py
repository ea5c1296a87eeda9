"""A whole installation of real processes that a test may kill, stop and starve: queue server, org, web, workers, clock.

    here.new_person() -> Person      one person on both sides, linked and in step, with an open panel
    person.change_both_sides()       one field to bring here, one to bring to the org
    here.kill("worker-1")            SIGKILL, as a machine that dies

What the product did is judged by the org's own journal and by the rows, never by the product's words alone.
"""

from __future__ import annotations

import itertools
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psycopg
import requests
from rq.registry import StartedJobRegistry
from sqlalchemy import select
from sqlalchemy.engine import make_url

from config import processes
from config.embedded_valkey import EmbeddedValkey
from config.redis import QUEUE_NAMES, queue
from config.settings import Settings, load_settings
from jobs.db import migrate
from jobs.models import SyncLogEntry, SyncRun
from jobs.runtime import Runtime, open_runtime
from jobs.seed import seed_demo
from tests.support.org_server import Json, OrgServer
from tests.support.processes import eventually, free_ports

CLOCK_STEP_SECONDS = 3.0
WAIT_SECONDS = 40.0
UNTOUCHED = "test"


@dataclass
class Installation:
    settings: Settings
    runtime: Runtime
    org: OrgServer
    queue_server: EmbeddedValkey
    environment: Mapping[str, str]
    connection_id: int = 0
    children: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    _clock_offset: float = 0.0

    # Processes

    @property
    def web_url(self) -> str:
        return self.settings.public_url

    @property
    def workers(self) -> list[str]:
        return [name for name in self.children if name.startswith("worker")]

    def start(self, name: str) -> None:
        """Start a process, or start it anew as its supervisor would."""
        command = [sys.executable, "-m", "widget", name.partition("-")[0]]
        if name == "web":
            command += ["--port", self.web_url.rpartition(":")[2]]
        self.children[name] = processes.spawn(command, env=self.environment)

    def kill(self, *names: str) -> None:
        """SIGKILL all of them at once, with what they started."""
        for name in names:
            os.kill(self.children[name].pid, signal.SIGKILL)
        for name in names:
            processes.kill(self.children[name])

    def restart(self, *names: str) -> None:
        for name in names:
            self.start(name)

    def pause(self, *names: str) -> None:
        """SIGSTOP: alive and silent, as a machine that hangs."""
        for name in names:
            os.kill(self.children[name].pid, signal.SIGSTOP)

    def resume(self, *names: str) -> None:
        for name in names:
            os.kill(self.children[name].pid, signal.SIGCONT)

    def is_ready(self) -> bool:
        try:
            return requests.get(f"{self.web_url}/readyz", timeout=5).status_code == 200
        except requests.RequestException:
            return False

    # Our side

    def run(self, run_id: int) -> SyncRun:
        with self.runtime.database.read() as session:
            return session.get_one(SyncRun, run_id)

    def is_over(self, run_id: int) -> bool:
        return self.run(run_id).finished_at is not None

    def runs_of(self, record_id: str) -> list[SyncRun]:
        query = select(SyncRun).where(SyncRun.crm_record_id == record_id).order_by(SyncRun.id)
        with self.runtime.database.read() as session:
            return list(session.scalars(query))

    def entries_of(self, run_id: int) -> list[SyncLogEntry]:
        query = select(SyncLogEntry).where(SyncLogEntry.run_id == run_id)
        with self.runtime.database.read() as session:
            return list(session.scalars(query))

    @contextmanager
    def database_locked(self) -> Iterator[None]:
        """Nobody else can write a run while inside; everybody can read."""
        address = make_url(self.settings.database_url)
        if address.get_backend_name() == "sqlite":
            connection = sqlite3.connect(str(address.database), isolation_level=None, timeout=10)
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield
            finally:
                connection.rollback()
                connection.close()
        else:
            with psycopg.connect(self._postgres_address, application_name=UNTOUCHED) as server:
                server.execute("LOCK TABLE sync_run IN EXCLUSIVE MODE")
                yield
                server.rollback()

    def end_database_connections(self) -> None:
        """PostgreSQL only: every connection but that of `database_locked`, once a run is about to be finished."""
        waiting = (
            "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' "
            "AND query LIKE 'UPDATE sync_run%finished_at%'"
        )
        end = (
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = current_database() "
            "AND pid <> pg_backend_pid() AND application_name <> %s"
        )
        with psycopg.connect(self._postgres_address, autocommit=True) as server:
            until(lambda: server.execute(waiting).fetchone() != (0,), what="a worker waits to finish its run")
            server.execute(end, (UNTOUCHED,))

    @property
    def _postgres_address(self) -> str:
        address = make_url(self.settings.database_url)
        return address.set(drivername="postgresql").render_as_string(hide_password=False)

    def jobs_started(self) -> frozenset[str]:
        """The jobs that workers have taken and not put down, those of the dead included."""
        registries = [StartedJobRegistry(queue=queue(name, self.runtime.redis)) for name in QUEUE_NAMES]
        members = [self.runtime.redis.zrange(each.key, 0, -1) for each in registries]
        return frozenset(str(member) for found in members for member in found)

    # The org's side

    def mark(self) -> int:
        """The place in the org's journal where what comes next begins."""
        return int(self.org.control("journal?limit=0", method="GET")["next"])

    def journal(self, since: int, kind: str) -> list[Json]:
        entries: list[Json] = self.org.control(f"journal?since={since}&kind={kind}", method="GET")["entries"]
        return entries

    def calls(self, since: int, path_ends: str) -> list[Json]:
        return [call for call in self.journal(since, "call") if call["path"].endswith(path_ends)]

    def let_org_time_pass(self) -> None:
        """A record that changed within the last second is waited for, on purpose: move the org's clock instead."""
        self._clock_offset += CLOCK_STEP_SECONDS
        self.org.control("clock", {"offset_seconds": self._clock_offset})

    def has_struck(self, *fault_ids: int) -> bool:
        waiting = {each["id"] for each in self.org.control("faults", method="GET")["faults"]}
        return not waiting & set(fault_ids)


def until(condition: Any, *, seconds: float = WAIT_SECONDS, what: str) -> None:
    """Wait for what has to happen."""
    assert eventually(condition, seconds=seconds), f"{what}: not within {seconds:.0f} s"


@contextmanager
def installation(
    folder: Path, *, database_url: str = "", workers: int = 2, parts: Sequence[str] = ("web", "clock"), **knobs: Any
) -> Iterator[Installation]:
    """Started, seeded and ready; everything is stopped at the end. `knobs` are settings."""
    web_port = free_ports(1)
    web_url = f"http://127.0.0.1:{web_port}"
    queue_server = EmbeddedValkey(folder / "queue")
    queue_server.start()
    org = OrgServer(folder / "org", panel_url=web_url)
    given: dict[str, Any] = {
        "data_dir": folder / "data",
        "redis_url": queue_server.url,
        "public_url": web_url,
        "trusted_crm_hosts": org.url.removeprefix("http://"),
        "log_level": "WARNING",
        "log_format": "json",
        **({"database_url": database_url} if database_url else {}),
        **knobs,
    }
    environment = {**os.environ, **{name.upper(): str(value) for name, value in given.items()}}
    settings = load_settings(given)
    migrate(settings)
    seeded = seed_demo(settings, org.credentials)
    here = Installation(settings, open_runtime(settings), org, queue_server, environment, seeded["connection_id"])
    try:
        for name in (*parts, *(f"worker-{number}" for number in range(1, workers + 1))):
            here.start(name)
        if set(parts) == {"web", "clock"}:
            until(here.is_ready, seconds=60, what="web and clock are ready")
        yield here
    finally:
        _stop(here)


def _stop(here: Installation) -> None:
    for process in here.children.values():
        if process.poll() is None:
            process.send_signal(signal.SIGCONT)
    # Killed, not asked: nothing that a test left hanging is to be waited for.
    for process in here.children.values():
        processes.kill(process)
    here.runtime.close()
    here.org.stop()
    here.queue_server.stop()
