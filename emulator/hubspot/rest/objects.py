"""Records one by one: read, list, create, change, archive, merge."""

from __future__ import annotations

from typing import Any

from emulator.hubspot import errors
from emulator.hubspot.associating import Associating, ends_of
from emulator.hubspot.errors import ApiError
from emulator.hubspot.merging import merge as merge_records
from emulator.hubspot.rest.call import Answer, Call, objects_of, paging, required, text_of
from emulator.hubspot.schema import ObjectType
from emulator.hubspot.writer import Saved
from emulator.rows import Row

MOST_LISTED = 100
MOST_WITH_HISTORY = 50


def read(call: Call, name: str, key: str) -> Answer:
    object_type = call.object_type(name)
    row = found(call, object_type, key, archived=call.flag("archived"))
    return Answer(200, shown(call, object_type, row))


def list_page(call: Call, name: str) -> Answer:
    """Records by id, oldest first; `after` is the id that the next page begins with."""
    object_type = call.object_type(name)
    limit = call.number("limit", 10, most=MOST_WITH_HISTORY if call.names("propertiesWithHistory") else MOST_LISTED)
    after = call.cursor()
    rows = [
        row
        for row in call.portal.store.living(object_type, archived=call.flag("archived"))
        if int(row["hs_object_id"]) >= after
    ]
    rows.sort(key=lambda row: int(row["hs_object_id"]))
    body: dict[str, Any] = {"results": [shown(call, object_type, row) for row in rows[:limit]]}
    if len(rows) > limit:
        body["paging"] = next_page(call, rows[limit]["hs_object_id"])
    return Answer(200, body)


def create(call: Call, name: str) -> Answer:
    object_type = call.object_type(name, "write")
    with call.portal.rows.transaction():
        saved = created(call, object_type, call.body)
    return Answer(201, after_save(call, object_type, saved))


def update(call: Call, name: str, key: str) -> Answer:
    object_type = call.object_type(name, "write")
    row = found(call, object_type, key)
    return Answer(200, after_save(call, object_type, updated(call, object_type, row, call.body)))


def archive(call: Call, name: str, key: str) -> Answer:
    """Idempotent: what is gone already may go again."""
    object_type = call.object_type(name, "write")
    row = call.portal.store.row(object_type, key)
    if row is not None:
        call.portal.writer.archive(object_type, row, call.access.source)
    return Answer(204)


def forget(call: Call, name: str) -> Answer:
    """Delete a record for good, with everything that was known of it."""
    object_type = call.object_type(name, "write")
    required(call.body, "objectId")
    key, id_property = str(call.body["objectId"]), text_of(call.body, "idProperty")
    row = find(call, object_type, key, id_property) or find(call, object_type, key, id_property, archived=True)
    if row is not None:
        call.portal.writer.forget(object_type, row, call.access.source)
    return Answer(204)


def merge(call: Call, name: str) -> Answer:
    object_type = call.object_type(name, "write")
    required(call.body, "primaryObjectId", "objectIdToMerge")
    primary = found(call, object_type, str(call.body["primaryObjectId"]))
    other = found(call, object_type, str(call.body["objectIdToMerge"]))
    if primary["hs_object_id"] == other["hs_object_id"]:
        raise ApiError("A record cannot be merged with itself")
    row = merge_records(call.portal, object_type, primary, other, source=call.access.source)
    return Answer(200, record_json(call, object_type, row, object_type.default_properties))


def found(call: Call, object_type: ObjectType, key: str, *, archived: bool = False) -> Row:
    """The record of an id, or of a value of `idProperty`. Raises OBJECT_NOT_FOUND."""
    row = find(call, object_type, key, call.arguments.get("idProperty"), archived=archived)
    if row is None:
        raise errors.not_found()
    return row


def find(
    call: Call, object_type: ObjectType, key: str, id_property: str | None, *, archived: bool = False
) -> Row | None:
    if not id_property or id_property == "hs_object_id":
        return call.portal.store.row(object_type, key, archived=archived)
    if id_property not in object_type.unique_properties:
        raise ApiError(f"{id_property} is not a unique property of {object_type.label}")
    return call.portal.store.row_with(object_type, id_property, key)


def created(call: Call, object_type: ObjectType, given: dict[str, Any]) -> Saved:
    """Make a record from a body or from an input of a batch; inside a transaction."""
    saved = call.portal.writer.create(object_type, properties_of(given), call.saving)
    associating = Associating(call.portal, call.access.source)
    for each in objects_of(given, "associations"):
        ends, types = ends_of(call.portal, object_type, saved.row["hs_object_id"], each)
        associating.add(ends, types)
    return saved


def updated(call: Call, object_type: ObjectType, row: Row, given: dict[str, Any]) -> Saved:
    return call.portal.writer.update(object_type, row, properties_of(given), call.saving)


def properties_of(given: dict[str, Any]) -> dict[str, Any]:
    required(given, "properties")
    properties = given["properties"]
    if not isinstance(properties, dict):
        raise errors.bad_json("Cannot deserialize value of `properties`: an object is expected")
    return properties


def shown(call: Call, object_type: ObjectType, row: Row) -> dict[str, Any]:
    """The record with what the query asks for: properties, their history, associations."""
    body = record_json(call, object_type, row, call.names("properties") or object_type.default_properties)
    history = call.names("propertiesWithHistory")
    if history:
        body["propertiesWithHistory"] = call.portal.store.histories(object_type, row, history)
    if call.names("associations"):
        body["associations"] = _associations(call, object_type, row)
    return {name: value for name, value in body.items() if name != "associations" or value}


def record_json(call: Call, object_type: ObjectType, row: Row, names: Any) -> dict[str, Any]:
    """The record; system properties are always there, and dated versions say where its page is."""
    always = (object_type.created_property, object_type.modified_property, "hs_object_id")
    body = call.portal.store.record(object_type, row, [*names, *always])
    if call.dated:
        body["url"] = call.portal.record_url(object_type, row["hs_object_id"])
    return body


def after_save(call: Call, object_type: ObjectType, saved: Saved) -> dict[str, Any]:
    """What a write answers: the written properties (cleared ones as empty texts), and what was changed on the way."""
    body = record_json(call, object_type, saved.row, saved.names)
    for name in saved.names:
        if body["properties"].get(name) is None:
            body["properties"][name] = ""
    if saved.warnings:
        body["warnings"] = list(saved.warnings)
    return body


def next_page(call: Call, after: object) -> dict[str, Any]:
    prefix = f"/crm/{call.family}/{call.version}" if call.dated else f"/crm/{call.version}/{call.family}"
    link = f"{call.portal.public_url}{prefix}{call.path}?after={after}"
    return paging(after, link)


def _associations(call: Call, object_type: ObjectType, row: Row) -> dict[str, Any]:
    schema, store = call.portal.schema, call.portal.store
    answered: dict[str, Any] = {}
    for name in call.names("associations"):
        to = schema.find(name)
        if to is None or store.links.types.plain(object_type.name, to.name) is None:
            raise ApiError(f"Unable to infer object type from: {name}")
        linked = store.linked(object_type, row, to)
        if linked:
            answered[schema.full_name(to) if to.custom else to.name] = {"results": linked}
    return answered
