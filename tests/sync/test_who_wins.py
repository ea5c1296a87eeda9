"""Who wins, field by field: two tables that say it all, and a walk through every combination there is.

The first table says what is wanted when two values meet; the second what may stand in its way. Each combination of
facts fits exactly one line of a table, and the product must do what the line says.

    since the base   same: equal, and known to be · equal: equal now, and not known to be · apart: different, as the
                     base has them · never: different, and no base yet · here, there, both: who changed
    duplicates       what a first link does with two values: overwrite_all, or others (update_missing, skip)
    here, there      filled or blank; here also cleared: blank now, while the base has a value of ours
    newer            whose value is more recent: here, there, tie, unknown (one of the times is)
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from jobs.sync.merge import Base, Decision, Rule, decide
from jobs.values import Value

WHO_WINS = """
direction  since    here            there   duplicates     conflict      newer             | action   why

*          same     *               *       *              *             *                 | nothing  -
*          equal    *               *       *              *             *                 | agree    -
*          apart    *               *       *              *             *                 | leave    LEFT_APART

inbound    never    blank           filled  *              *             *                 | pull     FIRST_LINK
inbound    never    filled          blank   *              *             *                 | leave    FIRST_LINK_KEPT
inbound    never    filled          filled  overwrite_all  *             *                 | pull     FIRST_LINK
inbound    never    filled          filled  others         *             *                 | leave    FIRST_LINK_KEPT
inbound    changed  *               *       *              *             *                 | pull     INBOUND

outbound   never    blank           filled  *              *             *                 | leave    NOTHING_TO_WRITE
outbound   never    filled          blank   *              *             *                 | push     OUTBOUND
outbound   never    filled          filled  overwrite_all  *             *                 | push     OUTBOUND
outbound   never    filled          filled  others         *             *                 | leave    FIRST_LINK_KEPT
outbound   changed  filled/cleared  *       *              *             *                 | push     OUTBOUND
outbound   changed  blank           *       *              *             *                 | leave    NOTHING_TO_WRITE

two_way    never    blank           filled  *              *             *                 | pull     FIRST_LINK
two_way    never    filled          blank   *              *             *                 | push     FIRST_LINK
two_way    never    filled          filled  overwrite_all  *             *                 | pull     FIRST_LINK
two_way    never    filled          filled  others         *             *                 | leave    FIRST_LINK_KEPT
two_way    here     *               *       *              *             *                 | push     CHANGED_HERE
two_way    there    *               *       *              *             *                 | pull     CHANGED_IN_CRM
two_way    both     *               *       *              ask           *                 | ask      BOTH_CHANGED
two_way    both     *               *       *              prefer_local  *                 | push     PREFER_LOCAL
two_way    both     *               *       *              prefer_crm    *                 | pull     PREFER_CRM
two_way    both     *               *       *              most_recent   here              | push     MOST_RECENT
two_way    both     *               *       *              most_recent   there/tie/unknown | pull     MOST_RECENT
"""

WHAT_STANDS_IN_THE_WAY = """
wanted  forbidden  source  blank_rule  write_rule  target  | action  why

pull    yes        *       *           *           *       | leave   CANNOT_PULL
pull    no         blank   keep        *           *       | leave   KEPT_WHEN_BLANK
pull    no         blank   clear       fill_blank  filled  | leave   FILLS_BLANK_ONLY
pull    no         blank   clear       overwrite   filled  | pull    -
pull    no         filled  *           fill_blank  filled  | leave   FILLS_BLANK_ONLY
pull    no         filled  *           fill_blank  blank   | pull    -
pull    no         filled  *           overwrite   *       | pull    -

