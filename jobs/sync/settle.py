"""Putting it down: the intent before a CRM write, and one transaction for record, link, base, log and run after it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import text, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from jobs import progress, runs
from jobs.crm.adapters import crm_label
from jobs.crm.base import CrmRow
from jobs.crm.errors import RetryLater
from jobs.db import insert_row, update_row, upsert
from jobs.models import Connection, CrmRecord, LocalRecord, RecordLink, SyncLogEntry, SyncRun
from jobs.models.run import FAILED, PARTIAL, SUCCEEDED
from jobs.records import new_record, write_values
from jobs.runtime import Runtime, utc_now
from jobs.sync import changes as change_list
from jobs.sync import merge
from jobs.sync.conflicts import keep_conflicts
from jobs.sync.fates import LocalMovedOn as LocalMovedOn
from jobs.sync.fates import follow, lose_sight
from jobs.sync.log_entries import close, entry_of, store
from jobs.sync.other_crms import FROM_OTHER_CRM
from jobs.sync.plan import Plan, Skip, base_after
from jobs.sync.push_claims import is_being_made
from jobs.sync.refusals import Refusals
from jobs.sync.rows import linked_pair
from jobs.sync.scene import Scene, Setup, agreed_so_far, bases, find_match, stored_base
from jobs.sync.stamps import changed_in_crm_at, stamps_after
from jobs.sync.words import words

# Left as they are by a standing rule, every time: not worth a line in the log.
_SILENT = frozenset(
    {
        "LEFT_APART",
        "NOTHING_TO_WRITE",
        "KEPT_WHEN_BLANK",
        "FILLS_BLANK_ONLY",
        "INBOUND_OFF",
        "OUTBOUND_OFF",
        "UPDATE_HERE_OFF",
        "UPDATE_THERE_OFF",
        FROM_OTHER_CRM,
    }
)

OTHERWISE = "CHANGED_SINCE_PREVIEW"

Changes = Sequence[dict[str, Any]]


@dataclass(frozen=True)
class Settlement:
    """What is to be put down about one record, once the CRM's side is as it should be."""

    read: CrmRow  # as it was when it was decided upon: whose change a pulled value is
    row: CrmRow  # as it is now, after our own write
    scene: Scene
    plan: Plan
    done: Changes  # what was written to the CRM
    written: Mapping[str, merge.Base]  # the base of what was written
    refusals: Refusals
    has_entry: bool = True  # an intent may have been noted: False saves looking for it
    otherwise: bool = False  # the person saw a preview that said something else


def note_intent(
    setup: Setup, row: CrmRow, scene: Scene, changes: Changes, *, has_entry: bool = True, otherwise: bool = False
) -> None:
    """Commit what is about to be written, with old and new values. Raises LeaseLost."""
    with setup.runtime.database.write() as session:
        runs.keep(session, setup.run, step="writing", seconds=setup.runtime.settings.lease_seconds)
        entry = entry_of(session, setup.run, row, scene.local, look=has_entry)
        entry.outcome, entry.direction, entry.changes = "updated", "outbound", list(changes)
        entry.message, entry.code = "", OTHERWISE if otherwise else ""
        store(session, entry)


def settle(setup: Setup, what: Settlement, *, may_read_again: bool) -> None:
    """Local record, link, base, log entry and run in one transaction.

    Raises LocalMovedOn, LeaseLost, or AskedAgain where the run may read again, with nothing written.
    """
    with setup.runtime.database.write() as session:
        _settle(session, setup, what, may_read_again=may_read_again)
    progress.tell(setup.runtime, setup.run.id)


