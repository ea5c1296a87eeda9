"""Who looks at the pages: there is no login, the viewer is chosen and kept in a first-party cookie."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Request, abort
from werkzeug.wrappers import Response

from emulator.salesforce.access import User
from emulator.salesforce.org import Org

COOKIE = "viewing_as"
_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def people(org: Org) -> list[User]:
    """Users who may open pages: active, and not for the API only."""
    return [user for user in org.users if user.active and not user.api_only]


def viewer(org: Org, request: Request) -> User:
    """The user named by `?as=` (id or username), else by the cookie, else the sales rep."""
    wanted = request.args.get("as")
    if wanted is not None:
        found = find(org, wanted)
        if found is None:
            abort(400, "There is no such user to view as.")
        return found
    return find(org, request.cookies.get(COOKIE, "")) or org.role("rep")


def find(org: Org, wanted: str) -> User | None:
    folded = wanted.casefold()
    return next((user for user in people(org) if wanted == user.id or folded == user.username.casefold()), None)


def remember(response: Response, user: User) -> None:
    response.set_cookie(COOKIE, user.id, httponly=True, samesite="Lax")


def refuse_strangers(org: Org, request: Request) -> None:
    """These pages hand out signed launches without a login, so only this org's own pages may ask for them.

    A foreign Host header means DNS rebinding; a foreign Origin on a form, cross-site request forgery.
    """
    own = {urlsplit(org.public_url).hostname, *_LOOPBACK}
    if urlsplit(f"//{request.host}").hostname not in own:
        abort(403, "This stand-in answers only under its own host name.")
    if request.method in ("GET", "HEAD"):
        return
    origin = request.headers.get("Origin")
    if origin is not None and origin != request.host_url.rstrip("/"):
        abort(403, "Forms of other sites are not accepted.")
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        abort(403, "Forms of other sites are not accepted.")
