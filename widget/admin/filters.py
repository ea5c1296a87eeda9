"""The filter of one of the objects: build it from the CRM's own fields, see how many records pass, save it."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from typing import Any
from zoneinfo import available_timezones

from flask import Blueprint, flash, redirect, render_template, request, url_for
from werkzeug.wrappers import Response

from jobs import usage
from jobs.accounts import audit
from jobs.crm.adapters import crm_label, open_adapter
from jobs.crm.base import ObjectInfo
from jobs.crm.describes import describe, known
from jobs.crm.errors import CrmError
from jobs.models import Connection, ObjectMapping
from jobs.runtime import utc_now
from jobs.sync.filters import FilterRefused, in_words, parse
from widget.admin import filter_form, listing
from widget.admin.access import admins_only, person
from widget.admin.filter_form import ROOT, Branch
from widget.context import runtime

Pair = tuple[ObjectMapping, Connection]


class NotSaid(Exception):
    """The CRM could not be asked; the message is for the page."""


def blueprint() -> Blueprint:
    pages = Blueprint("filters", __name__, url_prefix="/<row:mapping_id>/filter")
    pages.get("/")(show)
    pages.post("/")(save)
    pages.post("/draw")(draw)
    pages.post("/count")(count)
    return pages


@admins_only
def show(mapping_id: int) -> str | tuple[str, int]:
    mapping, connection = _pair(mapping_id)
    try:
        info = _info(mapping, connection)
    except NotSaid as error:
        return _page(
            mapping, connection, ObjectInfo(mapping.object, mapping.object_label), Branch(), message=str(error)
        )
    return _page(mapping, connection, info, filter_form.stored(mapping.filter))


def draw(mapping_id: int) -> Response | str:
    """The form after a button or another field, nothing stored; htmx swaps it in, else the page is drawn anew."""
    mapping, connection = _pair(mapping_id)
    info = _known(mapping, connection)
    draft = filter_form.settle(filter_form.changed(_typed(), request.form.get("do", "")), info)
    if request.headers.get("HX-Request"):
        # Taking a line out changes no field, and the count is to follow all the same.
        page = render_template("admin/filters/_builder.html", **_builder(info, draft, {}))
        return Response(page, headers={"HX-Trigger-After-Swap": "filter-changed"}, mimetype="text/html")
    return _page(mapping, connection, info, draft)


def count(mapping_id: int) -> str:
    """How many records pass what is typed: one call to the CRM."""
    mapping, connection = _pair(mapping_id)
    info, draft, passing, refused = _known(mapping, connection), _typed(), None, None
    try:
        passing = _counted(mapping, connection, info, _document(draft))
    except FilterRefused as error:
        refused = error
    except NotSaid as error:
        refused = FilterRefused(str(error))
    if request.headers.get("HX-Request"):
        return render_template("admin/filters/_count.html", mapping=mapping, passing=passing, refused=refused)
    return _page(mapping, connection, info, draft, passing=passing, errors=_errors(refused))


def save(mapping_id: int) -> Response | tuple[str, int]:
    """Store what is typed, once the CRM has understood it too. No line at all means: every record syncs."""
    mapping, connection = _pair(mapping_id)
    info, draft = _known(mapping, connection), _typed()
    document = _document(draft)
    try:
        passing = _counted(mapping, connection, info, document) if document is not None else None
    except FilterRefused as error:
        return _page(mapping, connection, info, draft, message=str(error), errors=_errors(error)), 422
    except NotSaid as error:
        return _page(mapping, connection, info, draft, message=str(error)), 422
    _store(mapping_id, connection, info, document)
    many = "Every record syncs again." if passing is None else f"{passing:,} records pass it now."
    flash(f"The filter of {mapping.object_label} is saved. {many} Links and values stay as they are.", "good")
    return redirect(url_for("admin.objects.show", mapping_id=mapping_id), code=303)


def summary(mapping: ObjectMapping) -> dict[str, str]:
    """The stored filter in words, and why it cannot be asked now, from what is known without asking the CRM."""
    if mapping.filter is None:
        return {"words": "", "problem": ""}
    with runtime().database.read() as session:
        info = known(session, mapping.connection_id, mapping.object)
    if info is None:
        return {"words": "A filter is set.", "problem": ""}
    try:
        return {"words": in_words(parse(mapping.filter, info)), "problem": ""}
    except FilterRefused as error:
        return {"words": "A filter is set, and cannot be asked.", "problem": str(error)}


def _store(mapping_id: int, connection: Connection, info: ObjectInfo, document: dict[str, Any] | None) -> None:
    with runtime().database.write() as session:
        mapping = listing.found(session.get(ObjectMapping, mapping_id))
        if mapping.filter == document:
            return
        before, after = ({"filter": _in_words(each, info)} for each in (mapping.filter, document))
        mapping.filter, mapping.updated_at = document, utc_now()
        subject = f"{mapping.object_label} of {connection.name}"
        details = {"before": before, "after": after}
        audit(session, by=person().email, action="object.filter", subject=subject, details=details)


def _in_words(document: Mapping[str, Any] | None, info: ObjectInfo) -> str:
    if document is None:
        return "every record"
    try:
        return in_words(parse(document, info))
    except FilterRefused as error:
        return f"a filter that could not be asked: {error}"


def _counted(mapping: ObjectMapping, connection: Connection, info: ObjectInfo, document: dict[str, Any] | None) -> int:
    """Raises FilterRefused and NotSaid."""
    question = parse(document, info).at(utc_now()) if document is not None else None
    adapter = open_adapter(runtime(), connection)
    try:
        return adapter.count(mapping.object, question)
    except CrmError as error:
        label = crm_label(connection.crm)
        raise NotSaid(f"{label} could not be asked how many records pass: {error.message}") from error
    finally:
        usage.count(runtime(), connection.id, adapter.calls)


def _info(mapping: ObjectMapping, connection: Connection) -> ObjectInfo:
    """The object's fields, asked of the CRM when nothing is known of it yet. Raises NotSaid."""
    with runtime().database.read() as session:
        info = known(session, connection.id, mapping.object)
    if info is not None:
        return info
    adapter = open_adapter(runtime(), connection)
    try:
        return describe(runtime(), adapter, connection.id, mapping.object)
    except CrmError as error:
        label = crm_label(connection.crm)
        raise NotSaid(
            f"{label} could not be asked for the fields of {mapping.object_label}: {error.message}"
        ) from error
    finally:
        usage.count(runtime(), connection.id, adapter.calls)


