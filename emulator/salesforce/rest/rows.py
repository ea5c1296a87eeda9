"""Single records: create, read, update, delete, and the same by external id."""

from __future__ import annotations

from typing import Any

from emulator.rows import Row
from emulator.salesforce import errors
from emulator.salesforce.errors import ApiError, unknown_field
from emulator.salesforce.rest.call import Answer, Call
from emulator.salesforce.rest.conditional import (
    account_etag,
    check_unmodified,
    not_modified,
    nothing_new,
    state_headers,
)
from emulator.salesforce.rules import record_id_of
from emulator.salesforce.schema import NUMBER_TYPES, Field, ObjectType
from emulator.salesforce.soql.run import attributes
from emulator.salesforce.values import parse_time, to_stored


def object_of(call: Call, name: str) -> ObjectType:
    """The object a path names, if the user may see it."""
    object_type = call.org.store.object_type(name, call.user)
    if object_type is None:
        raise errors.not_found()
    return object_type


def create(call: Call, name: str) -> Answer:
    object_type = object_of(call, name)
    record_id = call.org.writer.insert(object_type, call.record, call.saving)
    return Answer(
        201, {"id": record_id, "success": True, "errors": []}, {"Location": call.url_of(object_type.name, record_id)}
    )


def read(call: Call, name: str, key: str) -> Answer:
    object_type = object_of(call, name)
    return _read_row(call, object_type, readable_row(call, object_type, key))


def update(call: Call, name: str, key: str) -> Answer:
    object_type = object_of(call, name)
    record_id = record_id_of(object_type, key)
    _save_if_unmodified(call, object_type, record_id, call.record)
    return Answer(204)


def delete(call: Call, name: str, key: str) -> Answer:
    object_type = object_of(call, name)
    call.org.writer.delete(object_type, record_id_of(object_type, key), call.saving)
    return Answer(204)


def read_by_key(call: Call, name: str, field_name: str, value: str) -> Answer:
    object_type = object_of(call, name)
    field = key_field(call, object_type, field_name)
    found = rows_with_key(call, object_type, field, value)
    if not found:
        raise errors.not_found("Provided external ID field does not exist or is not accessible: " + field_name)
    return _several(call, object_type, found) if len(found) > 1 else _read_row(call, object_type, found[0])


def upsert(call: Call, name: str, field_name: str, value: str) -> Answer:
    """201 for a new record, 200 for a known one, 300 with the URLs when several carry the key."""
    object_type = object_of(call, name)
    field = key_field(call, object_type, field_name)
    values = call.record
    if any(key.lower() == field.name.lower() for key in values):
        raise ApiError(
            "INVALID_FIELD",
            f"The {field.name} field should not be specified in the sobject data.",
            fields=[field.name],
        )
    with call.org.rows.transaction():
        found = rows_with_key(call, object_type, field, value)
        if len(found) > 1:
            return _several(call, object_type, found)
        if found:
            _save_if_unmodified(call, object_type, found[0]["Id"], values)
            return Answer(200, {"id": found[0]["Id"], "success": True, "errors": [], "created": False})
        if call.flag("updateOnly") or field.name == "Id":
            raise errors.not_found()
        record_id = call.org.writer.insert(object_type, {**values, field.name: _typed(field, value)}, call.saving)
    return Answer(
        201,
        {"id": record_id, "success": True, "errors": [], "created": True},
        {"Location": call.url_of(object_type.name, record_id)},
    )


def delete_by_key(call: Call, name: str, field_name: str, value: str) -> Answer:
    object_type = object_of(call, name)
    found = rows_with_key(call, object_type, key_field(call, object_type, field_name), value)
    if not found:
        raise errors.not_found()
    if len(found) > 1:
        return _several(call, object_type, found)
    call.org.writer.delete(object_type, found[0]["Id"], call.saving)
    return Answer(204)


def key_field(call: Call, object_type: ObjectType, name: str) -> Field:
    """The external id field of this name, which the user can read."""
    field = call.org.store.field(object_type, name, call.user)
    if field is None or not (field.external_id or field.name == "Id"):
        raise errors.not_found("Provided external ID field does not exist or is not accessible: " + name)
    return field


def rows_with_key(call: Call, object_type: ObjectType, field: Field, value: Any) -> list[Row]:
    """The visible records that carry this key. Not unique and not View All: the key is not usable."""
    store = call.org.store
    if field.name == "Id":
        row = store.row(object_type, record_id_of(object_type, value), call.user)
        return [row] if row else []
    if not field.unique and not call.user.rights.sees_all:
        raise errors.not_found("Provided external ID field does not exist or is not accessible: " + field.name)
    wanted = to_stored(field, _typed(field, value))
    if wanted is None:
        raise errors.not_found()
    ids = store.rows.ids_with(object_type.name, field.name, wanted) or []
    rows = (store.row(object_type, each, call.user) for each in ids)
    return [row for row in rows if row is not None]


def _typed(field: Field, value: Any) -> Any:
    """A key from a path is a text, whatever the type of its field."""
    if field.type not in NUMBER_TYPES or not isinstance(value, str):
        return value
    try:
        return int(value) if field.type == "int" else float(value)
    except ValueError as error:
        raise errors.not_found() from error


def readable_row(call: Call, object_type: ObjectType, key: str) -> Row:
    """The row with the id in the path. A deleted one is told from a missing one only to who could see it."""
    record_id = record_id_of(object_type, key)
    row = call.org.store.row(object_type, record_id, call.user, with_deleted=True)
    if row is None:
        raise errors.not_found()
    if row.get("IsDeleted"):
        raise errors.deleted()
    return row


def shaped(call: Call, object_type: ObjectType, row: Row, fields: list[Field]) -> dict[str, Any]:
    store = call.org.store
    return {
        "attributes": attributes(object_type.name, row["Id"], call.version),
        **{field.name: store.value(object_type, row, field) for field in fields},
    }


def fields_named(call: Call, object_type: ObjectType, names: list[str]) -> list[Field]:
    """The fields of a `fields=` list. Raises INVALID_FIELD for one that the user cannot read."""
    found = []
    for name in names:
        field = call.org.store.field(object_type, name.strip(), call.user)
        if field is None:
            raise unknown_field(name.strip(), object_type.name)
        found.append(field)
    return list(dict.fromkeys(found))


def _read_row(call: Call, object_type: ObjectType, row: Row) -> Answer:
    modified_at, etag = parse_time(row["LastModifiedDate"]), account_etag(object_type.name, row)
    if not_modified(call.headers, modified_at, etag=etag):
        return nothing_new(modified_at, etag=etag)
    names = [name for name in call.arguments.get("fields", "").split(",") if name.strip()]
    if names:
        fields = fields_named(call, object_type, names)
        # The id is part of every answer, asked for or not.
        if not any(field.name == "Id" for field in fields):
            fields.append(object_type.fields["Id"])
    else:
        fields = call.org.store.fields(object_type, call.user)
    return Answer(200, shaped(call, object_type, row, fields), state_headers(modified_at, etag=etag))


def _save_if_unmodified(call: Call, object_type: ObjectType, record_id: str, values: dict[str, Any]) -> None:
    """Check the conditional headers and save with nobody in between."""
    with call.org.rows.transaction():
        row = call.org.writer.writable(object_type, record_id, call.user)
        check_unmodified(call.headers, parse_time(row["LastModifiedDate"]), etag=account_etag(object_type.name, row))
        call.org.writer.update(object_type, record_id, values, call.saving)


def _several(call: Call, object_type: ObjectType, rows: list[Row]) -> Answer:
    return Answer(300, [call.url_of(object_type.name, row["Id"]) for row in rows])
