"""Sequences told step by step, before the judge of the random ones: what the promises hang on, what went wrong once.

Nothing is asserted here: the judge does, at each sync, at rest, and when all is undone.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import replace

import pytest

from tests.engine.machine.fields import FIELDS, HUBSPOT, SALESFORCE
from tests.engine.machine.judge import HERE, THERE, FieldRules, Switches
from tests.engine.machine.play import Play, Start
from tests.engine.machine.stage import Stage
from tests.engine.machine.trouble import Meanwhile, Trouble

USUAL = FieldRules()
LOST = [Trouble("the answer to the write is lost")]
CRMS = pytest.mark.parametrize("crm", [SALESFORCE, HUBSPOT])


@pytest.fixture
def play(play_stage: Stage, request: pytest.FixtureRequest) -> Iterator[Play]:
    """Ana, known on all three sides, who all agree. Salesforce's clock is an hour behind, HubSpot's one ahead."""
    ana = {"first_name": "Ana", "last_name": "Sample", "job_title": "Buyer", "phone": "1", "lead_score": 5}
    crms = (SALESFORCE, HUBSPOT)
    skew = {SALESFORCE: -3600, HUBSPOT: 3600}
    rules = {crm: dict.fromkeys(FIELDS, USUAL) for crm in crms}
    play = Play(
        play_stage, Start(ana, dict.fromkeys(crms, ana), rules, dict.fromkeys(crms, Switches()), skew), Counter()
    )
    for crm in crms:
        play.sync(crm)
    yield play
    play.come_to_rest()
    play.stay_quiet(1)
    play.undo_everything()


def test_somebody_saves_while_our_write_is_on_its_way(play: Play) -> None:
    play.edit_here("job_title", "Ours")
    play.sync(SALESFORCE, meanwhile=Meanwhile(THERE, "job_title", "Theirs"))


@CRMS
def test_ours_changes_while_our_write_is_on_its_way(play: Play, crm: str) -> None:
    play.edit_here("job_title", "Ours")
    play.edit_there(crm, "first_name", "Theirs")
    play.sync(crm, meanwhile=Meanwhile(HERE, "first_name", "Ours"))


@CRMS
def test_an_answer_is_lost(play: Play, crm: str) -> None:
    play.edit_here("job_title", "Ours")
    play.sync(crm, troubles=LOST)
    play.edit_here("first_name", "Anna")
    play.sync(crm)


@CRMS
def test_an_answer_is_lost_twice_there_and_back(play: Play, crm: str) -> None:
    play.edit_here("job_title", "Ours")
    play.sync(crm, troubles=LOST)
    play.edit_here("job_title", "Buyer")
    play.sync(crm, troubles=LOST)
    play.sync(crm)


@CRMS
def test_an_answer_is_lost_and_syncs_are_switched_off(play: Play, crm: str) -> None:
    play.set_rules(crm, "job_title", replace(USUAL, conflict_rule="prefer_crm"))
    play.edit_here("job_title", "Ours")
    play.sync(crm, troubles=LOST)
    play.set_switches(crm, Switches(enabled=False))
    play.sync(crm)
    play.set_switches(crm, Switches())
    play.edit_here("job_title", "Later")
    play.sync(crm)


@CRMS
@pytest.mark.parametrize("title", ["Buyer", "Theirs"])
def test_an_answer_is_lost_and_a_person_changes_what_we_wrote(play: Play, crm: str, title: str) -> None:
    play.edit_here("job_title", "Ours")
    play.sync(crm, troubles=LOST)
    play.edit_there(crm, "job_title", title)
    play.sync(crm)


@CRMS
def test_a_record_that_a_person_is_asked_about_goes_and_comes_back(play: Play, crm: str) -> None:
    play.set_rules(crm, "job_title", replace(USUAL, conflict_rule="ask"))
    play.edit_there(crm, "job_title", "Theirs")
    play.edit_here("job_title", "Ours")
    play.sync(crm)
    play.delete_there(crm)
    play.sync(crm)


@CRMS
def test_edits_to_and_fro_are_no_conflict(play: Play, crm: str) -> None:
    play.set_rules(crm, "job_title", replace(USUAL, conflict_rule="ask"))
    play.edit_there(crm, "job_title", "Theirs")
    play.sync(crm)
    play.edit_here("job_title", "Ours")
    play.sync(crm)
    play.edit_there(crm, "job_title", "Theirs again")
    play.sync(crm)


@CRMS
@pytest.mark.parametrize("rule", ["ask", "most_recent", "prefer_crm", "prefer_local"])
def test_both_sides_change(play: Play, crm: str, rule: str) -> None:
    play.set_rules(crm, "job_title", replace(USUAL, conflict_rule=rule))
    play.edit_there(crm, "job_title", "Theirs")
    play.edit_here("job_title", "Ours")
    play.sync(crm)
    play.edit_here("phone", "Ours")
    play.edit_there(crm, "phone", "Theirs")
    play.sync(crm)
    if rule == "ask":
        play.sync(crm, choices={"job_title": "local"})


@CRMS
def test_a_write_of_another_field_makes_no_value_newer(play: Play, crm: str) -> None:
    play.set_rules(crm, "job_title", replace(USUAL, conflict_rule="ask"))
    play.edit_there(crm, "job_title", "Theirs")
    play.edit_here("job_title", "Ours")
    play.edit_here("first_name", "Anna")
    play.sync(crm)
    play.set_rules(crm, "job_title", USUAL)
    play.sync(crm)


@CRMS
def test_blanks_and_filled_fields_are_kept(play: Play, crm: str) -> None:
    play.set_rules(crm, "job_title", replace(USUAL, keep_when_blank=True, may_clear_crm=False))
    play.set_rules(crm, "phone", replace(USUAL, write_rule="fill_blank"))
    play.edit_there(crm, "job_title", None)
    play.edit_here("phone", "2")
    play.sync(crm)


@CRMS
def test_what_a_person_made_of_our_value_is_not_undone(play: Play, crm: str) -> None:
    play.edit_here("job_title", "Ours")
    play.edit_there(crm, "phone", "2")
    play.sync(crm)
    written = play.undoable()[-1]
    play.edit_there(crm, "job_title", "Theirs")
    play.undo(written)
    play.sync(crm)


def test_what_the_crm_made_of_our_older_value_does_not_win(play: Play) -> None:
    play.edit_here("lead_score", 12.345)
    play.sync(SALESFORCE, meanwhile=Meanwhile(HERE, "lead_score", None))


def test_many_values_are_refused(play: Play) -> None:
    for name, value in {"first_name": "x" * 41, "last_name": None, "job_title": "y" * 129, "phone": "1" * 41}.items():
        play.edit_here(name, value)
    play.sync(SALESFORCE)


@pytest.mark.parametrize("trouble", ["half of the answer to the write arrives", "what was written cannot be read back"])
def test_a_rounded_value_is_written_and_not_heard_of(play: Play, trouble: str) -> None:
    play.edit_here("lead_score", 12.345)
    play.sync(SALESFORCE, troubles=[Trouble(trouble)])
    play.sync(SALESFORCE)


def test_a_rule_answers_an_open_question(play: Play) -> None:
    play.set_rules(SALESFORCE, "job_title", replace(USUAL, conflict_rule="ask"))
    play.edit_there(SALESFORCE, "job_title", "Theirs")
    play.edit_here("job_title", None)
    play.sync(SALESFORCE)
    assert play.open_conflicts(SALESFORCE)
    play.set_rules(SALESFORCE, "job_title", replace(USUAL, may_clear_crm=False))


def test_ours_moves_on_in_the_moment_both_agree(play: Play) -> None:
    play.edit_there(HUBSPOT, "lead_score", 7)
    play.edit_here("lead_score", 7)
    play.sync(HUBSPOT, meanwhile=Meanwhile(HERE, "lead_score", 0))


@CRMS
def test_what_goes_back_is_the_value_that_was_overwritten_last(play: Play, crm: str) -> None:
    """A write that never arrived is not what somebody put there since."""
    play.edit_here("lead_score", None)
    play.sync(crm, troubles=[Trouble("the connection drops before the write")])
    play.edit_there(crm, "lead_score", 88)
    play.edit_here("lead_score", 7)
    play.sync(crm)


@CRMS
@pytest.mark.parametrize("trouble", ["the answer to the write is lost", "what was written cannot be read back"])
def test_an_undo_that_was_not_heard_of_makes_no_value_newer(play: Play, crm: str, trouble: str) -> None:
    play.edit_here("first_name", "Anna")
    play.sync(crm)
    play.edit_there(crm, "job_title", "Theirs")
    play.edit_here("job_title", "Ours, and later")
    play.undo(play.undoable()[-1], troubles=[Trouble(trouble)])
    play.sync(crm)


def test_what_was_undone_does_not_come_in_again_from_the_other_crm(play: Play) -> None:
    play.edit_there(HUBSPOT, "lead_score", 7)
    play.sync(HUBSPOT)
    play.set_rules(SALESFORCE, "lead_score", replace(USUAL, direction="inbound"))
    play.set_rules(HUBSPOT, "lead_score", replace(USUAL, direction="outbound"))
    play.undo(play.undoable()[-1])
    play.undo(play.undoable()[-1])  # and back again
    play.sync(SALESFORCE)


@CRMS
def test_a_person_puts_in_what_we_could_not_write(play: Play, crm: str) -> None:
    """HubSpot's history tells; in Salesforce it looks as if we had written it."""
    play.set_rules(crm, "job_title", replace(USUAL, conflict_rule="prefer_crm"))
    play.edit_here("job_title", "Ours")
    play.sync(crm, troubles=[Trouble("the write fails")])
    play.edit_there(crm, "job_title", "Ours")
    play.edit_here("job_title", "Later")
    play.sync(crm)


@CRMS
def test_an_answer_is_lost_a_person_sets_it_back_and_ours_moves_on(play: Play, crm: str) -> None:
    play.edit_here("job_title", "Ours")
    play.sync(crm, troubles=LOST)
    play.edit_there(crm, "job_title", "Buyer")
    play.edit_here("job_title", "Later")
    play.sync(crm)
