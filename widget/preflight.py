"""What is looked at before a process starts: better one sentence now than an error page later."""

from __future__ import annotations

from collections.abc import ItemsView

from sqlalchemy import inspect, text
from sqlalchemy.engine.interfaces import ReflectedColumn

from config.settings import Settings
from jobs.db import MIGRATIONS, Database, open_database, pending_migrations
from jobs.models import Base
from widget.startup_problems import StartupProblem


def require_current_schema(settings: Settings) -> None:
    """Raises StartupProblem when migrations are pending, and the driver's error when there is no database."""
    database = open_database(settings)
    try:
        if not is_at_newest(database) and pending_migrations(database):
            raise StartupProblem("The database schema is not up to date: run `widget migrate`, then start again.")
        if not fits(database):
            raise StartupProblem(
                "The database was made by an earlier version and cannot be brought up to date: start with a new one."
            )
    finally:
        database.close()


def is_at_newest(database: Database) -> bool:
    """True when the newest migration has run. Raises the driver's error when there is no database.

    Migrations are numbered by their file names. Asking Alembic costs every process 6 MiB and a fifth of a second;
    it is asked only when the numbers differ.
    """
    newest = max(file.stem.partition("_")[0] for file in (MIGRATIONS / "versions").glob("[0-9]*.py"))
    with database.engine.connect() as connection:
        if not inspect(connection).has_table("alembic_version"):
            return False
        return bool(connection.scalar(text("SELECT version_num FROM alembic_version")) == newest)


def fits(database: Database) -> bool:
    """Whether every table and column is there. Migrations that were changed after they ran leave one out."""
    found = {name: {each["name"] for each in there} for (_, name), there in _columns(database)}
    return all(set(table.columns.keys()) <= found.get(table.name, set()) for table in Base.metadata.tables.values())


def _columns(database: Database) -> ItemsView[tuple[str | None, str], list[ReflectedColumn]]:
    return inspect(database.engine).get_multi_columns().items()
