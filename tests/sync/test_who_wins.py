"""Who wins, field by field: every combination there is, held against the tables of docs/sync-rules.md.

Each combination of facts fits exactly one line of a table, and the product must do what the line says.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from jobs.sync.merge import Base, Decision, Rule, decide, is_newer
from jobs.values import Value
from tests.sync import rules_document

WHO_WINS = rules_document.table("Who wins?", outcomes=2)
WHEN_A_PERSON_IS_ASKED = rules_document.table("When is a person asked?", outcomes=2)
WHAT_STANDS_IN_THE_WAY = rules_document.table("What may stand in the way?", outcomes=2)

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
BEFORE = NOON - timedelta(hours=1)
NEWER = {"here": (NOON, BEFORE), "there": (BEFORE, NOON), "tie": (NOON, NOON), "unknown": (None, NOON)}
VALUES: tuple[Value, ...] = (None, "A", "B")
BASES = (None, *(Base(local, crm) for local, crm in product(VALUES, VALUES)))


def since_the_base(base: Base | None, here: Value, there: Value) -> str:
    if here == there:
        return "same" if base == Base(here, there) else "equal"
    if base is None:
        return "never"
    changed = (here != base.local, there != base.crm)
    return {(False, False): "apart", (True, False): "here", (False, True): "there", (True, True): "both"}[changed]


def ours(base: Base | None, here: Value) -> str:
    if here is not None:
        return "filled"
    return "cleared" if base is not None and base.local is not None else "blank"


def theirs(there: Value) -> str:
    return "blank" if there is None else "filled"


def every_meeting(direction: str) -> Iterator[tuple[Base | None, Value, Value, dict[str, str]]]:
    """Every base, every pair of values, every rule that says who wins: with the facts the first table speaks of."""
    handlings = ("skip", "overwrite_all", "update_missing")
    conflicts = ("most_recent", "prefer_crm", "prefer_local", "ask")
    for base, here, there, handling, conflict, newer in product(BASES, VALUES, VALUES, handlings, conflicts, NEWER):
        facts = {
            "direction": direction,
            "since the base": since_the_base(base, here, there),
            "ours": ours(base, here),
            "theirs": theirs(there),
            "duplicates": handling,
            "conflict rule": conflict,
            "newer": newer,
        }
        yield base, here, there, facts


def decided(base: Base | None, here: Value, there: Value, facts: dict[str, str], **limits: object) -> Decision:
    local_at, crm_at = NEWER[facts["newer"]]
    rule = Rule(
        "name",
        "Name",
        "text",
        facts["direction"],  # type: ignore[arg-type]  # one of the three
        conflict_rule=facts["conflict rule"],
        duplicate_handling=facts["duplicates"],
        **limits,  # type: ignore[arg-type]
    )
    return decide(rule, base, here, there, lambda _: is_newer(local_at, crm_at))


def never(_: Rule) -> bool:
    return False


def reason(decision: Decision) -> str:
    return decision.why or "-"


@pytest.mark.parametrize("direction", ["inbound", "outbound", "two_way"])
def test_who_wins(direction: str) -> None:
    used = set()
    for base, here, there, facts in every_meeting(direction):
        line = rules_document.the_line(WHO_WINS, facts)
        used.add(WHO_WINS.index(line))
        decision = decided(base, here, there, facts)
        assert (decision.action, reason(decision)) == line.outcome, f"{base} {here} {there} {facts}"
    about = {number for number, line in enumerate(WHO_WINS) if line.facts["direction"] in ("any", direction)}
    assert used == about, "a line of the table is about nothing"


@pytest.mark.parametrize("direction", ["inbound", "outbound", "two_way"])
def test_what_stands_in_the_way(direction: str) -> None:
    """A change is held back by what forbids it, by the blank rule, by the write rule, in this order; it never turns."""
    limits = list(product(("", "CANNOT_PULL"), ("", "CANNOT_PUSH"), (False, True), (False, True), WRITE_RULES))
    meetings = {
        (base, here, there, want.action, want.why): facts
        for base, here, there, facts in every_meeting(direction)
        if (want := decided(base, here, there, facts)).action
    }
    for (base, here, there, wanted, why), facts in meetings.items():
        for cannot_pull, cannot_push, keep, may_clear, write_rule in limits:
            decision = decided(
                base,
                here,
                there,
                facts,
                cannot_pull=cannot_pull,
                cannot_push=cannot_push,
                keep_when_blank=keep,
                may_clear_crm=may_clear,
                write_rule=write_rule,
            )
            if wanted == "ask":
                continue  # see below
            if wanted not in ("pull", "push"):
                assert (decision.action, decision.why) == (wanted, why)
                continue
            pulls = wanted == "pull"
            source, target = (there, here) if pulls else (here, there)
            held = {
                "wanted": wanted,
                "forbidden": "yes" if (cannot_pull if pulls else cannot_push) else "no",
                "source": theirs(source),
                "blank rule": "keep" if (keep if pulls else not may_clear) else "clear",
                "write rule": write_rule,
                "target": theirs(target),
            }
            action, code = rules_document.the_line(WHAT_STANDS_IN_THE_WAY, held).outcome
            expected = (action, why if code == "-" else code)
            assert (decision.action, decision.why) == expected, f"{base} {here} {there} {held}"


def test_when_a_person_is_asked() -> None:
    pull = {"no": "", "to this rep": "HIDDEN_FROM_YOU", "to all": "CANNOT_PULL"}
    push = {"no": "", "to this rep": "NOT_YOURS_TO_EDIT", "to all": "CANNOT_PUSH"}
    meetings = [each for each in every_meeting("two_way") if decided(*each).action == "ask"]
    assert meetings
    used = set()
    for meeting, no_pull, no_push, keep, may_clear, write_rule in product(
        meetings, pull, push, (False, True), (False, True), WRITE_RULES
    ):
        _, here, there, _ = meeting
        decision = decided(
            *meeting,
            cannot_pull=pull[no_pull],
            cannot_push=push[no_push],
            keep_when_blank=keep,
            may_clear_crm=may_clear,
            write_rule=write_rule,
        )
        line = rules_document.the_line(
            WHEN_A_PERSON_IS_ASKED,
            {
                "pull forbidden": no_pull,
                "push forbidden": no_push,
                "write rule": write_rule,
                "ours": theirs(here),
                "theirs": theirs(there),
            },
        )
        used.add(WHEN_A_PERSON_IS_ASKED.index(line))
        assert (decision.action, decision.why) == line.outcome
    assert len(used) == len(WHEN_A_PERSON_IS_ASKED)


WRITE_RULES = ("overwrite", "fill_blank")


def test_a_decision_tells_what_both_hold_afterwards_and_what_is_lost() -> None:
    rule = Rule("name", "Name", "text", "two_way")
    pull = decide(rule, Base("old", "old"), "old", "theirs", never)
    push = decide(rule, Base("old", "old"), "ours", "old", never)
    assert (pull.action, pull.value, pull.old) == ("pull", "theirs", "old")
    assert (push.action, push.value, push.old) == ("push", "ours", "old")


def test_an_unticked_checkbox_is_an_answer_and_not_a_blank() -> None:
    fills = Rule("opted_out", "OptedOut", "boolean", "two_way", write_rule="fill_blank")
    cautious = Rule("opted_out", "OptedOut", "boolean", "two_way", keep_when_blank=True, may_clear_crm=False)
    assert decide(fills, Base(True, True), True, False, never).why == "FILLS_BLANK_ONLY"
    assert decide(cautious, Base(True, True), True, False, never).action == "pull"
    assert decide(cautious, Base(True, True), False, True, never).action == "push"


def test_an_empty_choice_of_several_is_a_blank() -> None:
    rule = Rule("topics", "Topics", "multi_select", "two_way", keep_when_blank=True)
    assert decide(rule, Base(["A"], ["A"]), ["A"], None, never).why == "KEPT_WHEN_BLANK"


def test_the_time_of_a_change_is_asked_for_only_where_both_changed() -> None:
    rule = Rule("name", "Name", "text", "two_way")
    asked: list[str] = []

    def newer_here(rule: Rule) -> bool:
        asked.append(rule.local_field)
        return False

    decide(rule, Base("a", "a"), "b", "a", newer_here)
    decide(rule, Base("a", "a"), "a", "b", newer_here)
    assert asked == []
    decide(rule, Base("a", "a"), "b", "c", newer_here)
    assert asked == ["name"]
