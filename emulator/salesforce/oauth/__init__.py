"""The org's authorization server: authorize, token, revoke, introspect, userinfo, identity."""

from __future__ import annotations

from flask import Blueprint, Response

from emulator.salesforce.oauth import authorize, identity, token
from emulator.salesforce.oauth.app import connected_app
from emulator.salesforce.oauth.errors import OAuthError, as_response
from emulator.salesforce.oauth.grants import Grants
from emulator.salesforce.org import Org


def create_blueprint(org: Org) -> Blueprint:
    """All OAuth endpoints of `org`. Grants live in their own file in the org's data directory."""
    app = connected_app(org)
    grants = Grants(org.data_dir / "oauth.sqlite", now=org.clock.now)
    blueprint = Blueprint("salesforce_oauth", __name__)
    authorize.register(blueprint, org, app=app, grants=grants)
    token.register(blueprint, org, app=app, grants=grants)
    identity.register(blueprint, org)

    @blueprint.errorhandler(OAuthError)
    def refused(error: OAuthError) -> Response:
        return as_response(error)

    return blueprint
