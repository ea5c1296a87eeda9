"""Push: a record of ours that has no record in a CRM gets one, once, whatever dies in between.

    take it up → may it? → is it in the CRM already? → its account → make it → settle

Taking it up claims what it would be found by, so that nobody else makes the same one meanwhile. What is in the CRM
already is linked and synced as at any first meeting; several are never guessed between. Before the record is made the
intent is committed, with a key by which the CRM can be asked for it after a lost answer.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from sqlalchemy import select
from sqlalchemy.orm import Session

from jobs import runs
from jobs.crm.errors import ConnectionBroken, DuplicateFound, NotFound, RecordError
from jobs.models import CrmRecord, LocalRecord, ObjectMapping, RecordLink, SyncLogEntry
from jobs.sync import merge, push_settle
from jobs.sync.engine import sync_record
from jobs.sync.plan import Skip, no_record_there, switched_off
from jobs.sync.push_account import NOWHERE, PERSON, Account, account_of, account_setup
from jobs.sync.push_claims import claim_of_record, claims_of, take
from jobs.sync.push_look import NOTHING, Found, look_at_named, look_there
from jobs.sync.push_make import Making, book, found_after_all, make, refusal
from jobs.sync.push_plan import ACCOUNT, creation_decisions, missing, unfit
from jobs.sync.scene import Setup

NAMED_AT_MOST = 5


@dataclass(frozen=True)
class Ours:
    """Our side of a push. `local` None: the record is gone."""

    local: LocalRecord | None
    crm_record_id: str = ""  # of the object it is pushed to, when it is linked there already
    elsewhere: str = ""  # the other record of the CRM that a person is linked with: a Lead, or a Contact
    unknown: SyncLogEntry | None = None  # an earlier push that ended without learning whether it was made


@dataclass
class State:
    """What is carried through one attempt of a run."""

    # Object -> the key of a creation that surely came to nothing: used again, so that one that is late makes no second.
    keys: dict[str, str] = field(default_factory=dict)
    again: bool = False  # there may be an entry of this run

    def key_for(self, object_name: str) -> str:
        return self.keys.setdefault(object_name, uuid.uuid4().hex)


def push_record(setup: Setup, *, again: bool = False) -> None:
    """Make the CRM record of the run's record, or find it, and finish the run. Raises CrmError when that has to wait,
    and LeaseLost.

    `again`: this attempt of the run has begun once already.
    """
    state = State(again=again or setup.run.attempts > 1)
    if state.again and _finished_what_was_begun(setup, state):
        return None
    if (skip := switched_off(setup)) is not None:
        return push_settle.leave(setup, None, skip)
    ours = _take_up(setup)
    if ours.local is None:
        return push_settle.leave(setup, None, Skip("OURS_DELETED"))
    if ours.crm_record_id:
        return _sync_with(setup, ours.crm_record_id)
    skip = Skip("LINKED_AS_OTHER", detail=ours.elsewhere) if ours.elsewhere else no_record_there(setup.mapping)
    if skip is not None:
        return push_settle.leave(setup, ours.local, skip)
    return _push(setup, ours.local, ours.unknown, state)


def _push(setup: Setup, local: LocalRecord, unknown: SyncLogEntry | None, state: State) -> None:
    """Nothing of ours stands in the way: look in the CRM, and make what is not there."""
    decisions = creation_decisions(setup, local)
    if (skip := unfit(setup, decisions)) is not None:
        return push_settle.leave(setup, local, skip)
    found = found_after_all(setup, unknown) if unknown is not None else NOTHING
    if found.verdict == "none":
        found = look_there(setup, local)
    if found.verdict == "one":
        return _sync_with(setup, found.rows[0].record_id)
    if (skip := found.skip if found.verdict != "none" else missing(setup, decisions)) is not None:
        return push_settle.leave(setup, local, skip)
    account = account_of(setup, local, key=state.key_for(ACCOUNT))
    return _make(setup, local, decisions, account, state)


def _make(
    setup: Setup, local: LocalRecord, decisions: Sequence[merge.Decision], account: Account, state: State
) -> None:
    key = state.key_for(setup.run.object)
    try:
        make(Making(setup, local, decisions, key, account.crm_record_id, left=account.left))
    except DuplicateFound as error:
        _there_already(setup, local, error)
    except RecordError as error:
        if error.code == "INVALID_FIELD":  # whoever called us asks for the fields anew
            push_settle.drop_intent(setup)
            raise
        if error.code == "NO_SUCH_PARENT" and account.crm_record_id:
            gone = replace(NOWHERE, left=(push_settle.left(setup, Skip(error.code), ACCOUNT, "Account"),))
            return _make(setup, local, decisions, gone, state)
        push_settle.leave(setup, local, refusal(setup, error), outcome="failed")
    return None


def _there_already(setup: Setup, local: LocalRecord, error: DuplicateFound) -> None:
    """The CRM itself says that it has the record: one that is free becomes the link, anything else is for a person."""
    try:
        found = look_at_named(setup, local, error.record_ids[:NAMED_AT_MOST])
    except ConnectionBroken:
        push_settle.drop_intent(setup)  # it was refused, and that much is certain
        raise
    if found.verdict == "none":  # it names none, or none that we may see or link
        return push_settle.leave(setup, local, refusal(setup, error), outcome="failed")
    if found.verdict == "one" and len(error.record_ids) > 1:
        found = replace(found, verdict="several")
    if found.verdict != "one":
        return push_settle.leave(setup, local, found.skip)
    push_settle.drop_intent(setup)
    return _sync_with(setup, found.rows[0].record_id)


def _sync_with(setup: Setup, crm_record_id: str) -> None:
    """The ordinary sync of the two: linked already, or from now on."""
    setup.run.crm_record_id = crm_record_id
    sync_record(setup, again=True)


def _finished_what_was_begun(setup: Setup, state: State) -> bool:
    """See to what an earlier attempt of this run noted and did not finish; True when that ends the run."""
    entry = push_settle.open_entry(setup.runtime, setup.run)
    if entry is None:
        return False
    if entry.crm_record_id:  # it was found, and being written to
        _sync_with(setup, entry.crm_record_id)
        return True
    is_main = entry.object == setup.run.object
    part = setup if is_main else account_setup(setup)
    if part is None or not entry.creation_key:
        raise NotFound("Nobody can tell any more whether it was made.", code="NOT_MAPPED")
    part.run.local_record_id = entry.local_record_id
    if (found := found_after_all(part, entry)).verdict == "none":
        state.keys[entry.object if is_main else ACCOUNT] = entry.creation_key
        push_settle.drop_intent(part)
        return False
    assert entry.local_record_id is not None
    return _booked(part, entry, found, ends_run=is_main)


def _booked(part: Setup, entry: SyncLogEntry, found: Found, *, ends_run: bool) -> bool:
    assert entry.local_record_id is not None
    if found.verdict == "one":
        book(part, entry.local_record_id, found.rows[0], entry.changes, ends_run=ends_run)
    else:
        push_settle.leave(part, None, found.skip, ends_run=ends_run)
    return ends_run


def _take_up(setup: Setup) -> Ours:
    """Claim what the record would be found by, and look at our side of it. Raises RetryLater while another has that."""
    run = setup.run
    with setup.runtime.database.write() as session:
        runs.keep(session, run, seconds=setup.runtime.settings.lease_seconds)
        local = session.get(LocalRecord, run.local_record_id)
        if local is None or local.deleted_at is not None:
            return Ours(None)
        rules = setup.mapping.match_rules
        take(session, run, [claim_of_record(local.kind, local.id), *claims_of(run.object, rules, local.values)])
        links = _links(session, setup, local)
        unknown = push_settle.last_unknown(session, run)
        here = next((each.crm_record_id for each in links if each.object == run.object), "")
        others = [each for each in links if each.object != run.object and local.kind == PERSON]
        return Ours(local, here, _named(session, others[0]) if others else "", unknown)


def _links(session: Session, setup: Setup, local: LocalRecord) -> list[RecordLink]:
    query = select(RecordLink).where(RecordLink.connection_id == setup.connection.id)
    return list(session.scalars(query.where(RecordLink.local_record_id == local.id).order_by(RecordLink.id)))


def _named(session: Session, link: RecordLink) -> str:
    """“the Lead Ana Sample (00Q…)”."""
    labels = select(ObjectMapping.object_label).where(
        ObjectMapping.connection_id == link.connection_id, ObjectMapping.object == link.object
    )
    seen = session.get(CrmRecord, (link.connection_id, link.object, link.crm_record_id))
    name = f" {seen.name}" if seen is not None and seen.name else ""
    return f"the {session.scalar(labels) or link.object}{name} ({link.crm_record_id})"
