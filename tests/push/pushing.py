"""A push through the real job, beside a real stand-in: asked for, done here and now, and what it left behind."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from jobs.models import CreationClaim, RecordLink
from jobs.sync.push_ask import PushAsk, open_push
from tests.support.office import Office, Told


def ask(office: Office, object_name: str, local_id: int, **more: Any) -> int:
    """An admin asks for it; the id of the run."""
    asked = PushAsk(office.connection_id, object_name, local_id, "admin", requested_by="Ada Admin", **more)
    with office.runtime.database.write() as session:
        return open_push(session, asked)[0].id


def push(office: Office, object_name: str, local_id: int) -> Told:
    return office.do(ask(office, object_name, local_id))


def made(told: Told) -> list[dict[str, Any]]:
    """The records that the CRM made in that time, by its own journal."""
    return [each for each in told.journal if each["kind"] == "write" and each["op"] in ("insert", "create")]


def links_of(office: Office, local_id: int) -> dict[str, str]:
    """Object -> id of the CRM record, of everything our record is linked with."""
    with office.runtime.database.read() as session:
        links = session.scalars(select(RecordLink).where(RecordLink.local_record_id == local_id))
        return {link.object: link.crm_record_id for link in links}


def claims(office: Office) -> int:
    with office.runtime.database.read() as session:
        return len(session.scalars(select(CreationClaim)).all())
