"""The FieldMappings of one of the objects: add one, set its rules, remove it."""

from __future__ import annotations

from collections.abc import Sequence

from flask import Blueprint, abort, flash, redirect, render_template, request, url_for
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from jobs import usage
from jobs.accounts import audit
from jobs.crm.adapters import open_adapter
from jobs.crm.base import FieldInfo, ObjectInfo
from jobs.crm.describes import describe, known
from jobs.crm.errors import CrmError
from jobs.fields import fields_of
from jobs.mappings import object_facts
from jobs.models import Connection, FieldMapping, ObjectMapping
from jobs.runtime import utc_now
from jobs.sync import drift
from jobs.sync.choices import Option
from jobs.sync.pairs import NAMES, PairRefused
from jobs.sync.rulebook import lost_options
from widget.admin import field_changes, listing
from widget.admin.access import admins_only, person
from widget.context import runtime

NOT_ASKED = "The CRM could not be asked for its fields. Try again in a moment."


def blueprint() -> Blueprint:
    pages = Blueprint("fields", __name__, url_prefix="/<row:mapping_id>/fields")
    pages.get("/new")(new)
    pages.post("/new")(create)
    pages.get("/<row:field_id>")(edit)
    pages.post("/<row:field_id>")(save)
    pages.post("/<row:field_id>/let-go")(let_go)
    pages.post("/<row:field_id>/remove")(remove)
    return pages


@admins_only
def new(mapping_id: int) -> str:
    return _new_form(mapping_id, {"direction": "inbound"}, message="")


def create(mapping_id: int) -> Response | tuple[str, int]:
    typed = {name: request.form.get(name, "") for name in ("crm_field", "local_field", "direction")}
    with runtime().database.read() as session:
        mapping, connection = _pair(session, mapping_id)
    info = _info(connection, mapping.object)
    try:
        with runtime().database.write() as session:
            mapping, connection = _pair(session, mapping_id)
            added = field_changes.add(session, mapping, info, **typed)
            _note(session, mapping, connection, added, "field.map", {}, {"direction": added.direction})
            label = added.label
    except PairRefused as error:
        return _new_form(mapping_id, typed, message=str(error)), 422
    flash(f"{label} is mapped. It syncs from the next sync of each record on.", "good")
    return redirect(url_for("admin.objects.show", mapping_id=mapping_id), code=303)


@admins_only
def edit(mapping_id: int, field_id: int) -> str:
    with runtime().database.read() as session:
        mapping, connection = _pair(session, mapping_id)
        field = _field(mapping, field_id)
        lost = _lost(session, mapping, field)
    return _edit_form(mapping, connection, field, field_changes.chosen_of(field), message="", lost=lost)


def save(mapping_id: int, field_id: int) -> Response | tuple[str, int]:
    with runtime().database.write() as session:
        mapping, connection = _pair(session, mapping_id)
        field = _field(mapping, field_id)
        info = known(session, connection.id, mapping.object) or ObjectInfo(mapping.object, mapping.object_label)
        try:
            before, after = field_changes.change(mapping, field, info, request.form)
        except PairRefused as error:
            chosen = field_changes.chosen_of(field) | request.form.to_dict()
            return _edit_form(mapping, connection, field, chosen, message=str(error)), 422
        if after:
            _note(session, mapping, connection, field, "field.rules", before, after)
    flash("The rules are saved." if after else "Nothing was different, so nothing was changed.", "good")
    return redirect(url_for("admin.objects.show", mapping_id=mapping_id), code=303)


def let_go(mapping_id: int, field_id: int) -> Response:
    """Do without the choices that the CRM has lost: the field syncs again, and only a record with one of them waits."""
    with runtime().database.write() as session:
        mapping, connection = _pair(session, mapping_id)
        field = _field(mapping, field_id)
        lost = ", ".join(label for _, label in _lost(session, mapping, field))
        if lost:
            _note(session, mapping, connection, field, "field.let_go", {"choices": lost}, {})
            drift.let_go(field)
            mapping.updated_at = utc_now()
        label = field.label
    said = f"{label} goes on without {lost}." if lost else f"{label} waits for no choice, so nothing was changed."
    flash(said, "good")
    return redirect(url_for("admin.objects.show", mapping_id=mapping_id), code=303)


