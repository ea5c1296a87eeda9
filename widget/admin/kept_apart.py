"""Records that somebody said are not the same: who said so and when, and letting them be matched again."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from sqlalchemy import and_, or_, select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from jobs.accounts import audit
from jobs.models import Connection, CrmRecord, KeepApart, LocalRecord
from jobs.sync.apart import allow_again
from jobs.sync.rows import RecordKey
from widget.admin import listing
from widget.admin.access import person
from widget.context import runtime


def blueprint() -> Blueprint:
    pages = Blueprint("apart", __name__, url_prefix="/apart")
    pages.get("/")(index)
    pages.post("/<row:apart_id>/allow")(allow)
    return pages


def index() -> str:
    chosen = {
        "connection": listing.number_in_url("connection"),
        "object": listing.text_in_url("object"),
        "q": listing.text_in_url("q"),
    }
    with runtime().database.read() as session:
        page = listing.paged(session, _filtered(chosen))
        connections = session.scalars(select(Connection).order_by(Connection.name)).all()
        objects = session.scalars(select(KeepApart.object).distinct()).all()
    return render_template(
        "admin/links/apart.html",
        title="Kept apart",
        page=page,
        chosen=chosen,
        connections=connections,
        objects=sorted(objects),
    )


def allow(apart_id: int) -> Response:
    """Let the match rules find the two again. Nothing is linked by that."""
    with runtime().database.write() as session:
        row = listing.found(session.execute(_joined().where(KeepApart.id == apart_id)).one_or_none())
        apart, local, crm, _ = row
        allow_again(session, RecordKey(apart.connection_id, apart.object, apart.crm_record_id), local.id)
        _note(session, apart, local, crm)
        name = local.name or f"Record {local.id}"
    flash(f"{name} may be matched with it again. Nothing is linked yet: the next sync decides.", "good")
    return redirect(url_for("admin.links.apart.index"), code=303)


def _joined() -> listing.Rows:
    is_seen = and_(
        CrmRecord.connection_id == KeepApart.connection_id,
        CrmRecord.object == KeepApart.object,
        CrmRecord.crm_record_id == KeepApart.crm_record_id,
    )
    return (
        select(KeepApart, LocalRecord, CrmRecord, Connection)
        .join(LocalRecord, LocalRecord.id == KeepApart.local_record_id)
        .join(Connection, Connection.id == KeepApart.connection_id)
        .outerjoin(CrmRecord, is_seen)
    )


def _filtered(chosen: dict[str, Any]) -> listing.Rows:
    query = _joined()
    for column, value in ((KeepApart.connection_id, chosen["connection"]), (KeepApart.object, chosen["object"])):
        if value:
            query = query.where(column == value)
    if text := chosen["q"]:
        columns = (LocalRecord.name, CrmRecord.name, KeepApart.crm_record_id, KeepApart.by)
        query = query.where(or_(*(column.icontains(text, autoescape=True) for column in columns)))
    return query.order_by(KeepApart.created_at.desc(), KeepApart.id.desc())


def _note(session: Session, apart: KeepApart, local: LocalRecord, crm: CrmRecord | None) -> None:
    before = {
        "our record": f"{local.name} ({local.id})",
        "CRM record": crm.name if crm is not None else "",
        "kept apart by": apart.by,
        "since": apart.created_at.isoformat(timespec="seconds"),
    }
    subject = f"{apart.object} {apart.crm_record_id}"
    details = {"before": before, "after": {}}
    audit(session, by=person().email, action="link.allow_again", subject=subject, details=details)
