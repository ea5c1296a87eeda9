"""What could not be synced for want of access is asked for again once the connection is let in.

A run that the CRM does not let in fails at once and says so: whoever waits has to hear of it. That it happened is noted
at the connection in the same transaction (`Connection.interrupted_at`); of which records, the failed runs tell. Whoever
mends the connection has nothing to do but that: the tick looks for those that are noted and active again.

An import goes on in its list where it stopped.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy import ColumnElement, Select, Text, and_, cast, exists, func, or_, select
from sqlalchemy.orm import InstrumentedAttribute, Session, aliased

from jobs import asking
from jobs.models import Connection, ListImport, ObjectMapping, SyncRun
from jobs.models.connection import ACTIVE, DISCONNECTED
from jobs.models.run import FAILED, OPEN
from jobs.runtime import Runtime, utc_now
from jobs.sync.import_ask import open_rest

TRIGGER = "schedule"
# So many at a time: the next ones are asked for when these are done.
PORTION = 200
# A connection may be let in and yet be refused: what was asked for again is not asked for with every tick.
AGAIN_AFTER = timedelta(minutes=5)
CODES = ("CONNECTION_BROKEN", "ENCRYPTION_KEY", DISCONNECTED, "WRITE_UNKNOWN")
# The moment is noted by one machine's clock, the end of a run by another's.
CLOCKS_DIFFER = timedelta(minutes=1)

_IS_LET_IN = and_(
    Connection.interrupted_at.is_not(None), Connection.state == ACTIVE, Connection.syncs_enabled.is_(True)
)


def resume(runtime: Runtime) -> list[int]:
    """Open a run for each record that waited for access, a portion at a time; their ids, for the queue.

    The rest of an import belongs on another queue: the tick finds its run like any that the queue did not hear of.
    """
    with runtime.database.read() as session:
        connection_ids = list(session.scalars(select(Connection.id).where(_IS_LET_IN)))
    opened: list[int] = []
    for connection_id in connection_ids:
        with runtime.database.write() as session:
            opened += _resume(session, connection_id)
    return opened


def how_many(session: Session, connection: Connection) -> int:
    """The records of this connection that wait to be asked for again."""
    if connection.interrupted_at is None:
        return 0
    records = _waiting(connection).with_only_columns(SyncRun.object, SyncRun.crm_record_id).distinct()
    return session.scalar(select(func.count()).select_from(records.subquery())) or 0


def imports_waiting(session: Session, connection: Connection) -> int:
    """The imports of this connection that stopped, and wait to go on."""
    if connection.interrupted_at is None:
        return 0
    return session.scalar(select(func.count()).select_from(_imports(connection).subquery())) or 0


def _resume(session: Session, connection_id: int) -> list[int]:
    # Held to the end: a run that fails meanwhile notes that after us, and is not forgotten with the others.
    held = select(Connection).where(Connection.id == connection_id, _IS_LET_IN)
    connection = session.scalar(held.with_for_update(key_share=True, skip_locked=True))
    if connection is None:
        return []
    room = PORTION - _open_now(session, connection_id)
    failed = session.scalars(_due(connection).limit(room)).all() if room > 0 else []
    opened = [asking.open_again(session, run, trigger=TRIGGER) for run in _one_of_each_record(failed)]
    stopped = session.execute(_imports(connection).where(~_was_just_tried()).order_by(SyncRun.id)).all()
    for run, mapping in stopped:
        open_rest(session, mapping, run, trigger=TRIGGER)
    is_all = not opened and not stopped
    if is_all and how_many(session, connection) == 0 and imports_waiting(session, connection) == 0:
        connection.interrupted_at = None
    return [run_id for run_id in opened if run_id is not None]


def _one_of_each_record(failed: Iterable[SyncRun]) -> list[SyncRun]:
    """The oldest: a run that no person's rights limit makes up for all before it, and, asked again, for those after."""
    chosen: dict[tuple[str, str], SyncRun] = {}
    for run in failed:
        chosen.setdefault((run.object, run.crm_record_id), run)
    return list(chosen.values())


