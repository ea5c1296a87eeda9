"""Three people whose access is their meaning: an admin, a viewer, and a stranger who must see nothing."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import requests
from flask import Flask

from config import processes
from config.embedded_valkey import EmbeddedValkey
from config.settings import load_settings
from jobs.runtime import Runtime, open_runtime
from tests.admin import samples, site
from tests.admin.site import Visitor
from tests.support.processes import free_ports

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True)
class Org:
    """A stand-in for a CRM, as its own process."""

    url: str
    credentials: dict[str, Any]

    def fault(self, **fault: Any) -> None:
        requests.post(f"{self.url}/_emulator/faults", json=fault, timeout=10).raise_for_status()

    def clear_faults(self) -> None:
        requests.delete(f"{self.url}/_emulator/faults", timeout=10).raise_for_status()


@pytest.fixture(scope="session")
def org(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Org]:
    with _stand_in("salesforce", tmp_path_factory.mktemp("org")) as org:
        yield org


@pytest.fixture(scope="session")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Org]:
    with _stand_in("hubspot", tmp_path_factory.mktemp("portal")) as portal:
        yield portal


@contextmanager
def _stand_in(crm: str, data: Path) -> Iterator[Org]:
    port = free_ports(1)
    url = f"http://localhost:{port}"
    command = [sys.executable, "-m", "emulator", crm, "--port", str(port), "--data", str(data), "--public-url", url]
    with (data / "server.log").open("wb") as log:
        process = subprocess.Popen(
            command,
            cwd=ROOT,
            env=os.environ | {"PYTHONUNBUFFERED": "1"},
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    try:
        processes.wait_until(lambda: _answers(url), process, seconds=30, what="the stand-in")
        yield Org(url, json.loads((data / "credentials.json").read_text()))
    finally:
        processes.stop(process, seconds=5)


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """A database of the test's own with the newest schema. The test runs twice: on SQLite and on PostgreSQL."""
    if request.param == "postgres":
        return str(request.getfixturevalue("migrated_postgres_url"))
    file = tmp_path / "widget.sqlite3"
    shutil.copy(request.getfixturevalue("migrated_file"), file)
    return f"sqlite:///{file}"


@pytest.fixture
def runtime(
    tmp_path: Path, valkey_server: EmbeddedValkey, database_url: str, request: pytest.FixtureRequest
) -> Iterator[Runtime]:
    """Settings, an up-to-date database with sample rows and two people, and the queue server."""
    stand_ins = [request.getfixturevalue(name) for name in ("org", "portal") if name in request.fixturenames]
    hosts = [each.url.partition("://")[2] for each in stand_ins]
    settings = load_settings(
        {
            "data_dir": tmp_path / "data",
            "redis_url": valkey_server.url,
            "database_url": database_url,
            "trusted_crm_hosts": tuple(hosts),
        }
    )
    runtime = open_runtime(settings)
    runtime.redis.flushall()
    site.add_people(runtime)
    with runtime.database.write() as session:
        samples.fill(session, runtime.vault)
    yield runtime
    runtime.close()


@pytest.fixture
def app(runtime: Runtime) -> Flask:
    return site.create_site(runtime)


@pytest.fixture
def stranger(app: Flask) -> Visitor:
    return Visitor(app.test_client())


@pytest.fixture
def admin(app: Flask) -> Visitor:
    return _signed_in(app, "admin@example.com")


@pytest.fixture
def viewer(app: Flask) -> Visitor:
    return _signed_in(app, "viewer@example.com")


def _signed_in(app: Flask, email: str) -> Visitor:
    visitor = Visitor(app.test_client())
    assert visitor.sign_in(email).status_code == 303
    return visitor


def _answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/_emulator/faults", timeout=2).status_code < 500
    except requests.RequestException:
        return False
