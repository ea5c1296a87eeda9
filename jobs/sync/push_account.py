"""The account of a person who is pushed: the one in the CRM with the domain of their address, made first if need be.

Only a record that is being made is put on an account; one that is there already is never moved to another.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from jobs import runs
from jobs.crm.describes import describe
from jobs.crm.errors import ConnectionBroken, DuplicateFound, RecordError, Rejected
from jobs.kinds import display_name
from jobs.models import LocalRecord, RecordLink
from jobs.records import create_local, find_by_key, ids_by_key, match_key_name
from jobs.runtime import utc_now
from jobs.sync import matching, push_settle
from jobs.sync.plan import Skip, no_record_there
from jobs.sync.push_claims import claims_of, take
from jobs.sync.push_look import look_there
from jobs.sync.push_make import Making, make, refusal
from jobs.sync.push_plan import ACCOUNT, creation_decisions, missing, unfit
from jobs.sync.scene import Setup
from jobs.values import Value, domain_key

PERSON = "contact"
_LABEL = "Account"


@dataclass(frozen=True)
class Account:
    """Where the new record goes: the id of a CRM account, "" for none, and why none where a person may wonder."""

    crm_record_id: str = ""
    left: tuple[dict[str, Any], ...] = ()


NOWHERE = Account()


def account_setup(setup: Setup, *, at_once: bool = False) -> Setup | None:
    """The same run at work on the account of its record; None where such records have none, or none that syncs.

    `at_once`: ask the CRM for the fields of accounts anew.
    """
    parent = setup.adapter.parent_object(setup.run.object)
    if not parent or setup.mapping.kind != PERSON:
        return None
    with setup.runtime.database.look() as database:
        mapping = setup.runtime.mappings.find(database, setup.connection.id, parent)
    if mapping is None or not mapping.enabled:
        return None
    info = describe(setup.runtime, setup.adapter, setup.connection.id, parent, at_once=at_once)
    run = push_settle.part_of(setup.run, object=parent, crm_record_id="", local_record_id=None)
    return Setup(setup.runtime, setup.adapter, run, setup.connection, mapping, info)


def account_of(setup: Setup, local: LocalRecord, *, key: str) -> Account:
    """The account for a new record, by the domain of its address; free mail names none. `key`: if it has to be made.

    Ours that is linked, else the one in the CRM, else a new one where the mapping says so. What the CRM refuses about
    accounts leaves the record without one. Raises RetryLater and ConnectionBroken.
    """
    domain = domain_key(local.values.get("email") or "")
    if domain is None:
        return NOWHERE
    try:
        return _by_domain(setup, local, domain, key=key)
    except RecordError as error:
        return _nowhere(setup, Skip(error.code, detail=error.message))


def _by_domain(setup: Setup, local: LocalRecord, domain: str, *, key: str) -> Account:
    try:
        return _found_or_made(setup, account_setup(setup), local, domain, key=key)
    except Rejected as error:
        if error.code != "INVALID_FIELD":
            raise
        # A field that vanished since the fields were asked for: ask anew, once.
        return _found_or_made(setup, account_setup(setup, at_once=True), local, domain, key=key)


def _found_or_made(setup: Setup, part: Setup | None, local: LocalRecord, domain: str, *, key: str) -> Account:
    rule = _domain_rule(part) if part is not None else None
    if part is None or rule is None or part.filter_problem:
        return NOWHERE
    with setup.runtime.database.read() as session:
        ours = _of_domain(session, part, rule, domain)
        known = _linked(session, part, rule, domain)
    if not known:
        known = [row.record_id for row in part.adapter.find(part.run.object, rule, domain, part.fields)]
    if len(known) == 1:
        return Account(known[0])
    if known or len(ours) > 1:
        return _nowhere(part, Skip("ACCOUNT_AMBIGUOUS", detail=domain))
    if not setup.mapping.makes_accounts or no_record_there(part.mapping) is not None:
        return NOWHERE
    return _made(part, rule, ours, _values(local, domain, rule), key=key)


def _made(
    part: Setup, rule: matching.Rule, ours: list[LocalRecord], values: Mapping[str, Value], *, key: str
) -> Account:
    """The account is made first, as a push of its own within the run."""
    draft = ours[0] if ours else _draft(part, values)
    _claim(part, draft)
    decisions = creation_decisions(part, draft)
    if (skip := unfit(part, decisions)) is not None:
        return _nowhere(part, skip)
    found = look_there(part, draft)
    if found.verdict == "one":
        return Account(found.rows[0].record_id)
    if (skip := found.skip if found.verdict != "none" else missing(part, decisions)) is not None:
        return _nowhere(part, skip)
    local = _stored(part, rule, draft)
    part.run.local_record_id = local.id
    try:
        return Account(make(Making(part, local, decisions, key, ends_run=False)).record_id)
    except RecordError as error:
        return _refused(part, local, error, is_new=local is not draft)
    except ConnectionBroken:
        if local is not draft:
            _take_back(part, local)
        raise


def _refused(part: Setup, local: LocalRecord, error: RecordError, *, is_new: bool) -> Account:
    """The person goes without an account, or on the one that the CRM names."""
    if is_new:
        _take_back(part, local)
    if error.code == "INVALID_FIELD":
        push_settle.drop_intent(part)
        raise error
    if isinstance(error, DuplicateFound) and len(error.record_ids) == 1:
        push_settle.drop_intent(part)
        return Account(error.record_ids[0])
    skip = refusal(part, error)
    push_settle.leave(part, local, skip, outcome="failed", ends_run=False)
    return _nowhere(part, skip)


def _nowhere(part: Setup, skip: Skip) -> Account:
    return Account(left=(push_settle.left(part, skip, ACCOUNT, _LABEL),))


def _domain_rule(part: Setup) -> matching.Rule | None:
    rules = (each for each in part.mapping.match_rules if each.crm_field in part.info.fields)
    return next((each for each in rules if each.compare_as == "domain"), None)


def _of_domain(session: Session, part: Setup, rule: matching.Rule, domain: str) -> list[LocalRecord]:
    return find_by_key(session, part.mapping.kind, match_key_name(rule.compare_as, rule.local_field), domain)


def _linked(session: Session, part: Setup, rule: matching.Rule, domain: str) -> list[str]:
    ours = ids_by_key(part.mapping.kind, match_key_name(rule.compare_as, rule.local_field), domain)
    query = select(RecordLink.crm_record_id).where(
        RecordLink.connection_id == part.connection.id,
        RecordLink.object == part.run.object,
        RecordLink.local_record_id.in_(ours),
    )
    return list(session.scalars(query))


def _values(local: LocalRecord, domain: str, rule: matching.Rule) -> dict[str, Value]:
    """What is known of the company: its name as the person's record has it, else the domain."""
    return {"name": local.values.get("company") or domain, rule.local_field: domain}


