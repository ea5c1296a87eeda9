"""RecordLinks: which CRM record and which record of ours are one, and putting that right by hand."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from jobs.accounts import audit
from jobs.models import Connection, CrmRecord, LocalRecord, ObjectMapping, RecordLink
from jobs.records import search
from jobs.sync.rows import RecordKey
from jobs.sync.scene import bases
from widget.admin import display, explain, kept_apart, link_changes, listing, sync
from widget.admin.access import admins_only, person
from widget.admin.link_changes import LinkRefused
from widget.admin.record_lists import RecordList, with_both_sides
from widget.context import runtime

CANDIDATES = 20
_LIST = RecordList(
    template="admin/links/index.html",
    title="Links",
    connection=RecordLink.connection_id,
    object=RecordLink.object,
    objects=ObjectMapping.object,
    searched=(LocalRecord.name, CrmRecord.name, RecordLink.crm_record_id),
)


def blueprint() -> Blueprint:
    pages = Blueprint("links", __name__, url_prefix="/links")
    pages.get("/")(index)
    pages.get("/<row:link_id>")(show)
    pages.get("/new")(new)
    pages.post("/new")(create)
    pages.get("/<row:link_id>/unlink")(confirm_unlink)
    pages.post("/<row:link_id>/unlink")(unlink)
    pages.post("/<row:link_id>/sync")(start_sync)
    pages.get("/<row:link_id>/explain")(why)
    pages.register_blueprint(kept_apart.blueprint())
    return pages


def index() -> str:
    kind = listing.choice_in_url("kind", tuple(display.kind_names()))
    query = with_both_sides(RecordLink).order_by(LocalRecord.name, RecordLink.id)
    return _LIST.shown(query.where(LocalRecord.kind == kind) if kind else query, kind=kind)


def show(link_id: int) -> str:
    with runtime().database.read() as session:
        link, local, crm, connection = _one(session, link_id)
        mapping = _mapping_of(session, link)
    return render_template(
        "admin/links/show.html",
        title=local.name or f"Link {link.id}",
        link=link,
        local=local,
        crm=crm,
        connection=connection,
        mapping=mapping,
        crm_values=(crm.values or {}) if crm else {},
        bases=bases(link),
    )


@admins_only
def new() -> str:
    """Search on one side, the id on the other; the address keeps both, so a log entry can lead straight here."""
    chosen = {
        "mapping": listing.number_in_url("mapping"),
        "crm_record_id": listing.text_in_url("crm_record_id"),
        "q": listing.text_in_url("q"),
    }
    return _form(chosen, message="")


def create() -> Response | tuple[str, int]:
    chosen: dict[str, Any] = {
        "mapping": _number(request.form.get("mapping", "")),
        "crm_record_id": request.form.get("crm_record_id", ""),
        "q": request.form.get("q", ""),
    }
    try:
        with runtime().database.write() as session:
            change = link_changes.link(
                session,
                mapping_id=chosen["mapping"],
                crm_record_id=chosen["crm_record_id"],
                local_record_id=_number(request.form.get("local_record_id", "")),
            )
            _note(session, "link.relink" if change.before else "link.create", change)
    except LinkRefused as error:
        return _form(chosen, message=str(error)), 422
    except IntegrityError:
        # The database keeps links one to one, also against a sync or an admin in the same moment.
        return _form(chosen, message="One of the two has just been linked: look again."), 409
    flash("Linked. Nothing has been copied yet: start a sync to bring the two in line.", "good")
    return redirect(url_for("admin.links.show", link_id=change.link_id), code=303)


@admins_only
def confirm_unlink(link_id: int) -> str:
    with runtime().database.read() as session:
        link, local, crm, connection = _one(session, link_id)
        mapping = _mapping_of(session, link)
    return render_template(
        "admin/links/unlink.html",
        title="Unlink",
        link=link,
        local=local,
        crm=crm,
        connection=connection,
        mapping=mapping,
    )


def unlink(link_id: int) -> Response:
    with runtime().database.write() as session:
        row = listing.found(session.get(RecordLink, link_id))
        apart = request.form.get("apart") == "1"
        change = link_changes.unlink(session, row, apart=apart, by=person().email)
        _note(session, "link.unlink", change)
    never_again = " They will not be matched again." if apart else ""
    flash(f"Unlinked. Both records are still there, with their values.{never_again}", "good")
    return redirect(url_for("admin.links.index"), code=303)


def start_sync(link_id: int) -> Response:
    with runtime().database.read() as session:
        link = listing.found(session.get(RecordLink, link_id))
    return sync.start(connection_id=link.connection_id, object=link.object, crm_record_id=link.crm_record_id)


def why(link_id: int) -> str:
    """Why this record is, or is not, synced."""
    with runtime().database.read() as session:
        link, local, _, _ = _one(session, link_id)
    key = RecordKey(link.connection_id, link.object, link.crm_record_id)
    return explain.page(key, name=local.name, back=url_for("admin.links.show", link_id=link.id))


def _form(chosen: dict[str, Any], *, message: str) -> str:
    with runtime().database.read() as session:
        connections = {each.id: each for each in session.scalars(select(Connection))}
        mappings = session.scalars(select(ObjectMapping).order_by(ObjectMapping.object_label)).all()
        mapping = next((each for each in mappings if each.id == chosen["mapping"]), None)
        found = _candidates(session, mapping, chosen["q"])
        current = link_changes.current(session, mapping, chosen["crm_record_id"]) if mapping else None
    return render_template(
        "admin/links/new.html",
        title="Link two records",
        chosen=chosen,
        message=message,
        mappings=mappings,
        connections=connections,
        mapping=mapping,
        found=found,
        current=current,
    )


def _candidates(session: Session, mapping: ObjectMapping | None, text: str) -> Sequence[LocalRecord]:
    return search(session, mapping.kind, text, CANDIDATES) if mapping and text else []


def _one(session: Session, link_id: int) -> tuple[RecordLink, LocalRecord, CrmRecord | None, Connection]:
    row = session.execute(with_both_sides(RecordLink).where(RecordLink.id == link_id)).one_or_none()
    link, local, crm, connection = listing.found(row)
    return link, local, crm, connection


def _mapping_of(session: Session, link: RecordLink) -> ObjectMapping | None:
    return session.scalar(
        select(ObjectMapping).where(
            ObjectMapping.connection_id == link.connection_id, ObjectMapping.object == link.object
        )
    )


def _number(text: str) -> int | None:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else None


def _note(session: Session, action: str, change: link_changes.LinkChange) -> None:
    details = {"before": change.before, "after": change.after}
    audit(session, by=person().email, action=action, subject=change.subject, details=details)
