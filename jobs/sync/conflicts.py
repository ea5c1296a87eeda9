"""Conflicts: opened when both sides changed a field and a person is to decide, settled by a run that carries a choice.

A settled field is written by the same checked path as any other: the choice only takes the place of the field's
conflict rule for one run.
"""

from __future__ import annotations

from typing import Any, Literal

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from jobs.crm.base import CrmRow
from jobs.models import Conflict, FieldMapping, ObjectMapping
from jobs.runtime import utc_now
from jobs.sync import merge
from jobs.sync.chosen import CHANGED_SINCE_SHOWN
from jobs.sync.open_conflicts import open_conflicts
from jobs.sync.other_crms import FROM_OTHER_CRM
from jobs.sync.plan import STANDING_RULES, Plan
from jobs.sync.rulebook import CHOSEN_RULES
from jobs.sync.scene import Scene, Setup, local_time
from jobs.sync.stamps import changed_in_crm_at
from jobs.values import is_blank

Choice = Literal["crm", "local"]

_SETTLED_BY_RULE = STANDING_RULES | {"LEFT_APART", FROM_OTHER_CRM}


def keep_conflicts(session: Session, setup: Setup, scene: Scene, read: CrmRow, plan: Plan) -> int:
    """Open, refresh or close the record's conflicts after a sync decided; how many stay open.

    Costs nothing where there are none and were none.
    """
    asks = plan.chosen("ask")
    was_open = scene.link.open_conflicts if scene.link is not None else 0
    if not asks and not was_open:
        return 0
    known = {each.local_field: each for each in open_conflicts(session.connection(), setup.key)}
    for ask in asks:
        _keep(session, setup, scene, read, ask, known.pop(ask.rule.local_field, None))
    left = {each.rule.local_field: each for each in plan.chosen("leave")}
    waiting = {name: each for name, each in left.items() if name in known and _waits(setup, each)}
    for name, conflict in known.items():
        if name not in waiting:
            _close(session, setup, conflict, is_chosen=name not in left)
        elif waiting[name].why == CHANGED_SINCE_SHOWN:
            _keep(session, setup, scene, read, waiting[name], conflict)
    return len(asks) + len(waiting)


def _waits(setup: Setup, left: merge.Decision) -> bool:
    """Whether a field that is left as it is goes on asking: this person may not settle it, or not as they chose to.

    What a standing rule leaves does not ask: the rules have changed since.
    """
    if left.why not in _SETTLED_BY_RULE:
        return True
    return left.rule.local_field in (setup.run.choices or {}) and _is_of_a_blank(left)


def _is_of_a_blank(left: merge.Decision) -> bool:
    """Whether what held it back is a rule about the blank that was to be taken: the other value can be kept yet."""
    if left.why == "FILLS_BLANK_ONLY":
        return is_blank(left.local) or is_blank(left.crm)
    return left.why in ("KEPT_WHEN_BLANK", "MAY_NOT_CLEAR")


class RuleRefused(Exception):
    """An admin keeps the rules of this object to the admins."""


def set_rule(session: Session, conflict: Conflict, choice: Choice, *, by_rep: bool) -> bool:
    """Let every later conflict of this field be settled the same way. False when the field is not mapped any more.

    Raises RuleRefused where reps may not.
    """
    query = (
        select(FieldMapping, ObjectMapping.reps_may_set_rules)
        .join(ObjectMapping)
        .where(ObjectMapping.connection_id == conflict.connection_id, ObjectMapping.object == conflict.object)
        .where(FieldMapping.local_field == conflict.local_field)
    )
    found = session.execute(query).one_or_none()
    if found is None:
        return False
    mapping, reps_may = found
    if by_rep and not reps_may:
        raise RuleRefused
    mapping.conflict_rule = CHOSEN_RULES[choice]
    return True


def _keep(session: Session, setup: Setup, scene: Scene, read: CrmRow, ask: merge.Decision, known: Any) -> None:
    values = _sides(setup, scene, read, ask)
    if known is not None:
        session.execute(update(Conflict).where(Conflict.id == known.id).values(**values))
        return
    assert scene.local is not None  # a conflict needs a base, and a base two records
    session.add(
        Conflict(
            connection_id=setup.run.connection_id,
            object=setup.run.object,
            crm_record_id=setup.run.crm_record_id,
            local_record_id=scene.local.id,
            local_field=ask.rule.local_field,
            run_id=setup.run.id,
            opened_at=utc_now(),
            **values,
        )
    )


def _sides(setup: Setup, scene: Scene, read: CrmRow, ask: merge.Decision) -> dict[str, Any]:
    rule = ask.rule
    name = rule.local_field
    base = scene.bases.get(name)
    return {
        "record_name": read.name[:400],
        # Those of the object's own mapping: the link may have come from another object.
        "crm_field": rule.crm_field,
        "label": rule.label,
        "field_type": rule.field_type,
        "base": base.local if base is not None else None,
        "ours": ask.local,
        "theirs": ask.crm,
        "ours_at": local_time(scene.local, name),
        "ours_by": _author(scene, name),
        "theirs_at": changed_in_crm_at(setup, scene, read, rule.crm_field),
        "theirs_by": read.modified_by[:200],
    }


def _author(scene: Scene, name: str) -> str:
    origin = scene.local.provenance.get(name) if scene.local is not None else None
    return str(origin["by"])[:200] if origin else ""


def _close(session: Session, setup: Setup, conflict: Any, *, is_chosen: bool) -> None:
    choice = (setup.run.choices or {}).get(conflict.local_field, "") if is_chosen else ""
    by = setup.run.requested_by if choice else ""
    closed = update(Conflict).where(Conflict.id == conflict.id, Conflict.settled_at.is_(None))
    session.execute(closed.values(settled_at=utc_now(), settled_by=by, choice=choice))
