"""Stages for tests: one seeded SQLite file, copied for each of them, or PostgreSQL, beside one org process for all."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from config.embedded_valkey import EmbeddedValkey
from jobs.db import migrate
from jobs.models import Connection
from jobs.runtime import open_runtime
from jobs.seed import seed_demo
from tests.support.compiled import application
from tests.support.org_server import Json, OrgServer, SharedOrg
from tests.support.product_log import listening
from tests.support.settings_beside import made_keys, settings_beside
from tests.support.stage import Stage, require_no_secret


@dataclass
class StageWithQueue:
    stage: Stage
    queue_server: EmbeddedValkey


@pytest.fixture(scope="session")
def stage_org(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OrgServer]:
    """The org process of all stages."""
    server = SharedOrg(tmp_path_factory.mktemp("stage-org"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def stage_keys() -> Json:
    return made_keys()


@pytest.fixture(scope="session")
def seeded_database(tmp_path_factory: pytest.TempPathFactory, stage_org: OrgServer, stage_keys: Json) -> Path:
    """A migrated and seeded SQLite file. Each test gets a copy."""
    folder = tmp_path_factory.mktemp("seeded")
    settings = settings_beside(stage_org.url, folder, "redis://localhost:1", stage_keys)
    migrate(settings)
    seed_demo(settings, stage_org.credentials)
    return folder / "widget.sqlite3"


@pytest.fixture
def stage(tmp_path: Path, valkey_server: EmbeddedValkey, request: pytest.FixtureRequest) -> Iterator[Stage]:
    """SQLite, the shared queue server emptied, the org brought back to its seed."""
    with _stage(request, tmp_path, valkey_server.url) as stage:
        stage.runtime.redis.flushall()
        yield stage


@pytest.fixture
def stage_on_postgres(tmp_path: Path, valkey_server: EmbeddedValkey, request: pytest.FixtureRequest) -> Iterator[Stage]:
    """The same on PostgreSQL."""
    url = str(request.getfixturevalue("migrated_postgres_url"))
    with _stage(request, tmp_path, valkey_server.url, database_url=url) as stage:
        stage.runtime.redis.flushall()
        yield stage


@pytest.fixture(params=["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)])
def each_stage(request: pytest.FixtureRequest) -> Stage:
    """The test runs twice: on SQLite and on PostgreSQL."""
    name = "stage" if request.param == "sqlite" else "stage_on_postgres"
    stage: Stage = request.getfixturevalue(name)
    return stage


@pytest.fixture
def stage_with_own_queue(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[StageWithQueue]:
    """A stage whose queue server the test may stop."""
    server = EmbeddedValkey(tmp_path / "valkey")
    server.start()
    try:
        with _stage(request, tmp_path, server.url) as stage:
            yield StageWithQueue(stage, server)
    finally:
        server.stop()


@contextmanager
def _stage(request: pytest.FixtureRequest, folder: Path, redis_url: str, **overrides: Any) -> Iterator[Stage]:
    org: OrgServer = request.getfixturevalue("stage_org")
    org.reset()
    keys = request.getfixturevalue("stage_keys")
    settings = settings_beside(org.url, folder / "data", redis_url, keys, **overrides)
    if settings.database_url.startswith("sqlite"):
        shutil.copy(request.getfixturevalue("seeded_database"), settings.data_dir / "widget.sqlite3")
    else:
        seed_demo(settings, org.credentials)
    runtime = open_runtime(settings)
    with runtime.database.read() as session:
        connection_id = session.scalars(select(Connection.id)).one()
    with listening(settings) as logs:
        stage = Stage(runtime, application(runtime), org, connection_id, logs)
        yield stage
        runtime.close()
        require_no_secret(stage)
