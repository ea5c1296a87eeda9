"""Three people whose access is their meaning: an admin, a viewer, and a stranger who must see nothing."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from config.embedded_valkey import EmbeddedValkey
from config.settings import load_settings
from jobs.runtime import Runtime, open_runtime
from tests.admin import samples, site
from tests.admin.site import Visitor
from tests.support.compiled import application
from tests.support.org_server import OrgServer
from tests.support.portal_server import PortalServer
from tests.support.stand_in import StandIn as Org


@pytest.fixture(scope="package", autouse=True)
def _cheap_passwords() -> Iterator[None]:
    """New ones are hashed as the samples are, or every sign-in would keep its password anew, at its full cost."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("jobs.accounts._hasher", site.CHEAP_HASHER)
        yield


@pytest.fixture(scope="session")
def org(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Org]:
    server = OrgServer(tmp_path_factory.mktemp("org"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Org]:
    server = PortalServer(tmp_path_factory.mktemp("portal"))
    yield server
    server.stop()


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
    return application(runtime)


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
