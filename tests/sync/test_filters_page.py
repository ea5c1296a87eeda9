"""docs/filters.md names every operator, with what it says, what it takes, and the fields it is offered for."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from jobs.crm.base import FieldInfo
from jobs.sync.filter_operators import OPERATORS, offered

PAGE = (Path(__file__).parents[2] / "docs" / "filters.md").read_text()
LINES = [tuple(cell.strip(" `") for cell in line.strip("|").split("|")) for line in PAGE.splitlines() if "| `" in line]
TAKES = {"one": "one value", "two": "two values", "several": "several values", "days": "days", "nothing": "nothing"}
TYPES = ("text", "select", "multi-select", "user", "reference", "number", "boolean", "date", "datetime")


def test_every_operator_has_one_line() -> None:
    assert [line[0] for line in LINES] == list(OPERATORS)


@pytest.mark.parametrize("line", LINES, ids=lambda line: line[0])
def test_a_line_says_what_the_operator_does(line: tuple[str, ...]) -> None:
    name, says, takes, fields = line
    assert (OPERATORS[name].label, TAKES[OPERATORS[name].takes]) == (says, takes)
    named = set(re.split(r", | and ", fields.removeprefix("all but ")))
    expected = set(TYPES) - named if fields.startswith("all but ") else named
    assert {each for each in TYPES if name in operators_for(each)} == expected


def operators_for(kind: str) -> set[str]:
    return {each.name for each in offered(FieldInfo("X", "X", kind.replace("-", "_"), "x"))}
