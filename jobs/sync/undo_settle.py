"""Putting an undo down: the intent before a CRM write; record, link, base, log entry and count in one transaction."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

from sqlalchemy import Table, bindparam, func, select
from sqlalchemy.orm import Session

from jobs import progress, runs, usage
from jobs.crm.adapters import crm_label
from jobs.crm.base import CrmAdapter, CrmRow
from jobs.db import changed_one, row_of, update_row
from jobs.mappings import ObjectFacts
from jobs.models import Connection, LocalRecord, RecordLink, SyncLogEntry, SyncRun
from jobs.models.run import FAILED, PARTIAL, SUCCEEDED
from jobs.records import HERE as OUR_STORE
from jobs.records import write_values
from jobs.run_rows import RUNS, at_work
from jobs.runtime import Runtime, utc_now
from jobs.sync import changes as change_list
from jobs.sync import merge
from jobs.sync.log_entries import blank_entry, count_of, store
from jobs.sync.refusals import Refusals
from jobs.sync.scene import Setup, bases_of, stored_base
from jobs.sync.settle import keep_seen
from jobs.sync.stamps import stamps_after
from jobs.sync.undo_plan import (
    BROUGHT_BACK,
    CREATION_REDONE,
    CREATION_UNDONE,
    OF_DELETION,
    OF_RECORD,
    Left,
    UndoPlan,
    Written,
    undone_base,
)
from jobs.sync.words import words
from jobs.values import Value

RULE = "UNDO"
# Left as it is and no more to say: it already is as it was.
_SILENT = frozenset({"ALREADY_BACK"})
_HIDDEN = "HIDDEN_FROM_YOU"
LOST = "GONE_UNANSWERED"
"""The CRM never answered the write, and does not show the record any more."""
# Codes of an entry that left nothing as it was.
_ALL_BACK = ("", *sorted(OF_RECORD))

_ENTRIES = cast(Table, SyncLogEntry.__table__)
_INTENT = select(_ENTRIES).where(
    _ENTRIES.c.run_id == bindparam("run_id"),
    _ENTRIES.c.undoes_entry_id == bindparam("undone_id"),
    _ENTRIES.c.finished_at.is_(None),
)


class MovedMeanwhile(Exception):
    """Our record or its link changed since they were looked at: look again."""


@dataclass(frozen=True)
class Undone:
    """What is to be put down about one entry, once the CRM's side is as it should be."""

    entry: SyncLogEntry  # the one that is taken back
    plan: UndoPlan
    link: RecordLink | None
    local: LocalRecord | None
    read: CrmRow | None  # None: the CRM was not asked
    after: CrmRow | None
    there: tuple[Written, ...]  # went back in the CRM
    done: Sequence[dict[str, Any]]  # the same as the log keeps them
    refusals: Refusals
    lost: Sequence[dict[str, Any]] = ()  # may have gone back in the CRM, and nobody can tell
    others: Sequence[RecordLink] = ()  # of the same record of ours


def change_of(written: Written) -> dict[str, Any]:
    """What taking it back means for the log: a change like any other, so that it can be undone in its turn."""
    return {
        "field": written.field,
        "crm_field": written.crm_field,
        "label": written.label,
        "type": written.field_type,
        "side": written.side,
        "old": written.wrote,
        "new": written.before,
        "rule": RULE,
    }


def unfinished_changes(runtime: Runtime, run: SyncRun, entry: SyncLogEntry) -> list[dict[str, Any]]:
    """What an earlier attempt of this run meant to write to the CRM before it died."""
    with runtime.database.read() as session:
        intent = _stored_intent(session, run, entry)
    return [] if intent is None else [each for each in intent.changes if each["side"] == change_list.CRM]


def note_intent(
    setup: Setup, undone: SyncLogEntry, row: CrmRow, local: LocalRecord | None, changes: Sequence[dict[str, Any]]
) -> None:
    """Commit what is about to be written, with old and new values. Raises LeaseLost."""
    with setup.runtime.database.write() as session:
        runs.keep(session, setup.run, step="writing", seconds=setup.runtime.settings.lease_seconds)
        entry = _entry(session, setup.run, undone, row.name)
        entry.outcome, entry.direction, entry.changes = "updated", "outbound", list(changes)
        store(session, entry)


def settle(setup: Setup, what: Undone) -> None:
    """One transaction for one entry. Raises MovedMeanwhile or LeaseLost, with nothing written."""
    with setup.runtime.database.write() as session:
        if what.plan.record in OF_DELETION:
            _undo_deletion(session, what)
        elif what.plan.here or what.plan.record:
            _put_back_here(session, setup, what)
        if what.plan.record not in OF_DELETION and what.link is not None and (what.plan.here or what.there):
            _save_link(session, setup, what, what.link)
        if what.plan.record not in OF_DELETION:
            for link in what.others:
                _set_apart(session, setup, link, what.plan.here)
        if what.after is not None:
            keep_seen(session, setup.connection.id, what.entry.object, what.after)
        entry = _finished_entry(session, setup, what)
        store(session, entry)
        _count(session, setup, entry)


