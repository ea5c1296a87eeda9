"""LocalRecords: our own records, where each value came from, and changing one by hand."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy import exists, or_, select
from werkzeug.wrappers import Response

from jobs.accounts import audit
from jobs.models import Connection, CrmRecord, LocalRecord, RecordKey, RecordLink, SyncLogEntry
from jobs.new_objects import kind_labels
from jobs.records import RecordError, change_local
from jobs.sync.history import entries_of_local, field_history
from jobs.sync.rule_words import rule_words
from widget.admin import display, listing, push, record_form
from widget.admin.access import admins_only, person
from widget.context import runtime

LATEST_ENTRIES = 10
MOVED_ON = (
    "Somebody or a sync changed this record while you were typing. Your changes are below, not yet saved: look them "
    "over and save again."
)


def blueprint() -> Blueprint:
    pages = Blueprint("records", __name__, url_prefix="/records")
    pages.get("/")(index)
    pages.get("/<row:record_id>")(show)
    pages.get("/<row:record_id>/edit")(edit)
    pages.post("/<row:record_id>/edit")(save)
    pages.get("/<row:record_id>/history/<field>")(history)
    pages.post("/<row:record_id>/push")(create_there)
    return pages


def index() -> str:
    chosen = {
        "kind": listing.choice_in_url("kind", tuple(display.kind_names())),
        "q": listing.text_in_url("q"),
    }
    with runtime().database.read() as session:
        page = listing.paged(session, _filtered(chosen))
        ids = [record.id for record in page.rows]
        links: dict[int, list[RecordLink]] = {}
        for link in session.scalars(select(RecordLink).where(RecordLink.local_record_id.in_(ids))):
            links.setdefault(link.local_record_id, []).append(link)
    return render_template("admin/records/index.html", title="Our records", page=page, chosen=chosen, links=links)


def show(record_id: int) -> str:
    with runtime().database.read() as session:
        record = listing.found(session.get(LocalRecord, record_id))
        fields = record_form.fields_of(session, record)
        links = session.execute(
            select(RecordLink, Connection, CrmRecord.name)
            .join(Connection, Connection.id == RecordLink.connection_id)
            .outerjoin(
                CrmRecord,
                (CrmRecord.connection_id == RecordLink.connection_id)
                & (CrmRecord.object == RecordLink.object)
                & (CrmRecord.crm_record_id == RecordLink.crm_record_id),
            )
            .where(RecordLink.local_record_id == record.id)
        ).all()
        entries = session.scalars(
            select(SyncLogEntry)
            .where(SyncLogEntry.local_record_id == record.id)
            .order_by(SyncLogEntry.id.desc())
            .limit(LATEST_ENTRIES)
        ).all()
        offered = push.offered(session, record)
    return render_template(
        "admin/records/show.html",
        title=record.name or f"Record {record.id}",
        record=record,
        fields=fields,
        links=links,
        entries=entries,
        offered=offered,
    )


def create_there(record_id: int) -> Response:
    """Ask for it to be created in a CRM, as the object the form names."""
    return push.start(
        connection_id=listing.found(_number(request.form.get("connection", ""))),
        object=request.form.get("object", ""),
        local_record_id=record_id,
    )


def history(record_id: int, field: str) -> str:
    """Every change of one field by a sync, over all CRMs the record is linked to."""
    with runtime().database.read() as session:
        record = listing.found(session.get(LocalRecord, record_id))
        shown = next((each for each in record_form.fields_of(session, record) if each.name == field), None)
        entries = entries_of_local(session.connection(), record.id)
    return render_template(
        "admin/records/history.html",
        title=f"History of {listing.found(shown).label}",
        record=record,
        field=listing.found(shown),
        history=field_history(entries, field),
        rule_words=rule_words,
    )


@admins_only
def edit(record_id: int) -> str:
    with runtime().database.read() as session:
        record = listing.found(session.get(LocalRecord, record_id))
        fields = record_form.fields_of(session, record)
    return _form(record, fields, message="")


def save(record_id: int) -> Response | tuple[str, int]:
    with runtime().database.write() as session:
        record = listing.found(session.get(LocalRecord, record_id, with_for_update=True))
        fields = record_form.fields_of(session, record, typed=request.form)
        if request.form.get("version") != str(record.version):
            return _form(record, fields, message=MOVED_ON), 409
        changes = record_form.changes(fields)
        before = {name: record.values.get(name) for name in changes}
        try:
            change_local(session, record, changes, by=person().email)
        except RecordError as error:
            return _form(record, fields, message=str(error)), 422
        after = {name: record.values.get(name) for name in changes}
        if after != before:
            subject = f"{kind_labels(session).get(record.kind, record.kind)} {record.name or record.id}"
            audit(
                session,
                by=person().email,
                action="record.edit",
                subject=subject[:200],
                details={"before": before, "after": after},
            )
    flash("Saved." if after != before else "Nothing was different, so nothing was changed.", "good")
    return redirect(url_for("admin.records.show", record_id=record_id), code=303)


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and int(text) <= listing.BIGGEST_ID else None


def _form(record: LocalRecord, fields: list[record_form.FormField], *, message: str) -> str:
    return render_template(
        "admin/records/edit.html",
        title=f"Edit {record.name or record.id}",
        record=record,
        fields=fields,
        message=message,
    )


def _filtered(chosen: dict[str, Any]) -> listing.Rows:
    query = select(LocalRecord).where(LocalRecord.deleted_at.is_(None))
    if chosen["kind"]:
        query = query.where(LocalRecord.kind == chosen["kind"])
    if text := chosen["q"]:
        has_key = exists().where(
            RecordKey.local_record_id == LocalRecord.id, RecordKey.value.startswith(text.lower(), autoescape=True)
        )
        query = query.where(or_(LocalRecord.name.icontains(text, autoescape=True), has_key))
    return query.order_by(LocalRecord.name, LocalRecord.id)
