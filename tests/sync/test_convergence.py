"""People edit both sides, syncs come in between, and the CRM makes what it likes of what is written to it.

Whatever the rules and the order: both sides come to rest, nobody's unseen change is overwritten, and each switch holds.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from jobs.values import Value
from tests.sync import scenery
from tests.sync.two_sides import ALTERATIONS, TwoSides

NAMES = ("first_name", "job_title")
QUIET_ROUNDS = 20
VALUES = st.sampled_from([None, "Ana", "ANA", "Ben", "Cleo"])
SIDES = st.fixed_dictionaries(dict.fromkeys(NAMES, VALUES))
STEPS = st.lists(
    st.one_of(
        st.tuples(st.sampled_from(["here", "there"]), st.sampled_from(NAMES), VALUES),
        st.just(("sync", "", None)),
    ),
    max_size=14,
)
ALTERS = st.sampled_from(sorted(ALTERATIONS))
DIRECTIONS = st.sampled_from(["inbound", "outbound", "two_way"])
RULES = st.fixed_dictionaries(
    {
        "direction": DIRECTIONS,
        "write_rule": st.sampled_from(["overwrite", "fill_blank"]),
        "conflict_rule": st.sampled_from(["most_recent", "prefer_crm", "prefer_local", "ask"]),
        "keep_when_blank": st.booleans(),
        "may_clear_crm": st.booleans(),
    }
)
LIMITS = st.fixed_dictionaries(
    {
        "inbound": st.booleans(),
        "outbound": st.booleans(),
        "duplicate_handling": st.sampled_from(["skip", "overwrite_all", "update_missing"]),
        "read_only": st.sampled_from([(), ("Title",)]),
        "readable": st.sampled_from([None, ["FirstName"], ["FirstName", "Title"]]),
        "editable": st.sampled_from([None, [], ["FirstName"]]),
    }
)
many = settings(deadline=None, max_examples=150)


def two_sides(
    here: dict[str, Value], there: dict[str, Value], *, rules: dict[str, Any], alter: str = "as sent", **limits: Any
) -> TwoSides:
    mapped = [scenery.field(name, **rules) for name in NAMES]
    return TwoSides(scenery.setup(*mapped, **limits), dict(here), dict(there), ALTERATIONS[alter])


def play(sides: TwoSides, steps: list[tuple[str, str, Value]]) -> None:
    for side, name, value in steps:
        if side == "sync":
            sides.sync()
        elif side == "here":
            sides.edit_here(name, value)
        else:
            sides.edit_there(name, value)


def come_to_rest(sides: TwoSides) -> None:
    """At most two syncs may still write: one for the last edits, one for what another field's write uncovered."""
    sides.sync()
    sides.sync()
    base = sides.base
    for _ in range(QUIET_ROUNDS):
        assert sides.sync().writes == 0
    assert sides.base == base


@many
@given(here=SIDES, there=SIDES, steps=STEPS, rules=RULES, limits=LIMITS, alter=ALTERS)
def test_when_edits_stop_both_sides_fall_silent(
    here: dict[str, Value],
    there: dict[str, Value],
    steps: list[tuple[str, str, Value]],
    rules: dict[str, Any],
    limits: dict[str, Any],
    alter: str,
) -> None:
    sides = two_sides(here, there, rules=rules, alter=alter, **limits)
    play(sides, steps)
    come_to_rest(sides)


@many
@given(here=SIDES, there=SIDES, steps=STEPS, alter=ALTERS, conflict=st.sampled_from(["most_recent", "prefer_crm"]))
def test_two_way_without_limits_ends_equal(
    here: dict[str, Value], there: dict[str, Value], steps: list[tuple[str, str, Value]], alter: str, conflict: str
) -> None:
    sides = two_sides(here, there, rules={"conflict_rule": conflict}, alter=alter)
    play(sides, steps)
    sides.sync()
    assert sides.here == sides.there


