"""SyncRuns: what ran, how it went, and once more for a single record."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, url_for
from sqlalchemy import func, or_, select
from werkzeug.wrappers import Response

from jobs.models import Connection, SyncLogEntry, SyncRun
from jobs.models.run import OPEN
from jobs.sync.words import words
from widget.admin import display, imports, listing, sync, undo
from widget.admin.access import admins_only
from widget.context import runtime

SINGLE = "single"


def blueprint() -> Blueprint:
    pages = Blueprint("runs", __name__, url_prefix="/runs")
    pages.get("/")(index)
    pages.get("/<row:run_id>")(show)
    pages.post("/<row:run_id>/again")(again)
    pages.post("/<row:run_id>/stop")(stop)
    pages.get("/<row:run_id>/undo")(confirm_undo)
    pages.post("/<row:run_id>/undo")(start_undo)
    return pages


def index() -> str:
    chosen = {
        "connection": listing.number_in_url("connection"),
        "object": listing.text_in_url("object"),
        "status": listing.choice_in_url("status", tuple(display.STATUSES)),
        "kind": listing.choice_in_url("kind", tuple(display.RUN_KINDS)),
        "trigger": listing.choice_in_url("trigger", tuple(display.TRIGGERS)),
        "first": listing.day_in_url("first"),
        "last": listing.day_in_url("last"),
        "q": listing.text_in_url("q"),
    }
    with runtime().database.read() as session:
        page = listing.paged(session, _filtered(chosen))
        connections = session.scalars(select(Connection).order_by(Connection.name)).all()
        objects = session.scalars(select(SyncRun.object).where(SyncRun.object != "").distinct()).all()
    return render_template(
        "admin/runs/index.html",
        title="Runs",
        page=page,
        chosen=chosen,
        connections=connections,
        objects=display.object_options(objects),
    )


def show(run_id: int) -> str:
    with runtime().database.read() as session:
        run = listing.found(session.get(SyncRun, run_id))
        connection = session.get_one(Connection, run.connection_id)
        place = imports.place_of(session, run)
        entries = listing.paged(
            session, select(SyncLogEntry).where(SyncLogEntry.run_id == run.id).order_by(SyncLogEntry.id)
        )
    return render_template(
        "admin/runs/show.html",
        title=f"Run {run.id}",
        run=run,
        connection=connection,
        page=entries,
        is_open=run.status in OPEN,
        changed_something=any(entry.direction for entry in entries.rows),
        remedy=_remedy(run, connection),
        place=place,
    )


def again(run_id: int) -> Response:
    """One more run for the same record. While one is open it is joined, not doubled."""
    with runtime().database.read() as session:
        run = listing.found(session.get(SyncRun, run_id))
    if run.kind != SINGLE:
        flash("Only the run of one record can be started again from here.", "bad")
        return redirect(url_for("admin.runs.show", run_id=run.id), code=303)
    return sync.start(connection_id=run.connection_id, object=run.object, crm_record_id=run.crm_record_id)


def stop(run_id: int) -> Response:
    """End an import after the record that is at hand."""
    return imports.stop(run_id)


@admins_only
def confirm_undo(run_id: int) -> str:
    with runtime().database.read() as session:
        run = listing.found(session.get(SyncRun, run_id))
        connection = session.get_one(Connection, run.connection_id)
        changed = select(func.count()).select_from(SyncLogEntry)
        records = session.scalar(changed.where(SyncLogEntry.run_id == run.id, SyncLogEntry.direction != ""))
    return render_template(
        "admin/runs/undo.html", title=f"Undo run {run.id}", run=run, connection=connection, records=records or 0
    )


def start_undo(run_id: int) -> Response:
    """A run of its own that takes back what this one wrote."""
    return undo.start(run_id=run_id)


def _remedy(run: SyncRun, connection: Connection) -> str:
    if not run.code:
        return ""
    crm = display.CRM_NAMES.get(connection.crm, connection.crm)
    return words(run.code, crm=crm, object_label=run.object or "record").remedy


def _filtered(chosen: dict[str, Any]) -> listing.Rows:
    query = select(SyncRun, Connection.name).join(Connection, Connection.id == SyncRun.connection_id)
    exact = {
        SyncRun.connection_id: chosen["connection"],
        SyncRun.object: chosen["object"],
        SyncRun.status: chosen["status"],
        SyncRun.kind: chosen["kind"],
        SyncRun.trigger: chosen["trigger"],
    }
    for column, value in exact.items():
        if value:
            query = query.where(column == value)
    if text := chosen["q"]:
        columns = (SyncRun.message, SyncRun.code, SyncRun.requested_by, SyncRun.crm_record_id)
        query = query.where(or_(*(column.icontains(text, autoescape=True) for column in columns)))
    query = listing.between_days(query, SyncRun.created_at, first=chosen["first"], last=chosen["last"])
    return query.order_by(SyncRun.id.desc())
