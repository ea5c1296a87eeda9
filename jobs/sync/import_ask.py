"""Asking for an import of a list, and for its end. It changes rows, and that is all."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from jobs.asking import FIRST_LOOK
from jobs.crm.lists import NOT_USABLE, CrmList
from jobs.db import changed_one
from jobs.mappings import ObjectFacts
from jobs.models import Connection, ListImport, ObjectMapping, SyncRun
from jobs.models.list_import import IMPORT, PLACE
from jobs.models.run import CANCELLED, OPEN, QUEUED
from jobs.run_rows import COUNTS
from jobs.runtime import utc_now
from jobs.sync.import_rows import has_open_entry, said_of_stop


class ImportRefused(Exception):
    """Nothing would come of it. `code` says why, for `jobs.sync.words`."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class ImportAsk:
    mapping_id: int
    crm_list: CrmList
    trigger: str
    requested_by: str


def why_not(connection: Connection, mapping: ObjectMapping | ObjectFacts | None) -> str:
    """The code of the switch that stands in the way of an import; "" when none does."""
    if not connection.syncs_enabled:
        return "SYNCS_OFF"
    if mapping is None:
        return "NOT_MAPPED"
    if not mapping.enabled:
        return "OBJECT_OFF"
    return "" if mapping.inbound else "INBOUND_OFF"


def open_import(session: Session, ask: ImportAsk) -> tuple[SyncRun, bool]:
    """The open import of that list, and whether it is a new one. Raises ImportRefused."""
    # Locked: of two who ask in the same moment, the second finds the run of the first.
    mapping = session.get(ObjectMapping, ask.mapping_id, with_for_update=True)
    if mapping is None:
        raise ImportRefused("NOT_MAPPED")
    connection = session.get_one(Connection, mapping.connection_id)
    if code := why_not(connection, mapping) or ("" if ask.crm_list.is_usable else NOT_USABLE):
        raise ImportRefused(code)
    same = (
        select(SyncRun)
        .join(ListImport, ListImport.run_id == SyncRun.id)
        .where(SyncRun.connection_id == connection.id, SyncRun.object == mapping.object)
        .where(SyncRun.status.in_(OPEN), ListImport.list_id == ask.crm_list.list_id, ListImport.cancelled_by == "")
    )
    if (run := session.scalars(same.limit(1)).first()) is not None:
        return run, False
    found = ask.crm_list
    place = ListImport(
        list_id=found.list_id, list_name=found.name[:400], list_kind=found.kind[:60], total=found.size, page=[]
    )
    return _open(session, mapping, place, trigger=ask.trigger, requested_by=ask.requested_by), True


def open_rest(session: Session, mapping: ObjectMapping, stopped: SyncRun, *, trigger: str) -> SyncRun:
    """A run that goes on in the list where that one stopped."""
    was = session.get_one(ListImport, stopped.id)
    place = ListImport(**{name: getattr(was, name) for name in PLACE})
    return _open(session, mapping, place, trigger=trigger, requested_by=stopped.requested_by)


def cancel(session: Session, run_id: int, *, by: str) -> bool:
    """Stop an import after the member that is at hand; False when there is nothing to be stopped.

    One that waits, for its turn or for the CRM, ends at once, unless a write of its is still unanswered.
    """
    place = session.get(ListImport, run_id, with_for_update=True)
    run = session.get(SyncRun, run_id)
    if place is None or run is None or run.status not in OPEN or place.cancelled_by:
        return False
    place.cancelled_by = by
    if has_open_entry(session, run_id):
        return True
    session.flush()
    waiting = update(SyncRun).where(SyncRun.id == run_id, SyncRun.status == QUEUED)
    ended = {"status": CANCELLED, "message": said_of_stop(by), "code": "", "resume_at": None}
    changed_one(session, waiting.values(**ended, finished_at=utc_now(), version=SyncRun.version + 1))
    return True


def _open(session: Session, mapping: ObjectMapping, place: ListImport, *, trigger: str, requested_by: str) -> SyncRun:
    now = utc_now()
    run = SyncRun(
        connection_id=mapping.connection_id,
        kind=IMPORT,
        trigger=trigger,
        object=mapping.object,
        status=QUEUED,
        requested_by=requested_by,
        created_at=now,
        enqueue_at=now + FIRST_LOOK,
        version=1,
        **dict.fromkeys(COUNTS, 0),
    )
    session.add(run)
    session.flush()
    place.run_id = run.id
    session.add(place)
    return run
