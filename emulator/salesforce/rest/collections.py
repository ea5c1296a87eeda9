"""`/composite/sobjects`: up to 200 records in one call, each with its own result."""

from __future__ import annotations

from collections.abc import Callable
from itertools import groupby
from typing import Any

from emulator.salesforce import errors
from emulator.salesforce.errors import ApiError, bad_json
from emulator.salesforce.rest.call import Answer, Call
from emulator.salesforce.rest.rows import fields_named, key_field, object_of, rows_with_key, shaped
from emulator.salesforce.rules import record_id_of
from emulator.salesforce.schema import ObjectType

MOST_RECORDS = 200
MOST_TYPE_CHUNKS = 10
MOST_RETRIEVED = 2000
Result = dict[str, Any]


class _RollBack(Exception):
    """Undo the transaction; the results have been collected."""


def create(call: Call) -> Answer:
    def save(record: dict[str, Any]) -> Result:
        object_type = _type_of(call, record)
        record_id = call.org.writer.insert(object_type, _without(record, "attributes"), call.saving)
        return _success(record_id)

    return _each(call, _records(call), save)


def update(call: Call) -> Answer:
    def save(record: dict[str, Any]) -> Result:
        object_type = _type_of(call, record)
        given = next((record[key] for key in record if key.lower() == "id"), None)
        if given is None:
            raise ApiError("MISSING_ARGUMENT", "Id not specified in an update call")
        record_id = record_id_of(object_type, given)
        call.org.writer.update(object_type, record_id, _without(record, "attributes", "id"), call.saving)
        return _success(record_id)

    return _each(call, _records(call), save)


def delete(call: Call) -> Answer:
    ids = [each.strip() for each in call.arguments.get("ids", "").split(",") if each.strip()]
    _check_count(ids, MOST_RECORDS)

    def remove(record_id: str) -> Result:
        object_type = call.org.schema.of_id(record_id)
        if object_type is None:
            raise errors.wrong_id("Record", record_id)
        full_id = record_id_of(object_type, record_id)
        call.org.writer.delete(object_type, full_id, call.saving)
        return _success(full_id)

    return _each(call, ids, remove, all_or_none=call.flag("allOrNone"))


def upsert(call: Call, name: str, field_name: str) -> Answer:
    object_type = object_of(call, name)
    field = key_field(call, object_type, field_name)

    def save(record: dict[str, Any]) -> Result:
        if _type_of(call, record) is not object_type:
            raise ApiError("INVALID_TYPE", f"All records must be of type {object_type.name}")
        value = next((record[key] for key in record if key.lower() == field.name.lower()), None)
        if value is None:
            raise ApiError("MISSING_ARGUMENT", f"{field.name} not specified")
        rest = _without(record, "attributes", field.name)
        found = rows_with_key(call, object_type, field, value)
        if len(found) > 1:
            raise ApiError("DUPLICATE_EXTERNAL_ID", f"{field.name}: more than one record found for external id field")
        if found:
            call.org.writer.update(object_type, found[0]["Id"], rest, call.saving)
            return {**_success(found[0]["Id"]), "created": False}
        record_id = call.org.writer.insert(object_type, {**rest, field.name: value}, call.saving)
        return {**_success(record_id), "created": True}

    return _each(call, _records(call), save)


def retrieve(call: Call, name: str) -> Answer:
    """Records in the order of the ids; null, in place, for what the user cannot see."""
    object_type = object_of(call, name)
    ids, names = _wanted(call)
    _check_count(ids, MOST_RETRIEVED)
    fields = fields_named(call, object_type, names)
    if not any(field.name == "Id" for field in fields):
        fields.append(object_type.fields["Id"])
    rows = (call.org.store.row(object_type, record_id_of(object_type, each), call.user) for each in ids)
    return Answer(200, [None if row is None else shaped(call, object_type, row, fields) for row in rows])


def _wanted(call: Call) -> tuple[list[str], list[str]]:
    if call.method == "GET":
        ids = [each for each in call.arguments.get("ids", "").split(",") if each]
        names = [each for each in call.arguments.get("fields", "").split(",") if each]
    else:
        ids, names = call.record.get("ids", []), call.record.get("fields", [])
    if not _are_texts(ids) or not _are_texts(names) or not ids or not names:
        raise ApiError("MISSING_ARGUMENT", "ids and fields are both needed")
    return ids, names


def _are_texts(values: object) -> bool:
    return isinstance(values, list) and all(isinstance(value, str) for value in values)


def _each(call: Call, items: list[Any], save: Callable[[Any], Result], *, all_or_none: bool | None = None) -> Answer:
    """Save one after the other. Each may fail alone, unless all have to succeed."""
    together = call.record.get("allOrNone") is True if all_or_none is None else all_or_none
    results: list[Result] = []
    try:
        with call.org.rows.transaction():
            results += [_attempt(call, save, item) for item in items]
            if together and not all(result["success"] for result in results):
                raise _RollBack
    except _RollBack:
        results = [_rolled_back() if result["success"] else result for result in results]
    return Answer(200, results)


def _attempt(call: Call, save: Callable[[Any], Result], item: Any) -> Result:
    try:
        with call.org.rows.transaction():
            return save(item)
    except ApiError as error:
        if error.code == "JSON_PARSER_ERROR":
            # A value of the wrong JSON type makes the whole body unreadable, not one record.
            raise
        return {"success": False, "errors": [each.to_save_result() for each in error.entries]}


def _records(call: Call) -> list[dict[str, Any]]:
    records = call.record.get("records")
    if not isinstance(records, list) or not all(isinstance(record, dict) for record in records):
        raise bad_json("records must be a list of objects")
    _check_count(records, MOST_RECORDS)
    chunks = len(list(groupby(records, key=lambda record: _type_name(record))))
    if chunks > MOST_TYPE_CHUNKS:
        raise ApiError("LIMIT_EXCEEDED", f"Cannot have more than {MOST_TYPE_CHUNKS} chunks in a single operation.")
    return records


def _check_count(items: list[Any], most: int) -> None:
    if len(items) > most:
        raise ApiError(
            "EXCEEDED_ID_LIMIT", f"record limit reached. cannot submit more than {most} records into this call"
        )


def _type_name(record: dict[str, Any]) -> str:
    attributes = record.get("attributes")
    return str(attributes.get("type", "")) if isinstance(attributes, dict) else ""


def _type_of(call: Call, record: dict[str, Any]) -> ObjectType:
    name = _type_name(record)
    object_type = call.org.store.object_type(name, call.user)
    if object_type is None:
        raise ApiError("INVALID_TYPE", f"sObject type '{name}' is not supported.")
    return object_type


def _without(record: dict[str, Any], *names: str) -> dict[str, Any]:
    dropped = {name.lower() for name in names}
    return {key: value for key, value in record.items() if key.lower() not in dropped}


def _success(record_id: str) -> Result:
    return {"id": record_id, "success": True, "errors": []}


def _rolled_back() -> Result:
    error = ApiError(
        "ALL_OR_NONE_OPERATION_ROLLED_BACK",
        "Record rolled back because not all records were valid and the request was using AllOrNone header",
    )
    return {"success": False, "errors": [error.to_save_result()]}