def refuse(runtime: Runtime, run: SyncRun, connection: Connection, adapter: CrmAdapter, code: str) -> None:
    """Finish the run with nothing more done, and say why."""
    said = words(code, crm=crm_label(connection.crm), object_label=run.object)
    with runtime.database.write() as session:
        entry = blank_entry(run, run.object, run.crm_record_id)
        entry.outcome, entry.undoes_entry_id = "skipped", run.undoes_entry_id
        entry.code, entry.message, entry.remedy = code, said.message, said.remedy
        entry.finished_at = utc_now()
        store(session, entry)
        _close(session, run, adapter, skipped_count=1)
    progress.tell(runtime, run.id)


def finish(runtime: Runtime, run: SyncRun, adapter: CrmAdapter) -> None:
    """All entries are done: close the run by what they say."""
    with runtime.database.write() as session:
        _close(session, run, adapter)
    progress.tell(runtime, run.id)


def _put_back_here(session: Session, setup: Setup, what: Undone) -> None:
    local = what.local
    assert local is not None
    seen_version, name = local.version, local.name
    values = {each.field: each.before for each in what.plan.here}
    write_values(session, local, values, by=setup.run.requested_by, source=OUR_STORE, at=utc_now())
    if what.plan.record == CREATION_UNDONE:
        # Its name stays, for whoever meets it in the log.
        local.deleted_at, local.name = utc_now(), name
    elif what.plan.record == CREATION_REDONE:
        local.deleted_at = None
    if not update_row(session, local, seen_version=seen_version):
        raise MovedMeanwhile


def _undo_deletion(session: Session, what: Undone) -> None:
    """Ours comes back with its values, or goes again. Its link remembers that it went once, so it stays."""
    local, link = what.local, what.link
    assert local is not None
    seen_version = local.version
    local.deleted_at = None if what.plan.record == BROUGHT_BACK else utc_now()
    local.version = seen_version + 1
    if not update_row(session, local, seen_version=seen_version):
        raise MovedMeanwhile
    if local.deleted_at is None or link is None or link.deleted_ours_at is None:
        return
    seen_link = link.version
    link.deleted_ours_at, link.version = local.deleted_at, seen_link + 1
    if not update_row(session, link, seen_version=seen_link):
        raise MovedMeanwhile


def _save_link(session: Session, setup: Setup, what: Undone, link: RecordLink) -> None:
    """The base tells both sides apart on purpose, or the next sync would do again what was undone."""
    seen_version = link.version
    mapped = {(each.local_field, each.crm_field) for each in setup.mapping.fields}
    here = [each for each in what.plan.here if (each.field, each.crm_field) in mapped]
    there = [each for each in what.there if (each.field, each.crm_field) in mapped]
    known = bases_of(setup.mapping, link)
    if what.read is not None and what.after is not None:
        stamps = stamps_after(link, what.read, what.after, wrote=bool(what.there))
        link.own_write_at, link.changed_before_at = stamps
    _keep_base(link, setup.mapping, undone_base(known, here, there, what.after, held=_held(what)))
    link.version = seen_version + 1
    if not update_row(session, link, seen_version=seen_version):
        raise MovedMeanwhile


def _set_apart(session: Session, setup: Setup, link: RecordLink, here: Iterable[Written]) -> None:
    """Of another link of the same record: what it would bring in again, or pass on as if somebody had put it in here.

    A value that this link has not seen is not held back from it, and to another CRM it passes on like any of ours.
    """
    mapping = setup.runtime.mappings.find(session.connection(), link.connection_id, link.object)
    if mapping is None:
        return
    is_same_crm = link.connection_id == setup.connection.id
    inbound = {each.local_field for each in mapping.fields if each.direction == "inbound"}
    sent = {each.local_field for each in mapping.fields if is_same_crm} - inbound
    known = bases_of(mapping, link)
    apart = {
        each.field: merge.Base(each.before, base.crm)
        for each in here
        if (base := known.get(each.field)) is not None
        and (each.field in inbound or (each.field in sent and base.local == each.wrote))
    }
    if not apart:
        return
    seen_version = link.version
    _keep_base(link, mapping, known | apart)
    link.version = seen_version + 1
    if not update_row(session, link, seen_version=seen_version):
        raise MovedMeanwhile


def _keep_base(link: RecordLink, mapping: ObjectFacts, base: dict[str, merge.Base]) -> None:
    """A base of a field that was mapped since the last sync holds from now on, and no older one with it."""
    link.base = link.base | stored_base(base)
    is_new = any(
        each.local_field in base
        and each.mapped_at is not None
        and (link.synced_at is None or link.synced_at < each.mapped_at)
        for each in mapping.fields
    )
    if is_new:
        link.synced_at = utc_now()


def _held(what: Undone) -> dict[str, Value]:
    """What the CRM held of what went back there, by our field: somebody may have changed it since."""
    return {each["field"]: each.get("stored", each["new"]) for each in what.done if not each.get("unsure")}


