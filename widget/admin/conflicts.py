"""Conflicts: what both sides changed and a person is to decide, from every record in one place."""

from __future__ import annotations

from typing import Any, cast

from flask import Blueprint, abort, render_template, request
from sqlalchemy import or_, select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from jobs.accounts import audit
from jobs.models import Conflict, Connection
from jobs.sync.conflicts import Choice, set_rule
from widget.admin import listing, sync
from widget.admin.access import person
from widget.context import runtime

STATES = ("open", "settled")


def blueprint() -> Blueprint:
    pages = Blueprint("conflicts", __name__, url_prefix="/conflicts")
    pages.get("/")(index)
    pages.post("/<row:conflict_id>")(settle)
    return pages


def index() -> str:
    chosen = {
        "state": listing.choice_in_url("state", STATES),
        "connection": listing.number_in_url("connection"),
        "object": listing.text_in_url("object"),
        "q": listing.text_in_url("q"),
    }
    with runtime().database.read() as session:
        page = listing.paged(session, _filtered(chosen))
        connections = session.scalars(select(Connection).order_by(Connection.name)).all()
        objects = session.scalars(select(Conflict.object).distinct()).all()
    return render_template(
        "admin/conflicts/index.html",
        title="Conflicts",
        page=page,
        chosen=chosen,
        connections=connections,
        objects=sorted(objects),
    )


def settle(conflict_id: int) -> Response:
    """Keep one of the two values, by a sync of the record; with `always`, for every later conflict of the field."""
    keep = request.form.get("keep", "")
    if keep not in ("crm", "local"):
        abort(400)
    choice = cast(Choice, keep)
    with runtime().database.write() as session:
        conflict = listing.found(session.get(Conflict, conflict_id))
        if request.form.get("always") == "1" and set_rule(session, conflict, choice, by_rep=False):
            _note(session, conflict, choice)
        session.expunge(conflict)
    return sync.start(
        connection_id=conflict.connection_id,
        object=conflict.object,
        crm_record_id=conflict.crm_record_id,
        choices={conflict.local_field: choice},
    )


def _filtered(chosen: dict[str, Any]) -> listing.Rows:
    is_settled = chosen["state"] == "settled"
    query = select(Conflict, Connection).join(Connection, Connection.id == Conflict.connection_id)
    query = query.where(Conflict.settled_at.is_not(None) if is_settled else Conflict.settled_at.is_(None))
    for column, value in ((Conflict.connection_id, chosen["connection"]), (Conflict.object, chosen["object"])):
        if value:
            query = query.where(column == value)
    if text := chosen["q"]:
        columns = (Conflict.record_name, Conflict.label, Conflict.crm_record_id)
        query = query.where(or_(*(column.icontains(text, autoescape=True) for column in columns)))
    return query.order_by(Conflict.settled_at.desc() if is_settled else Conflict.opened_at.desc(), Conflict.id.desc())


def _note(session: Session, conflict: Conflict, choice: Choice) -> None:
    audit(
        session,
        by=person().email,
        action="field.conflict_rule",
        subject=f"{conflict.object}.{conflict.crm_field}",
        details={"choice": choice, "record": conflict.crm_record_id},
    )
