"""The audit trail: who changed what, when, from what to what."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, render_template
from sqlalchemy import select

from jobs.models import AuditEntry
from widget.admin import audit_words, listing
from widget.context import runtime


def blueprint() -> Blueprint:
    pages = Blueprint("audit", __name__, url_prefix="/audit")
    pages.get("/")(index)
    return pages


def index() -> str:
    chosen = {
        "who": listing.text_in_url("who"),
        "action": listing.text_in_url("action"),
        "first": listing.day_in_url("first"),
        "last": listing.day_in_url("last"),
        "q": listing.text_in_url("q"),
    }
    with runtime().database.read() as session:
        page = listing.paged(session, _filtered(chosen))
        people = session.scalars(select(AuditEntry.user_email).distinct()).all()
        taken = session.scalars(select(AuditEntry.action).distinct()).all()
    return render_template(
        "admin/audit/index.html",
        title="Audit trail",
        page=page,
        chosen=chosen,
        people=sorted(people),
        actions=_in_words(taken),
        sentence=audit_words.sentence,
        noted=audit_words.noted,
    )


def _in_words(taken: Sequence[str]) -> dict[str, str]:
    """The actions to choose from: those that were ever taken, in the order of their words."""
    known = audit_words.actions()
    return dict(sorted(((code, known.get(code, code)) for code in taken), key=lambda pair: pair[1]))


def _filtered(chosen: dict[str, Any]) -> listing.Rows:
    query = select(AuditEntry)
    if chosen["who"]:
        query = query.where(AuditEntry.user_email == chosen["who"])
    if chosen["action"]:
        query = query.where(AuditEntry.action == chosen["action"])
    if chosen["q"]:
        query = query.where(AuditEntry.subject.icontains(chosen["q"], autoescape=True))
    query = listing.between_days(query, AuditEntry.at, first=chosen["first"], last=chosen["last"])
    return query.order_by(AuditEntry.id.desc())