def _finished_entry(session: Session, setup: Setup, what: Undone) -> SyncLogEntry:
    entry = _entry(session, setup.run, what.entry, what.after.name if what.after is not None else "")
    known = [*what.done, *(change_of(each) for each in what.plan.here)]
    entry.changes = known + change_list.as_unsure(what.lost)
    entry.direction = change_list.direction(entry.changes)
    told = [each for each in what.plan.left if each.code not in _SILENT]
    entry.left_alone = [_left(setup, each, what.refusals) for each in told]
    is_refused = any(what.refusals.code_for(each.written.crm_field) == each.code for each in told)
    entry.outcome = "updated" if known else "failed" if is_refused else "skipped" if told else "unchanged"
    entry.finished_at = utc_now()
    _say(setup, entry, what)
    return entry


def _say(setup: Setup, entry: SyncLogEntry, what: Undone) -> None:
    codes = [each["code"] for each in entry.left_alone]
    # What this person may know of comes first.
    code = next((each for each in codes if each != _HIDDEN), _HIDDEN if codes else what.plan.record)
    if any(change.get("unsure") for change in entry.changes):
        code = LOST if what.lost else "WRITE_UNKNOWN"
    if not code:
        return
    labels = [each["label"] for each in entry.left_alone if each["code"] == code != _HIDDEN]
    fields = ", ".join(dict.fromkeys(labels))
    said = words(code, crm=setup.crm_label, object_label=_object(setup), fields=fields, detail=what.refusals.message)
    entry.code, entry.remedy = code, said.remedy
    entry.message = f"{fields} stays as it is: {said.message}" if labels and code != LOST else said.message


def _left(setup: Setup, left: Left, refusals: Refusals) -> dict[str, Any]:
    written = left.written
    said = words(
        left.code, crm=setup.crm_label, object_label=_object(setup), fields=written.label, detail=refusals.message
    )
    return {
        "field": written.field,
        "crm_field": written.crm_field,
        "label": written.label,
        "side": written.side,
        "code": left.code,
        "reason": said.message,
    }


def _object(setup: Setup) -> str:
    return setup.mapping.object_label


def _entry(session: Session, run: SyncRun, undone: SyncLogEntry, name: str) -> SyncLogEntry:
    """The open intent for this entry, or a new one. `store` it when it is complete."""
    entry = _stored_intent(session, run, undone)
    if entry is None:
        entry = blank_entry(run, undone.object, undone.crm_record_id)
        entry.undoes_entry_id = undone.id
    entry.local_record_id = undone.local_record_id
    entry.record_name = name[:400] or undone.record_name
    return entry


def _stored_intent(session: Session, run: SyncRun, undone: SyncLogEntry) -> SyncLogEntry | None:
    found = session.connection().execute(_INTENT, {"run_id": run.id, "undone_id": undone.id}).one_or_none()
    return row_of(SyncLogEntry, found) if found is not None else None


def _count(session: Session, setup: Setup, entry: SyncLogEntry) -> None:
    """Count the entry in the transaction that stores it, and renew the lease. Raises LeaseLost."""
    run = setup.run
    column = RUNS.c[count_of(entry)]
    until = utc_now() + timedelta(seconds=setup.runtime.settings.lease_seconds)
    owned = at_work(run)
    counted = owned.values({column: column + 1, RUNS.c.lease_until: until, RUNS.c.enqueue_at: until})
    if not changed_one(session, counted):
        raise runs.LeaseLost


def _close(session: Session, run: SyncRun, adapter: CrmAdapter, **counts: int) -> None:
    usage.add(session, run.connection_id, adapter.calls)
    code, message = _told(session, run)
    status = _status(session, run)
    counts["calls"] = adapter.calls
    runs.finish(session, run, status=status, code=code, message=message, may_read_again=False, **counts)


def _told(session: Session, run: SyncRun) -> tuple[str, str]:
    """The code and sentence of the run: those of its one entry, or of the first that has any."""
    query = (
        select(SyncLogEntry.code, SyncLogEntry.message)
        .where(SyncLogEntry.run_id == run.id, SyncLogEntry.code != "")
        .order_by(SyncLogEntry.id)
        .limit(1)
    )
    found = session.execute(query).one_or_none()
    return (found.code, found.message) if found is not None else ("", "")


def _status(session: Session, run: SyncRun) -> str:
    query = select(SyncLogEntry.outcome, func.count()).where(SyncLogEntry.run_id == run.id)
    counted = {row[0]: row[1] for row in session.execute(query.group_by(SyncLogEntry.outcome))}
    left_some = select(SyncLogEntry.id).where(
        SyncLogEntry.run_id == run.id, SyncLogEntry.outcome == "updated", SyncLogEntry.code.not_in(_ALL_BACK)
    )
    if counted.get("updated"):
        is_partial = counted.get("failed") or counted.get("skipped") or session.scalar(left_some.limit(1)) is not None
        return PARTIAL if is_partial else SUCCEEDED
    return FAILED if counted.get("failed") else SUCCEEDED
