"""Everything our database knows of one CRM record, in one query."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from sqlalchemy import BindParameter, ColumnElement, and_, bindparam, select
from sqlalchemy.orm import Session

from jobs.models import Connection, CrmRecord, LocalRecord, RecordLink, SyncRun
from jobs.models.run import OPEN


@dataclass(frozen=True)
class RecordKey:
    connection_id: int
    object: str
    crm_record_id: str


@dataclass(frozen=True)
class RecordRows:
    connection: Connection
    link: RecordLink | None
    local: LocalRecord | None  # the linked one
    seen: CrmRecord | None
    open_run: SyncRun | None


_OF_RECORD: dict[str, BindParameter[Any]] = {
    name: bindparam(name) for name in ("connection_id", "object", "crm_record_id")
}


def _same_record(model: type[RecordLink] | type[CrmRecord] | type[SyncRun]) -> ColumnElement[bool]:
    return and_(*(getattr(model, name) == parameter for name, parameter in _OF_RECORD.items()))


# Built once: putting a statement together costs as much as running it.
_QUERY = (
    select(Connection, RecordLink, LocalRecord, CrmRecord, SyncRun)
    .select_from(Connection)
    .outerjoin(RecordLink, _same_record(RecordLink))
    .outerjoin(LocalRecord, LocalRecord.id == RecordLink.local_record_id)
    .outerjoin(CrmRecord, _same_record(CrmRecord))
    .outerjoin(SyncRun, and_(_same_record(SyncRun), SyncRun.kind == "single", SyncRun.status.in_(OPEN)))
    .where(Connection.id == _OF_RECORD["connection_id"])
)


_PAIR = (
    select(RecordLink, LocalRecord)
    .outerjoin(LocalRecord, LocalRecord.id == RecordLink.local_record_id)
    .where(_same_record(RecordLink))
)


def linked_pair(session: Session, key: RecordKey) -> tuple[RecordLink | None, LocalRecord | None]:
    """The link of a CRM record and our side of it."""
    found = session.execute(_PAIR, asdict(key)).one_or_none()
    return (found[0], found[1]) if found is not None else (None, None)


def rows_of(session: Session, key: RecordKey) -> RecordRows:
    """Raises NoResultFound when the connection is gone."""
    found = session.execute(_QUERY, asdict(key)).one()
    return RecordRows(*found)
