"""The judge: what a sync may do to two values, by the promises made to users. Written without looking at the engine.

A value that moved since both sides last met may be overwritten only by a rule that says so. Everything is judged by
what was seen from outside: the CRMs' journals, our own records before and after, and the order of events.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from tests.engine.machine.fields import FIELDS, Field, Value, is_address, refuses

HERE, THERE, NOWHERE = "here", "there", ""


@dataclass(frozen=True)
class FieldRules:
    direction: str = "two_way"
    write_rule: str = "overwrite"
    keep_when_blank: bool = False
    may_clear_crm: bool = True
    conflict_rule: str = "most_recent"


@dataclass(frozen=True)
class Switches:
    enabled: bool = True
    inbound: bool = True
    outbound: bool = True
    may_update_here: bool = True
    may_update_there: bool = True
    duplicate_handling: str = "overwrite_all"


class Flow(NamedTuple):
    """Which side is overwritten with the other's value, and why; NOWHERE: neither."""

    to: str
    why: str


class Pair(NamedTuple):
    """What both sides held when they last met."""

    here: Value
    there: Value


class Unsettled(NamedTuple):
    """What we wrote to the CRM and have not settled yet."""

    before: Value
    written: Value  # as the CRM keeps it
    sent: Value


ASK = Flow(NOWHERE, "a person is asked")
# Why two values that never met stay apart for good. Whatever else held them back is tried again.
STANDING = frozenset(
    {
        "kept at the first meeting",
        "inbound is off",
        "outbound is off",
        "no updates here",
        "no updates there",
        "nothing to write",
        "kept when blank",
        "may not be cleared",
        "fills blanks only",
    }
)


@dataclass
class Link:
    """One CRM record beside ours, as the judge knows it. Times count from the start of the play, in seconds."""

    crm: str
    there: dict[str, Value]
    rules: dict[str, FieldRules]
    switches: Switches = field(default_factory=Switches)
    # What both last agreed on, by field. Several where nobody can know; None among them: maybe they never met.
    met: dict[str, frozenset[Pair | None]] = field(default_factory=lambda: dict.fromkeys(FIELDS, frozenset({None})))
    touched_at: float = -3600.0  # last save by a person
    changed_at: dict[str, float] = field(default_factory=dict)  # of a field, by anybody
    is_linked: bool = False
    is_deleted: bool = False
    unsettled: dict[str, Unsettled] = field(default_factory=dict)
    # In Salesforce, by an attempt that did not end: what may have been sent, by field. Whoever puts in the same since,
    # it looks like our write.
    tried: dict[str, Pair] = field(default_factory=dict)
    # In Salesforce, by the run at work: written and not heard of, and taken back by a person before we looked.
    set_back: set[str] = field(default_factory=set)
    asked: set[str] = field(default_factory=set)  # fields whose conflict a person is to settle, as of the last sync
    # Of fields a person chooses for in this sync: the values they were shown. None: nobody was asked any more.
    shown: dict[str, Pair | None] = field(default_factory=dict)
    may_stay_apart: set[str] = field(default_factory=set)  # an undo, a refusal or a first meeting parted them

    def time_of(self, name: str) -> float:
        """When the CRM says that its value changed: Salesforce knows it of the record only."""
        return self.touched_at if self.crm == "salesforce" else self.changed_at.get(name, self.touched_at)

    def may_be_sent(self, name: str) -> bool:
        """Whether the field is written to the CRM at all, by a sync or by an undo."""
        is_on = self.switches.outbound and self.switches.may_update_there
        return is_on and self.rules[name].direction != "inbound"

    def look_again(self, here: Mapping[str, Value]) -> None:
        """A run that may have written before looks first: what it finds done is agreed upon.

        HubSpot's history tells of it whatever people did since.
        """
        for name, known in self.unsettled.items():
            # What the CRM made of our value comes here, unless ours has moved on.
            follows = self.rules[name].direction == "two_way" and here[name] == known.sent
            pair = Pair(known.sent, known.sent if follows else known.written)
            if self.there[name] == known.written or self.crm == "hubspot":
                self.met[name] = frozenset({pair})
            elif self.there[name] != known.before:
                self.met[name] |= {pair}
            else:
                self.set_back.add(name)
        self.unsettled = {}
        for name, pair in self.tried.items():
            if self.there[name] == pair.there:
                self.met[name] |= {pair}


