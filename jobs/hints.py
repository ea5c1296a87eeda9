"""Hints: a CRM says that a record changed. Nothing in a hint is believed; the record is read again.

Many hints of one record are one run. One that comes while its record is being read asks for one run more, a moment
after that one: what it tells of may have come too late for the read.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from jobs import asking
from jobs.crm.adapters import CRMS
from jobs.crm.errors import Rejected
from jobs.models import Connection
from jobs.runtime import Runtime
from jobs.tasks import enqueue_many

TRIGGER = "webhook"


@dataclass(frozen=True)
class Hint:
    """Which record; by the CRM's own names."""

    object: str
    crm_record_id: str


def take_hints(
    runtime: Runtime, connection: Connection, hints: Iterable[Hint], *, is_news: Callable[[Session], bool]
) -> int | None:
    """Start or join a run for each record that is to be synced: how many were started, or None where it is no news.

    `is_news` remembers the delivery, in the same transaction: one that failed half way is taken when it comes again.
    """
    wanted = _wanted(runtime, connection, dict.fromkeys(hints)) if connection.syncs_enabled else []
    if not wanted:
        return 0
    with runtime.database.write() as session:
        if not is_news(session):
            return None
        run_ids = open_runs(session, connection, wanted, trigger=TRIGGER)
    if run_ids:
        enqueue_many(runtime, run_ids)  # what the queue does not hear of, the tick finds
    return len(run_ids)


def open_runs(session: Session, connection: Connection, hints: Sequence[Hint], *, trigger: str) -> list[int]:
    """Start or join a run for each, in the caller's transaction: the ids of those that were started."""
    # In a burst most are told again of what waits already: one look for all of them.
    waiting = asking.waiting(session, connection.id, [each.crm_record_id for each in hints])
    asks = [_ask(connection, each, trigger) for each in hints if (each.object, each.crm_record_id) not in waiting]
    started = [asking.open_hinted(session, ask) for ask in asks]
    return [run_id for run_id in started if run_id is not None]


def _ask(connection: Connection, hint: Hint, trigger: str) -> asking.Ask:
    return asking.Ask(connection.id, hint.object, hint.crm_record_id, trigger=trigger)


def _wanted(runtime: Runtime, connection: Connection, hints: Iterable[Hint]) -> list[Hint]:
    """Those of objects that are mapped and on, with ids as the CRM spells them, each once."""
    crm = CRMS[connection.crm]
    wanted: dict[Hint, None] = {}
    with runtime.database.look() as database:
        for hint in hints:
            mapping = runtime.mappings.find(database, connection.id, hint.object)
            if mapping is None or not mapping.enabled:
                continue
            try:
                wanted[Hint(hint.object, crm.full_id(hint.crm_record_id))] = None
            except Rejected:
                continue
    return list(wanted)
