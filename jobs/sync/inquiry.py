"""Finding out what `jobs.sync.explain` tells: the rows, and one fresh read of the record where the CRM answers."""

from __future__ import annotations

from dataclasses import dataclass, replace

from jobs import usage
from jobs.crm.adapters import crm_label, open_adapter
from jobs.crm.base import CrmAdapter, CrmRow
from jobs.crm.describes import describe
from jobs.crm.errors import CrmError
from jobs.mappings import ObjectFacts
from jobs.models import Connection, CrmRecord, SyncRun
from jobs.runtime import Runtime, utc_now
from jobs.sync.drift import keep_drift
from jobs.sync.explain_steps import Look
from jobs.sync.rows import RecordKey, last_entries, rows_of
from jobs.sync.scene import Setup, look_around
from jobs.sync.settle import keep_seen


@dataclass(frozen=True)
class Asker:
    """What the one who asks may read and edit in the CRM; None: everything."""

    readable: tuple[str, ...] | None = None
    editable: tuple[str, ...] | None = None


def look_into(runtime: Runtime, key: RecordKey, asker: Asker | None = None, *, live: bool = True) -> Look:
    """Everything about one record. Raises NoResultFound.

    `live` costs one CRM call where it may be asked; without it, the record is told of as it was last seen.
    """
    asker = asker or Asker()
    with runtime.database.look() as database:
        connection, mapping = runtime.mappings.setup_of(database, key.connection_id, key.object)
        rows = rows_of(database, key)
        entries = last_entries(database, key)
    look = Look(
        connection=connection,
        crm=crm_label(connection.crm),
        object=key.object,
        mapping=mapping,
        now=utc_now(),
        open_run=rows.open_run,
        entries=entries,
        readable=None if asker.readable is None else frozenset(asker.readable),
        editable=None if asker.editable is None else frozenset(asker.editable),
    )
    if mapping is None:
        return look
    return _with_scene(_read(runtime, key, asker, _as_seen(runtime, key, look), connection, mapping, live=live))


def _as_seen(runtime: Runtime, key: RecordKey, look: Look) -> Look:
    """With the record as we saw it last."""
    with runtime.database.read() as session:
        seen = session.get(CrmRecord, (key.connection_id, key.object, key.crm_record_id))
    if seen is None:
        return look
    changed_at = seen.modified_at or seen.seen_at
    row = CrmRow(
        record_id=key.crm_record_id,
        name=seen.name,
        values=seen.values,
        modified_at=changed_at,
        modified_by=seen.modified_by,
        read_at=seen.seen_at,
        is_deleted=seen.is_deleted,
    )
    return replace(look, row=row, is_fresh=False, seen_at=seen.seen_at)


def _read(
    runtime: Runtime,
    key: RecordKey,
    asker: Asker,
    look: Look,
    connection: Connection,
    mapping: ObjectFacts,
    *,
    live: bool,
) -> Look:
    """With the record as the CRM has it now, or with the code of what kept us from reading it."""
    if connection.waits_until(look.now):
        return replace(look, problem="REQUEST_LIMIT_EXCEEDED")
    adapter: CrmAdapter | None = None
    try:
        adapter = open_adapter(runtime, connection)
        info = describe(runtime, adapter, connection.id, key.object)
        mapping = keep_drift(runtime, connection, mapping, info)
        look = replace(look, mapping=mapping)
        look = replace(look, setup=Setup(runtime, adapter, _as_run(key, asker), connection, mapping, info))
        assert look.setup is not None
        if not live:
            return look
        row = adapter.read(key.object, key.crm_record_id, look.setup.fields)
    except CrmError as error:
        return replace(look, problem=error.code or "NO_ANSWER")
    finally:
        if adapter is not None:
            usage.count(runtime, connection.id, adapter.calls)
    with runtime.database.write() as session:
        keep_seen(session, connection.id, key.object, row)
    return replace(look, row=row, is_fresh=True, seen_at=None)


def _with_scene(look: Look) -> Look:
    if look.setup is None or look.row is None:
        return look
    with look.setup.runtime.database.read() as session:
        return replace(look, scene=look_around(session, look.setup, look.row))


def _as_run(key: RecordKey, asker: Asker) -> SyncRun:
    """The run that this person would start; it is never stored."""
    return SyncRun(
        connection_id=key.connection_id,
        object=key.object,
        crm_record_id=key.crm_record_id,
        readable_fields=None if asker.readable is None else list(asker.readable),
        editable_fields=None if asker.editable is None else list(asker.editable),
        attempts=1,
    )
