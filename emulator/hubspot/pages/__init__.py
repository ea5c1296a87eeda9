"""Lists and record pages in the look of HubSpot, with our app's card on the record."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify, request
from werkzeug.exceptions import HTTPException

from emulator.hubspot.pages import viewer
from emulator.hubspot.pages.views import NothingHereError, Pages, initials, protected
from emulator.hubspot.portal import Portal


def create_blueprint(portal: Portal) -> Blueprint:
    """The pages of `portal`: lists, records, and the way of a card's calls; static files under `/_pages/static`."""
    blueprint = Blueprint(
        "hubspot_pages", __name__, template_folder="templates", static_folder="static", static_url_path="/_pages/static"
    )
    blueprint.add_app_template_filter(initials, "initials")
    pages = Pages(portal)
    base = f"/contacts/{portal.id}"
    record_path = f"{base}/record/<type_id>/<record_id>"
    blueprint.add_url_rule("/", "start", pages.start)
    blueprint.add_url_rule(f"{base}/objects/<type_id>/views/all/list", "object_list", pages.object_list)
    blueprint.add_url_rule(record_path, "record", pages.record)
    blueprint.add_url_rule(record_path, "save", pages.save, methods=["POST"])
    blueprint.add_url_rule(f"{base}/card-fetch", "card_fetch", pages.card_fetch, methods=["POST"])
    blueprint.add_url_rule(f"{base}/viewer", "view_as", pages.view_as, methods=["POST"])
    blueprint.register_error_handler(NothingHereError, pages.nothing_here)
    blueprint.register_error_handler(HTTPException, _refused)

    @blueprint.before_request
    def refuse_strangers() -> None:
        viewer.refuse_strangers(portal, request)

    @blueprint.after_request
    def protect(response: Response) -> Response:
        return protected(portal, response)

    return blueprint


def _refused(error: HTTPException) -> tuple[Response, int]:
    return jsonify(message=error.description), error.code or 500
