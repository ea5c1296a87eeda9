"""The rest of docs/sync-rules.md: which record, which switches, which rights. Every combination fits one line."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from itertools import product
from typing import Any

import pytest

from jobs.crm.base import CrmRow
from jobs.sync import merge
from jobs.sync.fates import Heir, heir_of
from jobs.sync.matching import Candidate
from jobs.sync.plan import Skip, ineligible, make_plan, no_counterpart, switched_off
from jobs.sync.scene import Scene, Setup
from jobs.sync.stays import goes_with_theirs
from tests.sync import rules_document
from tests.sync.rules_document import table, the_line
from tests.sync.scenery import NOON, field, linked, local, matched, row, setup, unmatched

ON_OFF = {"on": True, "off": False}
YES_NO = ("yes", "no")
TITLE, EMAIL = field("job_title"), field("email", field_type="email")


def test_the_page_has_no_table_that_nobody_runs() -> None:
    assert rules_document.headings() == (
        "Is the record synced at all?",
        "Which record of ours?",
        "What becomes of ours when theirs is deleted?",
        "Is a record created there?",
        "Who wins?",
        "What may stand in the way?",
        "When is a person asked?",
        "What forbids a change here?",
        "What forbids a change there?",
        "Was a write done whose answer was lost?",
        "Which types fit together?",
    )


# --- Is the record synced at all? -----------------------------------------------------------------------------------


def asks(crm_field: str) -> dict[str, Any]:
    """A filter that nobody passes who has a title."""
    return {"all": [{"field": crm_field, "operator": "is_empty"}]}


STATES: dict[str, tuple[dict[str, Any], dict[str, Any], str | None]] = {
    # what is so: switches, what became of the record, the address
    "syncs of the connection are off": ({"syncs_enabled": False}, {}, "ana@example.com"),
    "the object is off": ({"enabled": False}, {}, "ana@example.com"),
    "a field of the object's [filter](filters.md) is gone": ({"filter": asks("Shoe_Size__c")}, {}, "ana@example.com"),
    "it was deleted in the CRM": ({}, {"is_deleted": True}, "ana@example.com"),
    "it was merged into another record": ({}, {"is_deleted": True, "merged_into": "003"}, "ana@example.com"),
    "it is a converted Lead": ({}, {"is_converted": True}, "ana@example.com"),
    "it does not pass the object's filter": ({"filter": asks("Title")}, {}, "ana@example.com"),
    "the object needs an email address, and the CRM field for it is gone": ({"gone": ["Email"]}, {}, None),
    "the object needs an email address, and it is blank": ({}, {}, None),
    "the object needs an email address, and it is not one": ({}, {}, "ana at example"),
    "none of these": ({}, {}, "ana@example.com"),
}
ELIGIBLE = table("Is the record synced at all?")


def eligibility(*states: str) -> str:
    """What is said of a record of which all of these are so."""
    switches: dict[str, Any] = {}
    fate: dict[str, Any] = {}
    address: str | None = "ana@example.com"
    for state in reversed(states):
        more, became, now = STATES[state]
        switches, fate = switches | more, fate | became
        address = now if now != "ana@example.com" else address
    one = setup(EMAIL, TITLE, needs_email=True, **switches)
    skip = switched_off(one) or ineligible(one, row({"Email": address, "Title": "Chief"}, **fate))
    return skip.code if skip else "synced"


@pytest.mark.parametrize("line", ELIGIBLE, ids=lambda line: line.facts["what is so"])
def test_whether_a_record_is_synced_at_all(line: rules_document.Line) -> None:
    assert eligibility(line.facts["what is so"]) == line.outcome[0]


def test_of_several_reasons_the_first_of_the_page_is_told() -> None:
    lines = [line for line in ELIGIBLE if line.facts["what is so"] != "none of these"]
    for number, first in enumerate(lines):
        for later in lines[number + 1 :]:
            told = eligibility(first.facts["what is so"], later.facts["what is so"])
            merges = (first.outcome, later.outcome) == (("RECORD_DELETED",), ("RECORD_MERGED",))
            assert told == (later if merges else first).outcome[0], "a merged record is deleted too, and says the more"


# --- Which record of ours, and is one made there? -------------------------------------------------------------------

SOME = (Candidate(1, "Sample One", ""), Candidate(2, "Sample Two", ""))
OURS: dict[str, Scene] = {
    "linked": linked(local({})),
    "linked, and deleted": linked(local({}, deleted_at=NOON)),
    "chosen by hand": matched(local({}), by="manual"),
    "found by a match rule": matched(local({})),
    "several found": unmatched("several", *SOME),
    "found, and linked elsewhere": unmatched("taken", *SOME),
    "none found": unmatched(),
}


def test_which_record_of_ours() -> None:
    lines = table("Which record of ours?")
    for ours, handling, inbound, create in product(OURS, ("skip", "overwrite_all", "update_missing"), ON_OFF, ON_OFF):
        facts = {"ours": ours, "duplicate handling": handling, "inbound": inbound, "create here": create}
        one = setup(TITLE, duplicate_handling=handling, inbound=ON_OFF[inbound], may_create_here=ON_OFF[create])
        assert _told(no_counterpart(one, OURS[ours]), ours) == the_line(lines, facts).outcome[0], facts


def _told(skip: Skip | None, ours: str) -> str:
    if skip is not None:
        return skip.code
    return "created" if ours == "none found" else "synced"


# "Is a record created there?" is run beside a CRM: tests/push/test_rules_page.py.


# --- Deleted there --------------------------------------------------------------------------------------------------


def ours_then(state: str) -> Scene:
    is_deleted = state.startswith("deleted")
    scene = linked(local({"job_title": "Chief"}, deleted_at=NOON if is_deleted else None))
    assert scene.link is not None
    scene.link.deleted_ours_at = NOON if state == "deleted with theirs" else None
    return scene


# Told apart beside a database: tests/engine/test_deleted_with_theirs.py.
WHY_IT_STAYS = {"edited": "KEPT_CHANGED", "linked elsewhere": "KEPT_LINKED", "brought back": "KEPT_BROUGHT_BACK"}


def test_what_becomes_of_ours_when_theirs_is_deleted() -> None:
    lines = table("What becomes of ours when theirs is deleted?")
    states = ("there", *WHY_IT_STAYS, "deleted with theirs", "deleted by a person")
    for theirs, ours, rule, inbound in product(("deleted", "restored"), states, ("keep", "delete"), ON_OFF):
        facts = {"theirs": theirs, "ours": ours, "when deleted there": rule, "inbound": inbound}
        one = setup(TITLE, when_deleted_there=rule, inbound=ON_OFF[inbound])
        shown = row({"Title": "Chief"}, is_deleted=theirs == "deleted")
        stays = WHY_IT_STAYS.get(ours, "") if goes_with_theirs(one.mapping, shown) else ""
        scene = replace(ours_then(ours), stays=stays)
        skip = make_plan(one, shown, scene).skip
        told = skip.code if skip else "ours comes back" if scene.comes_back else "synced"
        assert told == the_line(lines, facts).outcome[0], facts


def test_a_record_lives_on_as_what_it_became() -> None:
    assert heir_of("Lead", row({}, is_converted=True, converted_to="003", converted_object="Contact")) == Heir(
        "Contact", "003"
    )
    assert heir_of("Contact", row({}, is_deleted=True, merged_into="004")) == Heir("Contact", "004")
    assert heir_of("Lead", row({}, is_converted=True)) is None, "to something we were not told of"
    assert heir_of("Contact", row({}, is_deleted=True)) is None


# --- What forbids a change? -----------------------------------------------------------------------------------------


def decided(one: Setup, crm: CrmRow, scene: Scene) -> tuple[str, str]:
    decision = make_plan(one, crm, scene).decisions[0]
    return decision.action, decision.why


BEFORE = (("Chief", "Chief"),)
"""The choices the CRM had."""
FITS: dict[str, dict[str, Any]] = {
    "yes": {"options": BEFORE},
    "no": {"field_type": "boolean"},
    "a choice is lost": {"options": ()},
}


def test_what_forbids_a_change_here() -> None:
    lines = table("What forbids a change here?")
    there = linked(local({"job_title": "Chief"}), {"job_title": merge.Base("Chief", "Chief")})
    used = set()
    switched = product(ON_OFF, ("there", "being made"), ON_OFF, FITS, YES_NO)
    for inbound, ours, update, fits, sees in switched:
        if (inbound, ours) == ("off", "being made"):
            continue  # no record is made then
        facts = {
            "inbound": inbound,
            "ours": ours,
            "update here": update,
            "the types fit": fits,
            "the rep may see the field": sees,
        }
        switches = {"inbound": ON_OFF[inbound], "may_update_here": ON_OFF[update]}
        readable = None if sees == "yes" else ["Email"]
        title = replace(TITLE, known_options=BEFORE)
        one = setup(title, readable=readable, described={"Title": FITS[fits]}, **switches)
        action, why = decided(one, row({"Title": "Director"}), there if ours == "there" else unmatched())
        line = the_line(lines, facts)
        used.add(lines.index(line))
        assert (action, why) == (("leave", line.outcome[0]) if line.outcome[0] != "-" else ("pull", why)), facts
    assert used == set(range(len(lines))), "a line of the page is about nothing"


FIELDS: dict[str, dict[str, Any]] = {
    "calculated": {"calculated": True, "may_update": False},
    "read-only": {"may_update": False},
    "of a type that does not fit": {"field_type": "boolean"},
    "without a choice that is needed here": {"options": ()},
    "writable": {},
}


# What is written, and what both sides held before; the mapped field.
NOT_AN_ADDRESS, TOO_FAR = "no: not an address", "no: a date beyond the CRM's calendar"
BIRTHDAY = field("birthday", crm_field="Birthdate", field_type="date")
VALUES = {
    "yes": (EMAIL, "new@example.com", "old@example.com"),
    NOT_AN_ADDRESS: (EMAIL, "new at example", "old@example.com"),
    TOO_FAR: (BIRTHDAY, "1066-10-14", "2026-11-22"),
}


def test_what_forbids_a_change_there() -> None:
    lines = table("What forbids a change there?")
    for facts, one in every_right():
        mapped, new, old = VALUES[facts["the value fits"]]
        scene = linked(local({mapped.local_field: new}), {mapped.local_field: merge.Base(old, old)})
        action, why = decided(one, row({mapped.crm_field: old}), scene)
        expected = the_line(lines, facts).outcome[0]
        assert (action, why) == (("push", "CHANGED_HERE") if expected == "-" else ("leave", expected)), facts


def every_right() -> Iterator[tuple[dict[str, str], Setup]]:
    for outbound, update, theirs, sees, edits, fits in product(ON_OFF, ON_OFF, FIELDS, YES_NO, YES_NO, VALUES):
        mapped = replace(VALUES[fits][0], known_options=BEFORE)
        one = setup(
            mapped,
            outbound=ON_OFF[outbound],
            may_update_there=ON_OFF[update],
            described={
                mapped.crm_field: {
                    "options": BEFORE,
                    "days": ("1700-01-01", "4000-12-31") if fits == TOO_FAR else ("", ""),
                }
                | FIELDS[theirs]
            },
            readable=[mapped.crm_field] if sees == "yes" else [],
            editable=[mapped.crm_field] if edits == "yes" else [],
        )
        yield (
            {
                "outbound": outbound,
                "update there": update,
                "the CRM's field": theirs,
                "the rep may see it": sees,
                "the rep may edit it": edits,
                "the value fits": fits,
            },
            one,
        )
