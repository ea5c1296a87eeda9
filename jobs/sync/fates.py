"""What becomes of a link whose CRM record was converted, merged or deleted.

The link follows the record, with its open conflicts: to the Contact a Lead became, to the survivor of a merge. Our
record stays, unless the object's rule says that it is deleted with theirs; then it comes back with theirs too. What we
delete here is never deleted there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, or_, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from jobs.crm.base import CrmRow
from jobs.db import update_row
from jobs.mappings import ObjectFacts
from jobs.models import LocalRecord, RecordLink
from jobs.runtime import utc_now
from jobs.sync.apart import inherit
from jobs.sync.changes import changes_of_deletion
from jobs.sync.open_conflicts import GONE, close_conflicts, move_conflicts
from jobs.sync.rows import RecordKey, linked_pair
from jobs.sync.scene import INHERITED, Scene, Setup, bases_of, stored_base
from jobs.sync.stays import DELETE, is_linked_elsewhere


class LocalMovedOn(Exception):
    """Our record, its link or its matches changed since they were looked at: decide again."""


@dataclass(frozen=True)
class Heir:
    """The CRM record that another one lives on as."""

    object: str
    crm_record_id: str


def heir_of(object_name: str, row: CrmRow) -> Heir | None:
    if row.is_converted and row.converted_to:
        return Heir(row.converted_object, row.converted_to)
    return Heir(object_name, row.merged_into) if row.merged_into else None


def is_deleted_with(setup: Setup, scene: Scene) -> bool:
    """Whether ours goes, or went, with the CRM record that was deleted."""
    if scene.stays:
        return False
    if setup.mapping.when_deleted_there != DELETE or not setup.mapping.inbound or scene.local is None:
        return False
    return scene.link is not None and (scene.local.deleted_at is None or scene.comes_back)


def follow(session: Session, setup: Setup, row: CrmRow, scene: Scene) -> list[dict[str, Any]]:
    """Move or end the link of a record that is not synced any more, or delete ours with it; what that changed here.

    Of several workers one does it; to the others, and to the next sync, it is done. Raises LocalMovedOn.
    """
    heir = heir_of(setup.run.object, row)
    if heir is not None:
        inherit(session, setup.key, RecordKey(setup.key.connection_id, heir.object, heir.crm_record_id))
    if scene.link is None:
        return []
    if heir is not None:
        _hand_over(session, setup, scene.link, heir)
        return []
    if not row.is_deleted and not row.is_converted:
        return []
    _let_conflicts_rest(session, scene.link)
    if is_deleted_with(setup, scene) and not scene.comes_back and scene.local is not None:
        return _delete_with(session, setup.mapping, scene.link, scene.local)
    return []


def lose_sight(session: Session, setup: Setup) -> None:
    """The CRM shows us the record no more: it is gone for good, or hidden from us. Its link rests."""
    link, _ = linked_pair(session.connection(), setup.key)
    if link is not None:
        _let_conflicts_rest(session, link)


def _hand_over(session: Session, setup: Setup, link: RecordLink, heir: Heir) -> None:
    """To the heir; ended where the heir, or our record, has found another already."""
    mapping = setup.runtime.mappings.find(session.connection(), link.connection_id, heir.object)
    if mapping is None or mapping.kind != setup.mapping.kind:
        return _let_conflicts_rest(session, link)
    seen_version, key = link.version, RecordKey(link.connection_id, link.object, link.crm_record_id)
    if _is_taken(session, link, heir):
        session.execute(delete(RecordLink).where(RecordLink.id == link.id, RecordLink.version == seen_version))
        return close_conflicts(session, key)
    link.object, link.crm_record_id, link.version = heir.object, heir.crm_record_id, seen_version + 1
    link.base = _inherited(setup.mapping, mapping, link)
    # The stamps were those of the other record.
    link.own_write_at = link.changed_before_at = None
    try:
        with session.begin_nested():
            if update_row(session, link, seen_version=seen_version):
                move_conflicts(session, key, RecordKey(link.connection_id, heir.object, heir.crm_record_id))
    except IntegrityError:
        return None  # the heir was linked in this very moment: the next sync ends this one
    return None


def _inherited(before: ObjectFacts, after: ObjectFacts, link: RecordLink) -> dict[str, Any]:
    """What was agreed on of the pairs of fields that both objects have mapped; the rest is new to us."""
    theirs = {(each.local_field, each.crm_field) for each in after.fields}
    same = {each.local_field for each in before.fields if (each.local_field, each.crm_field) in theirs}
    known = bases_of(before, link)
    return stored_base({name: base for name, base in known.items() if name in same}) | {INHERITED: True}


def _let_conflicts_rest(session: Session, link: RecordLink) -> None:
    """Nobody can choose any more. Should the record come back and both still differ, the next sync asks anew."""
    if not link.open_conflicts:
        return
    seen_version = link.version
    link.open_conflicts, link.version = 0, seen_version + 1
    if update_row(session, link, seen_version=seen_version):
        close_conflicts(session, RecordKey(link.connection_id, link.object, link.crm_record_id), choice=GONE)


def _delete_with(session: Session, mapping: ObjectFacts, link: RecordLink, local: LocalRecord) -> list[dict[str, Any]]:
    """Its values stay with it, for when it comes back."""
    if is_linked_elsewhere(session, link):
        raise LocalMovedOn
    seen_local, seen_link = local.version, link.version
    local.deleted_at = link.deleted_ours_at = utc_now()
    local.version, link.version = seen_local + 1, seen_link + 1
    if not update_row(session, local, seen_version=seen_local) or not update_row(session, link, seen_version=seen_link):
        raise LocalMovedOn
    return changes_of_deletion(mapping, local.values)


def _is_taken(session: Session, link: RecordLink, heir: Heir) -> bool:
    query = select(RecordLink.id).where(
        RecordLink.connection_id == link.connection_id,
        RecordLink.object == heir.object,
        RecordLink.id != link.id,
        or_(RecordLink.crm_record_id == heir.crm_record_id, RecordLink.local_record_id == link.local_record_id),
    )
    return session.scalar(query.limit(1)) is not None