def flows(link: Link, name: str, here: Value, *, here_at: float, is_new: bool = False, choice: str = "") -> set[Flow]:
    """What may happen to the field in a sync now: one answer, or several where nobody can know when they last met."""
    rules, switches = link.rules[name], link.switches
    if choice:
        rules = replace(rules, conflict_rule={"crm": "prefer_crm", "local": "prefer_local"}[choice])
    if is_new:
        switches = replace(switches, may_update_here=True, duplicate_handling="overwrite_all")
    now, newer_here = Pair(here, link.there[name]), here_at > link.time_of(name)
    wished = {_wish(rules, switches, met, now, newer_here=newer_here) for met in link.met[name]}
    if choice and name in link.shown:
        wished = {_as_chosen(each, choice, link.shown[name], now) for each in wished}
    return {_gate(link.crm, FIELDS[name], rules, switches, wish, now) for wish in wished}


def _as_chosen(wish: Flow, choice: str, shown: Pair | None, now: Pair) -> Flow:
    """A choice holds for the two values it was made between, and never does the opposite."""
    holds = wish.to in (NOWHERE, {"crm": HERE, "local": THERE}[choice]) and shown in (None, now)
    return wish if holds or wish.to == NOWHERE else Flow(NOWHERE, "it is not what was shown")


def _wish(rules: FieldRules, switches: Switches, met: Pair | None, now: Pair, *, newer_here: bool) -> Flow:
    if now.here == now.there:
        return Flow(NOWHERE, "equal")
    if now == met:
        return Flow(NOWHERE, "left apart")
    if met is None:
        return _first_meeting(rules, switches, now)
    if rules.direction == "inbound":
        return Flow(HERE, "inbound")
    if rules.direction == "outbound":
        was_never_filled = now.here is None and met.here is None
        return Flow(NOWHERE, "nothing to write") if was_never_filled else Flow(THERE, "outbound")
    if now.there == met.there:
        return Flow(THERE, "moved here alone")
    if now.here == met.here:
        return Flow(HERE, "moved there alone")
    if rules.conflict_rule == "ask":
        return _ask(rules, switches, now)
    ours_wins = rules.conflict_rule == "prefer_local" or (rules.conflict_rule == "most_recent" and newer_here)
    return Flow(THERE if ours_wins else HERE, rules.conflict_rule)


def _ask(rules: FieldRules, switches: Switches, now: Pair) -> Flow:
    """A question is put only where either answer can be carried out. Whether a blank may be taken is the answer's."""
    holds = [
        (not switches.inbound, "inbound is off"),
        (not switches.may_update_here, "no updates here"),
        (not switches.outbound, "outbound is off"),
        (not switches.may_update_there, "no updates there"),
        (rules.write_rule == "fill_blank" and None not in now, "fills blanks only"),
    ]
    return next((Flow(NOWHERE, why) for holds_back, why in holds if holds_back), ASK)


def _first_meeting(rules: FieldRules, switches: Switches, now: Pair) -> Flow:
    may_overwrite = switches.duplicate_handling == "overwrite_all"
    if rules.direction == "outbound":
        if now.here is None:
            return Flow(NOWHERE, "nothing to write")
        return Flow(THERE, "outbound") if now.there is None or may_overwrite else _KEPT
    if now.here is None:
        return Flow(HERE, "first meeting")
    if now.there is None:
        return Flow(THERE, "first meeting") if rules.direction == "two_way" else _KEPT
    return Flow(HERE, "first meeting") if may_overwrite else _KEPT


_KEPT = Flow(NOWHERE, "kept at the first meeting")


def _gate(crm: str, field: Field, rules: FieldRules, switches: Switches, wish: Flow, now: Pair) -> Flow:
    """What holds a wish back. It never turns round."""
    if wish.to == NOWHERE:
        return wish
    is_pull = wish.to == HERE
    source, target = (now.there, now.here) if is_pull else (now.here, now.there)
    holds = [
        (is_pull and not switches.inbound, "inbound is off"),
        (is_pull and not switches.may_update_here, "no updates here"),
        (not is_pull and not switches.outbound, "outbound is off"),
        (not is_pull and not switches.may_update_there, "no updates there"),
        (is_pull and source is None and rules.keep_when_blank, "kept when blank"),
        (not is_pull and source is None and not rules.may_clear_crm, "may not be cleared"),
        (rules.write_rule == "fill_blank" and target is not None, "fills blanks only"),
        (not is_pull and field.kind == "email" and source is not None and not is_address(source), "no address"),
        (not is_pull and refuses(crm, field, source), "refused"),
    ]
    return next((Flow(NOWHERE, why) for holds_back, why in holds if holds_back), wish)
