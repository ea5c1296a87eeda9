"""The watermarks' rows: which objects are looked at, whose turn it is, and who is at it.

As with a run, every change is a conditional update: a worker that has lost its lease finds out by losing.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Select, and_, delete, exists, or_, select, update
from sqlalchemy.orm import Session

from jobs.crm.changes import Span
from jobs.db import insert_unless_known
from jobs.models import Connection, ObjectMapping, Watermark
from jobs.models.connection import ACTIVE
from jobs.runs import LeaseLost
from jobs.runtime import utc_now

# Far above what a page takes: every CRM call has its own time limit.
LEASE = timedelta(minutes=2)
# The queue is told again of what nobody has taken up until then.
ENQUEUE_AGAIN = timedelta(minutes=2)

_IS_ON = and_(ObjectMapping.enabled.is_(True), Connection.syncs_enabled.is_(True))


def keep_up_with_switches(session: Session, every: timedelta) -> None:
    """A watermark for each object that is on, from this moment; none for the others."""
    off = ~exists(_mappings(ObjectMapping.id).where(ObjectMapping.id == Watermark.object_mapping_id, _IS_ON))
    session.execute(delete(Watermark).where(off))
    now = utc_now()
    for mapping_id in session.scalars(_unmarked()).all():
        new = {"object_mapping_id": mapping_id, "began_at": now, "next_look_at": now + every, "enqueue_at": now + every}
        insert_unless_known(session, Watermark, new)


def switches_moved(session: Session) -> bool:
    """Whether there is anything to keep up with."""
    off = select(Watermark.object_mapping_id).where(
        ~exists(_mappings(ObjectMapping.id).where(ObjectMapping.id == Watermark.object_mapping_id, _IS_ON))
    )
    return session.scalar(_unmarked().limit(1)) is not None or session.scalar(off.limit(1)) is not None


def begin_anew(session: Session, connection_id: int, object_name: str | None = None) -> None:
    """A switch was turned: what changed while it was off is not looked for. One object, or all of the connection."""
    of_connection = select(ObjectMapping.id).where(ObjectMapping.connection_id == connection_id)
    if object_name is not None:
        of_connection = of_connection.where(ObjectMapping.object == object_name)
    session.execute(delete(Watermark).where(Watermark.object_mapping_id.in_(of_connection)))


def due(session: Session) -> list[int]:
    """Ids of the mappings whose look is due, of connections that may be asked now."""
    now = utc_now()
    query = _mappings(ObjectMapping.id).join(Watermark, Watermark.object_mapping_id == ObjectMapping.id)
    may_be_asked = or_(Connection.paused_until.is_(None), Connection.paused_until <= now)
    return list(session.scalars(query.where(_is_due(now), _IS_ON, Connection.state == ACTIVE, may_be_asked)))


def take_due(session: Session, mapping_ids: Collection[int]) -> list[int]:
    """Those that the queue should be told about now. Each is postponed as it is taken: two clocks do not both tell."""
    now = utc_now()
    taken = update(Watermark).where(Watermark.object_mapping_id.in_(mapping_ids), _is_due(now))
    return list(session.scalars(taken.values(enqueue_at=now + ENQUEUE_AGAIN).returning(Watermark.object_mapping_id)))


def claim(session: Session, mapping_id: int) -> Watermark | None:
    """Take a look that is due. None when it is not, or somebody else is at it: losing is normal."""
    now = utc_now()
    is_free = or_(Watermark.lease_until.is_(None), Watermark.lease_until < now)
    taken = (
        update(Watermark)
        .where(Watermark.object_mapping_id == mapping_id, Watermark.next_look_at <= now, is_free)
        .values(fence=Watermark.fence + 1, lease_until=now + LEASE)
        .returning(Watermark)
        .execution_options(populate_existing=True)
    )
    return session.scalar(taken)


def begin(session: Session, mark: Watermark, span: Span, covers_until: datetime) -> Watermark:
    """A look begins: it spans this, and knows so much at its end. Raises LeaseLost."""
    values = {"since_at": span.since, "until_at": span.until, "covers_until_at": covers_until}
    return _change(session, mark, after="", found_so_far=0, **values)


def go_on(session: Session, mark: Watermark, *, after: str, found: int) -> Watermark:
    """A page is done, in the caller's transaction. Raises LeaseLost."""
    return _change(session, mark, after=after, found_so_far=mark.found_so_far + found, lease_until=utc_now() + LEASE)


def finish(session: Session, mark: Watermark, *, found: int, every: timedelta) -> None:
    """The last page is done, in the caller's transaction: now, and only now, the watermark moves. Raises LeaseLost."""
    now = utc_now()
    _change(
        session,
        mark,
        known_until_at=mark.covers_until_at,
        looked_at=now,
        found_count=mark.found_so_far + found,
        **_AT_REST | {"next_look_at": now + every, "enqueue_at": now + every, "code": "", "message": ""},
    )


def pause(session: Session, mark: Watermark, until: datetime) -> None:
    """Go on with the same page then. Raises LeaseLost."""
    _change(session, mark, lease_until=None, next_look_at=until, enqueue_at=until)


def put_off(session: Session, mark: Watermark, until: datetime, *, code: str, message: str) -> None:
    """It went wrong: look again then, from the same watermark. Raises LeaseLost."""
    _change(session, mark, **_AT_REST | {"next_look_at": until, "enqueue_at": until, "code": code, "message": message})


_AT_REST: dict[str, Any] = {
    "since_at": None,
    "until_at": None,
    "covers_until_at": None,
    "after": "",
    "found_so_far": 0,
    "lease_until": None,
}


def _change(session: Session, mark: Watermark, **values: Any) -> Watermark:
    """The row as it is then, as one of no session. Raises LeaseLost."""
    own = update(Watermark).where(
        Watermark.object_mapping_id == mark.object_mapping_id,
        Watermark.fence == mark.fence,
        Watermark.began_at == mark.began_at,
        Watermark.lease_until.is_not(None),
    )
    changed = session.scalar(
        own.values(**values).returning(Watermark).execution_options(populate_existing=True, synchronize_session=False)
    )
    if changed is None:
        raise LeaseLost
    return changed


def _is_due(now: datetime) -> ColumnElement[bool]:
    is_free = or_(Watermark.lease_until.is_(None), Watermark.lease_until < now)
    return and_(Watermark.next_look_at <= now, Watermark.enqueue_at <= now, is_free)


def _mappings(*columns: Any) -> Select[Any]:
    return select(*columns).join_from(ObjectMapping, Connection, Connection.id == ObjectMapping.connection_id)


def _unmarked() -> Select[Any]:
    marked = exists().where(Watermark.object_mapping_id == ObjectMapping.id)
    return _mappings(ObjectMapping.id).where(_IS_ON, ~marked)
