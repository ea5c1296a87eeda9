"""The installation page: choose who signs in, connect or cancel, go back to the app with a code."""

from __future__ import annotations

from flask import Blueprint, Response, render_template, request
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response as AnyResponse

from emulator.hubspot.grants import CodeGrant, Grants
from emulator.hubspot.oauth.client import check_id, check_redirect, checked_challenge, granted_scopes
from emulator.hubspot.oauth.errors import OAuthError
from emulator.hubspot.portal import Portal
from emulator.oauth.login_pages import back_to_app, login_page

_KEPT = (
    "client_id",
    "redirect_uri",
    "scope",
    "optional_scope",
    "state",
    "response_type",
    "code_challenge",
    "code_challenge_method",
)


def register(blueprint: Blueprint, portal: Portal, grants: Grants) -> None:
    """Add GET and POST `/oauth/authorize`, also under the number of an account."""

    @blueprint.get("/oauth/authorize")
    @blueprint.get("/oauth/<int:account>/authorize")
    def authorize(account: int | None = None) -> AnyResponse:
        try:
            _check_account(portal, account)
            scope, _ = _checked(portal, request.args)
        except OAuthError as error:
            return _error_page(error)
        people = [person for person in portal.people.all if person.active]
        html = render_template(
            "hubspot_oauth/authorize.html",
            portal=portal,
            people=people,
            scopes=scope.split(),
            parameters={name: request.args[name] for name in _KEPT if name in request.args},
        )
        return login_page(html)

    @blueprint.post("/oauth/authorize")
    @blueprint.post("/oauth/<int:account>/authorize")
    def decide(account: int | None = None) -> AnyResponse:
        try:
            _check_account(portal, account)
            scope, challenge = _checked(portal, request.form)
        except OAuthError as error:
            return _error_page(error)
        return _decided(portal, grants, scope=scope, challenge=challenge)


def _decided(portal: Portal, grants: Grants, *, scope: str, challenge: str) -> AnyResponse:
    redirect_uri = request.form["redirect_uri"]
    person = portal.people.find(request.form.get("user_id", ""))
    if request.form.get("decision") != "connect" or person is None or not person.active:
        return _back(redirect_uri, error="access_denied", error_description="The user denied the installation")
    return _back(redirect_uri, code=grants.new_code(CodeGrant(str(person.user_id), scope, redirect_uri, challenge)))


def _check_account(portal: Portal, account: int | None) -> None:
    if account is not None and account != portal.id:
        raise OAuthError("BAD_HUB", "the user has no access to this account", status=403)


def _checked(portal: Portal, parameters: MultiDict[str, str]) -> tuple[str, str]:
    """Scope and code challenge. Whatever is wrong is shown on a page of HubSpot's: nothing is sent to the app."""
    check_id(portal, parameters.get("client_id", ""))
    check_redirect(portal, parameters.get("redirect_uri", ""))
    if parameters.get("response_type", "code") != "code":
        raise OAuthError("BAD_REQUEST", "response type must be code")
    challenge = checked_challenge(parameters.get("code_challenge", ""), parameters.get("code_challenge_method", ""))
    return granted_scopes(portal, parameters.get("scope", ""), parameters.get("optional_scope", "")), challenge


def _back(redirect_uri: str, **answer: str) -> AnyResponse:
    return back_to_app(redirect_uri, request.form.get("state"), **answer)


def _error_page(error: OAuthError) -> Response:
    return login_page(render_template("hubspot_oauth/error.html", error=error), status=error.status)
