"""The addresses that settings may hold: what is accepted, and the one form it is brought into.

Each function returns the normal form or raises ValueError; its message never repeats the value.
"""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit

POSTGRES_SCHEMES = ("postgres", "postgresql", "postgresql+psycopg")
REDIS_SCHEMES = ("redis", "rediss", "unix")


def is_loopback(host: str) -> bool:
    """True for `localhost` and names under it (RFC 6761: they never leave the machine), 127.0.0.0/8, ::1."""
    name = host.lower().rstrip(".")
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ipaddress.ip_address(name).is_loopback
    except ValueError:
        return False


def host_and_port(value: str) -> str:
    """Normalise `Host:8001` to `host:8001`. Raises ValueError for anything but a host and a port."""
    parts = urlsplit(f"//{value}")
    is_plain = parts.netloc == value and parts.username is None
    if not is_plain or not parts.hostname or not parts.port:
        raise ValueError("not host:port")
    return value.lower()


def database_address(value: str) -> str:
    """A PostgreSQL URL with the driver we use, or the URL of an SQLite file."""
    scheme, _, rest = value.partition("://")
    if scheme in POSTGRES_SCHEMES:
        parts = urlsplit(f"postgresql://{rest}")
        # Reading .port raises ValueError when it is not a number from 0 to 65535.
        if parts.port == 0 or len(parts.path) < 2:
            raise ValueError("no database name")
        return f"postgresql+psycopg://{rest}"
    # A database in memory would be a different one in every process.
    if scheme == "sqlite" and len(rest) > 1 and rest.startswith("/") and ":memory:" not in rest:
        return value
    raise ValueError("unknown database")


def queue_address(value: str) -> str:
    """The URL of a Redis or Valkey server."""
    parts = urlsplit(value)
    has_target = parts.path if parts.scheme == "unix" else parts.hostname
    if parts.scheme not in REDIS_SCHEMES or not has_target or parts.port == 0:
        raise ValueError("unknown queue server")
    return value


def public_origin(value: str) -> str:
    """Scheme, host and port as a browser writes them."""
    parts = urlsplit(value.rstrip("/"))
    host = parts.hostname or ""
    if not host or parts.port == 0 or parts.username is not None:
        raise ValueError("not an address")
    if parts.path or parts.query or parts.fragment:
        raise ValueError("more than an origin")
    # CRM pages are https: a browser refuses to frame a plain http page of another machine.
    if parts.scheme != "https" and not (parts.scheme == "http" and is_loopback(host)):
        raise ValueError("not https")
    return f"{parts.scheme}://{parts.netloc.lower()}"
