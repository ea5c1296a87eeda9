"""The HubSpot emulator's Flask application."""

from __future__ import annotations

import uuid

from flask import Flask, jsonify, request
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response as AnyResponse

from emulator import control
from emulator.hubspot import errors, oauth, pages, rest
from emulator.hubspot.portal import Portal


def create_app(portal: Portal) -> Flask:
    """CRM API, OAuth endpoints, record pages and controls of one portal."""
    app = Flask(__name__, static_folder=None)
    app.config["MAX_CONTENT_LENGTH"] = rest.LARGEST_BODY
    app.register_blueprint(rest.create_blueprint(portal))
    app.register_blueprint(oauth.create_blueprint(portal))
    app.register_blueprint(pages.create_blueprint(portal))
    app.register_blueprint(control.create_blueprint(portal))
    app.register_error_handler(NotFound, _no_such_page)
    return app


def _no_such_page(error: NotFound) -> AnyResponse:
    """A path that nothing answers is a family of the API that is not there; a page that misses its record stays one."""
    if request.url_rule is not None:
        return error.get_response()
    correlation_id = str(uuid.uuid4())
    answer = jsonify(errors.not_found().to_json(correlation_id))
    answer.status_code = 404
    answer.headers["X-HubSpot-Correlation-Id"] = correlation_id
    return answer
