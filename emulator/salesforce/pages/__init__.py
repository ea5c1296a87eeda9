"""Record pages that look and behave like a modern CRM's, with our panel framed in them."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, redirect, request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from emulator.salesforce.org import Org
from emulator.salesforce.pages import viewer
from emulator.salesforce.pages.views import NothingHereError, Pages, initials, protected


def create_blueprint(org: Org) -> Blueprint:
    """The pages of `org`: home, search, lists, records; static files under `/_pages/static`."""
    blueprint = Blueprint(
        "salesforce_pages",
        __name__,
        template_folder="templates",
        static_folder="static",
        static_url_path="/_pages/static",
    )
    blueprint.add_app_template_filter(initials, "initials")
    pages = Pages(org)
    record_path = "/lightning/r/<object_name>/<record_id>/<mode>"
    blueprint.add_url_rule("/", "start", _start)
    blueprint.add_url_rule("/lightning/page/home", "home", pages.home)
    blueprint.add_url_rule("/lightning/search", "search", pages.search)
    blueprint.add_url_rule("/lightning/o/<object_name>/list", "object_list", pages.object_list)
    blueprint.add_url_rule(record_path, "record", pages.record)
    blueprint.add_url_rule(record_path, "save", pages.save, methods=["POST"])
    blueprint.add_url_rule("/lightning/token", "token", pages.token)
    blueprint.add_url_rule("/lightning/canvas", "canvas", pages.canvas)
    blueprint.add_url_rule("/lightning/viewer", "view_as", pages.view_as, methods=["POST"])
    blueprint.register_error_handler(NothingHereError, pages.nothing_here)
    blueprint.register_error_handler(HTTPException, _refused)

    @blueprint.before_request
    def refuse_strangers() -> None:
        viewer.refuse_strangers(org, request)

    @blueprint.after_request
    def protect(response: Response) -> Response:
        return protected(org, response)

    return blueprint


def _start() -> AnyResponse:
    return redirect("/lightning/page/home")


def _refused(error: HTTPException) -> tuple[Response, int]:
    return jsonify(message=error.description), error.code or 500
