"""The token endpoint, revocation and introspection."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response, jsonify, request

from emulator.salesforce.access import User
from emulator.salesforce.oauth import assertion, pkce
from emulator.salesforce.oauth.answers import id_token, identity_url, millis, signature
from emulator.salesforce.oauth.app import REFRESH_SCOPES, ConnectedApp, token_lifetime, without_refresh
from emulator.salesforce.oauth.errors import OAuthError
from emulator.salesforce.oauth.grants import Grant, GrantError, GrantReuseError, Grants
from emulator.salesforce.org import Org

JWT_BEARER = "urn:ietf:params:oauth:grant-type:jwt-bearer"
_GENERAL_LOGIN_HOSTS = frozenset({"login.salesforce.com", "test.salesforce.com"})


def register(blueprint: Blueprint, org: Org, *, app: ConnectedApp, grants: Grants) -> None:
    """Add `/services/oauth2/token`, `/revoke` and `/introspect`."""
    endpoint = _TokenEndpoint(org, app, grants)

    @blueprint.post("/services/oauth2/token")
    def token() -> Response:
        return endpoint.answer()

    @blueprint.route("/services/oauth2/revoke", methods=["GET", "POST"])
    def revoke() -> Response:
        return _revoke(org, grants, request.values.get("token", ""))

    @blueprint.post("/services/oauth2/introspect")
    def introspect() -> Response:
        app.authenticate(request)
        return jsonify(_introspection(org, grants, request.form.get("token", "")))


class _TokenEndpoint:
    """One method per grant type; each checks its own proof and answers who may act with which scope."""

    def __init__(self, org: Org, app: ConnectedApp, grants: Grants) -> None:
        self._org = org
        self._app = app
        self._grants = grants
        self._flows: dict[str, Callable[[], Response]] = {
            "client_credentials": self._client_credentials,
            "authorization_code": self._authorization_code,
            "refresh_token": self._refresh_token,
            JWT_BEARER: self._jwt_bearer,
        }

    def answer(self) -> Response:
        if request.mimetype != "application/x-www-form-urlencoded":
            raise OAuthError("invalid_request", "content type must be application/x-www-form-urlencoded")
        repeated = [name for name, values in request.form.lists() if len(values) > 1]
        if repeated:
            raise OAuthError("invalid_request", f"repeated parameter: {repeated[0]}")
        grant_type = request.form.get("grant_type", "")
        if not grant_type:
            raise OAuthError("invalid_request", "missing required parameter: grant_type")
        flow = self._flows.get(grant_type)
        if flow is None:
            raise OAuthError("unsupported_grant_type", "grant type not supported")
        return flow()

    def _client_credentials(self) -> Response:
        """Only the org's own domain answers this flow; the app acts as its integration user."""
        if request.host.split(":")[0].lower() in _GENERAL_LOGIN_HOSTS:
            raise OAuthError("invalid_grant", "request not supported on this domain")
        self._app.authenticate(request)
        user = self._active_user(self._app.run_as)
        return self._tokens(Grant(self._app.client_id, user.id, "api id"))

    def _authorization_code(self) -> Response:
        self._app.authenticate(request)
        form = request.form
        try:
            grant = self._grants.use_code(form.get("code", ""))
        except GrantError as error:
            self._end_family(error)
            raise OAuthError("invalid_grant", error.reason) from error
        if form.get("redirect_uri", "") != grant.redirect_uri:
            raise OAuthError("redirect_uri_mismatch", "redirect_uri must match configuration")
        pkce.check_verifier(form.get("code_verifier", ""), challenge=grant.challenge)
        self._active_user(grant.user_id)
        wants_refresh = bool(REFRESH_SCOPES & set(grant.scope.split()))
        return self._tokens(grant, refresh=self._grants.new_refresh_token(grant) if wants_refresh else None)

    def _refresh_token(self) -> Response:
        self._app.authenticate(request)
        try:
            grant, successor = self._grants.rotate(request.form.get("refresh_token", ""), client_id=self._app.client_id)
        except GrantError as error:
            self._end_family(error)
            raise OAuthError("invalid_grant", error.reason) from error
        self._active_user(grant.user_id)
        return self._tokens(grant, refresh=successor)

    def _jwt_bearer(self) -> Response:
        username = assertion.subject(
            request.form.get("assertion", ""),
            app=self._app,
            audiences=("https://login.salesforce.com", "https://test.salesforce.com", self._org.public_url),
            now=self._org.clock.now(),
        )
        user = self._org.user_named(username)
        if user is None:
            raise OAuthError("invalid_grant", "user hasn't approved this consumer")
        self._active_user(user.id)
        return self._tokens(Grant(self._app.client_id, user.id, "api id"))

    def _active_user(self, user_id: str) -> User:
        user = self._org.user(user_id)
        if user is None or not user.active:
            raise OAuthError("inactive_user", "user is inactive")
        return user

    def _end_family(self, error: GrantError) -> None:
        """A proof used twice has leaked: nothing that grew from it may live on."""
        if isinstance(error, GrantReuseError):
            self._grants.revoke_all(error.grant.user_id, error.grant.client_id)
            self._org.sessions.revoke_of(error.grant.user_id, error.grant.client_id)

    def _tokens(self, grant: Grant, *, refresh: str | None = None) -> Response:
        org = self._org
        issued_at = org.clock.now()
        identity = identity_url(org, grant.user_id)
        scope = grant.scope if refresh else without_refresh(grant.scope.split())
        body = {
            "access_token": org.sessions.issue(
                grant.user_id,
                grant.client_id,
                scope=scope,
                lifetime=token_lifetime(org),
            ),
            "signature": signature(self._app.client_secret, identity=identity, issued_at=millis(issued_at)),
            "scope": scope,
            "instance_url": org.public_url,
            "id": identity,
            "token_type": "Bearer",
            "issued_at": millis(issued_at),
        }
        if refresh is not None:
            body["refresh_token"] = refresh
        if "openid" in scope.split():
            body["id_token"] = id_token(org, user_id=grant.user_id, client_id=grant.client_id, at=issued_at)
        response = jsonify(body)
        response.headers["Cache-Control"] = "no-cache, no-store"
        return response


def _revoke(org: Org, grants: Grants, token: str) -> Response:
    """Revoking a refresh token ends its access tokens as well; revoking an access token ends only itself."""
    grant = grants.find_refresh_token(token)
    if grant is not None:
        grants.revoke_all(grant.user_id, grant.client_id)
        org.sessions.revoke_of(grant.user_id, grant.client_id)
        return Response(status=200)
    if not org.sessions.revoke(token):
        raise OAuthError("unsupported_token_type", "this token type is not supported")
    return Response(status=200)


def _introspection(org: Org, grants: Grants, token: str) -> dict[str, object]:
    refresh = grants.find_refresh_token(token)
    if refresh is not None:
        return _described(org, refresh) | {"token_type": "refresh_token"}
    session = org.sessions.authenticate(token)
    if session is None:
        return {"active": False}
    facts = _described(org, Grant(session.client_id, session.user_id, session.scope))
    facts |= {"token_type": "access_token", "iat": int(session.issued_at.timestamp())}
    facts["nbf"] = facts["iat"]
    if session.expires_at is not None:
        facts["exp"] = int(session.expires_at.timestamp())
    return facts


def _described(org: Org, grant: Grant) -> dict[str, object]:
    user = org.user(grant.user_id)
    return {
        "active": True,
        "scope": grant.scope,
        "client_id": grant.client_id,
        "username": user.username if user else "",
        "sub": identity_url(org, grant.user_id),
    }
