"""One maker at a time: a push claims what its record would be found by, before it looks in the CRM whether it is there.

A search of the CRM may not show for seconds what was just made. Whoever comes second therefore waits until the first
is done and linked, and then finds the link.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Iterable, Mapping
from typing import NamedTuple, cast

from sqlalchemy import Table, delete, select, update
from sqlalchemy.orm import Session

from jobs.crm.errors import RetryLater
from jobs.db import insert_unless_known
from jobs.models import CreationClaim, SyncLogEntry, SyncRun
from jobs.models.run import OPEN
from jobs.run_rows import RUNS
from jobs.sync import matching
from jobs.values import MATCH_KEYS, Value, name_key

_CLAIMS = cast(Table, CreationClaim.__table__)
_ENTRIES = cast(Table, SyncLogEntry.__table__)


class Claim(NamedTuple):
    scope: str
    key: str


def claims_of(object_name: str, rules: Iterable[matching.Rule], values: Mapping[str, Value]) -> list[Claim]:
    """What a record with these values of ours would be found by, by the match rules of that object."""
    found: list[Claim] = []
    for rule in rules:
        key = MATCH_KEYS[rule.compare_as](values.get(rule.local_field) or "")
        if key is not None:
            found.append(Claim(object_name, _digest(rule.compare_as, rule.crm_field, key)))
    return found


def claim_of_record(kind: str, local_record_id: int) -> Claim:
    """Our record itself: it is not made as a Lead and as a Contact at once."""
    return Claim(kind, _digest("record", str(local_record_id)))


def take(session: Session, run: SyncRun, claims: Collection[Claim]) -> None:
    """Take them all, or raise RetryLater while another run has one; the caller's transaction then ends unwritten."""
    for claim in sorted(set(claims)):  # in one order, or two runs could wait for each other
        if not _taken(session, run, claim):
            raise RetryLater("A record like this one is being made just now.", code="CREATING_ALREADY")


def end_push(session: Session, run: SyncRun) -> None:
    """In the transaction that ends the run: others may make such records, and the run says which one it was about."""
    session.execute(delete(_CLAIMS).where(_CLAIMS.c.run_id == run.id))
    session.execute(update(RUNS).where(RUNS.c.id == run.id).values(crm_record_id=run.crm_record_id))


def is_being_made(session: Session, run: SyncRun, name: str) -> bool:
    """Whether a record of that object and name is being made in the CRM by another run, and not linked yet."""
    query = (
        select(_ENTRIES.c.record_name)
        .join(_CLAIMS, _CLAIMS.c.run_id == _ENTRIES.c.run_id)
        .where(_CLAIMS.c.connection_id == run.connection_id, _ENTRIES.c.run_id != run.id)
        .where(_ENTRIES.c.object == run.object, _ENTRIES.c.finished_at.is_(None), _ENTRIES.c.creation_key.is_not(None))
    )
    return any(name_key(each) == name_key(name) for each in session.scalars(query))


def _taken(session: Session, run: SyncRun, claim: Claim) -> bool:
    this = (_CLAIMS.c.connection_id == run.connection_id, _CLAIMS.c.scope == claim.scope, _CLAIMS.c.key == claim.key)
    # What a run held that ended without a word of its own is free.
    over = select(RUNS.c.id).where(RUNS.c.id == _CLAIMS.c.run_id, RUNS.c.status.not_in(OPEN)).exists()
    session.execute(delete(_CLAIMS).where(*this, over))
    values = {"connection_id": run.connection_id, **claim._asdict(), "run_id": run.id}
    if insert_unless_known(session, CreationClaim, values):
        return True
    return session.scalar(select(_CLAIMS.c.run_id).where(*this)) == run.id


def _digest(*parts: str) -> str:
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
