"""Import: everybody in a list of the CRM is synced, one by one, by the same steps as a single sync.

    page of ids → read many → for each: decide, write, settle → the next page

The place in the list moves in the transaction that puts a member's log entry down. Whoever takes the run over goes on
with the member that was at hand, and finds by its open intent what may have been written.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import structlog
from sqlalchemy.exc import OperationalError

from jobs import runs
from jobs.crm.base import CrmAdapter
from jobs.crm.describes import describe
from jobs.crm.errors import ConnectionBroken, CrmError, RateLimited, RetryLater, Unavailable
from jobs.crm.list_readers import lists_of
from jobs.crm.lists import ListReader
from jobs.mappings import ObjectFacts
from jobs.models import Connection, ListImport, SyncRun
from jobs.runtime import Runtime
from jobs.sync import import_rows, settle
from jobs.sync.drift import keep_drift
from jobs.sync.import_ask import why_not
from jobs.sync.import_reads import ReadAhead
from jobs.sync.push_settle import part_of
from jobs.sync.scene import Setup

# A long list is gone through in portions: the job ends well before its time limit, and others get their turn.
PORTION_SECONDS = 30.0
# A record that is being changed again and again is left for a later sync after so many looks.
RECORD_TRIES = 3

SyncOne = Callable[[Setup], None]
log = structlog.get_logger()


def import_list(runtime: Runtime, run: SyncRun, connection: Connection, adapter: CrmAdapter, sync_one: SyncOne) -> bool:
    """Sync who is in the list; False when the time for one job is over and more is left.

    Raises CrmError when that has to wait or cannot be done, and LeaseLost.
    """
    until = time.monotonic() + PORTION_SECONDS
    import_rows.begin(runtime, run)
    begun = run.attempts > 1 and import_rows.is_at_work_on_member(runtime, run)
    ahead = ReadAhead(adapter, lists_of(connection, adapter))
    while True:
        place = import_rows.place(runtime, run)
        if not begun and place.cancelled_by:
            import_rows.finish(runtime, run, adapter.calls, cancelled_by=place.cancelled_by)
            return True
        if not place.next_member:
            if place.is_last_page:
                import_rows.finish(runtime, run, adapter.calls)
                return True
            _turn_page(runtime, run, place, ahead.reader)
            continue
        if not _sync_member(runtime, run, place, ahead, sync_one, begun=begun):
            return True
        begun = False
        if time.monotonic() > until:
            return False


def _turn_page(runtime: Runtime, run: SyncRun, place: ListImport, reader: ListReader) -> None:
    members = reader.members(run.object, place.list_id, after=place.after)
    import_rows.turn_page(runtime, run, members)


def _sync_member(
    runtime: Runtime, run: SyncRun, place: ListImport, ahead: ReadAhead, sync_one: SyncOne, *, begun: bool
) -> bool:
    """One record; False when a switch was turned off meanwhile, and the run has ended with that."""
    with runtime.database.look() as database:
        connection, mapping = runtime.mappings.setup_of(database, run.connection_id, run.object)
    code = why_not(connection, mapping)
    if mapping is None or (code and not begun):
        settle.failed(runtime, run, connection, calls=ahead.adapter.calls, code=code, detail="")
        return False
    # Only the first member of an attempt can have been begun by an earlier one.
    attempts = run.attempts if begun else 1
    member = part_of(run, crm_record_id=place.next_member, attempts=attempts)
    try:
        sync_one(_setup(runtime, member, connection, mapping, ahead, place))
    except (RateLimited, Unavailable, ConnectionBroken, runs.LeaseLost, OperationalError):
        raise
    except RetryLater as error:  # this record's own trouble
        if place.tries < RECORD_TRIES:
            raise
        _failed(runtime, member, connection, error.code, error.message)
    except CrmError as error:
        _failed(runtime, member, connection, error.code, error.message)
    except Exception:
        # One bad record never stops a run.
        log.exception("import_member_crashed", run_id=run.id, record_id=member.crm_record_id)
        _failed(runtime, member, connection, "INTERNAL", "")
    return True


def _setup(
    runtime: Runtime,
    member: SyncRun,
    connection: Connection,
    mapping: ObjectFacts,
    ahead: ReadAhead,
    place: ListImport,
) -> Setup:
    info = describe(runtime, ahead.adapter, connection.id, member.object)
    mapping = keep_drift(runtime, connection, mapping, info)
    setup = Setup(runtime, ahead.adapter_of(member), member, connection, mapping, info)
    ahead.read(member.object, place.page[place.page_done :], setup.fields)
    return setup


def _failed(runtime: Runtime, member: SyncRun, connection: Connection, code: str, detail: str) -> None:
    settle.failed(runtime, member, connection, calls=0, code=code, detail=detail)
