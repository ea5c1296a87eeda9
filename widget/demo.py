"""`widget demo`: the whole product on one machine beside a stand-in CRM, as supervised child processes."""

from __future__ import annotations

import fcntl
import json
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from config.embedded_valkey import EmbeddedValkey
from config.keyfile import write_private
from config.logging import configure_logging
from config.redis import connect
from config.settings import Settings, load_settings
from widget.ports import require_free
from widget.startup_problems import StartupProblem
from widget.supervisor import Service, Supervisor

LOOPBACK = "127.0.0.1"
SALESFORCE = "salesforce"
WORKERS = 2
PROBE_SECONDS = 2.0


@dataclass(frozen=True)
class _Places:
    """Where everything of one demo is. The stand-in CRM has another host name than we, as a real one would."""

    port: int
    data_dir: Path

    @property
    def web_url(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    @property
    def salesforce_host(self) -> str:
        return f"localhost:{self.port + 1}"

    @property
    def salesforce_url(self) -> str:
        return f"http://{self.salesforce_host}"

    @property
    def credentials(self) -> Path:
        return self.data_dir / "salesforce" / "credentials.json"

    @property
    def summary(self) -> Path:
        return self.data_dir / "demo.json"


def run_demo(*, port: int, data_dir: Path) -> int:
    """Run until a signal ends it. Raises StartupProblem, NeverReady, SettingsError …"""
    places = _Places(port, data_dir.expanduser().absolute())
    places.data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _only_one(places.data_dir):
        # Its presence tells scripts that the demo is ready.
        places.summary.unlink(missing_ok=True)
        for number in (port, port + 1):
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
    supervisor.start(_salesforce(places, env))
    _bring_schema_up_to_date(settings)
    # Ours start while the stand-in CRM does: they need the schema, not the sample data.
    for service in _our_processes(places, env):
        supervisor.start(service)
    if not supervisor.wait_ready(SALESFORCE):
        return
    credentials = json.loads(places.credentials.read_text(encoding="utf-8"))
    seeded = _seed(settings, credentials)
    if not supervisor.wait_ready():
        return
    summary = _summary(places, credentials, seeded)
    write_private(places.summary, json.dumps(summary, indent=2))
    _tell(supervisor, summary, places)
    supervisor.watch()
    supervisor.say("demo", "stopping")


def _bring_schema_up_to_date(settings: Settings) -> None:
    # Imported here and below, not at the top: the first children start meanwhile.
    from jobs.db import migrate, open_database
    from widget.preflight import is_at_newest

    database = open_database(settings)
    try:
        if is_at_newest(database):
            return
    finally:
        database.close()
    migrate(settings)


def _seed(settings: Settings, credentials: Mapping[str, Any]) -> Mapping[str, Any]:
    from jobs.seed import seed_demo

    return seed_demo(settings, credentials)


@contextmanager
def _only_one(data_dir: Path) -> Iterator[None]:
    """Hold the directory. Raises StartupProblem when another demo has it."""
    lock = os.open(data_dir / "demo.lock", os.O_RDWR | os.O_CREAT, 0o600)
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
    return {
        "LOG_FORMAT": "console",
        **os.environ,
        "DATA_DIR": str(places.data_dir),
        "PUBLIC_URL": places.web_url,
        "TRUSTED_CRM_HOSTS": places.salesforce_host,
        "SALESFORCE_LOGIN_URL": places.salesforce_url,
        "PYTHONUNBUFFERED": "1",
    }


def _overrides(env: Mapping[str, str]) -> dict[str, str]:
    return {name: env[name.upper()] for name in Settings.model_fields if env.get(name.upper())}


def _queue_server(places: _Places, env: Mapping[str, str]) -> Service:
    valkey = EmbeddedValkey(places.data_dir)
    valkey.claim()
    return Service("queue", valkey.command(), env, is_ready=valkey.is_answering, is_foundation=True)


def _salesforce(places: _Places, env: Mapping[str, str]) -> Service:
    options = {
        "--port": str(places.port + 1),
        "--data": str(places.credentials.parent),
        "--public-url": places.salesforce_url,
        "--panel-url": places.web_url,
    }
    arguments = [part for option in options.items() for part in option]
    return Service(
        SALESFORCE,
        [sys.executable, "-m", "emulator", "salesforce", *arguments],
        env,
        is_ready=lambda: places.credentials.exists() and _answers(f"{places.salesforce_url}/_emulator/faults")(),
        is_foundation=True,
    )


def _our_processes(places: _Places, env: Mapping[str, str]) -> list[Service]:
    ours = [sys.executable, "-m", "widget"]
    workers = [Service(f"worker-{number}", [*ours, "worker"], env) for number in range(1, WORKERS + 1)]
    web = [*ours, "web", "--port", str(places.port)]
    return [
        Service("clock", [*ours, "clock"], env),
        *workers,
        Service("web", web, env, is_ready=_answers(f"{places.web_url}/readyz")),
    ]


def _answers(url: str) -> Callable[[], bool]:
    def ask() -> bool:
        try:
            return requests.get(url, timeout=PROBE_SECONDS).ok
        except requests.RequestException:
            return False

    return ask


def _summary(places: _Places, credentials: Mapping[str, Any], seeded: Mapping[str, Any]) -> dict[str, Any]:
    """What scripts need to drive the demo."""
    kept = ("org_id", "client_id", "client_secret", "canvas_secret", "access_token", "records")
    return {
        "web": {"url": places.web_url},
        "admin": {"email": seeded["admin_email"], "password": seeded["admin_password"]},
        "salesforce": {
            "url": places.salesforce_url,
            "connection_id": seeded["connection_id"],
            **{name: credentials[name] for name in kept},
        },
    }


def _tell(supervisor: Supervisor, summary: Mapping[str, Any], places: _Places) -> None:
    records = summary["salesforce"]["records"]
    lines = [
        "Ready. Open a record in the stand-in Salesforce and click Sync this record:",
        *(f"  {name:<12} {record['page']}" for name, record in records.items()),
        f"Admin area:    {places.web_url}/admin/",
        f"  sign in with {summary['admin']['email']} and {summary['admin']['password']}",
        f"Data: {places.data_dir} (a second run uses it again). Stop with Ctrl-C.",
    ]
    for line in lines:
        supervisor.say("demo", line)
