"""What is looked at before a process starts: better one sentence now than an error page later."""

from __future__ import annotations

import errno
import socket

from config.settings import Settings
from jobs.db import open_database, pending_migrations
from widget.startup_problems import StartupProblem


def require_current_schema(settings: Settings) -> None:
    """Raises StartupProblem when migrations are pending, and the driver's error when there is no database."""
    database = open_database(settings)
    try:
        pending = pending_migrations(database)
    finally:
        database.close()
    if pending:
        raise StartupProblem("The database schema is not up to date: run `widget migrate`, then start again.")


def require_free(host: str, port: int) -> None:
    """Raises StartupProblem. gunicorn itself would try for five seconds and then say less."""
    try:
        family, kind, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        with socket.socket(family, kind) as probe:
            # A port that was closed a moment ago is free, as it is for the server.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            probe.bind(address)
    except socket.gaierror:
        raise StartupProblem(f"{host} is not an address of this machine: change --host.") from None
    except OSError as error:
        raise StartupProblem(_port_sentence(error, port)) from None


def _port_sentence(error: OSError, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"Port {port} is taken: stop what uses it, or choose another with --port."
    if error.errno == errno.EACCES:
        return f"Port {port} needs more rights than this user has: choose one above 1023 with --port."
    return f"Port {port} cannot be used ({error.strerror}): choose another with --port or --host."
