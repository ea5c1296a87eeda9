"""The conflicts of a CRM record that are still open, and what becomes of them when its link moves or ends."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from sqlalchemy import ColumnElement, and_, select, update
from sqlalchemy import Connection as DatabaseConnection
from sqlalchemy.orm import Session

from jobs.models import Conflict
from jobs.runtime import utc_now
from jobs.sync.rows import RecordKey

GONE = "gone"
"""The `choice` of a conflict that nobody settled: its record is gone in the CRM."""


def open_conflicts(database: DatabaseConnection, key: RecordKey) -> Sequence[Any]:
    """As rows with the columns of `Conflict`, oldest first."""
    return database.execute(select(*Conflict.__table__.columns).where(_open(key)).order_by(Conflict.id)).all()


def move_conflicts(session: Session, key: RecordKey, heir: RecordKey) -> None:
    """With the link, to the CRM record that this one lives on as. What was open there belonged to no link."""
    close_conflicts(session, heir)
    session.execute(update(Conflict).where(_open(key)).values(object=heir.object, crm_record_id=heir.crm_record_id))


def close_conflicts(session: Session, key: RecordKey, *, choice: str = "") -> None:
    """The link ended, or rests: there is nothing left to choose between."""
    session.execute(update(Conflict).where(_open(key)).values(settled_at=utc_now(), choice=choice))


def _open(key: RecordKey) -> ColumnElement[bool]:
    return and_(
        Conflict.connection_id == key.connection_id,
        Conflict.object == key.object,
        Conflict.crm_record_id == key.crm_record_id,
        Conflict.settled_at.is_(None),
    )
