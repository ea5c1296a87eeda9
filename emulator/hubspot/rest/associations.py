"""Associations of the newest versions and of version 4: read, set, end, one by one and in batches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from emulator.hubspot import errors
from emulator.hubspot.associating import Associating, Ends
from emulator.hubspot.errors import ApiError
from emulator.hubspot.links import LinkType
from emulator.hubspot.rest.call import NEWEST_VERSION, Answer, Call, id_of, inputs_of, objects_of, paging, required
from emulator.hubspot.schema import ObjectType
from emulator.hubspot.times import wire_time

MOST_READ = 1_000
MOST_CREATED = 2_000
MOST_ARCHIVED = 100
LARGEST_PAGE = 500


def read_one(call: Call, name: str, key: str, to: str) -> Answer:
    """`{results: [{toObjectId, associationTypes}]}`; the id is a number in version 4 and a text in dated ones."""
    from_type, to_type = call.object_type(name), call.object_type(to)
    row = call.portal.store.row(from_type, key)
    if row is None:
        raise errors.not_found()
    _plain(call, from_type, to_type)
    linked = _living_links(call, from_type, row["hs_object_id"], to_type)
    limit = call.number("limit", LARGEST_PAGE, most=LARGEST_PAGE)
    after = call.cursor()
    rest = [pair for pair in linked if int(pair[0]) >= after]
    body: dict[str, Any] = {"results": [_far_end(call, *pair) for pair in rest[:limit]]}
    if len(rest) > limit:
        body["paging"] = paging(rest[limit][0], "")
    return Answer(200, body)


def set_labels(call: Call, name: str, key: str, to: str, to_key: str) -> Answer:
    ends = _ends(call, name, key, to, to_key)
    kinds = _kinds(call, ends, call.json)
    Associating(call.portal, call.access.source).add(ends, kinds)
    return Answer(201, _pair(call, ends))


def set_default(call: Call, name: str, key: str, to: str, to_key: str) -> Answer:
    ends = _ends(call, name, key, to, to_key)
    return Answer(200, _batch(call, _made_default(call, ends), []))


def remove(call: Call, name: str, key: str, to: str, to_key: str) -> Answer:
    from_type, to_type = call.object_type(name, "write"), call.object_type(to, "write")
    Associating(call.portal, call.access.source).remove((from_type.name, key, to_type.name, to_key))
    return Answer(204)


def list_labels(call: Call, name: str, to: str) -> Answer:
    from_type, to_type = call.object_type(name), call.object_type(to)
    kinds = call.portal.links.types.between(from_type.name, to_type.name)
    return Answer(200, {"results": [kind.to_json() for kind in kinds]})


def create_label(call: Call, name: str, to: str) -> Answer:
    """A label of the portal's own, for both directions."""
    from_type, to_type = call.schema_of(name, "write"), call.schema_of(to, "write")
    required(call.body, "name", "label")
    label, inverse = str(call.body["label"]), str(call.body.get("inverseLabel") or call.body["label"])
    ids = call.portal.links.types.free_ids()
    definition = {
        "between": [from_type.name, to_type.name],
        "ids": ids,
        "names": [str(call.body["name"])] * 2,
        "labels": [label, inverse],
        "category": "USER_DEFINED",
    }
    call.portal.add_association(definition)
    made = [call.portal.links.types.find(from_type.name, to_type.name, ids[0])]
    return Answer(200, {"results": [kind.to_json() for kind in made if kind is not None]})


def batch_read(call: Call, name: str, to: str) -> Answer:
    """The associations of many records. One without any is an error of its own, not an empty result."""
    from_type, to_type = call.object_type(name), call.object_type(to)
    results, failures = [], []
    for given in inputs_of(call.body, most=MOST_READ):
        key = str(given.get("id", ""))
        linked = _living_links(call, from_type, key, to_type)
        if linked:
            results.append({"from": {"id": key}, "to": [_far_end(call, *pair) for pair in linked]})
        else:
            failures.append(_nothing_linked(from_type, key, to_type))
    return Answer(207 if failures else 200, _batch(call, results, failures))


def batch_create(call: Call, name: str, to: str) -> Answer:
    inputs = inputs_of(call.body, most=MOST_CREATED)
    made, failures = _each_pair(call, name, to, inputs, labelled=True)
    status = 207 if failures else 200 if call.version == NEWEST_VERSION else 201
    return Answer(status, _batch(call, made, failures))


def batch_default(call: Call, name: str, to: str) -> Answer:
    made, failures = _each_pair(call, name, to, inputs_of(call.body, most=MOST_CREATED), labelled=False)
    return Answer(207 if failures else 200, _batch(call, made, failures))


def batch_archive(call: Call, name: str, to: str) -> Answer:
    from_type, to_type = call.object_type(name, "write"), call.object_type(to, "write")
    associating = Associating(call.portal, call.access.source)
    for given in inputs_of(call.body, most=MOST_ARCHIVED):
        for far in objects_of(given, "to"):
            associating.remove((from_type.name, id_of(given.get("from")), to_type.name, id_of(far)))
    return _archived(call)


def batch_archive_labels(call: Call, name: str, to: str) -> Answer:
    from_type, to_type = call.object_type(name, "write"), call.object_type(to, "write")
    associating = Associating(call.portal, call.access.source)
    for given in inputs_of(call.body, most=MOST_ARCHIVED):
        ends = (from_type.name, id_of(given.get("from")), to_type.name, id_of(given.get("to")))
        associating.remove(ends, _kinds(call, ends, given.get("types")))
    return _archived(call)


