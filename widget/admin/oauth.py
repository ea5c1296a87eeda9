"""Connecting by sign-in: off to the CRM's own page and back, reconnect, disconnect."""

from __future__ import annotations

from collections.abc import Iterable

import structlog
from flask import Blueprint, flash, redirect, render_template, request, url_for
from redis.exceptions import RedisError
from sqlalchemy.exc import IntegrityError
from werkzeug.wrappers import Response

from jobs.crm import connect
from jobs.crm.connect import FLOWS
from jobs.crm.connect_flow import App, Flow
from jobs.crm.errors import CrmError
from jobs.crm.tokens import AUTHORIZATION_CODE, STATIC_TOKEN
from jobs.models import Connection
from jobs.models.connection import DISCONNECTED
from widget.admin import listing, oauth_attempts, oauth_changes, oauth_form, oauth_problems
from widget.admin.access import admins_only
from widget.admin.connection_changes import resumed as resumed_words
from widget.admin.connection_form import FormErrors
from widget.admin.display import CRM_NAMES
from widget.admin.oauth_attempts import Attempt, NotOurs
from widget.admin.oauth_changes import InUse, WrongOrg
from widget.admin.oauth_form import AppDraft
from widget.admin.oauth_problems import Problem
from widget.context import runtime

log = structlog.get_logger()

Page = tuple[str, int]


def blueprint() -> Blueprint:
    pages = Blueprint("oauth", __name__, url_prefix="/connections")
    pages.get("/connect/<crm>")(new)
    pages.post("/connect/<crm>")(start)
    pages.get("/<crm>/callback")(callback)
    pages.get("/<row:connection_id>/reconnect")(edit)
    pages.post("/<row:connection_id>/reconnect")(restart)
    pages.get("/<row:connection_id>/disconnect")(confirm)
    pages.post("/<row:connection_id>/disconnect")(disconnect)
    return pages


@admins_only
def new(crm: str) -> str:
    return _form(_flow(crm), AppDraft())


def start(crm: str) -> str | Page:
    return _leave(_flow(crm), oauth_form.typed(request.form))


@admins_only
def edit(connection_id: int) -> str:
    connection = _signed_in(connection_id)
    flow = _flow(connection.crm)
    address = connection.base_url if flow.asks_address else ""
    return _form(flow, AppDraft(address=address, client_id=connection.client_id), connection=connection)


def restart(connection_id: int) -> str | Page:
    """With nothing typed: the same app, at the org's own address."""
    connection = _signed_in(connection_id)
    flow = _flow(connection.crm)
    draft = oauth_form.typed(request.form)
    if flow.asks_address and not draft.address:
        draft = AppDraft(connection.base_url, draft.client_id, draft.client_secret)
    return _leave(flow, draft, connection=connection)


@admins_only
def callback(crm: str) -> Response | Page:
    """The CRM has sent the admin back, with a code or with its reason."""
    flow = _flow(crm)
    try:
        attempt = oauth_attempts.take(runtime(), request.args.get("state", ""), crm=crm)
    except NotOurs:
        return _told(flow, oauth_problems.NOT_OURS)
    except RedisError:
        return _told(flow, oauth_problems.NO_QUEUE)
    if "error" in request.args or not request.args.get("code"):
        problem = oauth_problems.said_no(flow, request.args)
        log.info("oauth_not_allowed", crm=flow.crm, code=problem.code)
        return _told(flow, problem, attempt)
    try:
        return _finished(flow, attempt, request.args["code"])
    except CrmError as error:
        log.warning("oauth_refused", crm=flow.crm, code=error.code)
        return _told(flow, oauth_problems.refused(flow, error), attempt)


@admins_only
def confirm(connection_id: int) -> str:
    connection = _one(connection_id)
    flow = FLOWS.get(connection.crm)
    title = f"Disconnect {connection.name}?"
    return render_template("admin/connections/disconnect.html", title=title, connection=connection, flow=flow)


def disconnect(connection_id: int) -> Response:
    """Forget first: what was revoked but is still stored would only fail; what is forgotten can still be revoked."""
    with runtime().database.write() as session:
        connection = listing.found(session.get(Connection, connection_id))
        if connection.broken_code == DISCONNECTED:
            flash("It is disconnected already.", "good")
            return _back_to(connection_id)
        forgotten = oauth_changes.forget(session, connection)
    flow, crm = FLOWS.get(connection.crm), CRM_NAMES[connection.crm]
    app = App(forgotten.client_id, forgotten.client_secret)
    if flow is None or not forgotten.tokens:
        flash("Disconnected. Links, mappings and values are kept.", "good")
    elif connection.auth_flow == STATIC_TOKEN:
        flash(f"Disconnected here. In {crm} the access token stays good until it is rotated or deleted there.", "warn")
    elif _revoked(flow, app, connection.base_url if flow.asks_address else "", forgotten.tokens):
        flash(f"Disconnected. The access is revoked in {crm}; links, mappings and values are kept.", "good")
    else:
        flash(
            f"Disconnected here, but {crm} has not confirmed it: take the access away under {flow.revoked_by_hand}.",
            "warn",
        )
    return _back_to(connection_id)


