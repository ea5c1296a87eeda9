"""An SQLite file that many threads use, each under a lock of its owner's."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Literal


def open_file(
    database: Path | str, schema: str, *, synchronous: Literal["OFF", "NORMAL", "FULL"] = "FULL"
) -> sqlite3.Connection:
    """Open the file and make what `schema` says is not there yet. Every statement commits by itself.

    `synchronous` is how much a power cut may take: a stand-in that loses its last entries is fine, a slow one is not.
    """
    connection = sqlite3.connect(database, check_same_thread=False, isolation_level=None, timeout=10)
    connection.execute("PRAGMA journal_mode=WAL")
    connection.execute(f"PRAGMA synchronous={synchronous}")
    connection.executescript(schema)
    return connection
