"""CRM calls are counted per connection and day, whoever makes them and at whatever moment."""

from __future__ import annotations

from jobs import usage
from jobs.db import Database
from tests.models.test_runs import all_at_once


def test_calls_of_many_workers_add_up(database: Database, connection_id: int) -> None:
    def work() -> None:
        with database.write() as session:
            usage.add(session, connection_id, 2)

    all_at_once(12, work)
    assert today(database, connection_id) == 24


def test_nothing_called_is_nothing_counted(database: Database, connection_id: int) -> None:
    with database.write() as session:
        usage.add(session, connection_id, 0)
    assert today(database, connection_id) == 0


def test_calls_are_counted_with_what_they_were_for(database: Database, connection_id: int) -> None:
    with database.write() as session:
        usage.add(session, connection_id, 3)
        session.rollback()
    assert today(database, connection_id) == 0


def today(database: Database, connection_id: int) -> int:
    with database.read() as session:
        return usage.today(session, connection_id)
