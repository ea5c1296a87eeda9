"""The token endpoint, introspection and revocation, in the newest versions and in version 1."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any

from flask import Blueprint, Response, jsonify, request

from emulator.hubspot.grants import Grant, Grants
from emulator.hubspot.oauth.client import check_client, check_redirect, check_verifier
from emulator.hubspot.oauth.errors import OAuthError
from emulator.hubspot.portal import Portal
from emulator.journal import current_call
from emulator.sessions import Session


def register(blueprint: Blueprint, portal: Portal, grants: Grants) -> None:
    """Add `/oauth/<version>/token` with `/introspect` and `/revoke`, and the token pages of version 1."""

    @blueprint.post("/oauth/<any('v1', 'v3', '2026-03', '2026-09'):version>/token")
    def token(version: str) -> Response:
        return _no_store(jsonify(_issued(portal, grants, _given(version), oldest=version == "v1")))

    @blueprint.post("/oauth/<any('v3', '2026-03', '2026-09'):version>/token/introspect")
    def introspect(version: str) -> Response:
        given = _given(version)
        check_client(portal, given)
        return _no_store(jsonify(_introspected(portal, grants, given.get("token", ""))))

    @blueprint.post("/oauth/<any('v3', '2026-03', '2026-09'):version>/token/revoke")
    def revoke(version: str) -> Response:
        given = _given(version)
        check_client(portal, given)
        # As RFC 7009 has it: an unknown token is as good as revoked.
        grants.revoke(given.get("token", ""))
        return _no_store(Response(status=200))

    @blueprint.get("/oauth/v1/access-tokens/<secret>")
    def access_token_facts(secret: str) -> Response:
        _hide(secret)
        session = portal.sessions.authenticate(secret)
        if session is None:
            raise OAuthError("BAD_REQUEST", "access token not found or expired", status=404)
        facts = _session_facts(portal, session) | {"token": secret, "token_type": "access"}
        return _no_store(jsonify(facts))

    @blueprint.get("/oauth/v1/refresh-tokens/<secret>")
    def refresh_token_facts(secret: str) -> Response:
        _hide(secret)
        grant = grants.find(secret)
        if grant is None:
            raise OAuthError("BAD_REFRESH_TOKEN", "missing or unknown refresh token", status=404)
        facts = _facts(portal, grant) | {"token": secret, "token_type": "refresh"}
        return _no_store(jsonify(facts))

    @blueprint.delete("/oauth/v1/refresh-tokens/<secret>")
    def forget_refresh_token(secret: str) -> Response:
        _hide(secret)
        if not grants.revoke(secret):
            raise OAuthError("BAD_REFRESH_TOKEN", "missing or unknown refresh token", status=404)
        return Response(status=204)


def _given(version: str) -> Mapping[str, str]:
    """The parameters: in the body, as a form. Version 1 still took them from the query too."""
    if request.mimetype != "application/x-www-form-urlencoded" and not (version == "v1" and request.args):
        raise OAuthError("BAD_REQUEST", "content type must be application/x-www-form-urlencoded", status=415)
    repeated = [name for name, values in request.form.lists() if len(values) > 1]
    if repeated:
        raise OAuthError("BAD_REQUEST", f"repeated parameter: {repeated[0]}")
    return {**request.args, **request.form} if version == "v1" else request.form


def _issued(portal: Portal, grants: Grants, given: Mapping[str, str], *, oldest: bool) -> dict[str, Any]:
    flows = {"authorization_code": _by_code, "refresh_token": _by_refresh_token}
    if given.get("grant_type") == "client_credentials" and not oldest:
        return _issued_to_app(portal, given)
    flow = flows.get(given.get("grant_type", ""))
    if flow is None:
        raise OAuthError("BAD_GRANT_TYPE", "missing or unknown grant type")
    check_client(portal, given)
    grant, refresh_token = flow(portal, grants, given)
    lifetime = portal.token_lifetime
    access_token = portal.sessions.issue(grant.user_id, portal.secrets.client_id, scope=grant.scope, lifetime=lifetime)
    answer: dict[str, Any] = {
        "token_type": "bearer",
        "access_token": access_token,
        "refresh_token": refresh_token,
        "expires_in": int(lifetime.total_seconds()),
    }
    if oldest:
        return answer
    more = {"hub_id": portal.id, "user_id": int(grant.user_id), "scopes": grant.scope.split()}
    return {**answer, **more, "token_use": "access_token"}


def _issued_to_app(portal: Portal, given: Mapping[str, str]) -> dict[str, Any]:
    """A token of the app itself: it belongs to no account and no user, opens no record and is not refreshed."""
    check_client(portal, given)
    names = given.get("scope", "").split()
    unknown = [name for name in names if name not in portal.developer_scopes]
    if not names or unknown:
        raise OAuthError("BAD_REQUEST", f"missing or unknown scopes: {', '.join(unknown) or 'none were given'}")
    lifetime = portal.token_lifetime
    token = portal.sessions.issue("", portal.secrets.client_id, scope=" ".join(names), lifetime=lifetime)
    return {
        "token_type": "bearer",
        "access_token": token,
        "expires_in": int(lifetime.total_seconds()),
        "scopes": names,
        "token_use": "access_token",
    }


def _by_code(portal: Portal, grants: Grants, given: Mapping[str, str]) -> tuple[Grant, str]:
    check_redirect(portal, given.get("redirect_uri", ""))
    grant = grants.use_code(given.get("code", ""))
    if grant is None:
        raise OAuthError("BAD_AUTH_CODE", "missing or unknown auth code")
    if grant.redirect_uri != given["redirect_uri"]:
        raise OAuthError("MISMATCH_REDIRECT_URI_AUTH_CODE", "redirect URI is not the one that the code was made for")
    check_verifier(given.get("code_verifier", ""), grant.challenge)
    return grant, grants.new_refresh_token(grant)


def _by_refresh_token(portal: Portal, grants: Grants, given: Mapping[str, str]) -> tuple[Grant, str]:
    """The refresh token normally comes back as it was; a portal can be told to hand out new ones."""
    token = given.get("refresh_token", "")
    grant = grants.find(token)
    if grant is None:
        raise OAuthError("BAD_REFRESH_TOKEN", "refresh token is invalid, expired or revoked")
    if not portal.rows.setting("rotate_refresh_tokens"):
        return grant, token
    grants.revoke(token)
    return grant, grants.new_refresh_token(grant)


def _introspected(portal: Portal, grants: Grants, token: str) -> dict[str, Any]:
    session = portal.sessions.authenticate(token)
    if session is not None:
        facts = _session_facts(portal, session) | {"token_use": "access_token"}
    else:
        grant = grants.find(token)
        if grant is None:
            return {"active": False}
        facts = _facts(portal, grant) | {"token_use": "refresh_token"}
    return {"active": True, "token_type": "Bearer", **facts}


def _session_facts(portal: Portal, session: Session) -> dict[str, Any]:
    facts = _facts(portal, Grant(session.user_id, session.scope))
    if session.expires_at is not None:
        facts["expires_in"] = int((session.expires_at - portal.clock.now()).total_seconds())
    return facts


def _facts(portal: Portal, grant: Grant) -> dict[str, Any]:
    facts = {"app_id": portal.app_id, "client_id": portal.secrets.client_id, "scopes": grant.scope.split()}
    if not grant.user_id:
        return facts
    person = portal.people.find(grant.user_id)
    return {
        **facts,
        "hub_id": portal.id,
        "hub_domain": portal.ui_domain,
        "user_id": int(grant.user_id),
        "user": person.email if person else "",
        "is_private_distribution": False,
    }


def _hide(secret: str) -> None:
    """Version 1 has tokens in its paths; the journal keeps none."""
    call = current_call()
    if call is not None:
        digest = hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()[:16]
        call.path = call.path.replace(secret, f"sha256:{digest}")


def _no_store(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response