def _draft(part: Setup, values: Mapping[str, Value]) -> LocalRecord:
    """A record of ours that is not stored: whether it can be made there is not known yet."""
    kind = part.mapping.kind
    return LocalRecord(kind=kind, name=display_name(kind, values), values=dict(values), provenance={})


def _claim(part: Setup, draft: LocalRecord) -> None:
    """Of two people with one domain, the second waits until the account of the first is there. Raises RetryLater."""
    with part.runtime.database.write() as session:
        runs.keep(session, part.run, seconds=part.runtime.settings.lease_seconds)
        take(session, part.run, claims_of(part.run.object, part.mapping.match_rules, draft.values))


def _stored(part: Setup, rule: matching.Rule, draft: LocalRecord) -> LocalRecord:
    """Ours with that domain; the draft made one, unless somebody was quicker."""
    if draft.id is not None:
        return draft
    with part.runtime.database.write() as session:
        known = _of_domain(session, part, rule, str(draft.values[rule.local_field]))
        return known[0] if known else create_local(session, draft.kind, draft.values, by=part.run.requested_by)


def _take_back(part: Setup, local: LocalRecord) -> None:
    """An account that was made here only to be made there, and was refused there."""
    with part.runtime.database.write() as session:
        session.get_one(LocalRecord, local.id).deleted_at = utc_now()