@many
@given(
    here=SIDES,
    steps=STEPS,
    conflict=st.sampled_from(["most_recent", "prefer_crm", "prefer_local", "ask"]),
    alter=st.sampled_from(["as sent", "lower case"]),
)
@example(
    here={"first_name": "Ana", "job_title": None},
    steps=[("here", "first_name", "Ben"), ("there", "first_name", "Cleo"), ("here", "job_title", "Ana")],
    conflict="most_recent",
    alter="as sent",
)
def test_nobodys_change_is_overwritten_unseen(
    here: dict[str, Value], steps: list[tuple[str, str, Value]], conflict: str, alter: str
) -> None:
    """Judged by who edited what since both last agreed, not by the stored base."""
    sides = two_sides(here, here, rules={"conflict_rule": conflict}, alter=alter)
    sides.sync()
    agreed = dict(sides.here)
    for step in [*steps, ("sync", "", None)]:
        if step[0] != "sync":
            play(sides, [step])
            continue
        ours, theirs = dict(sides.here), dict(sides.there)
        newer_here = {name: sides._time_here(name) > sides.modified_there for name in NAMES}
        sides.sync()
        for name in NAMES:
            changed = (ours[name] != agreed[name], theirs[name] != agreed[name])
            sent = sides.alter(ours[name])
            asks = changed == (True, True) and conflict == "ask"
            if ours[name] == theirs[name] or asks:
                expected = (ours[name], theirs[name])
            elif changed == (True, False) or (changed == (True, True) and _ours_wins(conflict, newer_here[name])):
                expected = (sent, sent)
            else:
                expected = (theirs[name], theirs[name])
            assert (sides.here[name], sides.there[name]) == expected
            if expected[0] == expected[1]:
                agreed[name] = expected[0]


def _ours_wins(conflict: str, newer_here: bool) -> bool:
    return conflict == "prefer_local" or (conflict == "most_recent" and newer_here)


@many
@given(here=SIDES, there=SIDES, steps=STEPS, rules=RULES, limits=LIMITS, alter=ALTERS)
def test_each_switch_holds_in_every_sync(
    here: dict[str, Value],
    there: dict[str, Value],
    steps: list[tuple[str, str, Value]],
    rules: dict[str, Any],
    limits: dict[str, Any],
    alter: str,
) -> None:
    sides = two_sides(here, there, rules=rules, alter=alter, **limits)
    readable, editable = limits["readable"], limits["editable"]
    for step in [*steps, ("sync", "", None)]:
        if step[0] != "sync":
            play(sides, [step])
            continue
        ours, theirs = dict(sides.here), dict(sides.there)
        outcome = sides.sync()
        if rules["direction"] == "inbound" or not limits["outbound"]:
            assert not outcome.pushed
        if rules["direction"] == "outbound" or not limits["inbound"]:
            assert not outcome.pulled
        for name, (old, new) in outcome.pushed.items():
            crm_field = scenery.CRM_FIELDS[name]
            assert (old, new) == (theirs[name], ours[name])
            assert crm_field not in limits["read_only"]
            assert readable is None or crm_field in readable
            assert editable is None or crm_field in editable
            assert rules["may_clear_crm"] or new is not None
            assert rules["write_rule"] == "overwrite" or old is None
        for name, (old, new) in outcome.pulled.items():
            assert old == ours[name]
            assert readable is None or scenery.CRM_FIELDS[name] in readable
            assert not rules["keep_when_blank"] or new is not None
            assert rules["write_rule"] == "overwrite" or old is None


@given(here=SIDES, there=SIDES)
@settings(deadline=None, max_examples=60)
def test_ask_writes_nothing_until_somebody_answers(here: dict[str, Value], there: dict[str, Value]) -> None:
    agreed: dict[str, Value] = dict.fromkeys(NAMES, "agreed before")
    sides = two_sides(agreed, agreed, rules={"conflict_rule": "ask"})
    sides.sync()
    for name in NAMES:
        sides.edit_here(name, here[name])
        sides.edit_there(name, there[name])
    differ = [name for name in NAMES if here[name] != there[name]]
    for _ in range(3):
        outcome = sides.sync()
        assert outcome.writes == 0
        assert [each.rule.local_field for each in outcome.plan.chosen("ask")] == differ
    for name in differ:
        sides.edit_here(name, there[name])  # the answer: theirs
    sides.sync()
    assert not sides.sync().plan.chosen("ask")
    assert sides.here == sides.there == there


@pytest.mark.parametrize("alter", sorted(ALTERATIONS))
@pytest.mark.parametrize("direction", ["two_way", "outbound"])
def test_what_the_crm_made_of_our_value_is_not_written_again(direction: str, alter: str) -> None:
    start: dict[str, Value] = {"first_name": "Ana", "job_title": "Chief"}
    sides = two_sides(start, start, rules={"direction": direction}, alter=alter)
    sides.sync()
    sides.edit_here("first_name", "Maria")
    assert sides.sync().pushed == {"first_name": ("Ana", "Maria")}
    for _ in range(QUIET_ROUNDS):
        assert sides.sync().writes == 0
    assert sides.there["first_name"] == ALTERATIONS[alter]("Maria")
    assert sides.here["first_name"] == (sides.there["first_name"] if direction == "two_way" else "Maria")
