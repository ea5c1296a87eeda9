"""Conflicts: what both sides changed and a person is to decide, from every record in one place."""

from __future__ import annotations

import re
from typing import cast

from flask import Blueprint, abort, request
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from jobs.accounts import audit
from jobs.models import Conflict, Connection
from jobs.sync.conflicts import Choice, set_rule
from widget.admin import listing, sync
from widget.admin.access import person
from widget.admin.record_lists import RecordList
from widget.context import runtime

STAMP = re.compile(r"[0-9a-f]{64}")
STATES = ("open", "settled")
_LIST = RecordList(
    template="admin/conflicts/index.html",
    title="Conflicts",
    connection=Conflict.connection_id,
    object=Conflict.object,
    objects=Conflict.object,
    searched=(Conflict.record_name, Conflict.label, Conflict.crm_record_id),
)


def blueprint() -> Blueprint:
    pages = Blueprint("conflicts", __name__, url_prefix="/conflicts")
    pages.get("/")(index)
    pages.post("/<row:conflict_id>")(settle)
    return pages


def index() -> str:
    state = listing.choice_in_url("state", STATES)
    return _LIST.shown(_in_state(state), state=state)


def settle(conflict_id: int) -> Response:
    """Keep one of the two values, by a sync of the record; with `always`, for every later conflict of the field."""
    keep = request.form.get("keep", "")
    if keep not in ("crm", "local"):
        abort(400)
    choice, stamp = cast(Choice, keep), request.form.get("shown", "")
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
        shown={conflict.local_field: stamp} if STAMP.fullmatch(stamp) else None,
    )


def _in_state(state: str) -> listing.Rows:
    """The settled ones or the open ones, the latest first."""
    query = select(Conflict, Connection).join(Connection, Connection.id == Conflict.connection_id)
    if state == "settled":
        return query.where(Conflict.settled_at.is_not(None)).order_by(Conflict.settled_at.desc(), Conflict.id.desc())
    return query.where(Conflict.settled_at.is_(None)).order_by(Conflict.opened_at.desc(), Conflict.id.desc())


def _note(session: Session, conflict: Conflict, choice: Choice) -> None:
    audit(
        session,
        by=person().email,
        action="field.conflict_rule",
        subject=f"{conflict.object}.{conflict.crm_field}",
        details={"choice": choice, "record": conflict.crm_record_id},
    )
