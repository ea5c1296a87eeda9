"""What is looked at before a process starts: better one sentence now than an error page later."""

from __future__ import annotations

from sqlalchemy import inspect, text

from config.settings import Settings
from jobs.db import MIGRATIONS, Database, open_database, pending_migrations
from widget.startup_problems import StartupProblem


def require_current_schema(settings: Settings) -> None:
    """Raises StartupProblem when migrations are pending, and the driver's error when there is no database."""
    database = open_database(settings)
    try:
        if not is_at_newest(database) and pending_migrations(database):
            raise StartupProblem("The database schema is not up to date: run `widget migrate`, then start again.")
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