def _leave(flow: Flow, draft: AppDraft, *, connection: Connection | None = None) -> str | Page:
    """A page that goes on to the CRM by itself.

    Not a redirect: browsers hold the answer of a form to `form-action`, through every host a sign-in may lead over.
    """
    settings, vault = runtime().settings, runtime().vault
    stored = oauth_form.app_of(connection, flow, settings, vault) if connection is not None else None
    try:
        app, address = oauth_form.check(draft, flow, settings, stored=stored)
    except FormErrors as error:
        return _form(flow, draft, connection=connection, errors=error.by_field), 422
    verifier = connect.new_verifier()
    connection_id = connection.id if connection is not None else None
    attempt = Attempt(flow.crm, address, app.client_id, app.client_secret, verifier, connection_id)
    try:
        state = oauth_attempts.begin(runtime(), attempt)
    except RedisError:
        return _told(flow, oauth_problems.NO_QUEUE)
    url = connect.authorize_url(
        settings,
        flow,
        app,
        address=address,
        redirect_uri=_callback_url(flow),
        state=state,
        verifier=verifier,
    )
    return render_template("admin/connections/leaving.html", title=f"Going to {CRM_NAMES[flow.crm]}", url=url), 200


def _finished(flow: Flow, attempt: Attempt, code: str) -> Response | Page:
    """Code to tokens, tokens to org, org to connection. Raises CrmError."""
    app = App(attempt.client_id, attempt.client_secret)
    grant = connect.exchange(
        runtime().settings,
        flow,
        app,
        address=attempt.address,
        redirect_uri=_callback_url(flow),
        code=code,
        verifier=attempt.verifier,
    )
    org = connect.org_of(runtime(), flow, grant)
    try:
        with runtime().database.write() as session:
            connection, action = oauth_changes.authorise(session, attempt, flow, grant, org)
            resumed = resumed_words(session, connection)
    except (WrongOrg, InUse) as error:
        if error.is_free:
            _revoked(flow, app, attempt.address, (grant.refresh_token, grant.access_token))
        return _told(flow, oauth_problems.not_this_org(flow, error), attempt)
    except IntegrityError:
        return _told(flow, oauth_problems.JUST_CONNECTED, attempt)
    who = f"{org.name}, as {org.user_name}" if org.user_name else org.name
    flash(f"{_SAID[action].format(who=who)} {resumed}".strip(), "good")
    return _back_to(connection.id)


_SAID = {
    "connection.connect": "Connected to {who}. Look over the objects before the first sync.",
    "connection.reconnect": "Connected again to {who}. Links, mappings and values are as they were.",
}


def _told(flow: Flow, problem: Problem, attempt: Attempt | None = None) -> Page:
    page = render_template(
        "admin/connections/not_connected.html",
        title=problem.headline,
        problem=problem,
        crm=flow.crm,
        callback_url=_callback_url(flow),
        connection_id=attempt.connection_id if attempt is not None else None,
    )
    return page, problem.status


def _form(
    flow: Flow, draft: AppDraft, *, connection: Connection | None = None, errors: dict[str, str] | None = None
) -> str:
    crm = CRM_NAMES[flow.crm]
    return render_template(
        "admin/connections/connect.html",
        title=f"Reconnect {connection.name}" if connection is not None else f"Connect {crm}",
        crm=flow.crm,
        flow=flow,
        draft=draft,
        connection=connection,
        errors=errors or {},
        has_app=flow.installed_app(runtime().settings) is not None,
        callback_url=_callback_url(flow),
    )


def _revoked(flow: Flow, app: App, address: str, tokens: Iterable[str]) -> bool:
    try:
        for token in tokens:
            connect.revoke(runtime().settings, flow, app, address=address, token=token)
    except CrmError as error:
        log.warning("oauth_not_revoked", crm=flow.crm, code=error.code)
        return False
    return True


def _back_to(connection_id: int) -> Response:
    return redirect(url_for("admin.connections.show", connection_id=connection_id), code=303)


def _callback_url(flow: Flow) -> str:
    """By PUBLIC_URL, never by the request: it has to be, letter by letter, what the app was registered with."""
    return runtime().settings.public_url + url_for("admin.oauth.callback", crm=flow.crm)


def _flow(crm: str) -> Flow:
    return listing.found(FLOWS.get(crm))


def _one(connection_id: int) -> Connection:
    with runtime().database.read() as session:
        return listing.found(session.get(Connection, connection_id))


def _signed_in(connection_id: int) -> Connection:
    """A connection that somebody signed in for; there is nothing to reconnect in any other."""
    connection = _one(connection_id)
    return listing.found(connection if connection.auth_flow == AUTHORIZATION_CODE else None)
