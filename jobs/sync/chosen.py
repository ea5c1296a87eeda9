"""A person's choice between two values: it holds for what they were shown, and never does the opposite. Pure."""

from __future__ import annotations

from jobs.shown import shown_stamp
from jobs.sync import merge
from jobs.values import Value

CHANGED_SINCE_SHOWN = "CHANGED_SINCE_SHOWN"
_MEANS = {"crm": "pull", "local": "push"}
_BOTH_CHANGED = frozenset({"PREFER_CRM", "PREFER_LOCAL"})


def kept_to(
    choice: str, decision: merge.Decision, *, ours: Value, theirs: Value, shown: str, is_done: bool
) -> merge.Decision:
    """The decision, or to leave the field where it is not the one that was chosen, or not between these two values.

    `ours` and `theirs` are as they are now, `shown` is the stamp of the two that were chosen between, "" where nobody
    knows. `is_done`: the run has written the field already, so that what comes now is no part of the choice.
    """
    if not choice or decision.action not in ("pull", "push"):
        return decision
    if is_done:
        holds = decision.why not in _BOTH_CHANGED
    else:
        holds = decision.action == _MEANS[choice] and shown in ("", shown_stamp(ours, theirs))
    return decision if holds else merge.Decision(decision.rule, "leave", ours, theirs, CHANGED_SINCE_SHOWN)
