"""What a sync would do with one record: found by the very functions that do it, and written nowhere.

Costs the one CRM call of the read. The preview has a stamp, which the click sends along: a sync that decides otherwise,
because either side or a rule has changed meanwhile, says so.
"""

from __future__ import annotations

from dataclasses import dataclass

from jobs import usage
from jobs.asking import Ask
from jobs.crm.adapters import open_adapter
from jobs.crm.base import CrmRow
from jobs.crm.describes import describe
from jobs.crm.errors import NotFound
from jobs.models import SyncRun
from jobs.runtime import Runtime
from jobs.sync import merge
from jobs.sync.drift import keep_drift
from jobs.sync.plan import Plan, Skip, make_plan, stamp_of, switched_off
from jobs.sync.scene import Scene, Setup, look_around
from jobs.sync.settle import keep_seen


@dataclass(frozen=True)
class Preview:
    """What would be done. With `skip`, nothing, and why."""

    stamp: str
    skip: Skip | None = None
    creates: bool = False  # a record of ours would be made
    here: tuple[merge.Decision, ...] = ()
    in_crm: tuple[merge.Decision, ...] = ()
    conflicts: tuple[merge.Decision, ...] = ()
    left: tuple[merge.Decision, ...] = ()  # different, and left so


def preview(runtime: Runtime, ask: Ask) -> Preview:
    """Read the record and decide. Raises CrmError when the CRM cannot be asked now, and NoResultFound."""
    with runtime.database.look() as database:
        connection, mapping = runtime.mappings.setup_of(database, ask.connection_id, ask.object)
    if mapping is None:
        return _skipped(Skip("NOT_MAPPED"))
    usage.require_open(connection)
    adapter = open_adapter(runtime, connection)
    try:
        info = describe(runtime, adapter, connection.id, ask.object)
        mapping = keep_drift(runtime, connection, mapping, info)
        setup = Setup(runtime, adapter, _as_run(ask), connection, mapping, info)
        if (skip := switched_off(setup)) is not None:
            return _skipped(skip)
        row = adapter.read(ask.object, ask.crm_record_id, setup.fields)
    except NotFound as error:
        return _skipped(Skip(error.code))
    finally:
        usage.count(runtime, connection.id, adapter.calls)
    return _decided(setup, row)


def _decided(setup: Setup, row: CrmRow) -> Preview:
    with setup.runtime.database.write() as session:
        keep_seen(session, setup.connection.id, setup.run.object, row)
        scene = look_around(session, setup, row)
    plan = make_plan(setup, row, scene)
    return Preview(
        stamp=stamp_of(plan),
        skip=plan.skip,
        creates=_creates(plan, scene),
        here=plan.chosen("pull"),
        in_crm=plan.chosen("push"),
        conflicts=plan.chosen("ask"),
        left=plan.chosen("leave"),
    )


def _creates(plan: Plan, scene: Scene) -> bool:
    return plan.skip is None and scene.local is None


def _skipped(skip: Skip) -> Preview:
    return Preview(stamp_of(Plan(skip=skip)), skip)


def _as_run(ask: Ask) -> SyncRun:
    """The run that the click would start; it is never stored."""
    return SyncRun(
        connection_id=ask.connection_id,
        object=ask.object,
        crm_record_id=ask.crm_record_id,
        readable_fields=ask.readable_fields,
        editable_fields=ask.editable_fields,
        chosen_local_record_id=ask.chosen_local_record_id,
        attempts=1,
    )
