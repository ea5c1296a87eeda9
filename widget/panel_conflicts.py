"""A conflict settled in the panel: one value is kept, by the same checked path as every other write."""

from __future__ import annotations

import re
from typing import cast

from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.exceptions import BadRequest, NotFound

from jobs.accounts import audit
from jobs.models import Conflict
from jobs.models.base import LARGEST_ID
from jobs.sync.conflicts import Choice, RuleRefused, set_rule
from widget.context import runtime
from widget.panel_answers import start_sync
from widget.panel_claims import claims_for
from widget.tokens import PanelClaims, TokenForbidden

STAMP = re.compile(r"[0-9a-f]{64}")


def add_routes(blueprint: Blueprint) -> None:
    blueprint.post(f"/conflicts/<int(max={LARGEST_ID}):conflict_id>")(settle)


def settle(conflict_id: int) -> ResponseReturnValue:
    """Keep the CRM's value or ours; with `always`, for every later conflict of this field too. Syncs the record.

    Nothing is kept where `always` is asked for and the rules are the admins' alone: it would be half of what was asked.
    """
    claims = claims_for("sync")
    keep = request.form.get("keep", "")
    if keep not in ("crm", "local"):
        raise BadRequest
    choice = cast(Choice, keep)
    with runtime().database.write() as session:
        conflict = _own(session, claims, conflict_id)
        _require_rights(claims, conflict, choice)
        if request.form.get("always"):
            _always(session, claims, conflict, choice)
        field = conflict.local_field
    return start_sync(claims, choices={field: choice}, shown=sent_stamp(field))


def sent_stamp(field: str) -> dict[str, str] | None:
    """Of the two values the button stood beside, as the form sends it along; None where it sends none."""
    stamp = request.form.get("shown", "")
    return {field: stamp} if STAMP.fullmatch(stamp) else None


def _own(session: Session, claims: PanelClaims, conflict_id: int) -> Conflict:
    """An open one of this record. Raises NotFound."""
    query = select(Conflict).where(Conflict.id == conflict_id, Conflict.settled_at.is_(None))
    conflict = session.scalar(query)
    if conflict is None or (conflict.connection_id, conflict.object, conflict.crm_record_id) != (
        claims.connection_id,
        claims.object,
        claims.crm_record_id,
    ):
        raise NotFound
    return conflict


def _require_rights(claims: PanelClaims, conflict: Conflict, choice: Choice) -> None:
    """Raises TokenForbidden: what this person may not see is not theirs to settle, nor to write what they may not."""
    if claims.readable is not None and conflict.crm_field not in claims.readable:
        raise TokenForbidden("a field this person may not read")
    if choice == "local" and claims.editable is not None and conflict.crm_field not in claims.editable:
        raise TokenForbidden("a field this person may not edit")


def _always(session: Session, claims: PanelClaims, conflict: Conflict, choice: Choice) -> None:
    """Raises TokenForbidden where an admin has switched that off."""
    try:
        if set_rule(session, conflict, choice, by_rep=True):
            _note(session, claims, conflict, choice)
    except RuleRefused:
        raise TokenForbidden("rules are for admins") from None


def _note(session: Session, claims: PanelClaims, conflict: Conflict, choice: Choice) -> None:
    audit(
        session,
        by=claims.user_name,
        action="field.conflict_rule",
        subject=f"{conflict.object}.{conflict.crm_field}",
        details={"choice": choice, "from": "panel", "crm_user_id": claims.user_id},
    )
