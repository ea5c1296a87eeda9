"""The audit trail: who changed what, when, from what to what."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, render_template
from sqlalchemy import select

from jobs.models import AuditEntry
from widget.admin import listing
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
        actions = session.scalars(select(AuditEntry.action).distinct()).all()
    return render_template(
        "admin/audit/index.html",
        title="Audit trail",
        page=page,
        chosen=chosen,
        people=sorted(people),
        actions=sorted(actions),
    )


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
