"""The HubSpot emulator's Flask application."""

from __future__ import annotations

from flask import Flask

from emulator import control
from emulator.hubspot import oauth, pages, rest
from emulator.hubspot.portal import Portal


def create_app(portal: Portal) -> Flask:
    """CRM API, OAuth endpoints, record pages and controls of one portal."""
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = rest.LARGEST_BODY
    app.register_blueprint(rest.create_blueprint(portal))
    app.register_blueprint(oauth.create_blueprint(portal))
    app.register_blueprint(pages.create_blueprint(portal))
    app.register_blueprint(control.create_blueprint(portal))
    return app
