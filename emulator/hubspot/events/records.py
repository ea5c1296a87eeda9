"""What people do with records."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from emulator.control import ControlError
from emulator.hubspot.associating import Associating
from emulator.hubspot.changes import Source
from emulator.hubspot.events.asked import Body, by_person, ends_of, object_of, person_of, row_of
from emulator.hubspot.merging import merge as merge_records
from emulator.hubspot.writer import Saving

if TYPE_CHECKING:
    from emulator.hubspot.portal import Portal


def edit(portal: Portal, body: Body) -> Any:
    """`{object, id, fields, user?}`: change a record as a CRM user does on its page. Without `id` one is created."""
    object_type, person = object_of(portal, body), person_of(portal, body)
    # People meet the portal's required properties in their own forms, which always had them.
    saving = Saving(source=by_person(person), lenient_dates=True)
    if "id" not in body:
        return {"id": portal.writer.create(object_type, body["fields"], saving).row["hs_object_id"]}
    saved = portal.writer.update(object_type, row_of(portal, object_type, body), body["fields"], saving)
    return {"id": saved.row["hs_object_id"]}


def archive(portal: Portal, body: Body) -> Any:
    """`{object, id, user?}`: put a record into the recycle bin."""
    object_type = object_of(portal, body)
    row = row_of(portal, object_type, body)
    portal.writer.archive(object_type, row, by_person(person_of(portal, body)))
    return {"id": row["hs_object_id"]}


def restore(portal: Portal, body: Body) -> Any:
    """`{object, id, user?}`: take a record out of the recycle bin."""
    object_type = object_of(portal, body)
    row = portal.store.row(object_type, str(body["id"]), archived=True)
    if row is None:
        raise ControlError("the record is not in the recycle bin")
    portal.writer.restore(object_type, row, by_person(person_of(portal, body)))
    return {"id": row["hs_object_id"]}


def merge(portal: Portal, body: Body) -> Any:
    """`{object, primary, other, user?}`: merge two records as a CRM user does; answers the id of the new one."""
    object_type = object_of(portal, body)
    rows = [row_of(portal, object_type, {"id": body[name]}) for name in ("primary", "other")]
    if rows[0]["hs_object_id"] == rows[1]["hs_object_id"]:
        raise ControlError("a record cannot be merged with itself")
    merged = merge_records(portal, object_type, rows[0], rows[1], source=by_person(person_of(portal, body)))
    return {"id": merged["hs_object_id"]}


def associate(portal: Portal, body: Body) -> Any:
    """`{object, id, to_object, to_id, type_id?, user?}`: associate two records, with a label when it has a type id."""
    ends = ends_of(portal, body)
    plain = portal.links.types.plain(ends[0], ends[2])
    kind = portal.links.types.find(ends[0], ends[2], int(body["type_id"])) if "type_id" in body else plain
    if plain is None or kind is None:
        raise ControlError("the two objects cannot be associated so")
    kinds = Associating(portal, by_person(person_of(portal, body))).add(ends, [kind])
    return {"types": [each.id for each in kinds]}


def disassociate(portal: Portal, body: Body) -> Any:
    """`{object, id, to_object, to_id, user?}`: end an association, whatever its types."""
    Associating(portal, by_person(person_of(portal, body))).remove(ends_of(portal, body))
    return {}


def system_touch(portal: Portal, body: Body) -> Any:
    """`{object, id}`: a recalculation inside HubSpot, which moves the modified stamp alone."""
    object_type = object_of(portal, body)
    row = row_of(portal, object_type, body)
    portal.writer.touch(object_type, row)
    return {"id": row["hs_object_id"]}


def load_records(portal: Portal, body: Body) -> Any:
    """`{object, records: [...], modified_at?}`: an import by the admin. Values are checked, the journal is not told.

    `modified_at` (ISO 8601) gives all of them one identical modified time.
    """
    object_type = object_of(portal, body)
    records = body["records"]
    if "modified_at" in body:
        stamps = {"_created": body["modified_at"], "_modified": body["modified_at"]}
        records = [{**record, **stamps} for record in records]
    source = Source("IMPORT", "1000002", person_of(portal, body).user_id)
    return {"ids": portal.writer.load(object_type, records, source)}