def _settle(session: Session, setup: Setup, what: Settlement, *, may_read_again: bool) -> None:
    pulls = what.plan.chosen("pull")
    is_new = what.scene.local is None
    comes_back = what.scene.comes_back  # asked now: it is answered by what is about to be changed
    touches_local = bool(pulls) or is_new or comes_back
    local = changed_local(session, setup, what, pulls) if touches_local else what.scene.local
    assert local is not None
    conflicts = keep_conflicts(session, setup, what.scene, what.read, what.plan)
    save_link(session, setup, what, local.id, conflicts)
    keep_seen(session, setup.connection.id, setup.run.object, what.row, synced=_is_whole(setup.run))
    entry = entry_of(session, setup.run, what.row, local, look=what.has_entry)
    entry.changes = [*what.done, *change_list.local_changes(pulls)]
    entry.direction = change_list.direction(entry.changes)
    entry.left_alone = left_alone(setup, what.plan, what.refusals)
    entry.code = entry.message = ""  # an intent may have noted what is said below
    held = held_choices(setup, what.plan)
    asks = bool(what.plan.chosen("ask") or (conflicts and held))
    entry.outcome = _outcome(entry, is_new=is_new, asks=asks)
    entry.finished_at = utc_now()
    if any(change.get("unsure") for change in entry.changes):
        said = words("WRITE_UNKNOWN", crm=setup.crm_label)
        entry.code, entry.message, entry.remedy = "WRITE_UNKNOWN", said.message, said.remedy
    elif comes_back:
        entry.outcome, entry.code = "updated", "RESTORED_HERE"
        entry.message = words("RESTORED_HERE", crm=setup.crm_label).message
    elif held:
        said = words(held[0].why, crm=setup.crm_label, object_label=setup.mapping.object_label)
        entry.code, entry.message, entry.remedy = held[0].why, said.message, said.remedy
    status = _status(setup, entry, what.refusals)
    if what.otherwise:
        _say_otherwise(setup, entry)
    close(session, setup.run, setup.adapter.calls, status, entry, may_read_again=may_read_again)


def _say_otherwise(setup: Setup, entry: SyncLogEntry) -> None:
    """The person saw a preview that said something else: told besides whatever else is to be told."""
    said = words(OTHERWISE, crm=setup.crm_label).message
    entry.code = entry.code or OTHERWISE
    entry.message = f"{entry.message} {said}".strip()


def _outcome(entry: SyncLogEntry, *, is_new: bool, asks: bool) -> str:
    if is_new:
        return "created"
    return "updated" if entry.changes else "conflict" if asks else "unchanged"


def skipped(
    setup: Setup,
    row: CrmRow | None,
    scene: Scene | None,
    skip: Skip,
    *,
    done: Changes = (),
    is_gone: bool = False,
    otherwise: bool = False,
    may_read_again: bool = False,
) -> None:
    """Finish the run with nothing written, and say why.

    Raises LocalMovedOn, LeaseLost, or AskedAgain where it may read again.

    `is_gone`: the CRM shows us no such record any more.
    """
    said = words(skip.code, crm=setup.crm_label, object_label=setup.mapping.object_label, detail=skip.detail)
    with setup.runtime.database.write() as session:
        entry = entry_of(session, setup.run, row, scene.local if scene else None)
        entry.outcome = "updated" if done else "skipped"
        entry.changes, entry.direction = list(done), change_list.direction(done)
        entry.code, entry.message, entry.remedy = skip.code, said.message, said.remedy
        if otherwise:
            _say_otherwise(setup, entry)
        entry.candidates = list(skip.candidates)
        entry.finished_at = utc_now()
        if row is not None:
            keep_seen(session, setup.connection.id, setup.run.object, row, synced=_is_whole(setup.run))
        if done and scene is not None and scene.link is not None:
            _keep_agreed(session, scene.link, agreed_so_far(setup, scene, done))
        if row is not None and scene is not None:
            _say_what_went(entry, follow(session, setup, row, scene))
        elif is_gone:
            lose_sight(session, setup)
            _keep_gone(session, setup)
        close(session, setup.run, setup.adapter.calls, SUCCEEDED, entry, may_read_again=may_read_again)
    progress.tell(setup.runtime, setup.run.id)


def _say_what_went(entry: SyncLogEntry, changes: Changes) -> None:
    """Ours was deleted with theirs: a change that its history shows, and an undo takes back."""
    if changes:
        entry.outcome, entry.changes = "updated", [*entry.changes, *changes]
        entry.direction = change_list.direction(entry.changes)


