"""All stored secrets under the first of `ENCRYPTION_KEYS`, so that an older one can be dropped."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from sqlalchemy import Column, Table, select, update
from sqlalchemy.orm import Session

from config.settings import Settings
from jobs.db import changed_one, open_database
from jobs.models import Base
from jobs.vault import Vault

SEALED = "_sealed"
MOST_PASSES = 5


class StillSealing(Exception):
    """A process that was not restarted goes on sealing with an older key."""


def reseal_everything(settings: Settings) -> int:
    """The number of secrets that were still under an older key. Safe while everything runs, and to repeat.

    Raises CannotOpen when one fits none of the keys, before anything is changed, or StillSealing.
    """
    vault, database, count = Vault(settings), open_database(settings), 0
    try:
        for _ in range(MOST_PASSES):
            with database.write() as session:
                found = list(_outdated(session, vault))
                count += sum(_resealed(session, vault, *each) for each in found)
            if not found:
                return count
    finally:
        database.close()
    raise StillSealing


def secrets(session: Session) -> Iterator[tuple[Column[Any], dict[str, Any], str]]:
    """Column, primary key and content of every secret there is, sealed as it is."""
    for table in Base.metadata.sorted_tables:
        for column in (each for each in table.columns if each.name.endswith(SEALED)):
            for row in session.execute(select(column, *table.primary_key.columns).where(column != "")):
                yield column, dict(zip(table.primary_key.columns.keys(), row[1:], strict=True)), row[0]


def _outdated(session: Session, vault: Vault) -> Iterator[tuple[Column[Any], dict[str, Any], str]]:
    """Those that are not under the first key."""
    return (each for each in secrets(session) if not vault.is_current(each[2]))


def _resealed(session: Session, vault: Vault, column: Column[Any], key: dict[str, Any], sealed: str) -> bool:
    """Only if it is still what was read: a token that is renewed right now must not be put back."""
    table = column.table
    assert isinstance(table, Table)
    statement = update(table).where(column == sealed).values({column.name: vault.reseal(sealed)})
    for name, value in key.items():
        statement = statement.where(table.columns[name] == value)
    return changed_one(session, statement)
