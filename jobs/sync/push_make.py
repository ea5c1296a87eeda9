"""Making one record in the CRM: note what is about to be made, make it, and book what came of it.

After an answer that was lost, the CRM is asked whether the record is there before anything else is done.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import structlog
from sqlalchemy import select

from jobs.crm.base import CrmRow
from jobs.crm.errors import ConnectionBroken, DuplicateFound, RecordError, RetryLater, Unavailable
from jobs.models import LocalRecord, RecordLink, SyncLogEntry
from jobs.sync import merge, push_settle
from jobs.sync.plan import Plan, Skip, make_plan
from jobs.sync.push_look import Found, judged, look_at_named
from jobs.sync.push_plan import account_change, base_of, creation_changes, pushes, sent_values, stored_as, values_of
from jobs.sync.refusals import Refusals
from jobs.sync.rows import linked_pair
from jobs.sync.scene import Scene, Setup, bases
from jobs.sync.settle import LocalMovedOn, Settlement

MAX_ROUNDS = 4
PUSHED = "pushed"
"""How the two records of a link were found to be one: theirs was made of ours."""

log = structlog.get_logger()


@dataclass(frozen=True)
class Making:
    """One record of ours that is to be one of the CRM's."""

    setup: Setup
    local: LocalRecord
    decisions: Sequence[merge.Decision]
    key: str
    account_id: str = ""
    ends_run: bool = True
    left: tuple[dict[str, Any], ...] = ()

    @property
    def changes(self) -> list[dict[str, Any]]:
        made = creation_changes(pushes(self.decisions))
        return [*made, account_change(self.account_id)] if self.account_id else made


def make(what: Making) -> CrmRow:
    """Make it and book it. Raises CrmError: after a RecordError or ConnectionBroken nothing was made, for certain."""
    setup, changes = what.setup, what.changes
    push_settle.note_intent(setup, what.local, changes, key=what.key)
    try:
        row = setup.adapter.create(
            setup.run.object,
            values_of(pushes(what.decisions)),
            setup.fields,
            key=what.key,
            parent_id=what.account_id,
        )
    except Unavailable:
        log.warning("crm_create_unanswered", run_id=setup.run.id, object=setup.run.object)
        raise
    except ConnectionBroken:
        # We were not let in: the log must not say that it may have been made.
        push_settle.drop_intent(setup)
        raise
    book(setup, what.local.id, row, changes, left=what.left, ends_run=what.ends_run)
    return row


def found_after_all(setup: Setup, entry: SyncLogEntry) -> Found:
    """What an unanswered creation made, by the entry that notes it. Raises RetryLater while nobody can know."""
    assert entry.creation_key is not None
    local = _ours(setup, entry)
    try:
        row = setup.adapter.created(
            setup.run.object, sent_values(entry.changes), setup.fields, key=entry.creation_key, since=entry.created_at
        )
    except DuplicateFound as error:
        return look_at_named(setup, local, error.record_ids)
    if row is None:
        return Found("none")
    with setup.runtime.database.read() as session:
        # Where records carry no key of ours it may be another creation's, and then it is linked.
        found = judged(session, setup, local, [row])
    return found if found.verdict == "one" else Found("none")


def book(
    setup: Setup,
    local_record_id: int,
    row: CrmRow,
    changes: Sequence[dict[str, Any]],
    *,
    left: Sequence[dict[str, Any]] = (),
    ends_run: bool = True,
) -> None:
    """Link what was made with ours, and finish its entry. Raises LeaseLost."""
    setup.run.crm_record_id = row.record_id
    for _ in range(MAX_ROUNDS):
        what, is_linked_elsewhere = _settlement(setup, local_record_id, row, changes)
        if is_linked_elsewhere:
            return push_settle.settle_unlinked(setup, what, ends_run=ends_run)
        try:
            return push_settle.settle(setup, what, left, ends_run=ends_run)
        except LocalMovedOn:
            continue
    raise RetryLater("The record kept changing.", code="KEEPS_MOVING")


def _settlement(
    setup: Setup, local_record_id: int, row: CrmRow, changes: Sequence[dict[str, Any]]
) -> tuple[Settlement, bool]:
    """What is to be put down, and whether one of the two has been linked with another one meanwhile."""
    with setup.runtime.database.read() as session:
        link, _ = linked_pair(session.connection(), setup.key)
        local = session.get_one(LocalRecord, local_record_id)
        is_elsewhere = push_settle.other_link(session, setup, local_record_id) is not None
    done = stored_as(changes, row)
    is_ours = link is None or link.local_record_id == local_record_id
    scene, written = _scene(setup, row, local, link if is_ours else None, done)
    plan = make_plan(setup, row, scene)
    # One write is enough: anything it would still push is for the next sync.
    plan = Plan(tuple(each for each in plan.decisions if each.action != "push"))
    return Settlement(row, row, scene, plan, done, written, Refusals()), is_elsewhere or not is_ours


def _scene(
    setup: Setup, row: CrmRow, local: LocalRecord, link: RecordLink | None, done: Sequence[dict[str, Any]]
) -> tuple[Scene, dict[str, merge.Base]]:
    if link is not None:  # a sync was quicker than we are, and knows better
        return Scene(link, local, link.matched_by, None, bases(link)), {}
    written = base_of(setup, done, row)
    return Scene(None, local, PUSHED, None, written), written


def refusal(setup: Setup, error: RecordError) -> Skip:
    """What the CRM refused, with the names that people know the fields by."""
    known = {each.crm_field.lower(): each.label for each in setup.mapping.fields}
    described = {name.lower(): each.label for name, each in setup.info.fields.items()}
    labels = [known.get(name.lower()) or described.get(name.lower()) or name for name in error.fields]
    return Skip(error.code, fields=", ".join(labels), detail=error.message)


def _ours(setup: Setup, entry: SyncLogEntry) -> LocalRecord:
    with setup.runtime.database.read() as session:
        return session.scalars(select(LocalRecord).where(LocalRecord.id == entry.local_record_id)).one()
