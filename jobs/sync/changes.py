"""Changes as the log keeps them: one dict per field and side. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from jobs.crm.base import CrmRow
from jobs.sync import merge

CRM = "crm"
HERE = "here"


def crm_changes(decisions: Iterable[merge.Decision]) -> list[dict[str, Any]]:
    return [_change(decision, CRM) for decision in decisions]


def local_changes(decisions: Iterable[merge.Decision]) -> list[dict[str, Any]]:
    return [_change(decision, HERE) for decision in decisions]


def booked(pending: Sequence[dict[str, Any]], row: CrmRow) -> list[dict[str, Any]]:
    """Those of our unanswered writes that stay on the books.

    Known to be done, or seen in what the CRM holds: not to be done again. Where it holds neither our value nor the
    one before, somebody has overwritten one of the two: `unsure`. Where it holds the old value it was never done.
    """
    kept: list[dict[str, Any]] = []
    for change in pending:
        now = row.values.get(change["crm_field"])
        if change.get("confirmed") or change.get("unsure"):
            kept.append(change)
        elif now == change["new"]:
            # Seen once is seen: a later write of ours may take it back before all of it is settled.
            kept.append({**change, "confirmed": True})
        elif now != change["old"]:
            kept.append({**change, "unsure": True})
    return kept


def agreed_by(done: Iterable[dict[str, Any]]) -> dict[str, merge.Base]:
    """The base of our fields after these writes of ours; the last write of a field counts."""
    return {change["field"]: merge.Base(change["new"], change["new"]) for change in done if not change.get("unsure")}


def direction(changes: Sequence[dict[str, Any]]) -> str:
    sides = {change["side"] for change in changes}
    return {frozenset({CRM}): "outbound", frozenset({HERE}): "inbound", frozenset({CRM, HERE}): "two_way"}.get(
        frozenset(sides), ""
    )


def _change(decision: merge.Decision, side: str) -> dict[str, Any]:
    rule = decision.rule
    return {
        "field": rule.local_field,
        "crm_field": rule.crm_field,
        "label": rule.label,
        "type": rule.field_type,
        "side": side,
        "old": decision.old,
        "new": decision.value,
        "rule": decision.why,
    }
