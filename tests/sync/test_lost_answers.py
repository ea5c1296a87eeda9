"""What a record tells of a write whose answer was lost: by its value, and by its history where the CRM has one."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from itertools import product

import pytest

from jobs.crm.base import CrmRow, FieldInfo, Version
from jobs.sync.changes import as_seen, booked, stamp_before
from jobs.values import Value
from tests.sync.rules_document import table, the_line

START = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("sent", "holds", "scale", "is_ours"),
    [
        (12.345, 12.3, 1, True),
        (0.25, 0.3, 1, True),
        (-0.25, -0.2, 1, True),  # half a digit may go either way
        (-0.25, -0.3, 1, True),
        (1.5, 2, 0, True),
        (12.345, 12.4, 1, False),
        (12.345, 12.34, 1, False),  # more digits than it keeps: somebody else's doing
        (12.345, 12.3, None, False),
        ("12.345", "12.3", 1, False),
        (True, 1, 0, True),  # equal as it stands
        (12.345, None, 1, False),
    ],
)
def test_a_number_is_known_by_the_digits_the_crm_keeps(
    sent: Value, holds: Value, scale: int | None, is_ours: bool
) -> None:
    pending = {"field": "score", "crm_field": "Score__c", "side": "crm", "old": 99, "new": sent}
    info = FieldInfo("Score__c", "Score", "number", "double", scale=scale)
    [told] = booked([pending], seen(Score__c=holds), {"Score__c": info})
    assert (told.get("confirmed", False), told.get("unsure", False)) == (is_ours, not is_ours)


HOLDS: dict[str, Value] = {"ours": 1.25, "ours, rounded by the CRM": 1.3, "the value before": 1, "another value": 7}


def test_the_rules_page_says_what_is_made_of_every_case() -> None:
    lines = table("Was a write done whose answer was lost?")
    for holds, has_ours in product(HOLDS, ("yes", "no", "not told")):
        expected = the_line(lines, {"it holds": holds, "its history has ours since": has_ours}).outcome[0]
        pending = {"field": "score", "crm_field": "score", "side": "crm", "old": 1, "new": 1.25}
        row = seen(score=HOLDS[holds])
        if has_ours != "not told":
            as_seen([pending], held(1))
            row = held(1, 1.25, 2, HOLDS[holds]) if has_ours == "yes" else held(1, 2, HOLDS[holds], by_app=False)
        found = booked([pending], row, {"score": FieldInfo("score", "Score", "number", "double", scale=1)})
        told = "never done" if not found else "unknown" if found[0].get("unsure") else "done"
        assert told == expected, (holds, has_ours)


def test_what_our_unanswered_write_really_replaced_is_what_the_history_says() -> None:
    """Somebody saved in the moment between our look and our write: their value can be brought back by an undo."""
    pending = {"field": "score", "crm_field": "score", "side": "crm", "old": 1, "new": 1.25}
    as_seen([pending], held(1))
    [told] = booked([pending], held(1, 2, 1.25))
    assert (told["old"], told["confirmed"]) == (2, True)


def test_a_value_of_ours_from_before_is_no_sign_of_the_write() -> None:
    pending = {"field": "score", "crm_field": "score", "side": "crm", "old": 1, "new": 1.25}
    as_seen([pending], held(1.25, 1))
    assert booked([pending], held(1.25, 1)) == []


@pytest.mark.parametrize(
    ("afterwards", "is_known"),
    [
        ({"score": 1.25, "title": "Buyer"}, True),
        ({"score": 1.3, "title": "Buyer"}, True),  # as the CRM rounded it
        ({"score": 1, "title": "Buyer"}, False),  # never written: whoever saved, it was not us
        ({"score": 7, "title": "Buyer"}, False),  # somebody has saved since
        ({"score": 1.25, "title": "Owner"}, False),
        ({"score": 1.25, "title": "Buyer", "phone": "1"}, False),  # another set of fields is read: nothing to go by
    ],
)
def test_the_stamp_of_our_unanswered_write_is_known_as_ours(afterwards: dict[str, Value], is_known: bool) -> None:
    """Where the CRM stamps the whole record. Else what somebody saved earlier would look like the newest change."""
    pending = {"field": "score", "crm_field": "score", "side": "crm", "old": 1, "new": 1.25}
    as_seen([pending], seen(score=1, title="Buyer"))
    row = replace(seen(**afterwards), modified_at=START + timedelta(minutes=1))
    found = stamp_before([pending], row, {"score": FieldInfo("score", "Score", "number", "double", scale=1)})
    assert found == (START if is_known else None)


def held(*values: Value, by_app: bool = True) -> CrmRow:
    """A row whose score has held these, oldest first, a second each; 1.25 was an app's doing, or nothing was."""
    versions = [
        Version(value, START + timedelta(seconds=at), by_app and value == 1.25) for at, value in enumerate(values)
    ][::-1]
    since_at = versions[0].since_at
    return replace(seen(score=values[-1]), field_modified_at={"score": since_at}, versions_of=lambda _: versions)


def seen(**values: Value) -> CrmRow:
    return CrmRow("1", "Ana", values, START, "", START)
