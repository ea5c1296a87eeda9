"""Taking back a run or a log entry from an admin page: asked once, with the words of what will happen, then done."""

from __future__ import annotations

from flask import flash, redirect, url_for
from werkzeug.wrappers import Response

from jobs.accounts import audit
from jobs.sync.undo_ask import UndoAsk, UndoRefused
from jobs.tasks import request_undo
from widget.admin.access import person
from widget.context import runtime


def start(*, run_id: int | None = None, entry_id: int | None = None, field: str = "") -> Response:
    """Insert or join the undo run, note who asked, and go to its page; or say why there is nothing to be undone."""
    ask = UndoAsk(trigger="admin", entry_id=entry_id, field=field, run_id=run_id, requested_by=person().email)
    try:
        asked = request_undo(runtime(), ask)
    except UndoRefused as refused:
        flash(str(refused), "bad")
        return _back(run_id, entry_id)
    subject = f"run {run_id}" if run_id is not None else f"log entry {entry_id}"
    with runtime().database.write() as session:
        details = {"run": asked.run.id, "field": field, "joined": not asked.is_new}
        audit(session, by=person().email, action="undo.start", subject=subject, details=details)
    said = f"Run {asked.run.id} takes it back."
    if not asked.queue_answers:
        said += " The queue server does not answer; the run starts by itself when it is back."
    flash(said, "good")
    return redirect(url_for("admin.runs.show", run_id=asked.run.id), code=303)


def _back(run_id: int | None, entry_id: int | None) -> Response:
    if run_id is not None:
        return redirect(url_for("admin.runs.show", run_id=run_id), code=303)
    return redirect(url_for("admin.logs.show", entry_id=entry_id), code=303)
