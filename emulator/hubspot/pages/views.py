"""The views of the lists and record pages."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import Response, abort, jsonify, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from emulator.hubspot.errors import ApiError
from emulator.hubspot.events.asked import by_person
from emulator.hubspot.pages import edit, fetching, lists, viewer
from emulator.hubspot.pages.record import Editing, RecordPage
from emulator.hubspot.pages.show import list_url, record_url
from emulator.hubspot.people import Person
from emulator.hubspot.portal import Portal
from emulator.hubspot.schema import ObjectType
from emulator.hubspot.writer import Saving
from emulator.pages import address_of
from emulator.pages.guard import protect
from emulator.rows import Row

PLACES = {"sidebar": "Sidebar", "tab": "Middle column"}


class NothingHereError(Exception):
    """There is no such object or record."""


class Pages:
    """One method per page."""

    def __init__(self, portal: Portal) -> None:
        self._portal = portal

    def start(self) -> AnyResponse:
        return redirect(list_url(self._portal, lists.tabs(self._portal)[0]))

    def object_list(self, type_id: str) -> str:
        object_type = self._object_type(type_id)
        listing = lists.listing(
            self._portal,
            object_type,
            q=request.args.get("q", ""),
            sort=request.args.get("sort", ""),
            page=request.args.get("page", 1, type=int),
        )
        return self._render("list.html", active=object_type, listing=listing)

    def record(self, type_id: str, record_id: str) -> str | AnyResponse:
        """A record; an id that was merged away leads to the record it became."""
        object_type, row = self._record(type_id, record_id)
        if row["hs_object_id"] != record_id:
            return redirect(self._url(object_type, row))
        name = request.args.get("edit")
        return self._record_page(object_type, row, None if name is None else Editing(name))

    def save(self, type_id: str, record_id: str) -> AnyResponse:
        """Save the one property that was edited, as the viewer; the form again, with reasons, when it is refused."""
        object_type, row = self._record(type_id, record_id)
        name = request.args.get("edit", "")
        known = RecordPage(self._portal, object_type, row, url="").editable(name)
        if known is None:
            abort(400, "There is no such property to change here.")
        typed = edit.typed_text(request.form, known)
        saving = Saving(source=by_person(self._viewer()), lenient_dates=True)
        try:
            if typed != edit.as_typed(self._portal, row, known):
                value = edit.as_written(self._portal, known, typed)
                self._portal.writer.update(object_type, row, {name: value}, saving)
        except ApiError as error:
            html = self._record_page(object_type, row, Editing(name, request.form, error))
            return Response(html, status=400)
        return redirect(self._url(object_type, row, saved=name), 303)

    def card_fetch(self) -> Response | tuple[Response, int]:
        """`{url, method, body}` of the card on this page: called as HubSpot's servers would, as the viewer."""
        asked = request.get_json(silent=True)
        if not isinstance(asked, dict) or not isinstance(asked.get("url"), str):
            abort(400, "A JSON object with a url is expected.")
        method = str(asked.get("method", "GET")).upper()
        try:
            fetched = fetching.fetch(
                self._portal, self._viewer(), method=method, url=asked["url"], body=asked.get("body")
            )
        except fetching.NotPermittedError as error:
            return jsonify(status="error", message=str(error)), 400
        return Response(fetched.body, status=fetched.status, content_type="application/json")

    def view_as(self) -> AnyResponse:
        """Change the viewer and go back to where the choice was made."""
        person = viewer.find(self._portal, request.form.get("user", ""))
        if person is None:
            abort(400, "There is no such user to view as.")
        back = request.form.get("back", "")
        response = redirect(back if back.startswith(f"/contacts/{self._portal.id}/") else "/", 303)
        viewer.remember(response, person)
        return response

    def nothing_here(self, _: NothingHereError) -> tuple[str, int]:
        return self._render("missing.html", active=None), 404

    def _viewer(self) -> Person:
        return viewer.viewer(self._portal, request)

    def _object_type(self, type_id: str) -> ObjectType:
        found = self._portal.schema.find(type_id)
        if found is None or found not in lists.tabs(self._portal):
            raise NothingHereError(type_id)
        return found

    def _record(self, type_id: str, record_id: str) -> tuple[ObjectType, Row]:
        object_type = self._object_type(type_id)
        row = self._portal.store.row(object_type, record_id)
        if row is None:
            raise NothingHereError(record_id)
        return object_type, row

    def _record_page(self, object_type: ObjectType, row: Row, editing: Editing | None) -> str:
        saved = object_type.find(request.args.get("saved", ""))
        return self._render(
            "record.html",
            active=object_type,
            record=RecordPage(self._portal, object_type, row, url=self._url(object_type, row)).view(editing),
            record_id=row["hs_object_id"],
            placement=_placement(),
            toast=f"{saved.label} was saved." if saved else "",
            place_choices=[
                {
                    "label": label,
                    "url": self._url(object_type, row, placement=place),
                    "current": place == _placement(),
                }
                for place, label in PLACES.items()
            ],
        )

    def _url(self, object_type: ObjectType, row: Row, **query: str) -> str:
        """A link to a record page that keeps where the card is shown."""
        kept = {"placement": request.args["placement"]} if "placement" in request.args else {}
        path, pairs = record_url(self._portal, object_type, row["hs_object_id"]), kept | query
        return f"{path}?{urlencode(pairs)}" if pairs else path

    def _render(self, template: str, *, active: ObjectType | None, **context: Any) -> str:
        return render_template(
            f"hubspot/{template}",
            portal=self._portal,
            user=self._viewer(),
            people=viewer.people(self._portal),
            tabs=[(each, list_url(self._portal, each)) for each in lists.tabs(self._portal)],
            active=active,
            here=address_of(request),
            **context,
        )


def protected(portal: Portal, response: Response) -> Response:
    """The headers of every page, and the cookie that keeps `?as=`."""
    protect(request, response, panel_url=portal.panel_url)
    chosen = viewer.find(portal, request.args.get("as", ""))
    if chosen is not None:
        viewer.remember(response, chosen)
    return response


def _placement() -> str:
    place = request.args.get("placement", "sidebar")
    return place if place in PLACES else "sidebar"
