"""What is particular to a CRM is known to its adapter and its launch alone: nobody else asks which one it is."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
CRMS = frozenset({"salesforce", "hubspot"})
MAY_KNOW = ("jobs/crm/", "widget/launch/")


def questions(source: str) -> Iterator[int]:
    """The lines that compare something with the name of a CRM."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            named = {each.value for side in sides for each in ast.walk(side) if isinstance(each, ast.Constant)}
            if named & CRMS:
                yield node.lineno
        if isinstance(node, ast.MatchValue) and isinstance(node.value, ast.Constant) and node.value.value in CRMS:
            yield node.value.lineno


def test_nobody_else_asks_which_crm_it_is() -> None:
    found = []
    for path in sorted([*ROOT.glob("jobs/**/*.py"), *ROOT.glob("widget/**/*.py"), *ROOT.glob("config/**/*.py")]):
        name = path.relative_to(ROOT).as_posix()
        if not name.startswith(MAY_KNOW):
            found += [f"{name}:{line}" for line in questions(path.read_text("utf-8"))]
    assert found == []


@pytest.mark.parametrize(
    "source",
    ['if crm == "hubspot": pass', 'x = "salesforce" != c.crm', 'if crm in ("hubspot", "x"): pass'],
)
def test_every_way_to_ask_is_seen(source: str) -> None:
    assert list(questions(source)) == [1]
