"""What a process is told when the database keeps it waiting."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event
from sqlalchemy.exc import DBAPIError

from jobs.db import Database


def test_a_lock_that_outlasts_us_is_a_trouble_of_the_database_like_any_other(tmp_path: Path) -> None:
    """Clock and workers wait for a database that is away: that it is locked must not end them."""
    file = tmp_path / "locked.db"
    database = Database(f"sqlite:///{file}")
    other = sqlite3.connect(file, isolation_level=None)

    def hurry(connection: Any, _: object) -> None:
        connection.execute("PRAGMA busy_timeout=20")

    event.listen(database.engine, "connect", hurry)
    with database.write():
        pass
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(DBAPIError), database.write() as session:
        session.connection()
    other.close()
    with database.write() as session:
        session.connection()
    database.close()
