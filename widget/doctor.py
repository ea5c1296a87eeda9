"""`widget doctor`: looks at each thing an installation stands on and says what to mend."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from datetime import timedelta

from sqlalchemy import select

from config.redis import connect
from config.settings import Settings, SettingsError, load_settings
from jobs.db import Database, open_database, pending_migrations
from jobs.models import Heartbeat
from jobs.reseal import secrets
from jobs.runtime import utc_now
from jobs.schedule import CLOCK
from jobs.vault import Vault
from widget.startup_problems import StartupProblem, sentence_for

CLOCK_SILENCE = timedelta(seconds=60)


def examine() -> int:
    """Print one line per check; 1 when something needs mending, else 0."""
    try:
        settings = load_settings()
    except SettingsError as error:
        print(_line("settings", str(error)))
        return 1
    print(_line("settings", None))
    problems = 0
    for name, check in _checks(settings):
        problem = _problem(check)
        problems += problem is not None
        print(_line(name, problem))
    return 1 if problems else 0


def _checks(settings: Settings) -> Iterator[tuple[str, Callable[[], None]]]:
    database = open_database(settings)
    yield "database", lambda: _schema_is_current(database)
    yield "encryption keys", lambda: _secrets_open(database, settings)
    yield "clock", lambda: _clock_ticks(database)
    yield "queue", lambda: _queue_answers(settings)
    database.close()


def _problem(check: Callable[[], None]) -> str | None:
    try:
        check()
    except Exception as error:
        # Foreseen or not: a check that fell over is a finding, and the next check still runs.
        return sentence_for(error) or f"{type(error).__name__}: see the log of the process that uses it."
    return None


def _line(name: str, problem: str | None) -> str:
    return f"ok    {name}" if problem is None else f"MEND  {name}: {problem}"


def _schema_is_current(database: Database) -> None:
    if pending_migrations(database):
        raise StartupProblem("The schema is not up to date: run `widget migrate`.")


def _secrets_open(database: Database, settings: Settings) -> None:
    vault = Vault(settings)
    with database.read() as session:
        for _column, _key, sealed in secrets(session):
            vault.open(sealed)


def _clock_ticks(database: Database) -> None:
    with database.read() as session:
        beat_at = session.scalar(select(Heartbeat.beat_at).where(Heartbeat.name == CLOCK))
    if beat_at is None:
        raise StartupProblem("It has never run: start `widget clock`.")
    silence = utc_now() - beat_at
    if silence > CLOCK_SILENCE:
        raise StartupProblem(f"It has been silent for {silence.total_seconds():.0f} seconds: start `widget clock`.")


def _queue_answers(settings: Settings) -> None:
    connect(settings).ping()