def remove(mapping_id: int, field_id: int) -> Response:
    """Values stay as they are on both sides; they are compared no longer."""
    with runtime().database.write() as session:
        mapping, connection = _pair(session, mapping_id)
        field = _field(mapping, field_id)
        _note(session, mapping, connection, field, "field.unmap", {"direction": field.direction}, {})
        mapping.fields.remove(field)
        mapping.updated_at = utc_now()
        label = field.label
    flash(f"{label} is mapped no longer. Both sides keep their values.", "good")
    return redirect(url_for("admin.objects.show", mapping_id=mapping_id), code=303)


def calculated(session: Session, mapping: ObjectMapping) -> frozenset[str]:
    """CRM fields of the mapping that the CRM calculates, from what is known without asking it."""
    info = known(session, mapping.connection_id, mapping.object)
    return frozenset(name for name, field in info.fields.items() if field.calculated) if info else frozenset()


def _new_form(mapping_id: int, typed: dict[str, str], *, message: str) -> str:
    with runtime().database.read() as session:
        mapping, connection = _pair(session, mapping_id)
        ours = fields_of(session, mapping.kind)
    info = _info(connection, mapping.object)
    there, here = ({getattr(each, side) for each in mapping.fields} for side in ("crm_field", "local_field"))
    ours_free = [(name, f"{each.label} ({NAMES[each.field_type]})") for name, each in ours.items() if name not in here]
    free = sorted((each for each in info.fields.values() if each.name not in there), key=lambda each: each.label)
    return render_template(
        "admin/objects/field_new.html",
        title=f"Map a field of {mapping.object_label}",
        mapping=mapping,
        connection=connection,
        typed=typed,
        message=message or ("" if info.fields else NOT_ASKED),
        crm_fields=[(each.name, _described(each)) for each in free],
        local_fields=ours_free,
        new_field=field_changes.NEW_FIELD,
        directions=field_changes.DIRECTIONS,
    )


def _edit_form(
    mapping: ObjectMapping,
    connection: Connection,
    field: FieldMapping,
    chosen: dict[str, str],
    *,
    message: str,
    lost: Sequence[Option] = (),
) -> str:
    return render_template(
        "admin/objects/field_edit.html",
        title=f"{field.label} of {mapping.object_label}",
        mapping=mapping,
        connection=connection,
        field=field,
        chosen=chosen,
        choices=field_changes.CHOICES,
        message=message,
        lost=[label for _, label in lost],
    )


def _lost(session: Session, mapping: ObjectMapping, row: FieldMapping) -> tuple[Option, ...]:
    """The choices for which the field waits, by what is known of the CRM's."""
    facts = object_facts(mapping)
    field = next(each for each in facts.fields if each.crm_field == row.crm_field)
    info = known(session, mapping.connection_id, mapping.object)
    theirs = info.fields.get(row.crm_field) if info is not None else None
    return lost_options(facts, field, theirs) if theirs is not None and row.paused_reason else ()


def _described(field: FieldInfo) -> str:
    limit = ", calculated" if field.calculated else "" if field.may_update else ", read-only"
    return f"{field.label} · {field.name} ({NAMES[field.field_type]}{limit})"


def _info(connection: Connection, object_name: str) -> ObjectInfo:
    """The object's fields: as known, else asked for now; none when the CRM does not answer."""
    with runtime().database.read() as session:
        info = known(session, connection.id, object_name)
    if info is not None:
        return info
    adapter = open_adapter(runtime(), connection)
    try:
        return describe(runtime(), adapter, connection.id, object_name)
    except CrmError:
        return ObjectInfo(object_name, object_name)
    finally:
        usage.count(runtime(), connection.id, adapter.calls)


def _pair(session: Session, mapping_id: int) -> tuple[ObjectMapping, Connection]:
    mapping = listing.found(session.get(ObjectMapping, mapping_id))
    return mapping, session.get_one(Connection, mapping.connection_id)


def _field(mapping: ObjectMapping, field_id: int) -> FieldMapping:
    return next((each for each in mapping.fields if each.id == field_id), None) or abort(404)


def _note(
    session: Session,
    mapping: ObjectMapping,
    connection: Connection,
    field: FieldMapping,
    action: str,
    before: dict[str, str],
    after: dict[str, str],
) -> None:
    subject = f"{field.crm_field} = {field.local_field}, {mapping.object_label} of {connection.name}"
    details = {"before": before, "after": after}
    audit(session, by=person().email, action=action, subject=subject[:200], details=details)
