"""Salesforce's rows: what is asked for, what comes back, and values in both directions."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from functools import partial
from typing import Any

from jobs.crm.base import AsSpelled, CrmRow, Fields
from jobs.crm.errors import NotFound, Rejected
from jobs.crm.salesforce_client import SalesforceClient, understood
from jobs.crm.salesforce_filters import quoted
from jobs.crm.salesforce_names import checked_id, checked_name, query_column, relationship
from jobs.values import DAY_OF_MOMENT, Value, ValueRefused, clean_text, normalise, parse_time

# What became of a record, where the object can have such a fate (Object Reference).
_FATES: dict[str, tuple[str, ...]] = {
    "Account": ("MasterRecordId",),
    "Contact": ("MasterRecordId",),
    "Lead": ("MasterRecordId", "IsConverted", "ConvertedContactId"),
}


def rows_query(object_name: str, condition: str, fields: Fields) -> str:
    """Everything `row_of` wants to know of the records that meet a condition in SOQL."""
    columns = ["Id", "Name", "IsDeleted", "LastModifiedDate", "LastModifiedBy.Name", *_FATES.get(object_name, ())]
    columns += [query_column(name, field_type) for name, field_type in fields.items()]
    unique = dict.fromkeys(columns)
    return f"SELECT {', '.join(unique)} FROM {checked_name(object_name)} WHERE {condition}"  # noqa: S608


def row_query(object_name: str, record_id: str, fields: Fields) -> str:
    return rows_query(object_name, f"Id = '{checked_id(record_id)}'", fields)


def only_row(body: Mapping[str, Any], fields: Fields, *, looked_up_at: datetime) -> CrmRow:
    """The one row of an answer. Raises NotFound."""
    if not body["records"]:
        raise NotFound("Salesforce shows no such record to this connection.", code="NOT_FOUND")
    return row_of(body["records"][0], fields, looked_up_at=looked_up_at)


def row_of(record: Mapping[str, Any], fields: Fields, *, looked_up_at: datetime) -> CrmRow:
    values, unreadable = _decoded(record, fields)
    return CrmRow(
        record_id=record["Id"],
        name=clean_text(record.get("Name") or "") or "",
        values=values,
        unreadable=unreadable,
        read_as=partial(_read_as, record),
        spelled=record,
        modified_at=_second(parse_time(record["LastModifiedDate"])),
        modified_by=clean_text((record.get("LastModifiedBy") or {}).get("Name") or "") or "",
        read_at=_second(looked_up_at),
        is_deleted=bool(record.get("IsDeleted")),
        merged_into=record.get("MasterRecordId") or "",
        is_converted=bool(record.get("IsConverted")),
        converted_to=record.get("ConvertedContactId") or "",
        converted_object="Contact" if record.get("ConvertedContactId") else "",
    )


def seen_row(record: Mapping[str, Any], fields: Fields) -> CrmRow:
    """A record read with a person's own token, by its resource."""
    values, unreadable = _decoded(record, fields)
    modified_at = parse_time(record["LastModifiedDate"])
    return CrmRow(
        record_id=record["Id"],
        name=clean_text(record.get("Name") or "") or "",
        values=values,
        unreadable=unreadable,
        modified_at=modified_at,
        modified_by="",
        read_at=modified_at,
    )


def decode_row_value(record: Mapping[str, Any], name: str, field_type: str) -> Value:
    """A field of a Salesforce row in canonical form; a user by email, where the row came with it."""
    if field_type == "user":
        return normalise(field_type, (record.get(relationship(name)) or {}).get("Email"))
    return normalise(field_type, record.get(name))


def encoded(client: SalesforceClient, values: Mapping[str, Value], fields: Fields) -> dict[str, Any]:
    """The values as Salesforce takes them; each user in them costs a call. Raises Rejected (NO_SUCH_OWNER)."""
    return {name: _encoded(client, name, value, fields.get(name, "")) for name, value in values.items()}


def looks_like_reference(body: Mapping[str, Any]) -> bool:
    """Inside a composite, Salesforce would replace a text such as `@{after.id}` by what it names."""
    return any("@{" in value for value in body.values() if isinstance(value, str))


def _encoded(client: SalesforceClient, name: str, value: Value, field_type: str) -> Any:
    if isinstance(value, AsSpelled):
        return str(value)
    if field_type == "user" and value is not None:
        return _user_id(client, name, str(value))
    if field_type == DAY_OF_MOMENT and value is not None:
        return f"{value}T00:00:00Z"
    if field_type == "boolean":
        return bool(value)  # a checkbox has no blank there
    return ";".join(value) if isinstance(value, list) else value


def _user_id(client: SalesforceClient, name: str, email: str) -> str:
    query = f"SELECT Id FROM User WHERE Email = {quoted(email)} AND IsActive = true LIMIT 2"  # noqa: S608 - quoted
    body = client.ask("query", params={"q": query})
    with understood():
        found = [str(each["Id"]) for each in body["records"]]
    if len(found) != 1:  # an address may belong to several users: nobody is guessed at
        raise Rejected(f"{email} is not one active user in Salesforce.", code="NO_SUCH_OWNER", fields=(name,))
    return found[0]


def _decoded(record: Mapping[str, Any], fields: Fields) -> tuple[dict[str, Value], frozenset[str]]:
    """The values, and the fields whose value does not fit the type they are mapped to."""
    values: dict[str, Value] = {}
    for name, field_type in fields.items():
        with suppress(ValueRefused):
            values[name] = decode_row_value(record, name, field_type)
    return values, frozenset(fields.keys() - values.keys())


def _read_as(record: Mapping[str, Any], name: str, field_type: str) -> Value:
    """What was not asked for is not blank. Raises ValueRefused."""
    if (relationship(name) if field_type == "user" else name) not in record:
        raise ValueRefused(f"{name} was not read.")
    return decode_row_value(record, name, field_type)


def _second(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(microsecond=0)
