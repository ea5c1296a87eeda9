"""Two records that somebody said are not the same: they are never matched, until somebody links them by hand."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import ColumnElement, delete, select
from sqlalchemy.orm import Session

from jobs.db import upsert
from jobs.models import KeepApart
from jobs.runtime import utc_now
from jobs.sync.rows import RecordKey


def keep_apart(session: Session, key: RecordKey, local_record_id: int, *, by: str) -> None:
    """Remember it; saying it twice is no error."""
    values = {**vars(key), "local_record_id": local_record_id, "by": by, "created_at": utc_now()}
    upsert(session, KeepApart, values, key=(*vars(key), "local_record_id"))


def allow_again(session: Session, key: RecordKey, local_record_id: int) -> None:
    session.execute(delete(KeepApart).where(*_of(key), KeepApart.local_record_id == local_record_id))


def kept_apart(session: Session, key: RecordKey) -> frozenset[int]:
    """The ids of our records that this CRM record is not."""
    return frozenset(session.scalars(select(KeepApart.local_record_id).where(*_of(key))))


def kept_apart_from(session: Session, connection_id: int, object_name: str, local_record_id: int) -> frozenset[str]:
    """The ids of the CRM records of that object that our record is not."""
    query = select(KeepApart.crm_record_id).where(
        KeepApart.connection_id == connection_id,
        KeepApart.object == object_name,
        KeepApart.local_record_id == local_record_id,
    )
    return frozenset(session.scalars(query))


def apart_from(session: Session, connection_id: int, local_record_ids: Collection[int]) -> list[KeepApart]:
    """All that is kept apart from these of ours in that connection, the newest first."""
    query = select(KeepApart).where(
        KeepApart.connection_id == connection_id, KeepApart.local_record_id.in_(local_record_ids)
    )
    return list(session.scalars(query.order_by(KeepApart.id.desc())))


def inherit(session: Session, key: RecordKey, heir: RecordKey) -> None:
    """What lives on as another record is still not what it was not."""
    for said in session.scalars(select(KeepApart).where(*_of(key))).all():
        keep_apart(session, heir, said.local_record_id, by=said.by)


def _of(key: RecordKey) -> list[ColumnElement[bool]]:
    return [getattr(KeepApart, name) == value for name, value in vars(key).items()]
