"""Connections: list, show, new and edit, Test connection, the master switch."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from werkzeug.wrappers import Response

from jobs.crm import connect
from jobs.crm.check import ConnectionCheck, check_details
from jobs.crm.connect import FLOWS
from jobs.crm.errors import ConnectionBroken, CrmError
from jobs.crm.tokens import AUTHORIZATION_CODE
from jobs.models import ApiUsage, Connection, ObjectMapping, RecordLink
from jobs.models.connection import BROKEN
from jobs.runtime import utc_now
from widget.admin import connection_changes, connection_form, listing
from widget.admin.access import admins_only
from widget.admin.connection_access import ACCESS, Access, Tested, access_of
from widget.admin.connection_form import Draft, FormErrors
from widget.admin.connection_health import health_of
from widget.admin.display import CRM_NAMES
from widget.context import runtime


def blueprint() -> Blueprint:
    pages = Blueprint("connections", __name__, url_prefix="/connections")
    pages.add_app_template_filter(lambda connection: health_of(connection, utc_now()), "admin_health")
    pages.get("/")(index)
    pages.get("/<row:connection_id>")(show)
    pages.get("/new/<crm>")(new)
    pages.post("/new/<crm>")(create)
    pages.get("/<row:connection_id>/edit")(edit)
    pages.post("/<row:connection_id>/edit")(save)
    pages.post("/test/<crm>")(test)
    pages.post("/<row:connection_id>/check")(check)
    pages.post("/<row:connection_id>/switch")(switch)
    return pages


def index() -> str:
    with runtime().database.read() as session:
        connections = session.scalars(select(Connection).order_by(Connection.name)).all()
    return render_template(
        "admin/connections/index.html",
        title="Connections",
        connections=connections,
        has_app={crm: flow.installed_app(runtime().settings) is not None for crm, flow in FLOWS.items()},
    )


def show(connection_id: int) -> str:
    with runtime().database.read() as session:
        connection = listing.found(session.get(Connection, connection_id))
        objects = session.scalars(
            select(ObjectMapping)
            .where(ObjectMapping.connection_id == connection.id)
            .order_by(ObjectMapping.object_label)
        ).all()
        links = session.scalar(
            select(func.count()).select_from(RecordLink).where(RecordLink.connection_id == connection.id)
        )
        calls_today = session.scalar(
            select(ApiUsage.calls).where(ApiUsage.connection_id == connection.id, ApiUsage.day == utc_now().date())
        )
        waiting = connection_changes.waiting(session, connection)
    return render_template(
        "admin/connections/show.html",
        title=connection.name,
        connection=connection,
        certificate=connection_changes.certificate_of(connection),
        certificate_problem=_certificate_problem(connection),
        objects=objects,
        links=links,
        calls_today=calls_today or 0,
        waiting=waiting,
        public_url=runtime().settings.public_url,
        signed_in=connection.auth_flow == AUTHORIZATION_CODE,
    )


@admins_only
def new(crm: str) -> str:
    return _form(_access(crm).crm, Draft())


def create(crm: str) -> Response | tuple[str, int]:
    access, draft = _access(crm), connection_form.typed(request.form)
    try:
        tested = _tested(access, draft)
        with runtime().database.write() as session:
            connection = connection_changes.insert(session, draft, tested)
    except FormErrors as error:
        return _form(crm, draft, errors=error.by_field), 422
    except IntegrityError:
        return _form(crm, draft, errors={access.field: f"This {access.org_word} has just been connected."}), 422
    flash(f"Connected to {tested.result.org_name}. Look over the objects before the first sync.", "good")
    return redirect(url_for("admin.connections.show", connection_id=connection.id), code=303)


@admins_only
def edit(connection_id: int) -> str:
    connection = _one(connection_id)
    return _form(connection.crm, connection_form.stored(connection), connection=connection)


def save(connection_id: int) -> Response | tuple[str, int]:
    connection = _one(connection_id)
    access, draft = access_of(connection), connection_form.typed(request.form)
    tested: Tested | None = None
    try:
        if access is None:
            connection_form.check_rest(draft)
        else:
            tested = _tested(access, draft, connection=connection)
    except FormErrors as error:
        return _form(connection.crm, draft, connection=connection, errors=error.by_field), 422
    with runtime().database.write() as session:
        row = session.get_one(Connection, connection.id)
        connection_changes.update(session, row, draft, tested)
        resumed = connection_changes.resumed(session, row) if tested is not None else ""
    saved = "The connection is saved." if tested is None else "Connection successful. The connection is saved."
    flash(f"{saved} {resumed}".strip(), "good")
    return redirect(url_for("admin.connections.show", connection_id=connection.id), code=303)


def test(crm: str) -> str | tuple[str, int]:
    """Test connection on what is typed; nothing is stored. htmx swaps the answer in, else the page is drawn anew."""
    wanted = request.form.get("connection_id", "")
    connection = _one(int(wanted)) if wanted.isascii() and wanted.isdigit() else None
    access = _access(crm) if connection is None else listing.found(access_of(connection))
    draft = connection_form.typed(request.form)
    errors: dict[str, str] = {}
    result: ConnectionCheck | None = None
    try:
        result = _ask(access, draft, connection=connection)
    except FormErrors as error:
        errors = error.by_field
    if request.headers.get("HX-Request"):
        return render_template("admin/connections/_check.html", check=result, errors=errors)
    return _form(access.crm, draft, connection=connection, errors=errors, check=result)


def check(connection_id: int) -> Response | str:
    """Test connection with what is stored. A broken connection that works again goes on by itself from here."""
    connection = _one(connection_id)
    access = access_of(connection)
    if access is None:
        return _check_tokens(connection)
    try:
        result = _ask(access, connection_form.stored(connection), connection=connection)
    except FormErrors as error:
        flash(str(error), "bad")
        return redirect(url_for("admin.connections.show", connection_id=connection_id), code=303)
    is_same = result.ok and result.org_id == connection.org_id
    if is_same:
        who = f"{result.org_name}, as {result.user_name}" if result.user_name else result.org_name
        _works(connection, who)
    else:
        problem = access.other_org(connection, result) if result.ok else f"{result.message} {result.remedy}"
        flash(problem, "bad")
    return redirect(url_for("admin.connections.show", connection_id=connection_id), code=303)


def _check_tokens(connection: Connection) -> Response:
    """With the tokens we were given. What is learned about them is stored: they work, or they have ended."""
    try:
        org = connect.org_behind(runtime(), connection)
    except CrmError as error:
        if isinstance(error, ConnectionBroken):
            with runtime().database.write() as session:
                connection_changes.note_broken(session.get_one(Connection, connection.id), error)
        remedy = FLOWS[connection.crm].remedies.get(error.code, "")
        flash(f"No connection. {error.message.rstrip('.')}. {remedy}".strip(), "bad")
    else:
        _works(connection, f"{org.name}, as {org.user_name}" if org.user_name else org.name)
    return redirect(url_for("admin.connections.show", connection_id=connection.id), code=303)


def _works(connection: Connection, who: str) -> None:
    """It lets us in; whatever broke it is over."""
    resumed = ""
    if connection.state == BROKEN:
        with runtime().database.write() as session:
            row = session.get_one(Connection, connection.id)
            connection_changes.mend(session, row)
            resumed = connection_changes.resumed(session, row)
    flash(f"Connection successful: {who}. {resumed}".strip(), "good")


def switch(connection_id: int) -> Response:
    """The master switch. The form says which way: pressing twice does not turn it back."""
    wanted = request.form.get("on") == "1"
    with runtime().database.write() as session:
        connection = listing.found(session.get(Connection, connection_id))
        connection_changes.switch(session, connection, on=wanted)
    flash(f"Syncs of {connection.name} are {'on' if wanted else 'off'}.", "good")
    return redirect(url_for("admin.connections.show", connection_id=connection_id), code=303)


def _one(connection_id: int) -> Connection:
    with runtime().database.read() as session:
        in_range = connection_id <= listing.BIGGEST_ID
        return listing.found(session.get(Connection, connection_id) if in_range else None)


def _access(crm: str) -> Access:
    return listing.found(ACCESS.get(crm))


def _form(
    crm: str,
    draft: Draft,
    *,
    connection: Connection | None = None,
    errors: dict[str, str] | None = None,
    check: ConnectionCheck | None = None,
) -> str:
    return render_template(
        "admin/connections/edit.html",
        title="Edit connection" if connection else f"Connect {CRM_NAMES[crm]}",
        crm=crm,
        draft=draft,
        connection=connection,
        asks_access=connection is None or access_of(connection) is not None,
        errors=errors or {},
        check=check,
    )


def _ask(access: Access, draft: Draft, *, connection: Connection | None) -> ConnectionCheck:
    """Ask the CRM. Outside of any transaction: it may take seconds. Raises FormErrors."""
    connection_form.check_lengths(draft)
    details = access.details(draft, runtime().settings, runtime().vault, connection)
    return check_details(runtime(), details)


def _tested(access: Access, draft: Draft, *, connection: Connection | None = None) -> Tested:
    """Everything Save needs is right, and the CRM let us in. Raises FormErrors."""
    problems: dict[str, str] = {}
    try:
        access.details(draft, runtime().settings, runtime().vault, connection)
    except FormErrors as error:
        problems |= error.by_field
    try:
        connection_form.check_rest(draft)
    except FormErrors as error:
        problems |= error.by_field
    if problems:
        raise FormErrors(problems)
    result = _ask(access, draft, connection=connection)
    if not result.ok:
        raise FormErrors({"connection": f"{result.message} {result.remedy} Nothing was saved."})
    if connection is not None and result.org_id != connection.org_id:
        raise FormErrors({access.field: access.other_org(connection, result)})
    return Tested(access, result)


def _certificate_problem(connection: Connection) -> str:
    try:
        if connection.launch_certificate:
            connection_form.read_certificate(connection.launch_certificate)
    except ValueError as error:
        return str(error)
    return ""
