"""The portal's authorization server: installation page, tokens, introspection, revocation."""

from __future__ import annotations

from flask import Blueprint, Response, request

from emulator.hubspot.oauth import authorize, token
from emulator.hubspot.oauth.errors import OAuthError, as_response
from emulator.hubspot.portal import Portal


def create_blueprint(portal: Portal) -> Blueprint:
    """All OAuth endpoints of `portal`."""
    blueprint = Blueprint(
        "hubspot_oauth",
        __name__,
        template_folder="templates",
        static_folder="static",
        static_url_path="/oauth/static",
    )
    authorize.register(blueprint, portal, portal.grants)
    token.register(blueprint, portal, portal.grants)

    @blueprint.errorhandler(OAuthError)
    def refused(error: OAuthError) -> Response:
        return as_response(error, oldest=request.path.startswith("/oauth/v1/"))

    return blueprint
