"""Owners: the portal's users as those whom records belong to, and its queues."""

from __future__ import annotations

from typing import Any

from emulator.hubspot import errors
from emulator.hubspot.people import Person, Queue
from emulator.hubspot.rest.call import Answer, Call, paging
from emulator.hubspot.times import wire_time


def list_page(call: Call) -> Answer:
    """Users that were deactivated are archived owners, found with `archived=true` alone."""
    call.access.need("crm.objects.owners.read")
    archived, email = call.flag("archived"), call.arguments.get("email", "").casefold()
    limit = call.number("limit", 100, most=500)
    after = call.cursor()
    people = call.portal.people
    owners: list[Person | Queue] = [
        person for person in people.all if person.active != archived and email in ("", person.email.casefold())
    ]
    owners += people.queues if not archived and not email else []
    found = sorted((each for each in owners if int(each.owner_id) >= after), key=lambda each: int(each.owner_id))
    body: dict[str, Any] = {"results": [_owner(call, each) for each in found[:limit]]}
    if len(found) > limit:
        body["paging"] = paging(found[limit].owner_id, "")
    return Answer(200, body)


def read(call: Call, key: str) -> Answer:
    call.access.need("crm.objects.owners.read")
    by_user = call.arguments.get("idProperty") == "userId"
    found = call.portal.people.find(key) if by_user else call.portal.people.owner(key)
    is_active = not isinstance(found, Person) or found.active
    if found is None or is_active == call.flag("archived"):
        raise errors.not_found()
    return Answer(200, _owner(call, found))


def _owner(call: Call, person: Person | Queue) -> dict[str, Any]:
    made_at = wire_time(call.portal.started_at)
    if isinstance(person, Queue):
        return {
            "id": person.owner_id,
            "type": "QUEUE",
            "firstName": person.name,
            "createdAt": made_at,
            "updatedAt": made_at,
            "archived": False,
        }
    body: dict[str, Any] = {
        "id": person.owner_id,
        "email": person.email,
        "type": "PERSON",
        "firstName": person.first_name,
        "lastName": person.last_name,
        "userIdIncludingInactive": person.user_id,
        "createdAt": made_at,
        "updatedAt": made_at,
        "archived": not person.active,
    }
    if person.active:
        body["userId"] = person.user_id
    teams = [team for team in call.portal.definition["teams"] if team["name"] == person.team]
    if teams:
        body["teams"] = [{**team, "primary": True} for team in teams]
    return body
