"""Records by the hundred: batch read, create, update, upsert and archive, with results in part."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from emulator.hubspot import errors
from emulator.hubspot.errors import ApiError
from emulator.hubspot.rest import objects
from emulator.hubspot.rest.call import Answer, Call, inputs_of, text_of, texts_of
from emulator.hubspot.schema import ObjectType
from emulator.hubspot.times import wire_time
from emulator.rows import Row

MOST_INPUTS = 100


def read(call: Call, name: str) -> Answer:
    """The records that exist, by id; what is missing is an error of its own. Merged-away ids are silently missing."""
    object_type, began_at = call.object_type(name), call.portal.clock.now()
    body = call.body
    history = texts_of(body, "propertiesWithHistory")
    inputs = inputs_of(body, most=objects.MOST_WITH_HISTORY if history else MOST_INPUTS)
    names = texts_of(body, "properties") or object_type.default_properties
    rows, missing = _rows(
        call, object_type, inputs, archived=call.flag("archived"), id_property=text_of(body, "idProperty")
    )
    results = []
    for row in sorted(rows.values(), key=lambda row: int(row["hs_object_id"])):
        result = objects.record_json(call, object_type, row, names)
        if history:
            result["propertiesWithHistory"] = call.portal.store.histories(object_type, row, history)
        results.append(result)
    failures = [errors.missing_objects(object_type.singular, missing).to_batch_entry({})] if missing else []
    return _answer(call, began_at, results, failures)


def create(call: Call, name: str) -> Answer:
    object_type, began_at = call.object_type(name, "write"), call.portal.clock.now()
    results, failures = _each(
        call,
        inputs_of(call.body),
        lambda given: objects.after_save(call, object_type, objects.created(call, object_type, given)),
    )
    return _answer(call, began_at, results, failures, status=201)


def update(call: Call, name: str) -> Answer:
    object_type, began_at = call.object_type(name, "write"), call.portal.clock.now()
    inputs = inputs_of(call.body)
    _refuse_duplicates(inputs)
    rows, missing = _rows(call, object_type, inputs)
    results, failures = _each(
        call,
        [given for given in inputs if _key(given) in rows],
        lambda given: objects.after_save(
            call, object_type, objects.updated(call, object_type, rows[_key(given)], given)
        ),
    )
    if missing:
        failures.append(errors.missing_objects(object_type.singular, missing).to_batch_entry({}))
    return _answer(call, began_at, results, failures)


def upsert(call: Call, name: str) -> Answer:
    """Change or create by a unique property that each input names; `new` says which of both it was."""
    object_type, began_at = call.object_type(name, "write"), call.portal.clock.now()
    inputs = inputs_of(call.body)
    _refuse_duplicates(inputs)
    if any(not each.get("idProperty") for each in inputs):
        raise ApiError("Every input of an upsert needs an idProperty")
    results, failures = _each(call, inputs, lambda given: _upserted(call, object_type, given))
    return _answer(call, began_at, results, failures)


def archive(call: Call, name: str) -> Answer:
    object_type = call.object_type(name, "write")
    for given in inputs_of(call.body):
        row = call.portal.store.row(object_type, str(given.get("id", "")))
        if row is not None:
            call.portal.writer.archive(object_type, row, call.access.source)
    return Answer(204)


def _upserted(call: Call, object_type: ObjectType, given: dict[str, Any]) -> dict[str, Any]:
    key, id_property = _key(given)
    row = objects.find(call, object_type, key, id_property)
    if row is not None:
        return {**objects.after_save(call, object_type, objects.updated(call, object_type, row, given)), "new": False}
    properties = {str(id_property): key, **objects.properties_of(given)}
    saved = objects.created(call, object_type, {**given, "properties": properties})
    return {**objects.after_save(call, object_type, saved), "new": True}


def _key(given: Mapping[str, Any]) -> tuple[str, str | None]:
    return str(given.get("id", "")), text_of(given, "idProperty")


def _rows(
    call: Call,
    object_type: ObjectType,
    inputs: Sequence[Mapping[str, Any]],
    *,
    archived: bool = False,
    id_property: str | None = None,
) -> tuple[dict[tuple[str, str | None], Row], list[str]]:
    """The rows by input key, and the ids that lead nowhere. Merged-away ids are in neither."""
    rows: dict[tuple[str, str | None], Row] = {}
    missing = []
    for given in inputs:
        key, own_property = _key(given)
        if call.portal.store.was_merged(object_type, key) and not (id_property or own_property):
            continue
        row = objects.find(call, object_type, key, id_property or own_property, archived=archived)
        if row is None:
            missing.append(key)
        else:
            rows[key, own_property] = row
    return rows, missing


def _refuse_duplicates(inputs: Sequence[Mapping[str, Any]]) -> None:
    keys = [_key(given) for given in inputs]
    twice = sorted({key[0] for key in keys if keys.count(key) > 1})
    if twice:
        raise ApiError(f"Duplicate IDs found in batch input: [{', '.join(twice)}]", context={"ids": twice})


def _each(
    call: Call, inputs: Sequence[dict[str, Any]], act: Callable[[dict[str, Any]], dict[str, Any]]
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Do each input. One that is refused fails the whole batch, unless every input can be told by its trace id."""
    traced = bool(inputs) and all(given.get("objectWriteTraceId") for given in inputs)
    results: list[dict[str, Any]] = []
    failures: list[dict[str, Any]] = []
    with call.portal.rows.transaction():
        for given in inputs:
            try:
                with call.portal.rows.transaction():
                    result = act(given)
            except ApiError as error:
                if not traced:
                    raise
                failures.append(error.to_batch_entry({"objectWriteTraceId": [str(given["objectWriteTraceId"])]}))
                continue
            if traced:
                result["objectWriteTraceId"] = given["objectWriteTraceId"]
            results.append(result)
    return results, failures


def _answer(
    call: Call, began_at: datetime, results: list[dict[str, Any]], failures: list[dict[str, Any]], *, status: int = 200
) -> Answer:
    body: dict[str, Any] = {
        "status": "COMPLETE",
        "results": results,
        "startedAt": wire_time(began_at),
        "completedAt": wire_time(call.portal.clock.now()),
    }
    if failures:
        body |= {"numErrors": len(failures), "errors": failures}
    return Answer(207 if failures else status, body)
