"""Which field may be mapped with which: the table of docs/sync-rules.md, and the reason for every refusal."""

from __future__ import annotations

from itertools import product

import pytest

from jobs.crm.base import FieldInfo
from jobs.sync.pairs import NAMES, PairRefused, check, check_free, directions, fits
from jobs.values import FIELD_TYPES
from tests.sync.rules_document import table
from tests.sync.scenery import field

EVERY_WAY = ("two_way", "inbound", "outbound")


def theirs(field_type: str, *, may_update: bool = True, calculated: bool = False) -> FieldInfo:
    return FieldInfo("Rank__c", "Rank", field_type, "", may_update=may_update, calculated=calculated)


def test_the_page_says_of_every_pair_whether_it_fits() -> None:
    lines = {line.facts["ours"]: line for line in table("Which types fit together?", outcomes=2)}
    assert set(lines) == set(FIELD_TYPES)
    for ours, crm_type in product(FIELD_TYPES, FIELD_TYPES):
        both, inbound_only = (cell.split(" or ") for cell in lines[ours].outcome)
        expected = EVERY_WAY if crm_type in both else ("inbound",) if crm_type in inbound_only else ()
        assert directions(ours, theirs(crm_type)) == expected, f"{ours} with {crm_type}"
        assert fits(ours, theirs(crm_type), outward=False) == bool(expected)
        assert fits(ours, theirs(crm_type), outward=True) == (expected == EVERY_WAY)


def test_every_type_fits_itself_both_ways() -> None:
    assert all(directions(each, theirs(each)) == EVERY_WAY for each in FIELD_TYPES)
    assert set(NAMES) == set(FIELD_TYPES)


@pytest.mark.parametrize("limits", [{"may_update": False}, {"calculated": True}])
def test_what_we_may_not_write_comes_in_only(limits: dict[str, bool]) -> None:
    assert directions("number", theirs("number", **limits)) == ("inbound",)
    assert directions("date", theirs("number", **limits)) == ()


REFUSED = [
    # ours, theirs, direction -> what is said
    ("date", theirs("number"), "inbound", "Rank is a number, ours is a date: they do not fit. Choose a field that is "),
    ("boolean", theirs("text"), "two_way", "Rank is a text, ours is a checkbox"),
    ("text", theirs("number"), "two_way", "fit only from the CRM to us"),
    ("text", theirs("email"), "outbound", "fit only from the CRM to us"),
    ("number", theirs("number", calculated=True), "two_way", "Rank is calculated by the CRM"),
    ("number", theirs("number", may_update=False), "outbound", "does not let us write Rank"),
]


@pytest.mark.parametrize(("ours", "info", "direction", "words"), REFUSED)
def test_a_wrong_pair_is_refused_with_the_reason(ours: str, info: FieldInfo, direction: str, words: str) -> None:
    with pytest.raises(PairRefused, match=words):
        check(ours, info, direction)


@pytest.mark.parametrize("direction", EVERY_WAY)
def test_a_right_pair_is_not(direction: str) -> None:
    check("number", theirs("currency"), direction)
    check("text", theirs("number"), "inbound")


def test_two_mappings_onto_one_field_are_refused_on_either_side() -> None:
    mapped = [field("job_title"), field("email")]
    check_free(mapped, local_field="first_name", crm_field="FirstName")
    with pytest.raises(PairRefused, match="Job title is mapped with Title already"):
        check_free(mapped, local_field="job_title", crm_field="Position__c")
    with pytest.raises(PairRefused, match="Email is mapped with our Email already"):
        check_free(mapped, local_field="company", crm_field="Email")
