"""Asking for a push: of one record of ours, to one object of a CRM. It inserts the row, and that is all."""

from __future__ import annotations

from dataclasses import asdict, dataclass

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert as postgres_insert
from sqlalchemy.dialects.sqlite import insert as sqlite_insert
from sqlalchemy.orm import Session

from jobs.asking import FIRST_LOOK
from jobs.models import LocalRecord, ObjectMapping, SyncRun
from jobs.models.run import OPEN, OPEN_PUSH, PUSH, QUEUED
from jobs.runtime import utc_now

ONE_OPEN = ("connection_id", "object", "local_record_id")


class PushRefused(Exception):
    """There is nothing that could be pushed there; the message says why."""


@dataclass(frozen=True)
class PushAsk:
    """Which record of ours is to be in the CRM, and as what."""

    connection_id: int
    object: str
    local_record_id: int
    trigger: str
    requested_by: str = ""
    requested_by_id: str = ""


def open_push(session: Session, ask: PushAsk) -> tuple[SyncRun, bool]:
    """The open push of exactly this, and whether it is a new one: the database says who was first.

    Raises PushRefused.
    """
    _require_possible(session, ask)
    insert = sqlite_insert if session.get_bind().dialect.name == "sqlite" else postgres_insert
    while True:
        now = utc_now()
        made = insert(SyncRun).values(
            **asdict(ask), kind=PUSH, status=QUEUED, created_at=now, enqueue_at=now + FIRST_LOOK
        )
        unless_open = made.on_conflict_do_nothing(index_elements=list(ONE_OPEN), index_where=OPEN_PUSH)
        run_id = session.execute(unless_open.returning(SyncRun.id)).scalar_one_or_none()
        if run_id is not None:
            return session.get_one(SyncRun, run_id), True
        if (run := _open_run(session, ask)) is not None:
            return run, False
        # The push that was in the way has just finished: ask again.


def _open_run(session: Session, ask: PushAsk) -> SyncRun | None:
    same = [getattr(SyncRun, name) == getattr(ask, name) for name in ONE_OPEN]
    return session.scalars(select(SyncRun).where(SyncRun.kind == PUSH, SyncRun.status.in_(OPEN), *same)).first()


def _require_possible(session: Session, ask: PushAsk) -> None:
    record = session.get(LocalRecord, ask.local_record_id)
    if record is None:
        raise PushRefused("This record of ours is not there any more.")
    mapped = select(ObjectMapping.kind).where(
        ObjectMapping.connection_id == ask.connection_id, ObjectMapping.object == ask.object
    )
    kind = session.scalar(mapped)
    if kind is None:
        raise PushRefused(f"{ask.object} records are not set up to sync. An admin can set them up under Objects.")
    if kind != record.kind:
        raise PushRefused(f"This record is of another kind than {ask.object} records: it cannot become one.")