def failed(runtime: Runtime, run: SyncRun, connection: Connection, *, calls: int, code: str, detail: str) -> None:
    """Finish the run as failed. An intent that was never answered says so: nobody knows whether it was stored."""
    with runtime.database.write() as session:
        fail(session, run, connection, calls=calls, code=code, detail=detail)
    progress.tell(runtime, run.id)


def fail(session: Session, run: SyncRun, connection: Connection, *, calls: int, code: str, detail: str) -> None:
    """The same in the caller's transaction."""
    entry = entry_of(session, run, None, None)
    code = "WRITE_UNKNOWN" if entry.changes else code
    entry.changes = change_list.as_unsure(entry.changes)
    said = words(code, crm=crm_label(connection.crm), object_label=run.object, detail=detail)
    entry.outcome, entry.code, entry.message, entry.remedy = "failed", code, said.message, said.remedy
    entry.finished_at = utc_now()
    close(session, run, calls, FAILED, entry)


def keep_seen(session: Session, connection_id: int, object_name: str, row: CrmRow, *, synced: bool = False) -> None:
    """Remember what the CRM showed us. `synced`: this version was dealt with, so it is no news any more."""
    values = {
        "connection_id": connection_id,
        "object": object_name,
        "crm_record_id": row.record_id,
        "name": row.name[:400],
        "values": dict(row.values),
        "is_deleted": row.is_deleted,
        "modified_at": row.modified_at,
        "modified_by": row.modified_by,
        "seen_at": utc_now(),
    }
    if synced:
        values |= {"synced_stamp_at": row.modified_at, "synced_as_deleted": row.is_deleted}
    upsert(session, CrmRecord, values, key=("connection_id", "object", "crm_record_id"))


def _keep_gone(session: Session, setup: Setup) -> None:
    """That the CRM shows us no such record any more was dealt with."""
    seen = (CrmRecord.connection_id == setup.connection.id, CrmRecord.object == setup.run.object)
    gone = update(CrmRecord).where(*seen, CrmRecord.crm_record_id == setup.run.crm_record_id)
    session.execute(gone.values(is_deleted=True, synced_as_deleted=_is_whole(setup.run)))


def _is_whole(run: SyncRun) -> bool:
    """Whether no person's rights limited what it dealt with."""
    return run.readable_fields is None and run.editable_fields is None


def changed_local(session: Session, setup: Setup, what: Settlement, pulls: Sequence[merge.Decision]) -> LocalRecord:
    """Our record with the pulled values, if it is still as it was looked at; a value is as old as the CRM says."""
    local = what.scene.local or _new_local(session, setup, what)
    seen_version = local.version
    if what.scene.comes_back:
        local.deleted_at, local.version = None, seen_version + 1
    by = what.read.modified_by or setup.crm_label
    values = {each.rule.local_field: each.value for each in pulls}
    at = changed_in_crm_at(setup, what.scene, what.read)
    times = {
        each.rule.local_field: changed_in_crm_at(setup, what.scene, what.read, each.rule.crm_field)
        for each in pulls
        if each.rule.crm_field in what.read.field_modified_at
    }
    write_values(
        session, local, values, by=by, source=setup.connection.crm, at=at, link=setup.link_name, field_times=times
    )
    if what.scene.local is not None and not update_row(session, local, seen_version=seen_version):
        raise LocalMovedOn
    return local


def _new_local(session: Session, setup: Setup, what: Settlement) -> LocalRecord:
    _one_creator_at_a_time(session, setup)
    link, _ = linked_pair(session.connection(), setup.key)
    if link is not None or find_match(session, setup.mapping, setup.key, what.read.values).verdict != "none":
        raise LocalMovedOn
    if is_being_made(session, setup.run, what.read.name):
        raise RetryLater("It may be the one that we are making there just now.", code="CREATING_ALREADY")
    return new_record(session, setup.mapping.kind)


