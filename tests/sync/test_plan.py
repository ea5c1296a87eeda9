"""Is this record to be synced at all, and what may be done with each of its fields?

Eligibility comes first and costs nothing; then the counterpart; then every switch and right, field by field.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from jobs.mappings import FieldFacts
from jobs.sync import merge
from jobs.sync.matching import Candidate
from jobs.sync.plan import Plan, Skip, base_after, ineligible, make_plan, no_counterpart, switched_off
from jobs.sync.refusals import Refusals
from jobs.sync.scene import Scene, bases, stored_base
from jobs.values import Value
from tests.sync.scenery import BEFORE, NOON, field, linked, local, matched, row, setup, unmatched

EMAIL = field("email", field_type="email")
TITLE = field("job_title")
AGREED = {"job_title": merge.Base("Chief", "Chief")}


def code(skip: Skip | None) -> str:
    return skip.code if skip else ""


# --- Eligible? ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("switches", "expected"),
    [
        ({}, ""),
        ({"syncs_enabled": False}, "SYNCS_OFF"),
        ({"enabled": False}, "OBJECT_OFF"),
        ({"syncs_enabled": False, "enabled": False}, "SYNCS_OFF"),
    ],
)
def test_a_switch_that_is_off_is_known_before_the_crm_is_asked(switches: dict[str, Any], expected: str) -> None:
    assert code(switched_off(setup(TITLE, **switches))) == expected


@pytest.mark.parametrize(
    ("fate", "expected"),
    [
        ({}, ""),
        ({"is_deleted": True}, "RECORD_DELETED"),
        ({"is_deleted": True, "merged_into": "003000000000002"}, "RECORD_MERGED"),
        ({"is_converted": True, "converted_to": "003000000000002"}, "LEAD_CONVERTED"),
        ({"is_converted": True}, "LEAD_CONVERTED"),
    ],
)
def test_a_record_that_is_gone_is_not_synced(fate: dict[str, Any], expected: str) -> None:
    assert code(ineligible(setup(TITLE), row({}, **fate))) == expected


@pytest.mark.parametrize(
    ("address", "expected"),
    [("ana@example.com", ""), (None, "NO_EMAIL"), ("ana at example", "INVALID_EMAIL")],
)
def test_an_object_that_needs_an_address(address: Value, expected: str) -> None:
    assert code(ineligible(setup(EMAIL, needs_email=True), row({"Email": address}))) == expected
    assert ineligible(setup(EMAIL, needs_email=False), row({"Email": address})) is None


def test_an_object_that_needs_an_address_and_maps_none() -> None:
    assert code(ineligible(setup(TITLE, needs_email=True), row({"Title": "Chief"}))) == "NO_EMAIL"


# --- Which of ours? -------------------------------------------------------------------------------------------------

SEVERAL = (Candidate(1, "Sample One", "one@example.com"), Candidate(2, "Sample Two", ""))
COUNTERPARTS: list[tuple[str, Scene, dict[str, Any], str]] = [
    ("linked", linked(local({})), {}, ""),
    ("linked, existing ones skipped", linked(local({})), {"duplicate_handling": "skip"}, ""),
    ("linked, ours marked deleted", linked(local({}, deleted_at=NOON)), {}, "LOCAL_DELETED"),
    ("linked, ours gone", linked(None), {}, "LOCAL_DELETED"),
    ("found", matched(local({})), {}, ""),
    ("found, existing ones skipped", matched(local({})), {"duplicate_handling": "skip"}, "EXISTING_SKIPPED"),
    ("found, existing ones filled", matched(local({})), {"duplicate_handling": "update_missing"}, ""),
    ("chosen by a person", matched(local({}), by="manual"), {"duplicate_handling": "skip"}, ""),
    ("found, none may be made", matched(local({})), {"may_create_here": False}, ""),
    ("several", unmatched("several", *SEVERAL), {}, "AMBIGUOUS_MATCH"),
    ("taken", unmatched("taken", *SEVERAL), {}, "ALREADY_LINKED"),
    ("none", unmatched(), {}, ""),
    ("none, none may be made", unmatched(), {"may_create_here": False}, "CREATE_OFF"),
    ("none, nothing comes in", unmatched(), {"inbound": False}, "CREATE_OFF"),
]


@pytest.mark.parametrize(
    ("scene", "switches", "expected"), [line[1:] for line in COUNTERPARTS], ids=[line[0] for line in COUNTERPARTS]
)
def test_the_counterpart_is_ours_to_decide_or_not(scene: Scene, switches: dict[str, Any], expected: str) -> None:
    assert code(no_counterpart(setup(TITLE, **switches), scene)) == expected
    skip = make_plan(setup(TITLE, **switches), row({"Title": "Chief"}), scene).skip
    assert code(skip) == expected


def test_the_candidates_are_named_for_the_one_who_chooses() -> None:
    skip = no_counterpart(setup(TITLE), unmatched("several", *SEVERAL))
    assert skip is not None
    assert [dict(each) for each in skip.candidates] == [
        {"id": 1, "name": "Sample One", "detail": "one@example.com"},
        {"id": 2, "name": "Sample Two", "detail": ""},
    ]


def test_what_is_gone_is_told_before_who_it_could_be() -> None:
    plan = make_plan(setup(TITLE), row({}, is_deleted=True), unmatched("several", *SEVERAL))
    assert code(plan.skip) == "RECORD_DELETED"
    assert plan.decisions == ()


# --- What may be done with a field? ---------------------------------------------------------------------------------


def decision(
    ours: Value, theirs: Value, mapping: FieldFacts = TITLE, refusals: Refusals | None = None, **limits: Any
) -> tuple[str, str]:
    """The action and the reason for the one field mapped, on a record where both sides once had "Chief"."""
    scene = linked(local({mapping.local_field: ours}), {mapping.local_field: merge.Base("Chief", "Chief")})
    plan = make_plan(setup(mapping, **limits), row({mapping.crm_field: theirs}), scene, refusals)
    return plan.decisions[0].action, plan.decisions[0].why


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        ({"outbound": False}, "OUTBOUND_OFF"),
        ({"read_only": ["Title"]}, "READ_ONLY_IN_CRM"),
        ({"readable": ["Email"]}, "HIDDEN_FROM_YOU"),
        ({"readable": []}, "HIDDEN_FROM_YOU"),
        ({"readable": ["Title"], "editable": []}, "NOT_YOURS_TO_EDIT"),
        ({"editable": ["Email"]}, "NOT_YOURS_TO_EDIT"),
        ({"refusals": Refusals(by_field={"Title": "STRING_TOO_LONG"})}, "STRING_TOO_LONG"),
        ({"refusals": Refusals(whole="ENTITY_IS_LOCKED")}, "ENTITY_IS_LOCKED"),
        # Of several reasons the one that is first to be mended.
        ({"outbound": False, "read_only": ["Title"], "editable": []}, "OUTBOUND_OFF"),
        ({"read_only": ["Title"], "editable": []}, "READ_ONLY_IN_CRM"),
        ({"readable": [], "editable": []}, "HIDDEN_FROM_YOU"),
    ],
)
def test_why_a_change_of_ours_is_not_written(limits: dict[str, Any], reason: str) -> None:
    assert decision("Director", "Chief", **limits) == ("leave", reason)


@pytest.mark.parametrize(
    ("limits", "reason"),
    [
        ({"inbound": False}, "INBOUND_OFF"),
        ({"readable": ["Email"]}, "HIDDEN_FROM_YOU"),
        ({"inbound": False, "readable": []}, "INBOUND_OFF"),
    ],
)
def test_why_a_change_of_theirs_is_not_taken(limits: dict[str, Any], reason: str) -> None:
    assert decision("Chief", "Director", **limits) == ("leave", reason)


@pytest.mark.parametrize(
    "limits",
    [
        {},
        {"readable": ["Title"], "editable": ["Title"]},
        {"editable": ["Title"]},
        {"refusals": Refusals(by_field={"Email": "STRING_TOO_LONG"})},
        {"inbound": False},
    ],
)
def test_what_does_not_concern_a_push_does_not_hinder_it(limits: dict[str, Any]) -> None:
    assert decision("Director", "Chief", **limits) == ("push", "CHANGED_HERE")


@pytest.mark.parametrize(
    "limits",
    [
        {"outbound": False},
        {"read_only": ["Title"]},
        {"readable": ["Title"], "editable": []},
        {"refusals": Refusals(whole="ENTITY_IS_LOCKED")},
    ],
)
def test_what_does_not_concern_a_pull_does_not_hinder_it(limits: dict[str, Any]) -> None:
    assert decision("Chief", "Director", **limits) == ("pull", "CHANGED_IN_CRM")


def test_what_is_no_address_is_not_sent_to_the_crm() -> None:
    assert decision("ana at example", "Chief", EMAIL) == ("leave", "INVALID_EMAIL")
    assert decision("ana@example.com", "Chief", EMAIL) == ("push", "CHANGED_HERE")
    assert decision(None, "Chief", EMAIL) == ("push", "CHANGED_HERE")


def test_a_field_the_crm_no_longer_has_or_an_admin_paused_is_not_decided() -> None:
    everything = setup(EMAIL, TITLE, field("first_name", enabled=False), gone=["Title"])
    plan = make_plan(everything, row({"Email": "ana@example.com"}), linked(local({})))
    assert [each.rule.local_field for each in plan.decisions] == ["email"]
    assert [each.local_field for each in everything.gone_mappings] == ["job_title"]


def test_refusals_are_true_once_there_is_one() -> None:
    assert not Refusals()
    assert not Refusals(message="words alone refuse nothing")
    assert Refusals(whole="ENTITY_IS_LOCKED")
    assert Refusals(by_field={"Title": "STRING_TOO_LONG"}).code_for("Email") == ""
    assert Refusals(by_field={"Title": "STRING_TOO_LONG"}, whole="ENTITY_IS_LOCKED").code_for("Email")


# --- Together -------------------------------------------------------------------------------------------------------


def test_a_new_record_of_ours_takes_everything_whatever_becomes_of_existing_ones() -> None:
    plan = make_plan(setup(EMAIL, TITLE, duplicate_handling="update_missing"), row(THEIRS), unmatched())
    assert [(each.action, each.value) for each in plan.decisions] == [("pull", "ana@example.com"), ("pull", "Chief")]


THEIRS: dict[str, Value] = {"Email": "ana@example.com", "Title": "Chief"}


def test_our_value_is_read_as_the_type_it_is_compared_as() -> None:
    score = field("lead_score", field_type="number")
    scene = linked(local({"lead_score": 7.0}), {"lead_score": merge.Base(7, 7)})
    assert make_plan(setup(score), row({"Score__c": 7}), scene).decisions[0].action == "nothing"


@pytest.mark.parametrize(("offset", "winner"), [(None, "pull"), (0.0, "pull"), (7200.0, "push"), (0.9, "pull")])
def test_most_recent_reckons_with_a_crm_clock_that_is_ahead(offset: float | None, winner: str) -> None:
    """Ours changed at eleven, theirs at twelve by a clock that may be hours ahead of ours."""
    scene = linked(local({"job_title": "ours"}, at=BEFORE), AGREED)
    plan = make_plan(setup(TITLE, clock_offset=offset), row({"Title": "theirs"}, modified_at=NOON), scene)
    assert (plan.decisions[0].action, plan.decisions[0].why) == (winner, "MOST_RECENT")


def test_a_clock_off_by_less_than_a_second_counts_as_right() -> None:
    just_after = NOON + timedelta(seconds=1)
    scene = linked(local({"job_title": "ours"}, at=just_after), AGREED)
    for offset in (-0.9, 0.0, 0.9):
        plan = make_plan(setup(TITLE, clock_offset=offset), row({"Title": "theirs"}, modified_at=NOON), scene)
        assert plan.decisions[0].action == "push"


def test_the_base_afterwards() -> None:
    """Agreed where both hold the same, apart where a first link kept both, untouched where nothing was settled."""
    mapped = [field(name) for name in ("first_name", "job_title", "email")]
    scene = linked(local({"first_name": "Ana", "job_title": "ours", "email": "e"}), {"email": merge.Base("d", "d")})
    crm = row({"FirstName": "Ana", "Title": "theirs", "Email": "d"})
    plan = make_plan(setup(*mapped, duplicate_handling="update_missing", outbound=False), crm, scene)
    assert [each.action for each in plan.decisions] == ["agree", "leave", "leave"]
    base = base_after(scene, plan, {})
    assert base == {
        "first_name": merge.Base("Ana", "Ana"),
        "job_title": merge.Base("ours", "theirs"),
        "email": merge.Base("d", "d"),
    }
    kept = linked(None, base).link
    assert kept is not None
    assert bases(kept) == base
    assert stored_base(base)["apart"] == {"job_title": ["ours", "theirs"]}


def test_a_skipped_plan_decides_nothing() -> None:
    assert Plan(skip=Skip("SYNCS_OFF")).chosen("push") == ()
