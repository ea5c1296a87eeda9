"""A field that several links bring in: what came by one of them stays until another one's CRM value changes. Pure.

A record of ours may be linked to two CRMs, to two orgs of one, or to a Lead and a Contact. Otherwise each sync would
bring back its own value, and ours would change for ever without anybody's doing.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping

from jobs.sync import merge
from jobs.values import Value

FROM_OTHER_CRM = "FROM_OTHER_CRM"

Origin = Mapping[str, str]
"""{"at", "by", "source", "link"}: when, by whom, from where and, from a CRM, by which link a value of ours came."""


def link_name(connection_id: int, object_name: str) -> str:
    """Tells the links of one record of ours apart: it has no two to the same object of a connection."""
    return f"{connection_id}/{object_name}"


def stand_back(
    decision: merge.Decision, base: merge.Base | None, theirs: Value, *, origin: Origin | None, others: Collection[str]
) -> merge.Decision:
    """The decision, or to leave the field where `theirs` is as last seen and ours came by one of the `others`."""
    if decision.action != "pull" or decision.why != "INBOUND" or base is None:
        return decision
    has_moved = base.crm not in (theirs, decision.crm)  # as the CRM spells a choice, or as we do
    if has_moved or origin is None or origin.get("link") not in others:
        return decision
    return decision._replace(action="leave", crm=theirs, why=FROM_OTHER_CRM)
