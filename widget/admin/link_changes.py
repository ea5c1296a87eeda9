"""Linking and unlinking by hand. Both sides' values stay untouched: only what we remember about them changes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from jobs.models import Connection, LocalRecord, ObjectMapping, RecordLink
from jobs.runtime import utc_now
from jobs.sync.apart import allow_again, keep_apart
from jobs.sync.open_conflicts import close_conflicts
from jobs.sync.rows import RecordKey
from widget.admin.record_ids import NotAnId, record_id_in

BY_HAND = "manual"


class LinkRefused(ValueError):
    """The two cannot be linked as asked; the message says why and what to do."""


@dataclass(frozen=True)
class LinkChange:
    """For the audit trail. `before` is empty when there was no link, `after` when there is none any more."""

    link_id: int
    subject: str
    before: dict[str, Any]
    after: dict[str, Any]


def link(session: Session, *, mapping_id: int | None, crm_record_id: str, local_record_id: int | None) -> LinkChange:
    """Make the two one. A CRM record that was linked to another record of ours moves over. Raises LinkRefused."""
    mapping = session.get(ObjectMapping, mapping_id) if mapping_id else None
    if mapping is None:
        raise LinkRefused("Choose the object first.")
    record_id = _clean_id(session, mapping, crm_record_id)
    local = session.get(LocalRecord, local_record_id) if local_record_id else None
    if local is None or local.deleted_at is not None or local.kind != mapping.kind:
        raise LinkRefused("Choose one of our records.")
    _refuse_taken(session, mapping, local, record_id)
    row = current(session, mapping, record_id)
    before = _words(session, row) if row else {}
    if row is None:
        row = RecordLink(
            connection_id=mapping.connection_id,
            object=mapping.object,
            crm_record_id=record_id,
            created_at=utc_now(),
            version=0,
        )
        session.add(row)
    row.local_record_id = local.id
    row.matched_by = BY_HAND
    # The two have never agreed on anything: the next sync decides as at a first meeting.
    row.base = {}
    row.version += 1
    row.synced_at, row.synced_by, row.open_conflicts = None, "", 0
    close_conflicts(session, _key(row))
    session.flush()
    allow_again(session, _key(row), local.id)  # the last word counts
    return LinkChange(row.id, f"{mapping.object_label} {record_id}", before, _words(session, row))


def unlink(session: Session, row: RecordLink, *, apart: bool, by: str) -> LinkChange:
    """Forget that the two are one. `apart`: and that they never were, so that no match rule says so again."""
    after = {"kept apart": True} if apart else {}
    change = LinkChange(row.id, f"{row.object} {row.crm_record_id}", _words(session, row), after)
    if apart:
        keep_apart(session, _key(row), row.local_record_id, by=by)
    close_conflicts(session, _key(row))
    session.delete(row)
    return change


def current(session: Session, mapping: ObjectMapping, crm_record_id: str) -> RecordLink | None:
    """The link this CRM record has now."""
    try:
        record_id = _clean_id(session, mapping, crm_record_id)
    except LinkRefused:
        return None
    return session.scalar(_links_of(mapping).where(RecordLink.crm_record_id == record_id))


def _refuse_taken(session: Session, mapping: ObjectMapping, local: LocalRecord, record_id: str) -> None:
    taken = session.scalar(_links_of(mapping).where(RecordLink.local_record_id == local.id))
    if taken is None:
        return
    if taken.crm_record_id == record_id:
        raise LinkRefused("These two are linked already.")
    raise LinkRefused(
        f"{local.name} is linked to another {mapping.object_label} ({taken.crm_record_id}). Unlink that one first."
    )


def _clean_id(session: Session, mapping: ObjectMapping, text: str) -> str:
    try:
        return record_id_in(text, mapping, crm=session.get_one(Connection, mapping.connection_id).crm)
    except NotAnId as error:
        raise LinkRefused(str(error)) from None


def _key(row: RecordLink) -> RecordKey:
    return RecordKey(row.connection_id, row.object, row.crm_record_id)


def _links_of(mapping: ObjectMapping) -> Select[RecordLink]:
    return select(RecordLink).where(
        RecordLink.connection_id == mapping.connection_id, RecordLink.object == mapping.object
    )


def _words(session: Session, row: RecordLink) -> dict[str, Any]:
    local = session.get_one(LocalRecord, row.local_record_id)
    connection = session.get_one(Connection, row.connection_id)
    return {
        "connection": connection.name,
        "crm_record_id": row.crm_record_id,
        "our record": f"{local.name} ({local.id})",
        "matched_by": row.matched_by,
    }
