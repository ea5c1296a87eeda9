"""A migrated database of each kind, made once and emptied before each test, and the rows that others hang on."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from alembic import command

from jobs.db import Database, alembic_config
from jobs.models import Base, Connection, SetupVersion
from jobs.runtime import utc_now

KINDS = ["sqlite", pytest.param("postgres", marks=pytest.mark.postgres)]
KEPT = {SetupVersion.__tablename__}  # its one row comes with the migrations


def with_driver(url: str) -> str:
    """The URL as the settings would make it."""
    return url.replace("postgresql://", "postgresql+psycopg://", 1)


@pytest.fixture(scope="session", params=KINDS)
def migrated_url(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A database with every table, on SQLite and then on PostgreSQL."""
    if request.param == "sqlite":
        url = f"sqlite:///{tmp_path_factory.mktemp('models') / 'widget.sqlite3'}"
        command.upgrade(alembic_config(url), "head")
        yield url
        return
    server = request.getfixturevalue("postgres_server")
    bare = server.create()
    url = with_driver(bare)
    command.upgrade(alembic_config(url), "head")
    yield url
    server.drop(bare)


@pytest.fixture(scope="session")
def migrated(migrated_url: str) -> Iterator[Database]:
    database = Database(migrated_url, pool_size=20)
    yield database
    database.close()


@pytest.fixture
def database(migrated: Database) -> Database:
    """An empty database of the product. The test runs twice."""
    with migrated.write() as session:
        for table in reversed(Base.metadata.sorted_tables):
            if table.name not in KEPT:
                session.execute(table.delete())
    return migrated


@pytest.fixture
def connection_id(database: Database) -> int:
    """A connection for runs and mappings to belong to."""
    with database.write() as session:
        connection = Connection(
            crm="salesforce",
            name="Sample Org",
            org_id="00D000000000001AAA",
            base_url="https://sample.my.salesforce.com",
            api_version="67.0",
            client_id="sample",
            host_origins=[],
            created_at=utc_now(),
            updated_at=utc_now(),
        )
        session.add(connection)
        session.flush()
        return connection.id