def _known(mapping: ObjectMapping, connection: Connection) -> ObjectInfo:
    try:
        return _info(mapping, connection)
    except NotSaid:
        return ObjectInfo(mapping.object, mapping.object_label)


def _pair(mapping_id: int) -> Pair:
    with runtime().database.read() as session:
        mapping = listing.found(session.get(ObjectMapping, mapping_id))
        return mapping, session.get_one(Connection, mapping.connection_id)


def _typed() -> Branch:
    return filter_form.typed(request.form)


def _document(draft: Branch) -> dict[str, Any] | None:
    return filter_form.document(draft, request.form.get("time_zone", "UTC"))


def _errors(refused: FilterRefused | None) -> dict[str, str]:
    """By the form's path; what concerns no line stands above the form."""
    return {f"{ROOT}.{refused.place}": str(refused)} if refused is not None and refused.place else {}


def _builder(info: ObjectInfo, draft: Branch, errors: Mapping[str, str]) -> dict[str, Any]:
    return {
        "root": draft,
        "fields": filter_form.fields_of(info),
        "view": lambda line, path: filter_form.view(line, path, info, errors),
        "errors": errors,
        "zones": _zones() if filter_form.asks_for_time(draft, info) else (),
    }


def _page(
    mapping: ObjectMapping,
    connection: Connection,
    info: ObjectInfo,
    draft: Branch,
    *,
    message: str = "",
    errors: Mapping[str, str] | None = None,
    passing: int | None = None,
) -> str:
    zone = request.form.get("time_zone") or (mapping.filter or {}).get("time_zone", "UTC")
    return render_template(
        "admin/filters/edit.html",
        title=f"Filter of {mapping.object_label}",
        mapping=mapping,
        connection=connection,
        message=message,
        passing=passing,
        refused=None,
        zone=zone,
        **_builder(info, draft, errors or {}),
    )


@cache
def _zones() -> tuple[str, ...]:
    return ("UTC", *sorted(name for name in available_timezones() if "/" in name and not name.startswith("Etc/")))
