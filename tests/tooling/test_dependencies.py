"""What our code imports is declared, so that a fresh checkout has it."""

from __future__ import annotations

import ast
import re
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
OURS = {"widget", "jobs", "config", "emulator", "tests", "benchmarks"}


def imported_by(package: str) -> set[str]:
    """Top-level names of everything that is imported in `package`, also inside functions."""
    found: set[str] = set()
    for file in (ROOT / package).rglob("*.py"):
        for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found.update(alias.name.partition(".")[0] for alias in node.names)
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module.partition(".")[0])
    return found - OURS - set(sys.stdlib_module_names)


def declared(*extras: str) -> set[str]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    requirements = [
        *project["dependencies"],
        *(each for extra in extras for each in project["optional-dependencies"][extra]),
    ]
    return {re.split(r"[\[><=;\s]", requirement)[0].lower().replace("_", "-") for requirement in requirements}


# What comes with a declared package by its own contract.
IMPLIED = {"werkzeug": "flask", "jinja2": "flask", "markupsafe": "flask", "click": "flask", "wtforms": "flask-wtf",
           "pydantic": "pydantic-settings", "urllib3": "requests"}  # fmt: skip


@pytest.mark.parametrize(
    ("package", "extras"),
    [
        ("config", ()),
        ("jobs", ()),
        ("widget", ()),
        ("emulator", ("emulator",)),
        ("tests", ("emulator", "test")),
        ("benchmarks", ("emulator", "test")),
    ],
)
def test_every_import_is_declared(package: str, extras: tuple[str, ...]) -> None:
    distributions = packages_distributions()
    known = declared(*extras)

    missing = {
        name
        for name in imported_by(package)
        if not {dist.lower() for dist in distributions.get(name, [name])}
        & (known | {implied for implied, by in IMPLIED.items() if by in known})
    }

    assert missing == set()
