"""How the field is found that a CRM refuses without naming it: a run's refusals, and a CRM that only says no."""

from __future__ import annotations

from itertools import combinations

import pytest

from jobs.crm.errors import DuplicateFound, NotAllowed, Rejected
from jobs.sync.refusals import MOST_UNNAMED, Refusals

FIELDS = {f"Field{number}": "text" for number in range(24)}
FEW = {"Email": "email", "Title": "text", "FirstName": "text", "LastName": "text"}


def play(
    fields: dict[str, str], culprits: set[str], *, error: Rejected | DuplicateFound
) -> tuple[set[str], int, Refusals]:
    """What has got through, with how many writes, and what was noted on the way."""
    refusals, through, writes = Refusals(), set[str](), 0
    while sent := {name: kind for name, kind in fields.items() if name not in through and not refusals.code_for(name)}:
        writes += 1
        if culprits & sent.keys():
            refusals.note(sent, error)
            continue
        through |= sent.keys()
        if not refusals.taken():
            break
    return through, writes, refusals


def refused() -> Rejected:
    return Rejected("No.", code="REFUSED")


@pytest.mark.parametrize("culprit", FIELDS)
def test_one_of_many_is_found_wherever_it_stands(culprit: str) -> None:
    through, writes, refusals = play(FIELDS, {culprit}, error=refused())
    assert through == FIELDS.keys() - {culprit}
    assert refusals.by_field == {culprit: "REFUSED"}
    assert writes <= 8


@pytest.mark.parametrize("culprits", list(combinations(FEW, 2)))
def test_two_of_a_few_are_both_found(culprits: tuple[str, str]) -> None:
    through, _, refusals = play(FEW, set(culprits), error=refused())
    assert through == FEW.keys() - set(culprits)
    assert refusals.by_field.keys() == set(culprits)


def test_of_a_duplicate_the_address_is_suspected_first() -> None:
    through, writes, refusals = play(FEW, {"Email"}, error=DuplicateFound("Known.", code="DUPLICATE"))
    assert (through, writes) == (FEW.keys() - {"Email"}, 2)
    assert refusals.by_field == {"Email": "DUPLICATE"}


def test_a_suspect_that_is_innocent_gets_through() -> None:
    through, _, refusals = play(FEW, {"Title"}, error=DuplicateFound("Known.", code="DUPLICATE"))
    assert through == FEW.keys() - {"Title"}
    assert refusals.by_field == {"Title": "DUPLICATE"}


def test_where_everything_is_refused_it_comes_to_an_end() -> None:
    through, writes, refusals = play(FIELDS, set(FIELDS), error=refused())
    assert through == set()
    assert all(refusals.code_for(name) == "REFUSED" for name in FIELDS)
    assert writes <= 2 * MOST_UNNAMED


def test_a_field_that_is_named_is_left_out_and_nothing_else() -> None:
    refusals = Refusals()
    refusals.note(FEW, Rejected("Too long.", code="TOO_LONG", fields=("title", "Unknown")))
    assert {name: refusals.code_for(name) for name in FEW if refusals.code_for(name)} == {"Title": "TOO_LONG"}


def test_a_record_that_may_not_be_changed_is_not_tried_in_parts() -> None:
    refusals = Refusals()
    refusals.note(FEW, NotAllowed("Locked.", code="ENTITY_IS_LOCKED"))
    assert refusals.whole == "ENTITY_IS_LOCKED"
    assert all(refusals.code_for(name) == "ENTITY_IS_LOCKED" for name in FEW)
