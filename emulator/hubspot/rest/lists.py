"""Lists and who is in them."""

from __future__ import annotations

from typing import Any

from emulator.hubspot import errors
from emulator.hubspot.errors import ApiError
from emulator.hubspot.numbers import whole_number
from emulator.hubspot.rest.call import Answer, Call, paging, required, texts_of
from emulator.rows import Row

READ, WRITE = "crm.lists.read", "crm.lists.write"


def read(call: Call, key: str) -> Answer:
    return Answer(200, {"list": _shown(call, _list(call, key))})


def read_named(call: Call, name: str, list_name: str) -> Answer:
    call.access.need(READ)
    found = call.portal.segments.named(call.object_type(name), list_name)
    if found is None:
        raise errors.not_found()
    return Answer(200, {"list": _shown(call, found)})


def read_many(call: Call) -> Answer:
    call.access.need(READ)
    wanted = call.names("listIds")
    return Answer(
        200, {"lists": [_shown(call, row) for row in call.portal.segments.all() if row["hs_object_id"] in wanted]}
    )


def search(call: Call) -> Answer:
    """All lists whose name contains the query, by `offset` and `count`."""
    call.access.need(READ)
    body = call.body
    words, kinds = str(body.get("query") or "").casefold(), texts_of(body, "processingTypes")
    wanted = texts_of(body, "listIds")
    found = [
        row
        for row in call.portal.segments.all()
        if words in row["name"].casefold()
        and (not kinds or row["processing_type"] in kinds)
        and (not wanted or row["hs_object_id"] in wanted)
    ]
    offset = whole_number(body.get("offset") or 0, name="offset")
    count = min(whole_number(body.get("count") or 20, name="count"), 500)
    page = found[offset : offset + count]
    return Answer(
        200,
        {
            "lists": [_found(call, row) for row in page],
            "hasMore": offset + count < len(found),
            "offset": offset + len(page),
            "total": len(found),
        },
    )


def create(call: Call) -> Answer:
    call.access.need(WRITE)
    required(call.body, "name", "objectTypeId", "processingType")
    object_type = call.object_type(str(call.body["objectTypeId"]))
    kind = str(call.body["processingType"])
    if kind == "DYNAMIC":
        raise ApiError("This portal makes DYNAMIC lists in its own pages only")
    row = call.portal.segments.create(object_type, str(call.body["name"]), kind, user_id=call.access.user_id)
    return Answer(200, {"list": _shown(call, row)})


def delete(call: Call, key: str) -> Answer:
    call.portal.segments.delete(_list(call, key, WRITE))
    return Answer(204)


def members(call: Call, key: str) -> Answer:
    """Who is in the list, by record id."""
    return _members(call, key, by_time=False)


def members_by_time(call: Call, key: str) -> Answer:
    return _members(call, key, by_time=True)


def add(call: Call, key: str) -> Answer:
    return _changed(call, key, add=_ids(call.json), remove=[])


def remove(call: Call, key: str) -> Answer:
    return _changed(call, key, add=[], remove=_ids(call.json))


def add_and_remove(call: Call, key: str) -> Answer:
    given = call.body
    return _changed(
        call, key, add=_ids(given.get("recordIdsToAdd") or []), remove=_ids(given.get("recordIdsToRemove") or [])
    )


def clear(call: Call, key: str) -> Answer:
    row = _list(call, key, WRITE)
    call.portal.segments.change(row, remove=list(row["members"]))
    return Answer(204)


def of_record(call: Call, name: str, key: str) -> Answer:
    call.access.need(READ)
    object_type = call.object_type(name)
    results = [
        {
            "listId": row["hs_object_id"],
            "listVersion": row["version"],
            "firstAddedTimestamp": at,
            "lastAddedTimestamp": at,
        }
        for row, at in call.portal.segments.of_record(object_type, key)
    ]
    return Answer(200, {"results": results, "total": len(results)})


def _members(call: Call, key: str, *, by_time: bool) -> Answer:
    entries = list(call.portal.segments.members(_list(call, key)).items())
    entries.sort(key=lambda entry: (entry[1], int(entry[0])) if by_time else ("", int(entry[0])))
    limit = call.number("limit", 100, most=250)
    after = call.cursor()
    ids = [int(record_id) for record_id, _ in entries]
    # The place is kept also when the one that it names has left the list.
    start = ids.index(after) + 1 if after in ids else sum(1 for each in ids if each <= after)
    page = entries[start : start + limit]
    body: dict[str, Any] = {
        "results": [{"recordId": record_id, "membershipTimestamp": at} for record_id, at in page],
        "total": len(entries),
    }
    if start + limit < len(entries):
        body["paging"] = paging(page[-1][0], "")
    return Answer(200, body)


def _changed(call: Call, key: str, *, add: list[str], remove: list[str]) -> Answer:
    done = call.portal.segments.change(_list(call, key, WRITE), add=add, remove=remove)
    return Answer(
        200,
        {
            "recordsIdsAdded": done["added"],
            "recordIdsRemoved": done["removed"],
            "recordIdsMissing": done["missing"],
        },
    )


def _list(call: Call, key: str, scope: str = READ) -> Row:
    call.access.need(scope)
    found = call.portal.segments.find(key)
    if found is None:
        raise errors.not_found(f"List does not exist with ID {key}.")
    return found


def _ids(given: Any) -> list[str]:
    """A JSON array of record ids, as texts or as numbers."""
    if not isinstance(given, list) or not all(
        isinstance(each, str | int) and not isinstance(each, bool) for each in given
    ):
        raise errors.bad_json("Cannot deserialize value: an array of record ids is expected")
    return [str(each) for each in given]


def _shown(call: Call, row: Row) -> dict[str, Any]:
    user_id = row["user_id"] or call.portal.people.role("admin").user_id
    return {
        "listId": row["hs_object_id"],
        "listVersion": row["version"],
        "name": row["name"],
        "objectTypeId": call.portal.schema.objects[row["object"]].id,
        "processingType": row["processing_type"],
        "processingStatus": "COMPLETE",
        "createdAt": row["created"],
        "updatedAt": row["_modified"],
        "filtersUpdatedAt": row["created"],
        "createdById": str(user_id),
        "updatedById": str(user_id),
        "size": len(call.portal.segments.members(row)),
    }


def _found(call: Call, row: Row) -> dict[str, Any]:
    """A list among search results: what is more than a list's own facts stands apart, as texts."""
    shown = _shown(call, row)
    size = shown.pop("size")
    return {**shown, "additionalProperties": {"hs_list_size": str(size)}}
