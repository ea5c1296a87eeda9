"""The Salesforce emulator's Flask application."""

from __future__ import annotations

from flask import Flask

from emulator import control
from emulator.salesforce import oauth, pages, rest
from emulator.salesforce.org import Org


def create_app(org: Org) -> Flask:
    """REST API, OAuth endpoints, record pages and controls of one org."""
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = rest.LARGEST_BODY
    app.register_blueprint(rest.create_blueprint(org))
    app.register_blueprint(oauth.create_blueprint(org))
    app.register_blueprint(pages.create_blueprint(org))
    app.register_blueprint(control.create_blueprint(org))
    return app
