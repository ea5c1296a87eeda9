"""Offices for tests: one seeded SQLite file, copied for each of them, or PostgreSQL, beside one org process for all."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from config.embedded_valkey import EmbeddedValkey
from config.settings import Settings
from jobs.crm.check import host_origins
from jobs.db import migrate, open_database
from jobs.mapping_defaults import add_default_mappings
from jobs.models import Connection
from jobs.runtime import open_runtime, utc_now
from jobs.vault import Vault
from tests.support.office import Office
from tests.support.org_server import Api, Json, OrgServer, SharedOrg
from tests.support.settings_beside import made_keys, settings_beside


@pytest.fixture(scope="session")
def office_org(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OrgServer]:
    """The org process of all offices of this run."""
    server = SharedOrg(tmp_path_factory.mktemp("office-org"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def office_keys() -> Json:
    return made_keys()


@pytest.fixture(scope="session")
def office_database(tmp_path_factory: pytest.TempPathFactory, office_org: OrgServer, office_keys: Json) -> Path:
    """A migrated SQLite file with a connection to the org. Each test gets a copy."""
    folder = tmp_path_factory.mktemp("office")
    settings = settings_beside(office_org.url, folder, "redis://localhost:1", office_keys)
    migrate(settings)
    _furnish(settings, office_org)
    return folder / "widget.sqlite3"


@pytest.fixture
def office(tmp_path: Path, valkey_server: EmbeddedValkey, request: pytest.FixtureRequest) -> Iterator[Office]:
    """An office on SQLite, the org brought back to its seed."""
    with open_office(request, tmp_path, valkey_server.url) as office:
        yield office


@pytest.fixture
def office_on_postgres(
    tmp_path: Path, valkey_server: EmbeddedValkey, request: pytest.FixtureRequest
) -> Iterator[Office]:
    url = str(request.getfixturevalue("migrated_postgres_url"))
    with open_office(request, tmp_path, valkey_server.url, database_url=url) as office:
        yield office


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def each_office(request: pytest.FixtureRequest) -> Office:
    """The test runs twice: on SQLite and on PostgreSQL."""
    office: Office = request.getfixturevalue("office" if request.param == "sqlite" else "office_on_postgres")
    return office


@pytest.fixture
def admin_api(office: Office) -> Api:
    """The org's REST API as its admin."""
    return office.org.api("admin")


@contextmanager
def open_office(request: pytest.FixtureRequest, folder: Path, redis_url: str, **overrides: Any) -> Iterator[Office]:
    org: OrgServer = request.getfixturevalue("office_org")
    org.reset()
    keys = request.getfixturevalue("office_keys")
    settings = settings_beside(org.url, folder / "data", redis_url, keys, **overrides)
    if settings.database_url.startswith("sqlite"):
        shutil.copy(request.getfixturevalue("office_database"), settings.data_dir / "widget.sqlite3")
    else:
        _furnish(settings, org)
    runtime = open_runtime(settings)
    with runtime.database.read() as session:
        connection_id = session.scalars(select(Connection.id)).one()
    yield Office(runtime, org, connection_id)
    runtime.close()


def _furnish(settings: Settings, org: OrgServer) -> None:
    """A connection as an admin leaves it: details tested, default mappings, everything on."""
    known, now = org.credentials, utc_now()
    database = open_database(settings)
    with database.write() as session:
        connection = Connection(
            crm="salesforce",
            name="Sample Org",
            org_id=known["org_id"],
            base_url=org.url,
            api_version=settings.salesforce_api_version,
            client_id=known["client_id"],
            client_secret_sealed=Vault(settings).seal(known["client_secret"]),
            host_origins=host_origins(org.url),
            created_at=now,
            updated_at=now,
        )
        session.add(connection)
        session.flush()
        add_default_mappings(session, connection)
    database.close()
