"""A field that several CRMs bring in: what one of them brought stays until another's own value changes. Pure.

Otherwise each sync would bring back its own CRM's value, and ours would change for ever without anybody's doing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from jobs.sync import merge
from jobs.values import Value

FROM_OTHER_CRM = "FROM_OTHER_CRM"

Origin = Mapping[str, str]
"""{"at", "by", "source"}: when, by whom and from where a value of ours came."""


def stand_back(
    decision: merge.Decision, base: merge.Base | None, theirs: Value, *, origin: Origin | None, others: Collection[str]
) -> merge.Decision:
    """The decision, or to leave the field where `theirs` is as last seen and ours came from one of the `others`."""
    if decision.action != "pull" or decision.why != "INBOUND" or base is None:
        return decision
    has_moved = base.crm not in (theirs, decision.crm)  # as the CRM spells a choice, or as we do
    if has_moved or origin is None or origin["source"] not in others:
        return decision
    return decision._replace(action="leave", crm=theirs, why=FROM_OTHER_CRM)
