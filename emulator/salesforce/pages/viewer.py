"""Who looks at the pages: there is no login, the viewer is chosen and kept in a first-party cookie."""

from __future__ import annotations

from flask import Request, abort
from werkzeug.wrappers import Response

from emulator.salesforce.access import User
from emulator.salesforce.org import Org

COOKIE = "viewing_as"


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
