"""A fresh look at one CRM record when a panel opens: with the person's own eyes, or with the connection's."""

from __future__ import annotations

from dataclasses import dataclass, replace

from jobs import usage
from jobs.crm.adapters import open_adapter, open_as_person
from jobs.crm.base import CrmRow, ObjectInfo
from jobs.crm.describes import describe
from jobs.crm.errors import NotFound
from jobs.mappings import FieldFacts, ObjectFacts
from jobs.models import Connection, CrmRecord
from jobs.runtime import Runtime
from jobs.sync import filters
from jobs.sync.settle import keep_seen


@dataclass(frozen=True)
class Sight:
    """CRM fields, mapped or asked about by the filter, that a person may read and edit on one record."""

    readable: tuple[str, ...]
    editable: tuple[str, ...]


def look_as_person(runtime: Runtime, connection: Connection, mapping: ObjectFacts, record_id: str, token: str) -> Sight:
    """Read the record with the person's own token: its sharing and field security are the CRM's, not ours.

    One call. Raises NotFound when this person may not see the record, AuthorizationLost when the token has ended.
    """
    adapter = open_as_person(runtime, connection, token)
    fields = {each.crm_field: each.field_type for each in _mapped(mapping)}
    try:
        info, row = adapter.see(mapping.object, record_id, fields)
    finally:
        usage.count(runtime, connection.id, adapter.calls)
    _keep_partial(runtime, connection, mapping, row)
    return _sight(mapping, info)


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
        usage.count(runtime, connection.id, adapter.calls)
    with runtime.database.write() as session:
        keep_seen(session, connection.id, mapping.object, row)


def _sight(mapping: ObjectFacts, info: ObjectInfo) -> Sight:
    asked = [*(each.crm_field for each in _mapped(mapping)), *sorted(filters.names(mapping.filter))]
    visible = [name for name in dict.fromkeys(asked) if name in info.fields]
    return Sight(tuple(visible), tuple(name for name in visible if info.fields[name].may_update))


def _mapped(mapping: ObjectFacts) -> list[FieldFacts]:
    return [each for each in mapping.fields if each.enabled]


def _keep_partial(runtime: Runtime, connection: Connection, mapping: ObjectFacts, row: CrmRow) -> None:
    """Keep what this person saw; what is hidden from them stays as it was last seen by others.

    A user they were not shown stays only as long as the record is the one that others saw: it may be another by now.
    """
    users = {each.crm_field for each in _mapped(mapping) if each.field_type == "user"}
    with runtime.database.write() as session:
        kept = session.get(CrmRecord, (connection.id, mapping.object, row.record_id))
        if kept is not None:
            stale = users if kept.modified_at != row.modified_at else set()
            last_seen = {name: value for name, value in kept.values.items() if name not in stale}
            row = replace(
                row,
                name=row.name or kept.name,
                values=last_seen | dict(row.values),
                modified_by=kept.modified_by if kept.modified_at == row.modified_at else "",
            )
        keep_seen(session, connection.id, mapping.object, row)


def _mark_gone(runtime: Runtime, connection: Connection, mapping: ObjectFacts, record_id: str) -> None:
    with runtime.database.write() as session:
        if (kept := session.get(CrmRecord, (connection.id, mapping.object, record_id))) is not None:
            kept.is_deleted = True
