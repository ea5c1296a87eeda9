"""What a record of ours may become: told from the rows alone, before anybody asks for a push."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from jobs.crm.adapters import open_adapter
from jobs.crm.errors import CrmError
from jobs.mappings import object_facts
from jobs.models import Connection, LocalRecord, ObjectMapping, RecordLink
from jobs.models.connection import BROKEN, DISCONNECTED
from jobs.runtime import Runtime
from jobs.sync.plan import no_record_there
from jobs.sync.push_account import PERSON


@dataclass(frozen=True)
class Offer:
    """One object of one connection that the record is not linked to. `why_not`: a code, "" when it may be asked for."""

    connection: Connection
    mapping: ObjectMapping
    why_not: str = ""
    detail: str = ""


def offers(session: Session, record: LocalRecord) -> Sequence[Offer]:
    """By connection and object. A push says by itself what more may stand in the way."""
    if record.deleted_at is not None:
        return []
    pairs = session.execute(
        select(Connection, ObjectMapping)
        .join(ObjectMapping, ObjectMapping.connection_id == Connection.id)
        .where(ObjectMapping.kind == record.kind)
        .order_by(Connection.name, Connection.id, ObjectMapping.object_label)
    ).all()
    links = session.scalars(select(RecordLink).where(RecordLink.local_record_id == record.id)).all()
    linked = {(link.connection_id, link.object) for link in links}
    return [
        _offer(connection, mapping, record, linked)
        for connection, mapping in pairs
        if (connection.id, mapping.object) not in linked
    ]


def goes_on_account(runtime: Runtime, connection: Connection, mapping: ObjectMapping) -> bool:
    """Whether a new record of that object is put on an account."""
    if mapping.kind != PERSON:
        return False
    try:
        return bool(open_adapter(runtime, connection).parent_object(mapping.object))
    except CrmError:  # its secrets cannot be opened: nothing is put anywhere
        return False


def _offer(connection: Connection, mapping: ObjectMapping, record: LocalRecord, linked: set[tuple[int, str]]) -> Offer:
    elsewhere = next((name for owner, name in sorted(linked) if owner == connection.id), "")
    if connection.state == BROKEN and connection.broken_code == DISCONNECTED:
        return Offer(connection, mapping, DISCONNECTED)
    if not connection.syncs_enabled:
        return Offer(connection, mapping, "SYNCS_OFF")
    if not mapping.enabled:
        return Offer(connection, mapping, "OBJECT_OFF")
    if record.kind == PERSON and elsewhere:
        return Offer(connection, mapping, "LINKED_AS_OTHER", f"a {elsewhere}")
    skip = no_record_there(object_facts(mapping))
    return Offer(connection, mapping, skip.code if skip is not None else "")
