"""The tables of docs/sync-rules.md, read as the tests run them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

PAGE = Path(__file__).parents[2] / "docs" / "sync-rules.md"
MEANS = {"changed": ("here", "there", "both")}
"""Words of the page that stand for several facts."""


@dataclass(frozen=True)
class Line:
    """One line of a table: what has to be so, and what then happens."""

    facts: Mapping[str, str]
    outcome: tuple[str, ...]

    def fits(self, facts: Mapping[str, str]) -> bool:
        return all(cell == "any" or facts[name] in _meant(cell) for name, cell in self.facts.items())


def table(heading: str, *, outcomes: int = 1) -> list[Line]:
    """The table below that heading; its last `outcomes` columns say what happens."""
    heads, _, *rows = [_cells(line) for line in _section(heading) if line.startswith("|")]
    names = heads[:-outcomes]
    return [Line(dict(zip(names, row, strict=False)), tuple(row[-outcomes:])) for row in rows]


def the_line(lines: list[Line], facts: Mapping[str, str]) -> Line:
    """The one line that fits; that it is one is part of what the page promises."""
    fitting = [line for line in lines if line.fits(facts)]
    assert len(fitting) == 1, f"{dict(facts)} fits {len(fitting)} lines of the page"
    return fitting[0]


@cache
def headings() -> tuple[str, ...]:
    return tuple(line.removeprefix("## ") for line in PAGE.read_text().splitlines() if line.startswith("## "))


def _section(heading: str) -> list[str]:
    return PAGE.read_text().split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0].splitlines()


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def _meant(cell: str) -> tuple[str, ...]:
    return MEANS.get(cell, tuple(cell.split(" or ")))