push    yes        *       *           *           *       | leave   CANNOT_PUSH
push    no         blank   keep        *           *       | leave   MAY_NOT_CLEAR
push    no         blank   clear       fill_blank  filled  | leave   FILLS_BLANK_ONLY
push    no         blank   clear       overwrite   filled  | push    -
push    no         filled  *           fill_blank  filled  | leave   FILLS_BLANK_ONLY
push    no         filled  *           fill_blank  blank   | push    -
push    no         filled  *           overwrite   *       | push    -
"""

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
BEFORE = NOON - timedelta(hours=1)
NEWER = {"here": (NOON, BEFORE), "there": (BEFORE, NOON), "tie": (NOON, NOON), "unknown": (None, NOON)}
VALUES: tuple[Value, ...] = (None, "A", "B")
BASES = (None, *(Base(local, crm) for local, crm in product(VALUES, VALUES)))

MEANS = {"changed": ("here", "there", "both"), "others": ("skip", "update_missing")}

Line = tuple[dict[str, str], str, str]  # the facts it is about, the action, the reason


def read_table(text: str) -> list[Line]:
    heads, *rows = [line.split() for line in text.splitlines() if line.strip()]
    names = heads[: heads.index("|")]
    return [(dict(zip(names, row, strict=False)), row[-2], row[-1]) for row in rows]


def lines_for(table: list[Line], facts: dict[str, str]) -> list[Line]:
    return [
        line
        for line in table
        if all(wanted == "*" or facts[name] in MEANS.get(wanted, wanted.split("/")) for name, wanted in line[0].items())
    ]


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
            "since": since_the_base(base, here, there),
            "here": ours(base, here),
            "there": theirs(there),
            "duplicates": handling,
            "conflict": conflict,
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
        conflict_rule=facts["conflict"],
        duplicate_handling=facts["duplicates"],
        **limits,  # type: ignore[arg-type]
    )
    return decide(rule, base, here, there, local_at=local_at, crm_at=crm_at)


def reason(decision: Decision) -> str:
    return decision.why or "-"


@pytest.mark.parametrize("direction", ["inbound", "outbound", "two_way"])
def test_who_wins(direction: str) -> None:
    table = read_table(WHO_WINS)
    used: set[int] = set()
    for base, here, there, facts in every_meeting(direction):
        lines = lines_for(table, facts)
        assert len(lines) == 1, f"{facts} fits {len(lines)} lines of the table"
        used.add(table.index(lines[0]))
        decision = decided(base, here, there, facts)
        assert (decision.action, reason(decision)) == lines[0][1:], f"{base} {here} {there} {facts}"
    about = {number for number, line in enumerate(table) if line[0]["direction"] in ("*", direction)}
    assert used == about, "a line of the table is about nothing"


@pytest.mark.parametrize("direction", ["inbound", "outbound", "two_way"])
def test_what_stands_in_the_way(direction: str) -> None:
    """A change is held back by what forbids it, by the blank rule, by the write rule, in this order; it never turns."""
    table = read_table(WHAT_STANDS_IN_THE_WAY)
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
            if wanted not in ("pull", "push"):
                assert (decision.action, decision.why) == (wanted, why)
                continue
            pulls = wanted == "pull"
            source, target = (there, here) if pulls else (here, there)
            held = {
                "wanted": wanted,
                "forbidden": "yes" if (cannot_pull if pulls else cannot_push) else "no",
                "source": theirs(source),
                "blank_rule": "keep" if (keep if pulls else not may_clear) else "clear",
                "write_rule": write_rule,
                "target": theirs(target),
            }
            lines = lines_for(table, held)
            assert len(lines) == 1, f"{held} fits {len(lines)} lines of the table"
            expected = (lines[0][1], why if lines[0][2] == "-" else lines[0][2])
            assert (decision.action, decision.why) == expected, f"{base} {here} {there} {held}"


WRITE_RULES = ("overwrite", "fill_blank")


def test_a_decision_tells_what_both_hold_afterwards_and_what_is_lost() -> None:
    rule = Rule("name", "Name", "text", "two_way")
    pull = decide(rule, Base("old", "old"), "old", "theirs")
    push = decide(rule, Base("old", "old"), "ours", "old")
    assert (pull.action, pull.value, pull.old) == ("pull", "theirs", "old")
    assert (push.action, push.value, push.old) == ("push", "ours", "old")


def test_an_unticked_checkbox_is_an_answer_and_not_a_blank() -> None:
    fills = Rule("opted_out", "OptedOut", "boolean", "two_way", write_rule="fill_blank")
    cautious = Rule("opted_out", "OptedOut", "boolean", "two_way", keep_when_blank=True, may_clear_crm=False)
    assert decide(fills, Base(True, True), True, False).why == "FILLS_BLANK_ONLY"
    assert decide(cautious, Base(True, True), True, False).action == "pull"
    assert decide(cautious, Base(True, True), False, True).action == "push"


def test_an_empty_choice_of_several_is_a_blank() -> None:
    rule = Rule("topics", "Topics", "multi_select", "two_way", keep_when_blank=True)
    assert decide(rule, Base(["A"], ["A"]), ["A"], None).why == "KEPT_WHEN_BLANK"


def test_the_time_of_a_change_matters_only_where_both_changed() -> None:
    rule = Rule("name", "Name", "text", "two_way")
    assert decide(rule, Base("a", "a"), "b", "a", local_at=BEFORE, crm_at=NOON).action == "push"
    assert decide(rule, Base("a", "a"), "a", "b", local_at=NOON, crm_at=BEFORE).action == "pull"
