"""Who looks at the pages: there is no login, the viewer is chosen and kept in a first-party cookie."""

from __future__ import annotations

from flask import Request, abort
from werkzeug.wrappers import Response

from emulator.hubspot.people import Person
from emulator.hubspot.portal import Portal

COOKIE = "hubspot_viewing_as"


def people(portal: Portal) -> list[Person]:
    """Users who may open pages."""
    return [person for person in portal.people.all if person.active]


def viewer(portal: Portal, request: Request) -> Person:
    """The user named by `?as=` (id, email or role), else by the cookie, else the sales rep."""
    wanted = request.args.get("as")
    if wanted is not None:
        found = find(portal, wanted)
        if found is None:
            abort(400, "There is no such user to view as.")
        return found
    return find(portal, request.cookies.get(COOKIE, "")) or portal.people.role("rep")


def find(portal: Portal, wanted: str) -> Person | None:
    person = portal.people.find(wanted)
    return person if person in people(portal) else None


def remember(response: Response, person: Person) -> None:
    response.set_cookie(COOKIE, str(person.user_id), httponly=True, samesite="Lax")
