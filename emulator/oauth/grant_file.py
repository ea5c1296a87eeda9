"""Where grants are kept: one SQLite file for each CRM. Secrets are stored as hashes only."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from emulator.sqlite_file import open_file


class GrantFile:
    """`schema` makes the tables `authorization_code` and `refresh_token`. Who uses the connection holds the lock."""

    def __init__(self, database: Path | str, schema: str, *, now: Callable[[], datetime]) -> None:
        self._now = now
        self._lock = threading.Lock()
        self._connection = open_file(database, schema)

    def clear(self) -> None:
        with self._lock:
            self._connection.executescript("DELETE FROM authorization_code; DELETE FROM refresh_token;")

    def close(self) -> None:
        with self._lock:
            self._connection.close()
