"""Who asks for a panel, and about which record: read from the bearer token of the request, never from its address."""

from __future__ import annotations

from flask import request

from jobs.sync.rows import RecordKey
from widget.context import runtime
from widget.tokens import PanelClaims, Scope, TokenForbidden, TokenInvalid, open_panel_token


def claims_for(scope: Scope) -> PanelClaims:
    """Fetch and authorise in one step. Raises TokenError."""
    kind, _, token = request.headers.get("Authorization", "").partition(" ")
    if kind.lower() != "bearer" or not token:
        raise TokenInvalid("no bearer token")
    claims = open_panel_token(runtime().settings, token.strip())
    if not claims.allows(scope):
        raise TokenForbidden(scope)
    return claims


def key_of(claims: PanelClaims) -> RecordKey:
    return RecordKey(claims.connection_id, claims.object, claims.crm_record_id)
