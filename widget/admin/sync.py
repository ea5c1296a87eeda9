"""Starting a sync of one record from an admin page."""

from __future__ import annotations

from flask import flash, redirect, url_for
from werkzeug.wrappers import Response

from jobs.accounts import audit
from jobs.asking import Ask
from jobs.tasks import request_single
from widget.admin.access import person
from widget.context import runtime


def start(
    *,
    connection_id: int,
    object: str,  # noqa: A002 - our word for it
    crm_record_id: str,
    choices: dict[str, str] | None = None,
    shown: dict[str, str] | None = None,
) -> Response:
    """Insert or join the run, note who asked, and go to its page."""
    ask = Ask(
        connection_id,
        object,
        crm_record_id,
        trigger="admin",
        requested_by=person().email,
        choices=choices,
        shown=shown,
    )
    asked = request_single(runtime(), ask)
    run = asked.run
    with runtime().database.write() as session:
        audit(
            session,
            by=person().email,
            action="sync.start",
            subject=f"{object} {crm_record_id}",
            details={"run": run.id, "joined": not asked.is_new} | ({"keeps": choices} if choices else {}),
        )
    words = f"Run {run.id} syncs {object} {crm_record_id}."
    if not asked.is_new:
        words = f"Run {run.id} is at this record already: joined."
    elif not asked.queue_answers:
        words += " The queue server does not answer; the run starts by itself when it is back."
    flash(words, "good")
    return redirect(url_for("admin.runs.show", run_id=run.id), code=303)
