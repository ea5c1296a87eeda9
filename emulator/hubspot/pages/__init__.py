"""Lists and record pages in the look of HubSpot, with our app's card on the record."""

from __future__ import annotations

from flask import Blueprint, Response

from emulator import pages as shared
from emulator.hubspot.pages.views import NothingHereError, Pages, protected
from emulator.hubspot.portal import Portal


def create_blueprint(portal: Portal) -> Blueprint:
    """The pages of `portal`: lists, records, and the way of a card's calls."""
    blueprint = shared.create_blueprint("hubspot_pages", __name__, public_url=portal.public_url)
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

    @blueprint.after_request
    def protect(response: Response) -> Response:
        return protected(portal, response)

    return blueprint