def _archived(call: Call) -> Answer:
    """Dated versions answer 200 where version 4 answered 204."""
    return Answer(200, _batch(call, [], [])) if call.dated else Answer(204)


def _each_pair(
    call: Call, name: str, to: str, inputs: Sequence[Mapping[str, Any]], *, labelled: bool
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    made: list[dict[str, Any]] = []
    failures = []
    for given in inputs:
        try:
            ends = _ends(call, name, id_of(given.get("from")), to, id_of(given.get("to")))
            if labelled:
                kinds = _kinds(call, ends, given.get("types"))
                Associating(call.portal, call.access.source).add(ends, kinds)
                made.append(_pair(call, ends))
            else:
                made += _made_default(call, ends)
        except ApiError as error:
            if error.status == 403:
                raise
            failures.append(error.to_batch_entry({"fromObjectId": [id_of(given.get("from"))]}))
    return made, failures


def _made_default(call: Call, ends: Ends) -> list[dict[str, Any]]:
    """Associate without a label; one entry per direction."""
    Associating(call.portal, call.access.source).add(ends, [])
    plain = call.portal.links.types.plain(ends[0], ends[2])
    if plain is None:
        return []
    back = call.portal.links.types.inverse(plain)
    return [_spec(ends[1], ends[3], plain), _spec(ends[3], ends[1], back)]


def _spec(from_id: str, to_id: str, kind: LinkType) -> dict[str, Any]:
    spec = {"associationCategory": kind.category, "associationTypeId": kind.id}
    return {"from": {"id": from_id}, "to": {"id": to_id}, "associationSpec": spec}


def _ends(call: Call, name: str, key: str, to: str, to_key: str) -> Ends:
    """Both ends, which have to exist and may be associated. Raises otherwise."""
    from_type, to_type = call.object_type(name, "write"), call.object_type(to, "write")
    _plain(call, from_type, to_type)
    near, far = call.portal.store.row(from_type, key), call.portal.store.row(to_type, to_key)
    if near is None or far is None:
        raise errors.not_found(f"{from_type.name if near is None else to_type.name} record does not exist")
    return from_type.name, near["hs_object_id"], to_type.name, far["hs_object_id"]


def _plain(call: Call, from_type: ObjectType, to_type: ObjectType) -> None:
    if call.portal.links.types.plain(from_type.name, to_type.name) is None:
        raise ApiError(f"{from_type.label} and {to_type.label} cannot be associated")


def _kinds(call: Call, ends: Ends, given: Any) -> list[LinkType]:
    """The types named in a body. Raises for one that does not exist between the two objects."""
    if not isinstance(given, list) or not given or not all(isinstance(each, dict) for each in given):
        raise errors.bad_json("Cannot deserialize value of association types: a list of objects is expected")
    kinds = []
    for each in given:
        kind = call.portal.links.types.find(ends[0], ends[2], str(each.get("associationTypeId")))
        if kind is None or kind.category != each.get("associationCategory"):
            raise ApiError(
                f"Association type {each.get('associationTypeId')} of category {each.get('associationCategory')} "
                f"does not exist between {ends[0]} and {ends[2]}"
            )
        kinds.append(kind)
    return kinds


def _living_links(
    call: Call, from_type: ObjectType, from_id: str, to_type: ObjectType
) -> list[tuple[str, list[LinkType]]]:
    linked = call.portal.links.of(from_type.name, from_id, to_type.name)
    return [pair for pair in linked if call.portal.store.row(to_type, pair[0]) is not None]


def _far_end(call: Call, to_id: str, kinds: Sequence[LinkType]) -> dict[str, Any]:
    return {
        "toObjectId": to_id if call.dated else int(to_id),
        "associationTypes": [kind.to_json() for kind in kinds],
    }


def _pair(call: Call, ends: Ends) -> dict[str, Any]:
    objects = call.portal.schema.objects
    kinds = call.portal.links.types_between(*ends)
    return {
        "fromObjectTypeId": objects[ends[0]].id,
        "fromObjectId": ends[1] if call.dated else int(ends[1]),
        "toObjectTypeId": objects[ends[2]].id,
        "toObjectId": ends[3] if call.dated else int(ends[3]),
        "labels": [kind.label for kind in kinds if kind.label is not None],
    }


def _nothing_linked(from_type: ObjectType, key: str, to_type: ObjectType) -> dict[str, Any]:
    return {
        "status": "error",
        "category": "OBJECT_NOT_FOUND",
        "subCategory": "crm.associations.NO_ASSOCIATIONS_FOUND",
        "message": f"No {to_type.singular} is associated with {from_type.singular} {key}.",
        "context": {
            "fromObjectId": [key],
            "fromObjectType": [from_type.singular],
            "toObjectType": [to_type.singular],
        },
    }


def _batch(call: Call, results: list[dict[str, Any]], failures: list[dict[str, Any]]) -> dict[str, Any]:
    now = wire_time(call.portal.clock.now())
    body: dict[str, Any] = {"status": "COMPLETE", "results": results, "startedAt": now, "completedAt": now}
    if failures:
        body |= {"numErrors": len(failures), "errors": failures}
    return body
