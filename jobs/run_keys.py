"""A click with a key of its own starts one run, however often it arrives: nobody need know whether it did."""

from __future__ import annotations

import hashlib
from datetime import timedelta

from sqlalchemy import update
from sqlalchemy.orm import Session

from jobs import asking
from jobs.db import insert_unless_known
from jobs.models import RunKey, SyncRun
from jobs.runtime import utc_now

REMEMBERED_FOR = timedelta(days=1)


def open_single(session: Session, ask: asking.Ask, key: str) -> tuple[SyncRun, bool]:
    """The run this click started or joined before, else the record's open run or a new one; whether it is new.

    The key counts for this person and record: another's same key is another click.
    """
    digest = _digest(ask, key)
    # Remembered before the run is made: of two at once, the second waits here for the first to commit.
    is_first = insert_unless_known(session, RunKey, {"digest": digest, "forget_at": utc_now() + REMEMBERED_FOR})
    if not is_first and (run := _run_of(session, digest)) is not None:
        return run, False
    run, is_new = asking.open_single(session, ask)
    session.execute(update(RunKey).where(RunKey.digest == digest).values(run_id=run.id))
    return run, is_new


def _run_of(session: Session, digest: str) -> SyncRun | None:
    known = session.get(RunKey, digest)
    return session.get(SyncRun, known.run_id) if known is not None and known.run_id is not None else None


def _digest(ask: asking.Ask, key: str) -> str:
    parts = (str(ask.connection_id), ask.object, ask.crm_record_id, ask.requested_by_id, key)
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
