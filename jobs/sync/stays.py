"""Why a record of ours stays, though theirs was deleted and the object's rule says that ours goes with it.

It goes only where nothing is lost by it: not with a change that the CRM never got, and not while another CRM record
that lives is linked to it. What an undo has brought back is not deleted again either.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session

from jobs.crm.base import CrmRow
from jobs.mappings import ObjectFacts
from jobs.models import CrmRecord, LocalRecord, RecordLink
from jobs.records import HERE
from jobs.sync import merge
from jobs.values import Value, ValueRefused, is_blank, normalise, parse_time

DELETE = "delete"

BROUGHT_BACK, LINKED, CHANGED = "KEPT_BROUGHT_BACK", "KEPT_LINKED", "KEPT_CHANGED"


def goes_with_theirs(mapping: ObjectFacts, row: CrmRow) -> bool:
    """Whether the object's rule says so of a record that the CRM shows like this."""
    return mapping.when_deleted_there == DELETE and mapping.inbound and row.is_deleted and not row.merged_into


def why_ours_stays(
    session: Session, mapping: ObjectFacts, link: RecordLink, local: LocalRecord, bases: Mapping[str, merge.Base]
) -> str:
    """The code of the reason; "" when there is none, or when ours is deleted already."""
    if local.deleted_at is not None:
        return ""
    if link.deleted_ours_at is not None:
        return BROUGHT_BACK
    if is_linked_elsewhere(session, link):
        return LINKED
    return CHANGED if _is_changed(mapping, link, local, bases) else ""


def is_linked_elsewhere(session: Session, link: RecordLink) -> bool:
    """Whether ours is linked to another CRM record, too, that is not known to be deleted."""
    columns = ("connection_id", "object", "crm_record_id")
    same = and_(*(getattr(CrmRecord, name) == getattr(RecordLink, name) for name in columns))
    others = (
        select(RecordLink.id)
        .outerjoin(CrmRecord, same)
        .where(RecordLink.local_record_id == link.local_record_id, RecordLink.id != link.id)
        .where(or_(CrmRecord.is_deleted.is_(None), CrmRecord.is_deleted.is_(False)))
    )
    return session.scalar(others.limit(1)) is not None


def _is_changed(mapping: ObjectFacts, link: RecordLink, local: LocalRecord, bases: Mapping[str, merge.Base]) -> bool:
    """Whether somebody has changed ours since the last sync, or it holds what was never agreed upon."""
    types = {each.local_field: each.field_type for each in mapping.fields}
    if any(_now(types.get(name, ""), local.values.get(name)) != base.local for name, base in bases.items()):
        return True
    return any(
        _is_own(link, local, name, is_mapped=name in types)
        for name, value in local.values.items()
        if name not in bases and not is_blank(value)
    )


def _is_own(link: RecordLink, local: LocalRecord, name: str, *, is_mapped: bool) -> bool:
    """Whether a value that no base knows was put in here: at any time, or since the last sync where it never syncs."""
    origin = local.provenance.get(name)
    if origin is None or origin["source"] != HERE:
        return False
    return is_mapped or link.synced_at is None or parse_time(origin["at"]) > link.synced_at


def _now(field_type: str, value: Value) -> Value:
    try:
        return normalise(field_type, value) if field_type else value
    except ValueRefused:
        return value
