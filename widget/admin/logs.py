"""SyncLogEntries: what happened to each record, and why."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy import Select, or_, select
from werkzeug.wrappers import Response

from jobs.crm.adapters import crm_label
from jobs.models import Connection, LocalRecord, ObjectMapping, SyncLogEntry, SyncRun
from jobs.sync.changes import HERE
from jobs.sync.rows import RecordKey
from jobs.sync.rule_words import rule_words
from jobs.sync.undo_plan import OF_DELETION, Written, not_sent, was_made_there, written_by
from jobs.sync.words import words
from widget.admin import display, explain, listing, sync, undo
from widget.admin.access import admins_only
from widget.context import runtime


def blueprint() -> Blueprint:
    pages = Blueprint("logs", __name__, url_prefix="/logs")
    pages.get("/")(index)
    pages.get("/<row:entry_id>")(show)
    pages.post("/<row:entry_id>/again")(again)
    pages.get("/<row:entry_id>/undo")(confirm_undo)
    pages.post("/<row:entry_id>/undo")(start_undo)
    pages.get("/<row:entry_id>/explain")(why)
    return pages


def index() -> str:
    chosen = {
        "connection": listing.number_in_url("connection"),
        "object": listing.text_in_url("object"),
        "outcome": listing.choice_in_url("outcome", tuple(display.OUTCOMES)),
        "direction": listing.choice_in_url("direction", tuple(display.DIRECTIONS)),
        "code": listing.text_in_url("code"),
        "first": listing.day_in_url("first"),
        "last": listing.day_in_url("last"),
        "q": listing.text_in_url("q"),
    }
    with runtime().database.read() as session:
        page = listing.paged(session, _filtered(chosen))
        connections = session.scalars(select(Connection).order_by(Connection.name)).all()
        names = {each.id: each.name for each in connections}
        objects = session.scalars(select(SyncRun.object).where(SyncRun.object != "").distinct()).all()
        codes = session.scalars(_recent_codes()).all()
    return render_template(
        "admin/logs/index.html",
        title="Sync log",
        page=page,
        chosen=chosen,
        connections=connections,
        names=names,
        objects=display.object_options(objects),
        codes=sorted(codes),
    )


def show(entry_id: int) -> str:
    with runtime().database.read() as session:
        entry = listing.found(session.get(SyncLogEntry, entry_id))
        connection = session.get_one(Connection, entry.connection_id)
        undone_by = session.scalars(_undos_of(entry)).all()
        run = session.get_one(SyncRun, entry.run_id)
        record = session.get(LocalRecord, entry.local_record_id) if entry.local_record_id else None
        mapping = session.scalar(
            select(ObjectMapping).where(
                ObjectMapping.connection_id == entry.connection_id, ObjectMapping.object == entry.object
            )
        )
    return render_template(
        "admin/logs/show.html",
        title=f"{display.object_names().get(entry.object, entry.object)} {entry.record_name or entry.crm_record_id}",
        entry=entry,
        connection=connection,
        run=run,
        record=record,
        mapping=mapping,
        undone_by=undone_by,
        to_undo=_undoable(entry),
        rule_words=rule_words,
    )


def again(entry_id: int) -> Response:
    """One more run for the record this entry is about."""
    with runtime().database.read() as session:
        entry = listing.found(session.get(SyncLogEntry, entry_id))
    if not entry.crm_record_id:
        flash("There is no CRM record to sync yet: create it from the page of our record.", "bad")
        return redirect(url_for("admin.logs.show", entry_id=entry.id), code=303)
    return sync.start(connection_id=entry.connection_id, object=entry.object, crm_record_id=entry.crm_record_id)


@admins_only
def confirm_undo(entry_id: int) -> str:
    """What goes back, field by field; `?field=` names one of ours to take back alone."""
    field = listing.text_in_url("field")
    with runtime().database.read() as session:
        entry = listing.found(session.get(SyncLogEntry, entry_id))
        connection = session.get_one(Connection, entry.connection_id)
        mapping = runtime().mappings.find(session.connection(), entry.connection_id, entry.object)
    field = "" if entry.code in OF_DELETION else field  # it went, or came back, as a whole
    checked = [(each, not_sent(mapping, each) if mapping is not None else "") for each in _undoable(entry, field)]
    crm = crm_label(connection.crm)
    return render_template(
        "admin/logs/undo.html",
        title="Undo",
        entry=entry,
        connection=connection,
        field=field,
        written=[each for each, code in checked if not code],
        stays=[(each.label, words(code, crm=crm)) for each, code in checked if code],
        made_there=was_made_there(entry.outcome, entry.changes),
    )


def start_undo(entry_id: int) -> Response:
    return undo.start(entry_id=entry_id, field=request.form.get("field", "")[:80])


def why(entry_id: int) -> str:
    """Why the record of this entry is, or is not, synced as things stand now."""
    with runtime().database.read() as session:
        entry = listing.found(session.get(SyncLogEntry, entry_id))
    key = RecordKey(entry.connection_id, entry.object, entry.crm_record_id)
    return explain.page(key, name=entry.record_name, back=url_for("admin.logs.show", entry_id=entry.id))


def _undoable(entry: SyncLogEntry, field: str = "") -> list[Written]:
    """What may go back. A record that was made in the CRM stays there as it is."""
    made_there = was_made_there(entry.outcome, entry.changes)
    written = written_by(entry.changes, only_field=field)
    return [each for each in written if each.side == HERE or not made_there]


def _recent_codes() -> Select[str]:
    """The codes worth offering, from the latest entries only: the whole log may be long."""
    latest = select(SyncLogEntry.code).where(SyncLogEntry.code != "").order_by(SyncLogEntry.id.desc()).limit(1000)
    return select(latest.subquery().c.code).distinct()


def _undos_of(entry: SyncLogEntry) -> Select[SyncLogEntry]:
    """The entries that took this one back, wholly or in part."""
    undos = select(SyncLogEntry).where(SyncLogEntry.undoes_entry_id == entry.id, SyncLogEntry.direction != "")
    return undos.order_by(SyncLogEntry.id)


def _filtered(chosen: dict[str, Any]) -> listing.Rows:
    query = select(SyncLogEntry)
    exact = {
        SyncLogEntry.connection_id: chosen["connection"],
        SyncLogEntry.object: chosen["object"],
        SyncLogEntry.outcome: chosen["outcome"],
        SyncLogEntry.direction: chosen["direction"],
        SyncLogEntry.code: chosen["code"],
    }
    for column, value in exact.items():
        if value:
            query = query.where(column == value)
    if text := chosen["q"]:
        columns = (
            SyncLogEntry.record_name,
            SyncLogEntry.message,
            SyncLogEntry.crm_record_id,
            SyncLogEntry.by,
        )
        query = query.where(or_(*(column.icontains(text, autoescape=True) for column in columns)))
    query = listing.between_days(query, SyncLogEntry.created_at, first=chosen["first"], last=chosen["last"])
    return query.order_by(SyncLogEntry.id.desc())
