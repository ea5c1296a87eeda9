"""The authorization page: choose who signs in, allow or deny, go back to the client with a code."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from flask import Blueprint, Response, render_template, request
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from emulator.oauth.login_pages import back_to_app, login_page
from emulator.salesforce.access import User
from emulator.salesforce.oauth import pkce
from emulator.salesforce.oauth.app import ConnectedApp, granted_scopes
from emulator.salesforce.oauth.errors import OAuthError
from emulator.salesforce.oauth.grants import CodeGrant, Grants
from emulator.salesforce.org import Org

SCOPE_WORDS = {
    "api": "Manage user data via APIs",
    "refresh_token": "Perform requests at any time",
    "offline_access": "Perform requests at any time",
    "id": "Access the identity URL service",
    "openid": "Access unique user identifiers",
    "profile": "Access the basic profile",
    "email": "Access the email address",
    "web": "Manage user data via web browsers",
    "full": "Full access",
}


@dataclass(frozen=True, slots=True)
class Ask:
    """A checked authorization request."""

    redirect_uri: str
    scope: str
    challenge: str
    state: str | None


def register(blueprint: Blueprint, org: Org, *, app: ConnectedApp, grants: Grants) -> None:
    """Add GET and POST `/services/oauth2/authorize`."""

    @blueprint.get("/services/oauth2/authorize")
    def authorize() -> AnyResponse:
        return _with_errors(request.args, app, lambda ask: _page(org, ask))

    @blueprint.post("/services/oauth2/authorize")
    def decide() -> AnyResponse:
        return _with_errors(request.form, app, lambda ask: _decided(org, ask, app=app, grants=grants))


def _with_errors(parameters: MultiDict[str, str], app: ConnectedApp, act: Callable[[Ask], AnyResponse]) -> AnyResponse:
    """Unknown clients and foreign redirect URIs see a page; every other error travels back to the client."""
    try:
        app.check_id(parameters.get("client_id", ""))
        app.check_redirect(parameters.get("redirect_uri", ""))
    except OAuthError as error:
        return _error_page(error)
    state = parameters.get("state")
    try:
        return act(_checked(parameters))
    except OAuthError as error:
        return back_to_app(parameters["redirect_uri"], state, error=error.code, error_description=error.description)


def _checked(parameters: MultiDict[str, str]) -> Ask:
    if parameters.get("response_type") != "code":
        raise OAuthError("unsupported_response_type", "response type not supported")
    challenge = parameters.get("code_challenge", "")
    pkce.check_challenge(challenge, method=parameters.get("code_challenge_method", ""))
    return Ask(
        redirect_uri=parameters["redirect_uri"],
        scope=granted_scopes(parameters.get("scope", "")),
        challenge=challenge,
        state=parameters.get("state"),
    )


def _page(org: Org, ask: Ask) -> Response:
    people = _people(org)
    hint = request.args.get("login_hint", "").casefold()
    chosen = next((user.id for user in people if user.username.casefold() == hint), people[0].id)
    html = render_template(
        "salesforce/authorize.html",
        org=org,
        people=people,
        chosen=chosen,
        scopes=dict.fromkeys(SCOPE_WORDS[scope] for scope in ask.scope.split()),
        parameters=request.args,
    )
    return login_page(html)


def _decided(org: Org, ask: Ask, *, app: ConnectedApp, grants: Grants) -> AnyResponse:
    if request.form.get("decision") != "allow":
        raise OAuthError("access_denied", "end-user denied authorization")
    user = org.user(request.form.get("user_id", ""))
    if user is None or not user.active:
        raise OAuthError("inactive_user", "user is inactive")
    code = grants.new_code(CodeGrant(app.client_id, user.id, ask.scope, ask.redirect_uri, ask.challenge))
    return back_to_app(ask.redirect_uri, ask.state, code=code)


def _people(org: Org) -> list[User]:
    """Who may sign in, people before API-only users."""
    return sorted((user for user in org.users if user.active), key=lambda user: user.api_only)


def _error_page(error: OAuthError) -> Response:
    return login_page(render_template("salesforce/oauth_error.html", error=error), status=400)
