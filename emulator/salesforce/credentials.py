"""The org's secrets: made once, kept in the data directory, readable by their owner only."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from pathlib import Path

from emulator.private_files import load_or_make as load_or_make_file
from emulator.salesforce.certificates import key_pair


@dataclass(frozen=True, slots=True)
class Secrets:
    """The external client app's id and secret, the Canvas app's secret, the key pair that Apex signs with."""

    client_id: str
    client_secret: str
    canvas_secret: str
    lwc_private_key: str
    lwc_certificate: str


def load_or_make(path: Path) -> Secrets:
    """Read the secrets from `path`, or make them there with file mode 0600."""
    return load_or_make_file(path, Secrets, _make)


def _make() -> Secrets:
    private_key, certificate = key_pair("Panel_Launch")
    return Secrets(
        client_id="3MVG9" + secrets.token_urlsafe(60),
        client_secret=secrets.token_hex(32).upper(),
        canvas_secret=secrets.token_hex(32).upper(),
        lwc_private_key=private_key,
        lwc_certificate=certificate,
    )
