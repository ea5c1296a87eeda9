"""Adding an object of the CRM to those that sync, and taking one away again."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from jobs import new_objects, usage
from jobs.accounts import audit
from jobs.crm.adapters import crm_label, open_adapter
from jobs.crm.base import CrmAdapter, KnownObject
from jobs.crm.describes import describe
from jobs.crm.errors import CrmError
from jobs.models import Connection, ObjectMapping
from jobs.new_objects import OWN_KIND, ObjectRefused
from jobs.runtime import utc_now
from jobs.sync.words import words
from widget.admin import listing
from widget.admin.access import admins_only, person
from widget.context import runtime


def add_to(pages: Blueprint) -> None:
    pages.get("/new/<row:connection_id>", endpoint="new")(new)
    pages.post("/new/<row:connection_id>", endpoint="create")(create)
    pages.post("/<row:mapping_id>/remove", endpoint="remove")(remove)


@admins_only
def new(connection_id: int) -> str:
    return _form(_connection(connection_id), {"object": "", "kind": OWN_KIND}, message="")


def create(connection_id: int) -> Response | tuple[str, int]:
    """The object is switched off at first: nothing syncs before an admin has seen how it is mapped."""
    connection = _connection(connection_id)
    typed = {name: request.form.get(name, "") for name in ("object", "kind")}
    try:
        mapping_id, label, records = _added(connection, typed["object"], kind=typed["kind"])
    except ObjectRefused as error:
        return _form(connection, typed, message=str(error)), 422
    count = "1 record is" if records == 1 else f"{records:,} records are"
    told = f"{label} is added, and off. {count} in {crm_label(connection.crm)}: none is touched before you turn it on"
    flash(f"{told}, and then each one comes along when it is next synced.", "good")
    return redirect(url_for("admin.objects.show", mapping_id=mapping_id), code=303)


def remove(mapping_id: int) -> Response:
    """For an object of which nothing is linked. Its runs and its log stay."""
    with runtime().database.read() as session:
        label = listing.found(session.get(ObjectMapping, mapping_id)).object_label
    try:
        with runtime().database.write() as session:
            mapping = listing.found(session.get(ObjectMapping, mapping_id))
            connection = session.get_one(Connection, mapping.connection_id)
            before = {"object": mapping.object, "kind": mapping.kind}
            new_objects.remove_object(session, mapping)
            _note(session, "object.remove", label, connection, before=before, after={})
    except ObjectRefused as error:
        flash(f"{label} is not removed. {error}", "warn")
        return redirect(url_for("admin.objects.show", mapping_id=mapping_id), code=303)
    flash(f"{label} is removed. Both sides keep their records.", "good")
    return redirect(url_for("admin.objects.index"), code=303)


def _added(connection: Connection, name: str, *, kind: str) -> tuple[int, str, int]:
    """(id of the mapping, label, how many records the CRM has). Raises ObjectRefused."""
    choices, problem = _choices(connection)
    chosen = next((each for each in choices if each.object == name), None)
    if chosen is None:
        raise ObjectRefused(_not_offered(connection, name) or problem or "Choose one of the objects in the list.")
    try:
        with _asking(connection) as adapter:
            info = describe(runtime(), adapter, connection.id, chosen.object, at_once=True)
            records = adapter.count(chosen.object)  # whoever may see a definition may not see the records, too
    except CrmError as error:
        raise ObjectRefused(_said(connection, error, chosen.label)) from None
    with runtime().database.write() as session:
        mapping = new_objects.add_object(session, connection, info, label=chosen.label, kind=kind, at=utc_now())
        after = {"object": mapping.object, "kind": mapping.kind}
        _note(session, "object.add", mapping.object_label, connection, before={}, after=after)
        return mapping.id, mapping.object_label, records


def _not_offered(connection: Connection, name: str) -> str:
    query = select(ObjectMapping.object_label).where(
        ObjectMapping.connection_id == connection.id, ObjectMapping.object == name
    )
    with runtime().database.read() as session:
        label = session.scalar(query)
    return f"{label} is added already." if label else ""


def _choices(connection: Connection) -> tuple[list[KnownObject], str]:
    """What may be added, and why that may not be all."""
    with runtime().database.read() as session:
        mapped = new_objects.mapped_objects(session, connection.id)
    problem = ""
    try:
        with _asking(connection) as adapter:
            known = list(adapter.objects())
    except CrmError as error:
        known = new_objects.usual_objects(connection.crm)
        problem = _said(connection, error, "record")
    return new_objects.offered(connection.crm, known, mapped), problem


@contextmanager
def _asking(connection: Connection) -> Iterator[CrmAdapter]:
    """The calls made in the block are counted. Raises CrmError."""
    usage.require_open(connection)
    adapter = open_adapter(runtime(), connection)
    try:
        yield adapter
    finally:
        usage.count(runtime(), connection.id, adapter.calls)


def _said(connection: Connection, error: CrmError, label: str) -> str:
    said = words(error.code, crm=crm_label(connection.crm), object_label=label, detail=error.message)
    return f"{said.message} {said.remedy}"


def _form(connection: Connection, typed: dict[str, str], *, message: str) -> str:
    choices, problem = _choices(connection)
    with runtime().database.read() as session:
        kinds = new_objects.kind_labels(session)
    return render_template(
        "admin/objects/new.html",
        title="Add an object",
        connection=connection,
        typed=typed,
        choices=choices,
        problem=problem,
        message=message,
        kinds=kinds,
        own_kind=OWN_KIND,
    )


def _connection(connection_id: int) -> Connection:
    with runtime().database.read() as session:
        return listing.found(session.get(Connection, connection_id))


def _note(
    session: Session, action: str, label: str, connection: Connection, *, before: dict[str, str], after: dict[str, str]
) -> None:
    details = {"before": before, "after": after}
    audit(session, by=person().email, action=action, subject=f"{label} of {connection.name}"[:200], details=details)
