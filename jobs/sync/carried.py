"""What was kept apart from ours may have become another record: a Lead is a Contact now, a merged one its survivor.

A sync of the old record carries that over (`jobs.sync.fates`). Where the new one comes first, the old one is read
before the two are matched.
"""

from __future__ import annotations

from collections.abc import Collection

from jobs.crm.errors import RecordError
from jobs.models import KeepApart
from jobs.sync.apart import apart_from, keep_apart
from jobs.sync.fates import heir_of
from jobs.sync.rows import RecordKey
from jobs.sync.scene import Scene, Setup

MOST_READ = 5
"""A call each; the newest first."""


def carry_to_this(setup: Setup, scene: Scene) -> bool:
    """Whether the run's record, about to be matched, is found to be one that was kept apart: then look again."""
    if scene.link is not None or scene.match is None:
        return False
    free = [each.local_record_id for each in scene.match.candidates if not each.is_taken]
    return bool(free) and carry_over(setup, free, {setup.run.crm_record_id})


def carry_over(setup: Setup, local_record_ids: Collection[int], record_ids: Collection[str]) -> bool:
    """Whether one of these CRM records is what another became that was kept apart from ours; from now on it is too.

    Costs a query, and a call for each record that somebody kept apart from ours, where there are any.
    """
    if not record_ids:
        return False
    with setup.runtime.database.read() as session:
        said = apart_from(session, setup.connection.id, local_record_ids)
    known = {(each.object, each.crm_record_id, each.local_record_id) for each in said}
    heirs = [(_heir(setup, each), each) for each in said[:MOST_READ] if each.crm_record_id not in record_ids]
    new = [
        (heir, each)
        for heir, each in heirs
        if heir is not None and heir.object == setup.run.object and heir.crm_record_id in record_ids
        if (heir.object, heir.crm_record_id, each.local_record_id) not in known
    ]
    if new:
        with setup.runtime.database.write() as session:
            for heir, each in new:
                keep_apart(session, heir, each.local_record_id, by=each.by)
    return bool(new)


def _heir(setup: Setup, said: KeepApart) -> RecordKey | None:
    try:
        heir = heir_of(said.object, setup.adapter.read(said.object, said.crm_record_id, {}))
    except RecordError:
        return None  # the CRM does not show it to us: nothing is known of it
    return RecordKey(said.connection_id, heir.object, heir.crm_record_id) if heir is not None else None
