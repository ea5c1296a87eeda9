"""Which of the changes that a CRM tells of are news: a version that a sync has dealt with, or wrote, is none."""

from __future__ import annotations

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from jobs.crm.changes import Change
from jobs.models import CrmRecord, RecordLink


def news(session: Session, connection_id: int, object_name: str, changes: Iterable[Change]) -> list[str]:
    """Ids of the records that no sync has dealt with at that version."""
    told = {each.record_id: each for each in changes}
    seen = select(CrmRecord).where(CrmRecord.connection_id == connection_id, CrmRecord.object == object_name)
    known = {row.crm_record_id: row for row in session.scalars(seen.where(CrmRecord.crm_record_id.in_(told)))}
    unseen = [each.record_id for each in told.values() if each.is_deleted and each.record_id not in known]
    linked = _linked(session, connection_id, object_name, unseen) if unseen else set()
    return [each.record_id for each in told.values() if _is_news(each, known.get(each.record_id), linked)]


def _is_news(change: Change, known: CrmRecord | None, linked: set[str]) -> bool:
    if known is None:
        # A record that is gone matters only to one that was linked with it.
        return change.record_id in linked or not change.is_deleted
    if change.is_deleted or known.synced_as_deleted:
        return change.is_deleted != known.synced_as_deleted
    return known.synced_stamp_at is None or known.synced_stamp_at < change.at


def _linked(session: Session, connection_id: int, object_name: str, record_ids: list[str]) -> set[str]:
    query = select(RecordLink.crm_record_id).where(
        RecordLink.connection_id == connection_id, RecordLink.object == object_name
    )
    return set(session.scalars(query.where(RecordLink.crm_record_id.in_(record_ids))))
