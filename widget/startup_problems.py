"""Turns an error at the start of a process into one sentence that says what to mend."""

from __future__ import annotations


class StartupProblem(RuntimeError):
    """The process cannot start as asked. The message is one sentence for a terminal."""


def sentence_for(error: Exception) -> str | None:
    """The sentence, without anything secret; None for an error that nobody foresaw."""
    from config.embedded_valkey import NoQueueServer, NotPrivate, QueueServerInUse
    from config.processes import NeverReady
    from config.redis import QueueServerMissing
    from config.settings import SettingsError

    told = (SettingsError, QueueServerMissing, NoQueueServer, NotPrivate, QueueServerInUse, NeverReady, StartupProblem)
    return str(error) if isinstance(error, told) else _from_library(error)


def _from_library(error: Exception) -> str | None:
    from alembic.util import CommandError
    from redis.exceptions import RedisError
    from sqlalchemy.exc import DBAPIError

    from jobs.accounts import AccountError
    from jobs.reseal import StillSealing
    from jobs.vault import CannotOpen

    if isinstance(error, AccountError):
        return str(error)
    if isinstance(error, StillSealing):
        return "A process still seals with an older key: restart all of them with the new ENCRYPTION_KEYS, then repeat."
    if isinstance(error, CannotOpen):
        return "ENCRYPTION_KEYS lacks the key that this data was encrypted with: add it at the end of the list."
    if isinstance(error, DBAPIError):
        return f"The database cannot be used; check DATABASE_URL ({_first_line(error.orig)})."
    if isinstance(error, RedisError):
        return f"The queue server cannot be used; check REDIS_URL ({_first_line(error)})."
    if isinstance(error, CommandError):
        return f"The database schema does not fit this version of the product ({_first_line(error)})."
    return None


def _first_line(error: BaseException | None) -> str:
    from config.redaction import redact_text

    lines = redact_text(str(error)).strip().splitlines()
    return lines[0].rstrip(".") if lines else "no reason given"
