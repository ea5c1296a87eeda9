"""The heart: one record brought in line. Read, decide, write, read back, and put it all down in one transaction.

    read CRM record → eligible? → find counterpart → decide per field → write CRM → read back → settle

Whatever is found changed on the way, on either side, means: look again and decide again, a few times, never blindly.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import Any

import structlog

from jobs import runs
from jobs.crm.base import CrmRow
from jobs.crm.errors import (
    ConnectionBroken,
    DuplicateFound,
    MovedOn,
    NotAllowed,
    NotFound,
    Rejected,
    RetryLater,
    Unavailable,
)
from jobs.sync import merge, settle
from jobs.sync.carried import carry_to_this
from jobs.sync.changes import as_seen, booked, crm_changes, is_written, stamp_before
from jobs.sync.log_entries import is_unfinished_as, unfinished_changes
from jobs.sync.plan import Plan, Skip, make_plan, stamp_of, switched_off
from jobs.sync.refusals import Refusals
from jobs.sync.scene import Scene, Setup, agreed_so_far, look_around
from jobs.sync.stamps import Stamps, stamps_after
from jobs.values import Value

MAX_ROUNDS = 4  # the first decision, and three times again
MAX_ANEW = 4  # times a click that came while it was at work makes a run read once more
# A quicker read leaves nobody the time to see the next step, and the lease is as good as new.
NOTICEABLE_SECONDS = 0.3

log = structlog.get_logger()


@dataclass
class Round:
    """What is carried from one look to the next within a run."""

    refusals: Refusals = field(default_factory=Refusals)
    # Writes that may have reached the CRM without our learning of it: looked for in what it holds now.
    pending: list[dict[str, Any]] = field(default_factory=list)
    done: list[dict[str, Any]] = field(default_factory=list)
    # What the CRM made of our writes of this attempt: settled already, whatever becomes of the rest.
    written: dict[str, merge.Base] = field(default_factory=dict)
    stored: dict[str, Value] = field(default_factory=dict)  # what it holds of them, by our field
    stamps: Stamps | None = None  # the link's, after the last of them
    has_entry: bool = True  # False: no intent has been noted in this run yet
    otherwise: bool = False  # the person saw a preview that said something else
    is_shown_anew: bool = False  # somebody joined with a preview that is not compared yet
    times_anew: int = 0

    @property
    def may_read_again(self) -> bool:
        return self.times_anew < MAX_ANEW

    def unsettled(self) -> None:
        """What the CRM took from us stays on the books; all the rest is looked at again."""
        self.pending, self.done = list(self.done), []


def sync_record(setup: Setup, *, again: bool = False) -> None:
    """Bring the run's record in line and finish the run. Raises CrmError when that has to wait, and LeaseLost.

    `again`: this attempt of the run has begun once already.
    """
    state = Round(has_entry=again or setup.run.attempts > 1)
    if setup.run.attempts > 1:
        state.pending, state.otherwise = _earlier_attempt(setup)
    # Switched off since an earlier attempt of this run wrote: that write still has to be put on the books.
    if (skip := switched_off(setup)) is not None and not state.pending:
        return settle.skipped(setup, None, None, skip)
    while True:
        try:
            return _in_rounds(setup, state)
        except runs.AskedAgain:
            setup = _anew(setup, state)


def _in_rounds(setup: Setup, state: Round) -> None:
    looks = 0
    # A look that ended with a refusal leaves less to write: the record has not moved.
    while looks < MAX_ROUNDS + state.refusals.looks:
        looks += 1
        try:
            began = time.monotonic()
            row = setup.adapter.read(setup.run.object, setup.run.crm_record_id, setup.fields)
        except NotFound as error:
            if state.pending:
                raise  # nobody can tell any more whether it was written
            return settle.skipped(
                setup, None, None, Skip(error.code), is_gone=True, may_read_again=state.may_read_again
            )
        if time.monotonic() - began > NOTICEABLE_SECONDS:
            _at_step(setup, "comparing")
        if _one_round(setup, row, state):
            return None
    raise RetryLater("The record kept changing.", code="KEEPS_MOVING")


def _anew(setup: Setup, state: Round) -> Setup:
    """For somebody who clicked while the run was at work: as if it had begun now, but for what was written."""
    previewed = setup.run.previewed
    with setup.runtime.database.write() as session:
        runs.start_over(session, setup.run, seconds=setup.runtime.settings.lease_seconds)
    state.is_shown_anew |= setup.run.previewed != previewed
    state.times_anew += 1
    state.unsettled()
    state.refusals = Refusals()  # what was refused may have been put right
    return replace(setup)  # what people chose may be another rule for a field


def _one_round(setup: Setup, row: CrmRow, state: Round) -> bool:
    """Decide on what is there now, and carry it out; False when it moved under us and has to be looked at again."""
    state.done += booked(state.pending, row, setup.info.fields)
    was_at = stamp_before(state.pending, row, setup.info.fields)
    state.pending = []
    with setup.runtime.database.read() as session:
        scene = look_around(session, setup, row)
    if was_at is not None:
        state.stamps = stamps_after(scene.link, replace(row, modified_at=was_at), row, wrote=True)
    if carry_to_this(setup, scene):
        return False
    if scene.link is not None and state.stamps is not None:
        scene.link.own_write_at, scene.link.changed_before_at = state.stamps
    # A write of ours that is done is agreed upon: seen against an older base it would pass for the CRM's own change.
    agreed = agreed_so_far(setup, scene, state.done)
    bases = dict(scene.bases) | agreed | _written_so_far(state, scene)
    scene = replace(scene, bases=bases, written=frozenset(each["field"] for each in state.done))
    plan = make_plan(setup, row, scene, state.refusals)
    _compare_with_preview(setup, plan, state)
    if (skip := switched_off(setup) or plan.skip) is not None:
        return _skip(setup, row, scene, skip, state)
    pushes = plan.chosen("push")
    if not pushes and state.refusals.taken():  # what was to be tried is not to be written any more
        return False
    read = row
    written: dict[str, merge.Base] = {}
    if pushes:
        stored = _write(setup, row, scene, pushes, state)
        if stored is None:
            return False
        row, written = stored, _stored_base(pushes, stored)
        state.written |= written
        state.stamps = stamps_after(scene.link, read, row, wrote=True)
        state.stored |= {each.rule.local_field: stored.values.get(each.rule.crm_field) for each in pushes}
        if state.refusals.taken():
            state.unsettled()
            return False
        plan = _plan_after_write(setup, read, row, scene, written, state.refusals)
    try:
        settled = settle.Settlement(
            read, row, scene, plan, state.done, written, state.refusals, state.has_entry, state.otherwise
        )
        settle.settle(setup, settled, may_read_again=state.may_read_again)
    except settle.LocalMovedOn:
        # Ours changed between our look and our commit.
        state.unsettled()
        return False
    return True


def _skip(setup: Setup, row: CrmRow, scene: Scene, skip: Skip, state: Round) -> bool:
    """Put down why nothing is synced; False when ours moved just now."""
    try:
        settle.skipped(
            setup,
            row,
            scene,
            skip,
            done=state.done,
            otherwise=state.otherwise,
            may_read_again=state.may_read_again,
        )
    except settle.LocalMovedOn:
        state.unsettled()
        return False
    return True


def _written_so_far(state: Round, scene: Scene) -> dict[str, merge.Base]:
    """The bases of what this attempt wrote.

    Where ours has moved on since, what the CRM made of our older value is no change of its own: it must not win.
    """
    ours = scene.local.values if scene.local is not None else {}
    return {
        name: base if ours.get(name) == base.local else merge.Base(base.local, state.stored[name])
        for name, base in state.written.items()
    }


def _compare_with_preview(setup: Setup, plan: Plan, state: Round) -> None:
    """Until something is written or refused: what is decided later follows from what this run did."""
    if not setup.run.previewed:
        return
    if state.is_shown_anew or not (state.done or state.refusals.looks):
        state.otherwise = stamp_of(plan) != setup.run.previewed or (state.is_shown_anew and state.otherwise)
        state.is_shown_anew = False


def _write(setup: Setup, row: CrmRow, scene: Scene, pushes: tuple[merge.Decision, ...], state: Round) -> CrmRow | None:
    """Write our values to the CRM: first the intent, committed, then the call. None means look again."""
    wanted = crm_changes(pushes)
    as_seen(wanted, row)
    settle.note_intent(setup, row, scene, [*state.done, *wanted], has_entry=state.has_entry, otherwise=state.otherwise)
    state.has_entry = True
    try:
        result = setup.adapter.write(
            setup.run.object, row, {each.rule.crm_field: each.value for each in pushes}, setup.fields
        )
    except (MovedOn, NotFound):
        return None
    except Unavailable:
        # The write may have been done and its answer lost: look before doing anything else.
        state.pending = wanted
        log.warning("crm_write_unanswered", run_id=setup.run.id, object=setup.run.object)
        raise
    except ConnectionBroken:
        # We were not let in: nothing of it was written, and the log must not say that it may have been.
        settle.note_intent(setup, row, scene, state.done, otherwise=state.otherwise)
        raise
    except (Rejected, NotAllowed, DuplicateFound) as error:
        state.refusals.note({each.rule.crm_field: each.rule.field_type for each in pushes}, error)
        return None
    for change in wanted:
        is_written(change, result.before, result.after)
    state.done += wanted
    return result.after


def _plan_after_write(
    setup: Setup, read: CrmRow, row: CrmRow, scene: Scene, written: dict[str, merge.Base], refusals: Refusals
) -> Plan:
    """The same decision on what the CRM holds now: its own rules may have changed other fields in the same moment."""
    seen = replace(scene, bases=dict(scene.bases) | written, written=scene.written | written.keys())
    # The stamp is our own write's now: whoever changed the rest did so before.
    plan = make_plan(setup, replace(row, modified_at=read.modified_at), seen, refusals)
    # One write per look: anything it would still push is for the next sync.
    return Plan(tuple(each for each in plan.decisions if each.action != "push"), plan.skip)


def _stored_base(pushes: tuple[merge.Decision, ...], stored: CrmRow) -> dict[str, merge.Base]:
    """The new base of what was written: agreed as the CRM stored it, or apart where it made something else of it."""
    return {
        each.rule.local_field: merge.base_of_written(each.rule, each.value, stored.values.get(each.rule.crm_field))
        for each in pushes
    }


def _earlier_attempt(setup: Setup) -> tuple[list[dict[str, Any]], bool]:
    """What an earlier attempt of this run meant to write before it died, and whether a preview had said otherwise."""
    with setup.runtime.database.read() as session:
        return unfinished_changes(session, setup.run.id), is_unfinished_as(session, setup.run.id, settle.OTHERWISE)


def _at_step(setup: Setup, step: str) -> None:
    """Note the step. The same update renews the lease, and finds out whether we still hold it."""
    with setup.runtime.database.write() as session:
        runs.keep(session, setup.run, step=step, seconds=setup.runtime.settings.lease_seconds)
