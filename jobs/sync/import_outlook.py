"""What an import would do, as far as it is cheap to know: who is linked, and what the others would become.

The first of the list's members are looked at, by the very functions that decide in a sync; nothing is written. Costs
the calls that tell of the list and its first page, and one or two to read those that are not linked.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field

from sqlalchemy import select

from jobs import usage
from jobs.crm.adapters import open_adapter
from jobs.crm.base import CrmRow
from jobs.crm.describes import describe
from jobs.crm.list_readers import lists_of
from jobs.crm.lists import CrmList
from jobs.mappings import ObjectFacts
from jobs.models import Connection, RecordLink, SyncRun
from jobs.runtime import Runtime
from jobs.sync.drift import keep_drift
from jobs.sync.plan import make_plan
from jobs.sync.scene import Setup, look_around

LOOKED_AT = 100


@dataclass(frozen=True)
class Outlook:
    """`looked_at` members, and what would become of each. Of two new ones that are alike, both count as new."""

    crm_list: CrmList
    looked_at: int = 0
    is_all: bool = True  # nobody else is in the list
    linked: int = 0
    matched: int = 0
    new: int = 0
    skipped: Counter[str] = field(default_factory=Counter)  # by the code that says why


def outlook(runtime: Runtime, connection_id: int, object_name: str, list_id: str) -> Outlook:
    """Raises CrmError when the CRM cannot be asked now, and NotFound (LIST_NOT_FOUND)."""
    with runtime.database.look() as database:
        connection, mapping = runtime.mappings.setup_of(database, connection_id, object_name)
    assert mapping is not None  # whoever asks has its page before them
    usage.require_open(connection)
    adapter = open_adapter(runtime, connection)
    reader = lists_of(connection, adapter)
    try:
        found = reader.list_of(object_name, list_id)
        if not found.is_usable:
            return Outlook(found)
        members = reader.members(object_name, list_id)
        ids = members.record_ids[:LOOKED_AT]
        unlinked = _not_linked(runtime, connection_id, object_name, ids)
        info = describe(runtime, adapter, connection_id, object_name)
        mapping = keep_drift(runtime, connection, mapping, info)
        asked = SyncRun(connection_id=connection_id, object=object_name, crm_record_id="", attempts=1)
        setup = Setup(runtime, adapter, asked, connection, mapping, info)
        rows = reader.read_many(object_name, unlinked, setup.fields) if unlinked else {}
        fates = Counter(_fate(setup, mapping, row) for row in rows.values())
    finally:
        usage.count(runtime, connection.id, adapter.calls)
    is_all = not members.after and len(ids) == len(members.record_ids)
    new, matched = fates.pop("new", 0), fates.pop("matched", 0)
    return Outlook(found, len(ids), is_all, len(ids) - len(unlinked), matched, new, fates)


def lists(runtime: Runtime, connection: Connection, object_name: str, containing: str) -> Sequence[CrmList]:
    """The lists to choose from. Raises CrmError."""
    usage.require_open(connection)
    adapter = open_adapter(runtime, connection)
    try:
        return lists_of(connection, adapter).lists(object_name, containing=containing)
    finally:
        usage.count(runtime, connection.id, adapter.calls)


def list_of(runtime: Runtime, connection: Connection, object_name: str, list_id: str) -> CrmList:
    """Raises CrmError, NotFound (LIST_NOT_FOUND) among them."""
    usage.require_open(connection)
    adapter = open_adapter(runtime, connection)
    try:
        return lists_of(connection, adapter).list_of(object_name, list_id)
    finally:
        usage.count(runtime, connection.id, adapter.calls)


def _fate(setup: Setup, mapping: ObjectFacts, row: CrmRow) -> str:
    """`new`, `matched`, or the code of what would keep it out."""
    asked = SyncRun(connection_id=setup.connection.id, object=mapping.object, crm_record_id=row.record_id, attempts=1)
    of_row = Setup(setup.runtime, setup.adapter, asked, setup.connection, setup.mapping, setup.info)
    with setup.runtime.database.read() as session:
        scene = look_around(session, of_row, row)
        plan = make_plan(of_row, row, scene)
    if plan.skip is not None:
        return plan.skip.code
    return "new" if scene.local is None else "matched"


def _not_linked(runtime: Runtime, connection_id: int, object_name: str, ids: Sequence[str]) -> list[str]:
    query = select(RecordLink.crm_record_id).where(
        RecordLink.connection_id == connection_id, RecordLink.object == object_name, RecordLink.crm_record_id.in_(ids)
    )
    with runtime.database.read() as session:
        linked = set(session.scalars(query))
    return [each for each in ids if each not in linked]
