"""Connections: list, show, new and edit, Test connection, the master switch."""

from __future__ import annotations

from flask import Blueprint, flash, redirect, render_template, request, url_for
from sqlalchemy import func, select
from sqlalchemy.exc import IntegrityError
from werkzeug.wrappers import Response

from jobs.crm import connect
from jobs.crm.check import ConnectionCheck, test_connection
from jobs.crm.connect import FLOWS
from jobs.crm.errors import ConnectionBroken, CrmError
from jobs.crm.tokens import AUTHORIZATION_CODE, CLIENT_CREDENTIALS
from jobs.models import ApiUsage, Connection, ObjectMapping, RecordLink
from jobs.models.connection import BROKEN
from jobs.runtime import utc_now
from widget.admin import connection_changes, connection_form, listing
from widget.admin.access import admins_only
from widget.admin.connection_form import Draft, FormErrors
from widget.admin.connection_health import health_of
from widget.context import runtime


def blueprint() -> Blueprint:
    pages = Blueprint("connections", __name__, url_prefix="/connections")
    pages.add_app_template_filter(lambda connection: health_of(connection, utc_now()), "admin_health")
    pages.get("/")(index)
    pages.get("/<row:connection_id>")(show)
    pages.get("/new")(new)
    pages.post("/new")(create)
    pages.get("/<row:connection_id>/edit")(edit)
    pages.post("/<row:connection_id>/edit")(save)
    pages.post("/test")(test)
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
    return render_template(
        "admin/connections/show.html",
        title=connection.name,
        connection=connection,
        certificate=connection_changes.certificate_of(connection),
        certificate_problem=_certificate_problem(connection),
        objects=objects,
        links=links,
        calls_today=calls_today or 0,
        public_url=runtime().settings.public_url,
        signed_in=connection.auth_flow == AUTHORIZATION_CODE,
    )


@admins_only
def new() -> str:
    return _form(Draft(), connection=None)


def create() -> Response | tuple[str, int]:
    draft = connection_form.typed(request.form)
    try:
        result = _tested(draft, connection=None)
        with runtime().database.write() as session:
            connection = connection_changes.insert(session, draft, result)
    except FormErrors as error:
        return _form(draft, connection=None, errors=error.by_field), 422
    except IntegrityError:
        return _form(draft, connection=None, errors={"base_url": "This org has just been connected."}), 422
    flash(f"Connected to {result.org_name}. Look over the objects before the first sync.", "good")
    return redirect(url_for("admin.connections.show", connection_id=connection.id), code=303)


@admins_only
def edit(connection_id: int) -> str:
    connection = _one(connection_id)
    return _form(connection_form.stored(connection), connection=connection)


def save(connection_id: int) -> Response | tuple[str, int]:
    connection = _one(connection_id)
    draft = connection_form.typed(request.form)
    result: ConnectionCheck | None = None
    try:
        if connection.auth_flow != CLIENT_CREDENTIALS:
            connection_form.check_rest(draft)
        else:
            result = _tested(draft, connection=connection)
            if result.org_id != connection.org_id:
                raise FormErrors({"base_url": _other_org(connection, result)})
    except FormErrors as error:
        return _form(draft, connection=connection, errors=error.by_field), 422
    with runtime().database.write() as session:
        connection_changes.update(session, session.get_one(Connection, connection.id), draft, result)
    flash("The connection is saved." if result is None else "Connection successful. The connection is saved.", "good")
    return redirect(url_for("admin.connections.show", connection_id=connection.id), code=303)


def test() -> str | tuple[str, int]:
    """Test connection on what is typed; nothing is stored. htmx swaps the answer in, else the page is drawn anew."""
    wanted = request.form.get("connection_id", "")
    connection = _one(int(wanted)) if wanted.isascii() and wanted.isdigit() else None
    draft = connection_form.typed(request.form)
    errors: dict[str, str] = {}
    result: ConnectionCheck | None = None
    try:
        result = _ask(draft, connection=connection)
    except FormErrors as error:
        errors = error.by_field
    if request.headers.get("HX-Request"):
        return render_template("admin/connections/_check.html", check=result, errors=errors)
    return _form(draft, connection=connection, errors=errors, check=result)


def check(connection_id: int) -> Response | str:
    """Test connection with what is stored. A broken connection that works again goes on by itself from here."""
    connection = _one(connection_id)
    if connection.auth_flow != CLIENT_CREDENTIALS:
        return _check_tokens(connection)
    try:
        result = _ask(connection_form.stored(connection), connection=connection)
    except FormErrors as error:
        flash(str(error), "bad")
        return redirect(url_for("admin.connections.show", connection_id=connection_id), code=303)
    is_same = result.ok and result.org_id == connection.org_id
    if is_same:
        flash(f"Connection successful: {result.org_name}, as {result.user_name}.", "good")
    else:
        problem = _other_org(connection, result) if result.ok else f"{result.message} {result.remedy}"
        flash(problem, "bad")
    if is_same and connection.state == BROKEN:
        with runtime().database.write() as session:
            connection_changes.mend(session, session.get_one(Connection, connection_id))
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
        who = f"{org.name}, as {org.user_name}" if org.user_name else org.name
        flash(f"Connection successful: {who}.", "good")
        if connection.state == BROKEN:
            with runtime().database.write() as session:
                connection_changes.mend(session, session.get_one(Connection, connection.id))
    return redirect(url_for("admin.connections.show", connection_id=connection.id), code=303)


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


def _form(
    draft: Draft,
    *,
    connection: Connection | None,
    errors: dict[str, str] | None = None,
    check: ConnectionCheck | None = None,
) -> str:
    return render_template(
        "admin/connections/edit.html",
        title="Edit connection" if connection else "Connect Salesforce",
        draft=draft,
        connection=connection,
        errors=errors or {},
        check=check,
    )


def _ask(draft: Draft, *, connection: Connection | None) -> ConnectionCheck:
    """Ask Salesforce. Outside of any transaction: it may take seconds. Raises FormErrors."""
    base_url = connection_form.check_access(draft, runtime().settings, stored=connection)
    secret = connection_form.secret_of(draft, runtime().vault, stored=connection)
    return test_connection(runtime(), base_url=base_url, client_id=draft.client_id, client_secret=secret)


def _tested(draft: Draft, *, connection: Connection | None) -> ConnectionCheck:
    """Everything Save needs is right, and Salesforce let us in. Raises FormErrors."""
    problems: dict[str, str] = {}
    try:
        connection_form.check_access(draft, runtime().settings, stored=connection)
    except FormErrors as error:
        problems |= error.by_field
    try:
        connection_form.check_rest(draft)
    except FormErrors as error:
        problems |= error.by_field
    if problems:
        raise FormErrors(problems)
    result = _ask(draft, connection=connection)
    if not result.ok:
        raise FormErrors({"connection": f"{result.message} {result.remedy} Nothing was saved."})
    return result


def _certificate_problem(connection: Connection) -> str:
    try:
        if connection.launch_certificate:
            connection_form.read_certificate(connection.launch_certificate)
    except ValueError as error:
        return str(error)
    return ""


def _other_org(connection: Connection, result: ConnectionCheck) -> str:
    return (
        f"This address belongs to another org ({result.org_name}, {result.org_id}); this connection is for "
        f"{connection.org_id}. Links would point to the wrong records. Make a new connection instead."
    )
