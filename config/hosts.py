"""Host names: what is loopback, and the `host:port` form."""

from __future__ import annotations

import ipaddress
from urllib.parse import urlsplit


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
