"""One choice that two systems spell differently is one: found by its value, then its label, then in any case."""

from __future__ import annotations

import pytest

from jobs.sync import merge
from jobs.sync.choices import Choices
from jobs.sync.plan import make_plan
from jobs.values import Value
from tests.sync.scenery import field, linked, local, row, setup, unmatched

THEIRS = (("appointmentscheduled", "Appointment Scheduled"), ("closedwon", "Closed Won"), ("Won", "closedwon"))
OURS = (("1", "Appointment scheduled"), ("2", "Closed Won"))

AS_THEIRS = [
    ("appointmentscheduled", "appointmentscheduled"),  # by value
    ("Appointment Scheduled", "appointmentscheduled"),  # by label
    ("CLOSED WON", "closedwon"),  # in another case
    ("closedwon", "closedwon"),  # a value counts before the label of another
    ("Lost", "Lost"),  # none of theirs: the CRM has the last word
    (["Closed Won", "Appointment Scheduled", "closedwon"], ["appointmentscheduled", "closedwon"]),
    (None, None),
]


@pytest.mark.parametrize(("ours", "theirs"), AS_THEIRS)
def test_our_choice_as_the_crm_spells_it(ours: Value, theirs: Value) -> None:
    assert Choices(THEIRS).as_theirs(ours) == theirs


def test_choices_of_ours_meet_theirs_by_label() -> None:
    both = Choices(THEIRS, OURS)
    assert (both.as_theirs("1"), both.as_ours("appointmentscheduled")) == ("appointmentscheduled", "1")
    assert both.as_ours("Closed Won") == "2"
    assert both.as_ours(None) is None
    with pytest.raises(LookupError):
        both.as_ours("Lost")


def test_where_ours_takes_any_choice_theirs_is_taken_as_it_is() -> None:
    assert Choices(THEIRS).as_ours("anything") == "anything"


def test_a_thousand_choices_are_told_apart() -> None:
    many = Choices(tuple((f"v{number}", f"Label {number}") for number in range(1_000)))
    assert all(many.as_theirs(f"label {number}") == f"v{number}" for number in range(1_000))


# --- In a plan ------------------------------------------------------------------------------------------------------


def decided(ours: Value, theirs: Value, base: Value, *, own: tuple[tuple[str, str], ...] = ()) -> merge.Decision:
    stage = field("stage", crm_field="StageName", field_type="select", options=own)
    one = setup(stage, described={"StageName": {"options": THEIRS}})
    scene = linked(local({"stage": ours}), {"stage": merge.Base(base, base)})
    return make_plan(one, row({"StageName": theirs}), scene).decisions[0]


def test_two_spellings_of_one_choice_are_no_difference() -> None:
    decision = decided("Closed Won", "closedwon", "Closed Won")
    assert (decision.action, decision.local) == ("nothing", "Closed Won")
    assert decided("CLOSED WON", "closedwon", "other").action == "agree"


def test_ours_is_pushed_as_the_crm_spells_it() -> None:
    decision = decided("Closed Won", "appointmentscheduled", "Appointment Scheduled")
    assert (decision.action, decision.value, decision.old) == ("push", "closedwon", "appointmentscheduled")


def test_theirs_is_taken_as_we_spell_it() -> None:
    decision = decided("1", "closedwon", "1", own=OURS)
    assert (decision.action, decision.value, decision.old) == ("pull", "2", "1")
    assert decided("Appointment Scheduled", "closedwon", "appointmentscheduled").value == "closedwon"


def test_a_choice_we_do_not_have_is_left_with_the_reason() -> None:
    decision = decided("1", "Won", "1", own=OURS)
    assert (decision.action, decision.why, decision.local, decision.crm) == ("leave", "OPTION_UNKNOWN", "1", "Won")


def test_a_new_record_of_ours_takes_the_choice_as_we_spell_it() -> None:
    stage = field("stage", crm_field="StageName", field_type="select", options=OURS)
    one = setup(stage, described={"StageName": {"options": THEIRS}})
    assert make_plan(one, row({"StageName": "closedwon"}), unmatched()).decisions[0].value == "2"
