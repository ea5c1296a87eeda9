"""Putting it down: the intent before a CRM write, and one transaction for record, link, base, log and run after it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import select, text
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from jobs import progress, runs, usage
from jobs.crm.adapters import crm_label
from jobs.crm.base import CrmRow
from jobs.models import Connection, CrmRecord, LocalRecord, RecordLink, SyncLogEntry, SyncRun
from jobs.models.run import FAILED, PARTIAL, SUCCEEDED
from jobs.records import new_record, write_values
from jobs.runtime import Runtime, utc_now
from jobs.sync import changes as change_list
from jobs.sync import merge
from jobs.sync.plan import Plan, Refusals, Skip, base_after, changed_in_crm_at
from jobs.sync.scene import Scene, Setup, find_link, find_match, stored_base
from jobs.sync.words import words

# Left as they are by a standing rule, every time: not worth a line in the log.
_SILENT = frozenset(
    {"LEFT_APART", "NOTHING_TO_WRITE", "KEPT_WHEN_BLANK", "FILLS_BLANK_ONLY", "INBOUND_OFF", "OUTBOUND_OFF"}
)

Changes = Sequence[dict[str, Any]]


class LocalMovedOn(Exception):
    """Our record, its link or its matches changed since they were looked at: decide again."""


def note_intent(setup: Setup, row: CrmRow, scene: Scene, changes: Changes) -> None:
    """Commit what is about to be written, with old and new values. Raises LeaseLost."""
    with setup.runtime.database.write() as session:
        runs.keep(session, setup.run, step="writing", seconds=setup.runtime.settings.lease_seconds)
        entry = _entry(session, setup.run, row, scene.local)
        entry.outcome, entry.direction, entry.changes = "updated", "outbound", list(changes)
        entry.message, entry.code = "", ""


def settle(
    setup: Setup,
    row: CrmRow,
    scene: Scene,
    plan: Plan,
    done: Changes,
    written: Mapping[str, merge.Base],
    refusals: Refusals,
) -> None:
    """The one transaction once the CRM is as it should be. Raises LocalMovedOn or LeaseLost, with nothing written."""
    try:
        with setup.runtime.database.write() as session:
            _settle(session, setup, row, scene, plan, done, written, refusals)
    except IntegrityError:
        raise LocalMovedOn from None  # somebody linked one of the two in the same moment
    progress.tell(setup.runtime, setup.run.id)


def _settle(
    session: Session,
    setup: Setup,
    row: CrmRow,
    scene: Scene,
    plan: Plan,
    done: Changes,
    written: Mapping[str, merge.Base],
    refusals: Refusals,
) -> None:
    pulls = plan.chosen("pull")
    local = _same_local(session, setup, row, scene)
    is_new = local.version == 0
    by = row.modified_by or setup.crm_label
    if pulls or is_new:
        values = {each.rule.local_field: each.value for each in pulls}
        write_values(session, local, values, by=by, source=setup.connection.crm, at=changed_in_crm_at(setup, row))
    _save_link(session, setup, scene, local, base_after(scene, plan, written))
    save_seen(session, setup, row)
    changes = [*done, *change_list.local_changes(pulls)]
    left = _left_alone(setup, plan, refusals)
    entry = _outcome_entry(session, setup, row, local, changes, left, is_new=is_new, asks=bool(plan.chosen("ask")))
    _finish(session, setup, entry, refusals)


def skipped(setup: Setup, row: CrmRow | None, scene: Scene | None, skip: Skip, *, done: Changes = ()) -> None:
    """Finish the run with nothing written, and say why."""
    said = words(skip.code, crm=setup.crm_label, object_label=setup.mapping.object_label)
    with setup.runtime.database.write() as session:
        entry = _entry(session, setup.run, row, scene.local if scene else None)
        entry.outcome = "updated" if done else "skipped"
        entry.changes, entry.direction = list(done), change_list.direction(done)
        entry.code, entry.message, entry.remedy = skip.code, said.message, said.remedy
        entry.candidates = list(skip.candidates)
        entry.finished_at = utc_now()
        if row is not None:
            save_seen(session, setup, row)
        _close(session, setup.run, setup.adapter.calls, SUCCEEDED, entry)
    progress.tell(setup.runtime, setup.run.id)


def failed(runtime: Runtime, run: SyncRun, connection: Connection, *, calls: int, code: str, detail: str) -> None:
    """Finish the run as failed. An intent that was never answered says so: nobody knows whether it was stored."""
    with runtime.database.write() as session:
        entry = _entry(session, run, None, None)
        code = "WRITE_UNKNOWN" if entry.changes else code
        said = words(code, crm=crm_label(connection.crm), object_label=run.object, detail=detail)
        entry.outcome, entry.code, entry.message, entry.remedy = "failed", code, said.message, said.remedy
        entry.finished_at = utc_now()
        _close(session, run, calls, FAILED, entry)
    progress.tell(runtime, run.id)


def unfinished_changes(session: Session, run_id: int) -> list[dict[str, Any]]:
    query = select(SyncLogEntry).where(SyncLogEntry.run_id == run_id, SyncLogEntry.finished_at.is_(None))
    entry = session.scalar(query)
    return [change for change in entry.changes if change["side"] == change_list.CRM] if entry is not None else []


def save_seen(session: Session, setup: Setup, row: CrmRow) -> None:
    session.merge(seen(setup.connection.id, setup.run.object, row))


def seen(connection_id: int, object_name: str, row: CrmRow) -> CrmRecord:
    return CrmRecord(
        connection_id=connection_id,
        object=object_name,
        crm_record_id=row.record_id,
        name=row.name[:400],
        values=dict(row.values),
        is_deleted=row.is_deleted,
        modified_at=row.modified_at,
        modified_by=row.modified_by,
        seen_at=utc_now(),
    )


def _same_local(session: Session, setup: Setup, row: CrmRow, scene: Scene) -> LocalRecord:
    """Our record, locked and still as it was looked at; a new one where there is none and still none to be found."""
    if scene.local is not None:
        local = session.get(LocalRecord, scene.local.id, with_for_update=True, populate_existing=True)
        if local is None or local.version != scene.local.version:
            raise LocalMovedOn
        return local
    _one_creator_at_a_time(session, setup)
    if find_link(session, setup.run) is not None or find_match(session, setup.mapping, row.values).verdict != "none":
        raise LocalMovedOn
    return new_record(session, setup.mapping.kind)


def _one_creator_at_a_time(session: Session, setup: Setup) -> None:
    """Two workers must not each make a record for the same person. SQLite has one writer at a time anyway."""
    if session.get_bind().dialect.name == "postgresql":
        name = f"create:{setup.mapping.kind}"
        session.execute(text("SELECT pg_advisory_xact_lock(hashtextextended(:name, 0))"), {"name": name})


def _save_link(
    session: Session, setup: Setup, scene: Scene, local: LocalRecord, base: Mapping[str, merge.Base]
) -> None:
    run = setup.run
    link = find_link(session, run)
    if (link is None) != (scene.link is None) or (link and scene.link and link.version != scene.link.version):
        raise LocalMovedOn
    if link is None:
        link = RecordLink(
            connection_id=run.connection_id,
            object=run.object,
            crm_record_id=run.crm_record_id,
            local_record_id=local.id,
            matched_by=scene.matched_by,
            version=0,
            created_at=utc_now(),
        )
        session.add(link)
    link.base = stored_base(base)
    link.version += 1
    link.synced_at = utc_now()
    link.synced_by = run.requested_by
    session.flush()


def _left_alone(setup: Setup, plan: Plan, refusals: Refusals) -> list[dict[str, Any]]:
    """Fields that differ and stay so, with the reason, where a person may want to know it."""
    told = [each for each in plan.decisions if each.action in ("leave", "ask") and each.why not in _SILENT]
    left = [_left(setup, each.rule, each.why, refusals.message) for each in told]
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


def _outcome_entry(
    session: Session,
    setup: Setup,
    row: CrmRow,
    local: LocalRecord,
    changes: Changes,
    left: list[dict[str, Any]],
    *,
    is_new: bool,
    asks: bool,
) -> SyncLogEntry:
    entry = _entry(session, setup.run, row, local)
    entry.changes, entry.left_alone, entry.direction = list(changes), left, change_list.direction(changes)
    entry.outcome = "created" if is_new else "updated" if changes else "conflict" if asks else "unchanged"
    entry.finished_at = utc_now()
    return entry


def _finish(session: Session, setup: Setup, entry: SyncLogEntry, refusals: Refusals) -> None:
    if not refusals:
        return _close(session, setup.run, setup.adapter.calls, SUCCEEDED, entry)
    refused = [each for each in entry.left_alone if each["code"] in {*refusals.by_field.values(), refusals.whole}]
    labels = ", ".join(each["label"] for each in refused)
    entry.code = next(iter(refusals.by_field.values()), refusals.whole)
    said = words(
        entry.code,
        crm=setup.crm_label,
        object_label=setup.mapping.object_label,
        fields=labels,
        detail=refusals.message,
    )
    entry.message, entry.remedy = said.message, said.remedy
    if not entry.changes:
        entry.outcome = "failed"
    status = PARTIAL if entry.changes else FAILED
    return _close(session, setup.run, setup.adapter.calls, status, entry)


def _close(session: Session, run: SyncRun, calls: int, status: str, entry: SyncLogEntry) -> None:
    counts = {f"{_COUNTED.get(entry.outcome, entry.outcome)}_count": 1}
    usage.add(session, run.connection_id, calls)
    runs.finish(session, run, status=status, code=entry.code, message=entry.message, calls=calls, **counts)


_COUNTED = {"conflict": "skipped"}


def _entry(session: Session, run: SyncRun, row: CrmRow | None, local: LocalRecord | None) -> SyncLogEntry:
    """The run's entry for this record: the open intent, or a new one. Never two."""
    entry = session.scalar(select(SyncLogEntry).where(SyncLogEntry.run_id == run.id))
    if entry is None:
        entry = SyncLogEntry(
            run_id=run.id,
            connection_id=run.connection_id,
            object=run.object,
            crm_record_id=run.crm_record_id,
            outcome="unchanged",
            by=run.requested_by,
            changes=[],
            created_at=utc_now(),
        )
        session.add(entry)
    if row is not None:
        entry.record_name = row.name[:400]
    if local is not None:
        entry.local_record_id = local.id
    return entry
