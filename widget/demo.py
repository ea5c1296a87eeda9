"""`widget demo`: the whole product on one machine beside two stand-in CRMs, as supervised child processes."""

from __future__ import annotations

import fcntl
import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from config.embedded_valkey import EmbeddedValkey
from config.keyfile import write_private
from config.logging import configure_logging
from config.redis import connect
from config.settings import Settings, load_settings
from widget.demo_stand_ins import StandIn, answers, stand_ins
from widget.ports import require_free
from widget.startup_problems import StartupProblem
from widget.supervisor import Service, Supervisor

LOOPBACK = "127.0.0.1"
PORTS = 3
"""How many are used, from the given one on: web, Salesforce, HubSpot."""
WORKERS = 2


@dataclass(frozen=True)
class _Places:
    """Where everything of one demo is."""

    port: int
    data_dir: Path

    @property
    def web_url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def stand_ins(self) -> tuple[StandIn, ...]:
        return stand_ins(port=self.port, data_dir=self.data_dir, web_url=self.web_url)

    @property
    def summary(self) -> Path:
        return self.data_dir / "demo.json"


def run_demo(*, port: int, data_dir: Path) -> int:
    """Run until a signal ends it. Raises StartupProblem, NeverReady, SettingsError …"""
    places = _Places(port, data_dir.expanduser().absolute())
    _make(places.data_dir)
    with _only_one(places.data_dir):
        # Its presence tells scripts that the demo is ready.
        places.summary.unlink(missing_ok=True)
        for number in range(port, port + PORTS):
            require_free(LOOPBACK, number)
        env = _environment(places)
        settings = load_settings(_overrides(env))
        configure_logging(settings, process="demo")
        with Supervisor() as supervisor:
            _run(supervisor, places, settings, env)
    return 0


def _run(supervisor: Supervisor, places: _Places, settings: Settings, env: Mapping[str, str]) -> None:
    if settings.redis_url is None:
        supervisor.start(_queue_server(places, env))
    else:
        # Better one sentence now than workers that die again and again.
        connect(settings).ping()
    for stand_in in places.stand_ins:
        supervisor.start(stand_in.supervised(env))
    _bring_schema_up_to_date(settings)
    # Ours start while the stand-in CRMs do: they need the schema, not the sample data.
    for service in _our_processes(places, env):
        supervisor.start(service)
    crms: dict[str, dict[str, Any]] = {}
    for stand_in in places.stand_ins:
        if not supervisor.wait_ready(stand_in.crm):
            return
        crms[stand_in.crm] = stand_in.connected(settings)
    if not supervisor.wait_ready():
        return
    summary = {"web": {"url": places.web_url}, "admin": _admin(), **crms}
    try:
        write_private(places.summary, json.dumps(summary, indent=2))
        _tell(supervisor, summary, places)
        supervisor.watch()
    finally:
        places.summary.unlink(missing_ok=True)
    supervisor.say("demo", "stopping")


def _bring_schema_up_to_date(settings: Settings) -> None:
    # Imported here and below, not at the top: the first children start meanwhile.
    from jobs.db import migrate, open_database
    from widget.preflight import fits, is_at_newest

    database = open_database(settings)
    try:
        if is_at_newest(database):
            if not fits(database):
                raise StartupProblem(
                    f"{settings.data_dir} was made by an earlier version: choose another with --data, or delete it."
                )
            return
    finally:
        database.close()
    migrate(settings)


def _admin() -> dict[str, str]:
    from jobs.seed import ADMIN_EMAIL, ADMIN_PASSWORD

    return {"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD}


def _make(data_dir: Path) -> None:
    """Raises StartupProblem when there can be no such directory, or none that we may write to."""
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        _lock_file(data_dir).touch(mode=0o600)
    except OSError as error:
        raise StartupProblem(
            f"{data_dir} cannot be used ({error.strerror}): choose another directory with --data."
        ) from None


def _lock_file(data_dir: Path) -> Path:
    return data_dir / "demo.lock"


@contextmanager
def _only_one(data_dir: Path) -> Iterator[None]:
    """Hold the directory. Raises StartupProblem when another demo has it."""
    lock = os.open(_lock_file(data_dir), os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise StartupProblem(
            f"A demo is already running on {data_dir}: stop it, or choose another directory with --data."
        ) from None
    finally:
        os.close(lock)


def _environment(places: _Places) -> dict[str, str]:
    """What our processes are told. DATABASE_URL and REDIS_URL of the caller are kept."""
    url = {stand_in.crm: stand_in.url for stand_in in places.stand_ins}
    return {
        "LOG_FORMAT": "console",
        **os.environ,
        "DATA_DIR": str(places.data_dir),
        "PUBLIC_URL": places.web_url,
        "TRUSTED_CRM_HOSTS": ",".join(stand_in.host for stand_in in places.stand_ins),
        "SALESFORCE_LOGIN_URL": url["salesforce"],
        "HUBSPOT_LOGIN_URL": url["hubspot"],
        "HUBSPOT_API_URL": url["hubspot"],
        "PYTHONUNBUFFERED": "1",
    }


def _overrides(env: Mapping[str, str]) -> dict[str, str]:
    return {name: env[name.upper()] for name in Settings.model_fields if env.get(name.upper())}


def _queue_server(places: _Places, env: Mapping[str, str]) -> Service:
    valkey = EmbeddedValkey(places.data_dir)
    valkey.claim()
    return Service("queue", valkey.command(), env, is_ready=valkey.is_answering, is_foundation=True)


def _our_processes(places: _Places, env: Mapping[str, str]) -> list[Service]:
    ours = [sys.executable, "-m", "widget"]
    workers = [Service(f"worker-{number}", [*ours, "worker"], env) for number in range(1, WORKERS + 1)]
    web = [*ours, "web", "--port", str(places.port)]
    return [
        Service("clock", [*ours, "clock"], env),
        *workers,
        Service("web", web, env, is_ready=answers(f"{places.web_url}/readyz")),
    ]


def _tell(supervisor: Supervisor, summary: Mapping[str, Any], places: _Places) -> None:
    lines = [
        "Ready. Open a record and click Sync this record; the first contact is the same person in both CRMs:",
        *(line for stand_in in places.stand_ins for line in stand_in.lines(summary[stand_in.crm])),
        f"Admin area: {places.web_url}/admin/",
        f"  sign in with {summary['admin']['email']} and {summary['admin']['password']}",
        f"Data: {places.data_dir} (a second run uses it again). Stop with Ctrl-C.",
    ]
    for line in lines:
        supervisor.say("demo", line)
