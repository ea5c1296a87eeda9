"""Records that somebody said are not the same: who said so and when, and letting them be matched again."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from jobs.accounts import audit
from jobs.models import CrmRecord, KeepApart, LocalRecord
from jobs.sync.apart import allow_again
from jobs.sync.rows import RecordKey
from widget.admin import listing
from widget.admin.access import person
from widget.admin.record_lists import RecordList, with_both_sides
from widget.context import runtime

_LIST = RecordList(
    template="admin/links/apart.html",
    title="Kept apart",
    connection=KeepApart.connection_id,
    object=KeepApart.object,
    objects=KeepApart.object,
    searched=(LocalRecord.name, CrmRecord.name, KeepApart.crm_record_id, KeepApart.by),
)


def blueprint() -> Blueprint:
    pages = Blueprint("apart", __name__, url_prefix="/apart")
    pages.get("/")(index)
    pages.post("/<row:apart_id>/allow")(allow)
    return pages


def index() -> str:
    return _LIST.shown(with_both_sides(KeepApart).order_by(KeepApart.created_at.desc(), KeepApart.id.desc()))


def allow(apart_id: int) -> Response:
    """Let the match rules find the two again. Nothing is linked by that."""
    with runtime().database.write() as session:
        row = listing.found(session.execute(with_both_sides(KeepApart).where(KeepApart.id == apart_id)).one_or_none())
        apart, local, crm, _ = row
        allow_again(session, RecordKey(apart.connection_id, apart.object, apart.crm_record_id), local.id)
        _note(session, apart, local, crm)
        name = local.name or f"Record {local.id}"
    flash(f"{name} may be matched with it again. Nothing is linked yet: the next sync decides.", "good")
    return redirect(url_for("admin.links.apart.index"), code=303)


def _note(session: Session, apart: KeepApart, local: LocalRecord, crm: CrmRecord | None) -> None:
    before = {
        "our record": f"{local.name} ({local.id})",
        "CRM record": crm.name if crm is not None else "",
        "kept apart by": apart.by,
        "since": f"{apart.created_at:%d %b %Y, %H:%M} UTC",
    }
    subject = f"{apart.object} {apart.crm_record_id}"
    details = {"before": before, "after": {}}
    audit(session, by=person().email, action="link.allow_again", subject=subject, details=details)