def _one_creator_at_a_time(session: Session, setup: Setup) -> None:
    """Two workers must not each make a record for the same person. SQLite has one writer at a time anyway."""
    if session.get_bind().dialect.name == "postgresql":
        name = f"create:{setup.mapping.kind}"
        session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": name})


def save_link(session: Session, setup: Setup, what: Settlement, local_record_id: int, conflicts: int) -> None:
    """The link with its new base, if it is still as it was looked at."""
    run, scene, now = setup.run, what.scene, utc_now()
    link = scene.link or RecordLink(
        connection_id=run.connection_id,
        object=run.object,
        crm_record_id=run.crm_record_id,
        local_record_id=local_record_id,
        matched_by=scene.matched_by,
        version=0,
        created_at=now,
    )
    seen_version = link.version
    stamps = stamps_after(scene.link, what.read, what.row, wrote=bool(what.written))
    link.base = stored_base(base_after(scene, what.plan, what.written))
    link.synced_at, link.synced_by, link.version = now, run.requested_by, seen_version + 1
    link.own_write_at, link.changed_before_at = stamps
    link.open_conflicts, link.deleted_ours_at = conflicts, None
    if scene.link is not None:
        if not update_row(session, link, seen_version=seen_version):
            raise LocalMovedOn
        return
    try:
        insert_row(session, link)
    except IntegrityError:
        raise LocalMovedOn from None  # somebody linked one of the two in the same moment


def _keep_agreed(session: Session, link: RecordLink, agreed: dict[str, merge.Base]) -> None:
    """What an earlier attempt wrote is agreed on, also where nothing more is synced now."""
    seen_version = link.version
    link.base = link.base | stored_base(bases(link) | agreed)
    link.version = seen_version + 1
    update_row(session, link, seen_version=seen_version)


def held_choices(setup: Setup, plan: Plan) -> list[merge.Decision]:
    """What a person chose between two values and was not carried out: never without a word why."""
    chosen = setup.run.choices or {}
    return [each for each in plan.chosen("leave") if each.rule.local_field in chosen] if chosen else []


def left_alone(setup: Setup, plan: Plan, refusals: Refusals) -> list[dict[str, Any]]:
    """Fields that differ and stay so, with the reason, where a person may want to know it."""
    chosen = setup.run.choices or {}
    told = [
        each
        for each in plan.decisions
        if each.action in ("leave", "ask") and (each.why not in _SILENT or each.rule.local_field in chosen)
    ]
    paused = {each.local_field: each.paused_reason for each in setup.mapping.fields if each.paused_reason}
    left = [_left(setup, each.rule, each.why, refusals.message) for each in told]
    for each in left:
        if each["code"] == "OPTION_LOST":
            each["reason"] = paused.get(each["field"]) or each["reason"]
    return left + [
        {"field": each.local_field, "crm_field": each.crm_field, "label": each.label, "code": "FIELD_GONE"}
        | {"reason": words("FIELD_GONE", crm=setup.crm_label).message}
        for each in setup.gone_mappings
    ]


def _left(setup: Setup, rule: merge.Rule, code: str, detail: str) -> dict[str, Any]:
    said = words(code, crm=setup.crm_label, object_label=setup.mapping.object_label, fields=rule.label, detail=detail)
    return {
        "field": rule.local_field,
        "crm_field": rule.crm_field,
        "label": rule.label,
        "code": code,
        "reason": said.message,
    }


def _status(setup: Setup, entry: SyncLogEntry, refusals: Refusals) -> str:
    """How the run ended; what the CRM refused is said on the entry."""
    if not refusals:
        return SUCCEEDED
    refused = [each for each in entry.left_alone if each["code"] in {*refusals.by_field.values(), refusals.whole}]
    entry.code = next(iter(refusals.by_field.values()), refusals.whole)
    said = words(
        entry.code,
        crm=setup.crm_label,
        object_label=setup.mapping.object_label,
        fields=", ".join(each["label"] for each in refused),
        detail=refusals.message,
    )
    entry.message, entry.remedy = said.message, said.remedy
    if not entry.changes:
        entry.outcome = "failed"
    return PARTIAL if entry.changes else FAILED
