"""What the body of a control call names: an object, a record, a person, two ends of an association."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from emulator.control import ControlError
from emulator.hubspot.associating import Ends
from emulator.hubspot.changes import Source
from emulator.hubspot.people import Person
from emulator.hubspot.schema import ObjectType
from emulator.rows import Row

if TYPE_CHECKING:
    from emulator.hubspot.portal import Portal

Body = Mapping[str, Any]


def object_of(portal: Portal, body: Body) -> ObjectType:
    object_type = portal.schema.find(str(body["object"]))
    if object_type is None:
        raise ControlError(f"there is no object {body['object']}")
    return object_type


def row_of(portal: Portal, object_type: ObjectType, body: Body) -> Row:
    row = portal.store.row(object_type, str(body["id"]))
    if row is None:
        raise ControlError("there is no such record")
    return row


def person_of(portal: Portal, body: Body) -> Person:
    """The user named by id, email or role; the admin when none is named."""
    person = portal.people.find(body.get("user", "admin"))
    if person is None:
        raise ControlError(f"there is no user {body['user']}")
    return person


def ends_of(portal: Portal, body: Body) -> Ends:
    from_type, to_type = object_of(portal, body), object_of(portal, {"object": body["to_object"]})
    near, far = row_of(portal, from_type, body), row_of(portal, to_type, {"id": body["to_id"]})
    return from_type.name, near["hs_object_id"], to_type.name, far["hs_object_id"]


def by_person(person: Person) -> Source:
    return Source("CRM_UI", f"userId:{person.user_id}", person.user_id)
