"""The views of the record pages."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import Response, abort, jsonify, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from emulator.pages import address_of
from emulator.pages.guard import protect
from emulator.rows import Row
from emulator.salesforce import launch
from emulator.salesforce.access import User
from emulator.salesforce.errors import ApiError
from emulator.salesforce.ids import MalformedId, normalise
from emulator.salesforce.org import Org
from emulator.salesforce.pages import edit, frames, lists, viewer
from emulator.salesforce.pages.record import Editing, RecordPage
from emulator.salesforce.schema import ObjectType
from emulator.salesforce.writer import Saving

THEME_COOKIE = "theme"
THEMES = ("light", "dark")
PLACES = {"sidebar": "Sidebar", "main": "Main"}


class NothingHereError(Exception):
    """There is no such object or record, or the viewer may not see it: pages do not tell which."""


class Pages:
    """One method per page. Every record is fetched together with the question who asks for it."""

    def __init__(self, org: Org) -> None:
        self._org = org

    def home(self) -> str:
        user = self._viewer()
        tiles = [lists.recent_tile(self._org, user, each) for each in lists.tabs(self._org, user)]
        return self._render("home.html", user, active="home", tiles=tiles)

    def search(self) -> str:
        user = self._viewer()
        q = request.args.get("q", "").strip()
        tiles = lists.found_tiles(self._org, user, q) if q else []
        return self._render("search.html", user, active="", tiles=tiles, q=q)

    def object_list(self, object_name: str) -> str:
        user = self._viewer()
        object_type = self._object_type(user, object_name)
        listing = lists.listing(
            self._org,
            user,
            object_type,
            q=request.args.get("q", ""),
            sort=request.args.get("sort", ""),
            page=request.args.get("page", 1, type=int),
        )
        return self._render("list.html", user, active=object_type.name, type=object_type, listing=listing)

    def record(self, object_name: str, record_id: str, mode: str) -> str | AnyResponse:
        """Canvas at `/view`, an LWC's iframe at `/lwc`, the same one sandboxed at `/lwc-sandboxed`.

        `?frame=canvas|lwc|sandboxed` leads to the page of that name.
        """
        user = self._viewer()
        object_type, row = self._record(user, object_name, record_id)
        frame = request.args.get("frame")
        if frame is not None:
            return redirect(self._url(object_type, row, frames.MODES.get(frame, "view")))
        focus = request.args.get("edit")
        editing = None if focus is None else Editing(focus=self._first_focus(user, object_type, row, focus))
        return self._record_page(user, object_type, row, mode=mode, editing=editing)

    def save(self, object_name: str, record_id: str, mode: str) -> AnyResponse:
        """Save what the viewer changed, as that user; the form again, with reasons, when it is refused."""
        user = self._viewer()
        object_type, row = self._record(user, object_name, record_id)
        fields = self._page(user, object_type, row, mode).editable_fields()
        try:
            changes = edit.changed_values(request.form, fields, user=user)
            if changes:
                self._org.writer.update(object_type, row["Id"], changes, Saving(user=user, assign=False))
        except ApiError as error:
            focus = next((name for problem in error.entries for name in problem.fields), "")
            editing = Editing(focus=focus, form=request.form, problems=error.entries)
            html = self._record_page(user, object_type, row, mode=mode, editing=editing)
            return Response(html, status=400)
        return redirect(self._url(object_type, row, mode, saved="1"), 303)

    def token(self) -> Response:
        """A new Apex-signed token for the viewer: what the LWC fetches when its frame asks to be relaunched."""
        user = self._viewer()
        object_type, row = self._asked_record(user)
        token = launch.apex_token(self._org, user, object_type.name, row["Id"], theme=theme())
        return jsonify(
            token=token,
            src=frames.lwc_src(self._org, token),
            expires_in=int(launch.TOKEN_LIFETIME.total_seconds()),
        )

    def canvas(self) -> Response:
        """A new signed request for the viewer: what Canvas makes on `repost({refresh: true})`."""
        user = self._viewer()
        object_type, row = self._asked_record(user)
        envelope = launch.canvas_signed_request(
            self._org,
            user,
            object_type.name,
            row["Id"],
            location=_location(),
            instance_id=request.args.get("instance_id"),
            theme=theme(),
        )
        return jsonify(signed_request=envelope)

    def view_as(self) -> AnyResponse:
        """Change the viewer and go back to where the choice was made."""
        user = viewer.find(self._org, request.form.get("user", ""))
        if user is None:
            abort(400, "There is no such user to view as.")
        back = request.form.get("back", "")
        response = redirect(back if back.startswith("/lightning/") else "/lightning/page/home", 303)
        viewer.remember(response, user)
        return response

    def nothing_here(self, _: NothingHereError) -> tuple[str, int]:
        words = "It may have been deleted, or you may not have access to it. Ask the record's owner."
        html = self._render(
            "missing.html",
            self._viewer(),
            active="",
            headline="We couldn't find the record you're trying to view",
            words=words,
        )
        return html, 404

    def _viewer(self) -> User:
        return viewer.viewer(self._org, request)

    def _object_type(self, user: User, name: str) -> ObjectType:
        found = self._org.store.object_type(name, user)
        if found is None or found not in lists.tabs(self._org, user):
            raise NothingHereError(name)
        return found

    def _record(self, user: User, object_name: str, record_id: str) -> tuple[ObjectType, Row]:
        object_type = self._object_type(user, object_name)
        try:
            row = self._org.store.row(object_type, normalise(record_id), user)
        except MalformedId as error:
            raise NothingHereError(record_id) from error
        if row is None:
            raise NothingHereError(record_id)
        return object_type, row

    def _asked_record(self, user: User) -> tuple[ObjectType, Row]:
        try:
            return self._record(user, request.args.get("object", ""), request.args.get("id", ""))
        except NothingHereError:
            abort(404, "There is no such record for this user.")

    def _page(self, user: User, object_type: ObjectType, row: Row, mode: str) -> RecordPage:
        if mode not in frames.KINDS:
            raise NothingHereError(mode)
        return RecordPage(self._org, user, object_type, row, url=self._url(object_type, row, mode))

    def _first_focus(self, user: User, object_type: ObjectType, row: Row, focus: str) -> str:
        """The input to put the cursor in: the one asked for, else the first."""
        names = [each.name for each in self._page(user, object_type, row, "view").editable_fields()]
        return focus if focus in names else next(iter(names), "")

    def _record_page(self, user: User, object_type: ObjectType, row: Row, *, mode: str, editing: Editing | None) -> str:
        record = self._page(user, object_type, row, mode).view(editing)
        kind = frames.KINDS[mode]
        frame = None
        if "X-Live-Parts" not in request.headers:
            frame = frames.frame_of(
                self._org, user, object_type.name, row["Id"], kind=kind, location=_location(), theme=theme()
            )
        return self._render(
            "record.html",
            user,
            active=object_type.name,
            type=object_type,
            record=record,
            frame=frame,
            placement=_placement(),
            toast=f"{object_type.label} “{record.name}” was saved." if "saved" in request.args else "",
            frame_choices=[
                {
                    "label": label,
                    "url": self._url(object_type, row, "view" if choice == "canvas" else choice),
                    "current": choice == kind,
                }
                for choice, label in frames.LABELS.items()
            ],
            place_choices=[
                {
                    "label": label,
                    "url": self._url(object_type, row, mode, placement=place),
                    "current": place == _placement(),
                }
                for place, label in PLACES.items()
            ],
        )

    def _url(self, object_type: ObjectType, row: Row, mode: str, **query: str) -> str:
        """A link to a record page that keeps where and by which protocol the panel is shown."""
        kept = {name: request.args[name] for name in ("placement", "location") if name in request.args}
        pairs = kept | query
        path = f"/lightning/r/{object_type.name}/{row['Id']}/{mode}"
        return f"{path}?{urlencode(pairs)}" if pairs else path

    def _render(self, template: str, user: User, *, active: str, **context: Any) -> str:
        return render_template(
            f"salesforce/{template}",
            org=self._org,
            user=user,
            people=viewer.people(self._org),
            tabs=lists.tabs(self._org, user),
            active=active,
            theme=theme(),
            here=address_of(request),
            **context,
        )


def theme() -> str:
    """`light` or `dark` when asked for by `?theme=` or its cookie; empty to follow the system."""
    wanted = request.args.get("theme", request.cookies.get(THEME_COOKIE, ""))
    return wanted if wanted in THEMES else ""


def protected(org: Org, response: Response) -> Response:
    """The headers of every page, and the cookies that keep `?as=` and `?theme=`."""
    protect(request, response, panel_url=org.panel_url, posts_to_panel=True)
    chosen = viewer.find(org, request.args.get("as", ""))
    if chosen is not None:
        viewer.remember(response, chosen)
    if request.args.get("theme") in (*THEMES, "auto"):
        response.set_cookie(THEME_COOKIE, request.args["theme"], httponly=True, samesite="Lax")
    return response


def _location() -> launch.Location:
    return "PageLayout" if request.args.get("location") == "PageLayout" else "Aura"


def _placement() -> str:
    place = request.args.get("placement", "sidebar")
    return place if place in PLACES else "sidebar"
