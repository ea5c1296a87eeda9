"""A fresh look at one CRM record when a panel opens: with the person's own eyes, or with the connection's."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from jobs import usage
from jobs.crm.adapters import open_adapter
from jobs.crm.base import CrmRow, ObjectInfo
from jobs.crm.describes import describe
from jobs.crm.errors import NotFound
from jobs.crm.http import Meter
from jobs.crm.salesforce import SalesforceAdapter, decode_row_value
from jobs.crm.tokens import BorrowedToken
from jobs.mappings import FieldFacts, ObjectFacts
from jobs.models import Connection, CrmRecord
from jobs.runtime import Runtime
from jobs.sync.settle import keep_seen
from jobs.values import parse_time


@dataclass(frozen=True)
class Sight:
    """Mapped CRM fields a person may read and edit on one record."""

    readable: tuple[str, ...]
    editable: tuple[str, ...]


def look_as_person(runtime: Runtime, connection: Connection, mapping: ObjectFacts, record_id: str, token: str) -> Sight:
    """Read the record with the person's own token: its sharing and field security are the CRM's, not ours.

    One call. Raises NotFound when this person may not see the record, AuthorizationLost when the token has ended.
    """
    meter = Meter()
    adapter = SalesforceAdapter(
        runtime.settings, connection.base_url, BorrowedToken(token), api_version=connection.api_version, meter=meter
    )
    try:
        info, record = adapter.see(mapping.object, record_id)
    finally:
        _count(runtime, connection, meter.calls)
    sight = _sight(mapping, info)
    _keep_partial(runtime, connection, mapping, record, sight)
    return sight


def look_as_connection(runtime: Runtime, connection: Connection, mapping: ObjectFacts, record_id: str) -> None:
    """Read the mapped fields and keep what was seen. One call, one more when the fields have to be asked for."""
    adapter = open_adapter(runtime, connection)
    try:
        info = describe(runtime, adapter, connection.id, mapping.object)
        fields = {each.crm_field: each.field_type for each in _mapped(mapping) if each.crm_field in info.fields}
        row = adapter.read(mapping.object, record_id, fields)
    except NotFound:
        _mark_gone(runtime, connection, mapping, record_id)
        raise
    finally:
        _count(runtime, connection, adapter.calls)
    with runtime.database.write() as session:
        keep_seen(session, connection.id, mapping.object, row)


def _sight(mapping: ObjectFacts, info: ObjectInfo) -> Sight:
    visible = [each.crm_field for each in _mapped(mapping) if each.crm_field in info.fields]
    return Sight(tuple(visible), tuple(name for name in visible if info.fields[name].may_update))


def _mapped(mapping: ObjectFacts) -> list[FieldFacts]:
    return [each for each in mapping.fields if each.enabled]


def _keep_partial(
    runtime: Runtime, connection: Connection, mapping: ObjectFacts, record: Mapping[str, Any], sight: Sight
) -> None:
    """Keep what this person saw; what is hidden from them stays as it was last seen by others."""
    fresh = {
        each.crm_field: decode_row_value(record, each.crm_field, each.field_type)
        for each in _mapped(mapping)
        if each.crm_field in sight.readable and each.field_type != "user"
    }
    with runtime.database.write() as session:
        kept = session.get(CrmRecord, (connection.id, mapping.object, record["Id"]))
        modified_at = parse_time(record["LastModifiedDate"])
        row = CrmRow(
            record_id=record["Id"],
            name=record.get("Name") or (kept.name if kept else ""),
            values=(dict(kept.values) if kept else {}) | fresh,
            modified_at=modified_at,
            modified_by=kept.modified_by if kept and kept.modified_at == modified_at else "",
            read_at=modified_at,
        )
        keep_seen(session, connection.id, mapping.object, row)


def _mark_gone(runtime: Runtime, connection: Connection, mapping: ObjectFacts, record_id: str) -> None:
    with runtime.database.write() as session:
        if (kept := session.get(CrmRecord, (connection.id, mapping.object, record_id))) is not None:
            kept.is_deleted = True


def _count(runtime: Runtime, connection: Connection, calls: int) -> None:
    with runtime.database.write() as session:
        usage.add(session, connection.id, calls)
