"""Fixtures for every test: settings, a database (SQLite and PostgreSQL), the queue server, a browser."""

from __future__ import annotations

import gc
import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from playwright.sync_api import Browser, Page, Playwright, sync_playwright

from config.embedded_valkey import EmbeddedValkey
from config.redis import connect
from config.settings import Settings, load_settings
from jobs.db import migrate
from tests.support.chromium import NoChromium, find_chromium, launch_chromium
from tests.support.postgres import NoPostgres, Postgres, empty, running_postgres
from tests.support.skips import pytest_sessionfinish, pytest_terminal_summary
from tests.support.stand_in import Shared

__all__ = ["pytest_sessionfinish", "pytest_terminal_summary"]

POSTGRES = pytest.param("postgres", marks=pytest.mark.postgres)


def pytest_collection_finish() -> None:
    """Thousands of collected tests are no garbage: looking through them again and again took a sixth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(2000, 20, 50)


@pytest.fixture(autouse=True, scope="session")
def _no_settings_from_outside() -> None:
    """A developer's own DATABASE_URL must never reach a test."""
    for name in Settings.model_fields:
        os.environ.pop(name.upper(), None)


@pytest.fixture(autouse=True, scope="session")
def _nothing_is_left() -> Iterator[None]:
    """Torn down last: what the tests shared has ended when they have."""
    yield
    Shared.wait_for_all()


@pytest.fixture(scope="session")
def valkey_server() -> Iterator[EmbeddedValkey]:
    """A real queue server for the whole run. Tests that kill one start their own `EmbeddedValkey`."""
    with tempfile.TemporaryDirectory(prefix="widget-valkey-") as folder:
        server = EmbeddedValkey(Path(folder))
        server.start()
        yield server
        server.stop()


@pytest.fixture
def valkey(valkey_server: EmbeddedValkey, settings: Settings) -> redis.Redis:
    """A client of the queue server, emptied."""
    client = connect(settings)
    client.flushall()
    return client


@pytest.fixture(scope="session")
def postgres_server() -> Iterator[Postgres]:
    """A real PostgreSQL for the whole run."""
    try:
        with running_postgres() as server:
            yield server
    except NoPostgres as error:
        pytest.skip(str(error))


@pytest.fixture
def postgres_url(postgres_server: Postgres) -> Iterator[str]:
    """An empty PostgreSQL database of the test's own."""
    url = postgres_server.create()
    yield url
    postgres_server.drop(url)


@pytest.fixture(scope="session")
def migrated_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An SQLite database with the newest schema, to be copied."""
    folder = tmp_path_factory.mktemp("migrated")
    migrate(load_settings({"data_dir": folder}))
    return folder / "widget.sqlite3"


@pytest.fixture(scope="session")
def postgres_with_schema(postgres_server: Postgres) -> Iterator[str]:
    """A PostgreSQL database with the newest schema: to make one takes longer than most tests."""
    url = postgres_server.create()
    migrate(load_settings({"database_url": url}))
    yield url
    postgres_server.drop(url)


@pytest.fixture
def migrated_postgres_url(postgres_with_schema: str) -> str:
    """It, as the migrations left it."""
    empty(postgres_with_schema)
    return postgres_with_schema


@pytest.fixture(params=["sqlite", POSTGRES])
def database_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty database of the test's own. The test runs twice: on SQLite and on PostgreSQL."""
    if request.param == "sqlite":
        return f"sqlite:///{tmp_path / 'widget.sqlite3'}"
    return str(request.getfixturevalue("postgres_url"))


@pytest.fixture
def settings(tmp_path: Path, valkey_server: EmbeddedValkey) -> Settings:
    """Settings of a small installation: SQLite, the shared queue server, keys made on the spot."""
    return load_settings({"data_dir": tmp_path / "data", "redis_url": valkey_server.url})


@pytest.fixture
def settings_on_each_database(settings: Settings, database_url: str) -> Settings:
    """The same settings on SQLite and then on PostgreSQL."""
    plain = {"data_dir": settings.data_dir, "redis_url": settings.redis_url, "database_url": database_url}
    return load_settings(plain)


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """Playwright's driver."""
    with sync_playwright() as driver:
        yield driver


@pytest.fixture(scope="session")
def chromium(playwright: Playwright) -> Path:
    """The path of a Chromium. Without one, browser tests are skipped loudly."""
    try:
        return find_chromium(playwright)
    except NoChromium as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def browser(playwright: Playwright, chromium: Path) -> Iterator[Browser]:
    """A running Chromium. Each test opens a context of its own."""
    browser = launch_chromium(playwright, chromium)
    yield browser
    browser.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A fresh page in a fresh context."""
    context = browser.new_context()
    yield context.new_page()
    context.close()