def _due(connection: Connection) -> Select[SyncRun]:
    """Those that may be asked for now: nothing of their record is open, and they were not asked for just before."""
    open_run = aliased(SyncRun)
    is_open = exists().where(open_run.kind == "single", open_run.status.in_(OPEN), *_same_record(open_run))
    return _waiting(connection).where(~is_open, ~_was_just_tried()).order_by(SyncRun.id)


def _was_just_tried() -> ColumnElement[bool]:
    return and_(SyncRun.trigger == TRIGGER, SyncRun.finished_at > utc_now() - AGAIN_AFTER)


def _waiting(connection: Connection) -> Select[SyncRun]:
    """The failed runs that no later one has made up for, of objects that are on.

    A later run makes up for one that was limited to a person's rights if it had the same ones, or was limited by none.
    """
    later, mapping = aliased(SyncRun), ObjectMapping
    may_as_much = or_(
        and_(_is_free(later.readable_fields), _is_free(later.editable_fields)),
        and_(
            _rights(later.readable_fields) == _rights(SyncRun.readable_fields),
            _rights(later.editable_fields) == _rights(SyncRun.editable_fields),
        ),
    )
    made_up_for = exists().where(later.kind == "single", later.id > SyncRun.id, *_same_record(later), may_as_much)
    is_on = exists().where(
        mapping.connection_id == SyncRun.connection_id, mapping.object == SyncRun.object, mapping.enabled.is_(True)
    )
    return select(SyncRun).where(SyncRun.kind == "single", *_lost_access(connection), is_on, ~made_up_for)


def _imports(connection: Connection) -> Select[SyncRun, ObjectMapping]:
    """The imports that stopped, each with its mapping, which is on. A later one of the same list makes up for one."""
    later, place, later_place = aliased(SyncRun), aliased(ListImport), aliased(ListImport)
    was_asked_for_again = (
        exists()
        .where(later_place.run_id == later.id, later_place.list_id == place.list_id, later.id > SyncRun.id)
        .where(later.connection_id == SyncRun.connection_id, later.object == SyncRun.object)
    )
    return (
        select(SyncRun, ObjectMapping)
        .join(place, place.run_id == SyncRun.id)
        .join(
            ObjectMapping,
            and_(ObjectMapping.connection_id == SyncRun.connection_id, ObjectMapping.object == SyncRun.object),
        )
        .where(*_lost_access(connection), ObjectMapping.enabled.is_(True), ObjectMapping.inbound.is_(True))
        .where(place.cancelled_by == "", ~was_asked_for_again)
    )


def _lost_access(connection: Connection) -> tuple[ColumnElement[bool], ...]:
    assert connection.interrupted_at is not None
    return (
        SyncRun.connection_id == connection.id,
        SyncRun.status == FAILED,
        SyncRun.code.in_(CODES),
        SyncRun.finished_at >= connection.interrupted_at - CLOCKS_DIFFER,
    )


def _same_record(other: type[SyncRun]) -> tuple[ColumnElement[bool], ...]:
    names = ("connection_id", "object", "crm_record_id")
    return tuple(getattr(other, name) == getattr(SyncRun, name) for name in names)


def _rights(column: InstrumentedAttribute[list[str] | None]) -> ColumnElement[str]:
    """As text, for all databases alike; no limit is kept as null, in SQL or in JSON."""
    return func.coalesce(cast(column, Text), "null")


def _is_free(column: InstrumentedAttribute[list[str] | None]) -> ColumnElement[bool]:
    return _rights(column) == "null"


def _open_now(session: Session, connection_id: int) -> int:
    own = select(func.count()).where(SyncRun.connection_id == connection_id, SyncRun.trigger == TRIGGER)
    return session.scalar(own.where(SyncRun.kind == "single", SyncRun.status.in_(OPEN))) or 0
