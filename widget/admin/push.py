"""Creating a record of ours in a CRM from an admin page: what it may become, and asking for it."""

from __future__ import annotations

from collections.abc import Sequence

from flask import flash, redirect, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from jobs.accounts import audit
from jobs.crm.adapters import crm_label
from jobs.models import LocalRecord
from jobs.sync.push_ask import PushAsk, PushRefused
from jobs.sync.push_offers import Offer, offers
from jobs.sync.words import words
from jobs.tasks import request_push
from widget.admin.access import person
from widget.context import runtime


def offered(session: Session, record: LocalRecord) -> Sequence[tuple[Offer, str, str]]:
    """(what it may become, the CRM's name, why not now: "" when it may) for each object it is not linked to."""
    return [(offer, crm_label(offer.connection.crm), _why_not(offer)) for offer in offers(session, record)]


def start(*, connection_id: int, object: str, local_record_id: int) -> Response:  # noqa: A002 - our word for it
    """Insert or join the run, note who asked, and go to its page; or say why there is nothing to be created."""
    ask = PushAsk(connection_id, object, local_record_id, trigger="admin", requested_by=person().email)
    try:
        asked = request_push(runtime(), ask)
    except PushRefused as refused:
        flash(str(refused), "bad")
        return redirect(url_for("admin.records.show", record_id=local_record_id), code=303)
    with runtime().database.write() as session:
        details = {"run": asked.run.id, "connection": connection_id, "joined": not asked.is_new}
        subject = f"record {local_record_id} as {object}"
        audit(session, by=person().email, action="push.start", subject=subject, details=details)
    said = f"Run {asked.run.id} creates it as {object}, unless it is there already."
    if not asked.is_new:
        said = f"Run {asked.run.id} is at it already: joined."
    elif not asked.queue_answers:
        said += " The queue server does not answer; the run starts by itself when it is back."
    flash(said, "good")
    return redirect(url_for("admin.runs.show", run_id=asked.run.id), code=303)


def _why_not(offer: Offer) -> str:
    if not offer.why_not:
        return ""
    said = words(
        offer.why_not, crm=crm_label(offer.connection.crm), object_label=offer.mapping.object_label, detail=offer.detail
    )
    return f"{said.message} {said.remedy}"
