"""Whether an address can be listened on, asked before a server is started."""

from __future__ import annotations

import errno
import socket

from widget.startup_problems import StartupProblem


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
