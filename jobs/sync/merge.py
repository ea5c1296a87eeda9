"""Who wins, field by field: a three-way merge of what both sides last agreed on, our value and the CRM's.

Pure. Every value is already normalised. docs/sync-rules.md states every combination once, with its outcome.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, NamedTuple

from jobs.values import Value, is_blank

Direction = Literal["inbound", "outbound", "two_way"]
Action = Literal[
    "nothing",  # equal, and known to be
    "agree",  # equal, and new: becomes the base
    "pull",  # take the CRM's value
    "push",  # write our value to the CRM
    "leave",  # different, and left so on purpose: `why` says by which rule
    "ask",  # both changed and a person decides
]


# Bases and decisions are made by the million: a tuple costs a third of a frozen dataclass.


class Base(NamedTuple):
    """What each side held when they were last looked at together. Different only where a rule left them apart."""

    local: Value
    crm: Value


@dataclass(frozen=True, slots=True)
class Rule:
    """One FieldMapping as values, with what may be done on each side already worked out."""

    local_field: str
    crm_field: str
    field_type: str
    direction: Direction
    label: str = ""
    write_rule: str = "overwrite"
    conflict_rule: str = "most_recent"
    keep_when_blank: bool = False
    may_clear_crm: bool = True
    duplicate_handling: str = "overwrite_all"
    cannot_pull: str = ""  # a reason code; "" when it may
    cannot_push: str = ""


class Decision(NamedTuple):
    rule: Rule
    action: Action
    local: Value
    crm: Value
    why: str = ""  # the rule that decided

    @property
    def value(self) -> Value:
        """What both sides hold afterwards, for agree, pull and push."""
        return self.crm if self.action == "pull" else self.local

    @property
    def old(self) -> Value:
        """What is overwritten, for pull and push."""
        return self.local if self.action == "pull" else self.crm


OF_A_PERSON = frozenset({"HIDDEN_FROM_YOU", "NOT_YOURS_TO_EDIT"})
"""Why a direction is forbidden to the person who started the run, and perhaps to nobody else."""

NewerHere = Callable[[Rule], bool]
"""Whether our value of that field is more recent than the CRM's. Asked only where that decides."""


def decide(rule: Rule, base: Base | None, local: Value, crm: Value, newer_here: NewerHere) -> Decision:
    """The decision for one field. `base` is None before the first agreement."""
    if local == crm:
        return Decision(rule, "nothing" if base == (local, crm) else "agree", local, crm)
    if base == (local, crm):
        return _leave(rule, local, crm, "LEFT_APART")
    if rule.direction == "inbound":
        return _first_link(rule, local, crm) if base is None else _pull(rule, local, crm, "INBOUND")
    if rule.direction == "outbound":
        return _push_own(rule, base, local, crm)
    return _two_way(rule, base, local, crm, newer_here)


def base_of_written(rule: Rule, sent: Value, kept: Value) -> Base:
    """The base of a value of ours that was written, and of which the CRM has made `kept`.

    Agreed is what we sent, where the rules let the CRM's version of it come back to us as its change. Where they do
    not, the two are apart and known to be: its rounding is no change that a later one of ours has to contend with.
    """
    agreed = Base(sent, sent)
    comes_back = decide(rule, agreed, sent, kept, lambda _: False).action == "pull"
    return agreed if comes_back else Base(sent, kept)


def is_newer(local_at: datetime | None, crm_at: datetime | None) -> bool:
    """Whether ours is the more recent change.

    On a tie, or where a time is unknown, the CRM's is: reps work there, and every worker decides alike. CRM times are
    whole seconds; ours is cut to one too, or it would win every tie.
    """
    return local_at is not None and crm_at is not None and local_at.replace(microsecond=0) > crm_at


def _two_way(rule: Rule, base: Base | None, local: Value, crm: Value, newer_here: NewerHere) -> Decision:
    if base is None:
        return _first_link(rule, local, crm)
    if crm == base.crm:
        return _push(rule, local, crm, "CHANGED_HERE")
    if local == base.local:
        return _pull(rule, local, crm, "CHANGED_IN_CRM")
    return _conflict(rule, local, crm, newer_here)


def _conflict(rule: Rule, local: Value, crm: Value, newer_here: NewerHere) -> Decision:
    if rule.conflict_rule == "ask":
        return _ask(rule, local, crm)
    if rule.conflict_rule == "prefer_local":
        return _push(rule, local, crm, "PREFER_LOCAL")
    if rule.conflict_rule == "prefer_crm":
        return _pull(rule, local, crm, "PREFER_CRM")
    return (_push if newer_here(rule) else _pull)(rule, local, crm, "MOST_RECENT")


def _ask(rule: Rule, local: Value, crm: Value) -> Decision:
    """Only where either answer can be carried out. A rep's own rights do not count: another person may have more."""
    held = next((each for each in (rule.cannot_pull, rule.cannot_push) if each and each not in OF_A_PERSON), "")
    if not held and rule.write_rule == "fill_blank" and not is_blank(local) and not is_blank(crm):
        held = "FILLS_BLANK_ONLY"
    return _leave(rule, local, crm, held) if held else Decision(rule, "ask", local, crm, "BOTH_CHANGED")


def _first_link(rule: Rule, local: Value, crm: Value) -> Decision:
    """No base yet: blanks are filled from the other side; two different values meet the duplicate handling."""
    if is_blank(local):
        return _pull(rule, local, crm, "FIRST_LINK")
    if is_blank(crm):
        return (
            _push(rule, local, crm, "FIRST_LINK")
            if rule.direction == "two_way"
            else _leave(rule, local, crm, "FIRST_LINK_KEPT")
        )
    if rule.duplicate_handling == "overwrite_all":
        return _pull(rule, local, crm, "FIRST_LINK")
    return _leave(rule, local, crm, "FIRST_LINK_KEPT")


def _push_own(rule: Rule, base: Base | None, local: Value, crm: Value) -> Decision:
    if is_blank(local) and (base is None or is_blank(base.local)):
        return _leave(rule, local, crm, "NOTHING_TO_WRITE")  # never filled here: nobody cleared it
    if base is None and not is_blank(crm) and rule.duplicate_handling != "overwrite_all":
        return _leave(rule, local, crm, "FIRST_LINK_KEPT")
    return _push(rule, local, crm, "OUTBOUND")


def _pull(rule: Rule, local: Value, crm: Value, why: str) -> Decision:
    if rule.cannot_pull:
        return _leave(rule, local, crm, rule.cannot_pull)
    if is_blank(crm) and rule.keep_when_blank:
        return _leave(rule, local, crm, "KEPT_WHEN_BLANK")
    if rule.write_rule == "fill_blank" and not is_blank(local):
        return _leave(rule, local, crm, "FILLS_BLANK_ONLY")
    return Decision(rule, "pull", local, crm, why)


def _push(rule: Rule, local: Value, crm: Value, why: str) -> Decision:
    if rule.cannot_push:
        return _leave(rule, local, crm, rule.cannot_push)
    if is_blank(local) and not rule.may_clear_crm:
        return _leave(rule, local, crm, "MAY_NOT_CLEAR")
    if rule.write_rule == "fill_blank" and not is_blank(crm):
        return _leave(rule, local, crm, "FILLS_BLANK_ONLY")
    return Decision(rule, "push", local, crm, why)


def _leave(rule: Rule, local: Value, crm: Value, why: str) -> Decision:
    return Decision(rule, "leave", local, crm, why)
