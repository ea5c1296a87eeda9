"""The secrets of a portal's app, made at its first start and kept in its data directory."""

from __future__ import annotations

import secrets
import uuid
from dataclasses import dataclass
from pathlib import Path

from emulator.private_files import load_or_make as load_or_make_file


@dataclass(frozen=True, slots=True)
class Secrets:
    """The OAuth app's id and secret (which also signs webhooks and card calls) and the account's static token."""

    client_id: str
    client_secret: str
    access_token: str


def load_or_make(path: Path) -> Secrets:
    """Read the secrets from `path`, or make them there with file mode 0600."""
    return load_or_make_file(path, Secrets, _make)


def _make() -> Secrets:
    return Secrets(str(uuid.uuid4()), str(uuid.uuid4()), f"pat-na1-{uuid.uuid4()}")


def new_access_token() -> str:
    """An OAuth access token: longer than many columns, well below the 512 characters that are promised."""
    return "C" + secrets.token_urlsafe(180)
