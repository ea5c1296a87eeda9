"""Record pages that look and behave like a modern CRM's, with our panel framed in them."""

from __future__ import annotations

from flask import Blueprint, Response, redirect
from werkzeug.wrappers import Response as AnyResponse

from emulator import pages as shared
from emulator.salesforce.org import Org
from emulator.salesforce.pages.views import NothingHereError, Pages, protected


def create_blueprint(org: Org) -> Blueprint:
    """The pages of `org`: home, search, lists, records."""
    blueprint = shared.create_blueprint("salesforce_pages", __name__, public_url=org.public_url)
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

    @blueprint.after_request
    def protect(response: Response) -> Response:
        return protected(org, response)

    return blueprint


def _start() -> AnyResponse:
    return redirect("/lightning/page/home")
