"""What the pages of every stand-in have in common: frame and script, lists, the viewer's menu, and who may ask."""

from __future__ import annotations

from flask import Blueprint, Request, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from emulator.pages.guard import refuse_strangers


def create_blueprint(name: str, package: str, *, public_url: str) -> Blueprint:
    """A blueprint for the pages of the CRM at `public_url`, whose templates and static files lie in `package`.

    Its static files are under `/_pages/static`, those of all stand-ins under `/_pages/shared`.
    """
    blueprint = Blueprint(
        name, package, template_folder="templates", static_folder="static", static_url_path="/_pages/static"
    )
    shared = Blueprint(
        "shared", __name__, template_folder="templates", static_folder="static", static_url_path="/_pages/shared"
    )
    blueprint.register_blueprint(shared)
    blueprint.add_app_template_filter(initials, "initials")
    blueprint.register_error_handler(HTTPException, _refused)
    blueprint.before_request(lambda: refuse_strangers(public_url, request))
    return blueprint


def initials(name: str) -> str:
    words = name.split()
    return (words[0][:1] + words[-1][:1] if len(words) > 1 else name[:2]).upper()


def address_of(asked: Request) -> str:
    """Where to come back to after the viewer was changed."""
    return asked.full_path.rstrip("?") if asked.method == "GET" else asked.path


def _refused(error: HTTPException) -> tuple[Response, int]:
    return jsonify(message=error.description), error.code or 500
