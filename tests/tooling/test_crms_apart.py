"""What is particular to a CRM is known to its adapter and its launch alone: nobody else asks which one it is."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from jinja2 import Environment, nodes

ROOT = Path(__file__).parents[2]
CRMS = frozenset({"salesforce", "hubspot"})
CLASSES = re.compile(r"(HubSpot|Salesforce)\w*")
MAY_KNOW = ("jobs/crm/", "widget/launch/")
# Where the rest may name a CRM, and why. Each is one table or one module per CRM: none decides anything by it.
TABLES = {
    "jobs/mapping_defaults.py": "the objects and fields that are mapped from the start: data, by CRM",
    "jobs/seed_hubspot.py": "makes the demo's connection to HubSpot, and finds the one it made",
    "widget/demo.py": "starts the demo's two stand-ins, and says to each setting which one it is for",
    "widget/webhooks/__init__.py": "the table of who reads which CRM's deliveries",
    "widget/templates/panel/_parts.html": "not a CRM but a way of framing: HubSpot's window is closed, others reload",
}


def constants(tree: ast.AST) -> set[str]:
    """The names that stand for a CRM's name in a module: imported from a CRM's own module, or set to its text."""
    names: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and re.search("hubspot|salesforce", node.module or ""):
            names |= {each.asname or each.name for each in node.names if each.name == "CRM"}
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant) and node.value.value in CRMS:
            names |= {each.id for each in node.targets if isinstance(each, ast.Name)}
    return names


class Questions(ast.NodeVisitor):
    """Collects the lines that do one thing for one CRM and another for the other."""

    def __init__(self, tree: ast.AST) -> None:
        self.lines: list[int] = []
        self._constants = constants(tree)
        self.visit(tree)

    def visit_Compare(self, node: ast.Compare) -> None:
        self._look(node, any(self._name_one(each) for each in (node.left, *node.comparators)))

    def visit_MatchValue(self, node: ast.MatchValue) -> None:
        self._look(node.value, self._is_name(node.value))

    def visit_MatchClass(self, node: ast.MatchClass) -> None:
        self._look(node.cls, self._name_one(node.cls))

    def visit_Dict(self, node: ast.Dict) -> None:
        self._look(node, any(key is not None and self._is_name(key) for key in node.keys))

    def visit_Subscript(self, node: ast.Subscript) -> None:
        self._look(node, self._is_name(node.slice))

    def visit_Call(self, node: ast.Call) -> None:
        method = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        if isinstance(node.func, ast.Name) and node.func.id in ("isinstance", "issubclass"):
            self._look(node, any(self._name_one(each) for each in node.args[1:]))
        else:
            asks = method in ("get", "pop", "startswith", "endswith", "__eq__")
            self._look(node, asks and any(self._is_name(each) for each in node.args[:1]))

    def _look(self, node: ast.expr, asked: bool) -> None:
        if asked:
            self.lines.append(node.lineno)
        self.generic_visit(node)

    def _name_one(self, node: ast.AST) -> bool:
        """Somewhere in it a CRM's name, or a class of one CRM."""
        return any(self._is_name(each) or is_class(each) for each in ast.walk(node))

    def _is_name(self, node: ast.AST) -> bool:
        if isinstance(node, ast.Constant):
            return node.value in CRMS
        if isinstance(node, ast.Attribute):
            return node.attr == "CRM" and bool(re.search("hubspot|salesforce", ast.unparse(node.value)))
        return isinstance(node, ast.Name) and node.id in self._constants


def is_class(node: ast.AST) -> bool:
    name = node.attr if isinstance(node, ast.Attribute) else node.id if isinstance(node, ast.Name) else ""
    return bool(CLASSES.fullmatch(name))


def questions(source: str) -> list[int]:
    return Questions(ast.parse(source)).lines


def questions_in_template(source: str) -> Iterator[int]:
    for node in (
        Environment(autoescape=True, extensions=["jinja2.ext.do"])
        .parse(source)
        .find_all((nodes.Compare, nodes.Dict, nodes.Getitem, nodes.Test))
    ):
        if isinstance(node, nodes.Dict):
            asked = [pair.key for pair in node.items]
        elif isinstance(node, nodes.Getitem):
            asked = [node.arg]
        else:
            asked = list(node.find_all(nodes.Const))
        if any(isinstance(each, nodes.Const) and each.value in CRMS for each in asked):
            yield node.lineno


def found() -> dict[str, list[int]]:
    """File -> lines, of everything that is not a CRM's own."""
    told: dict[str, list[int]] = {}
    for pattern, read in (("**/*.py", questions), ("**/*.html", questions_in_template)):
        for folder in ("jobs", "widget", "config"):
            for path in sorted((ROOT / folder).glob(pattern)):
                name = path.relative_to(ROOT).as_posix()
                if not name.startswith(MAY_KNOW) and (lines := list(read(path.read_text("utf-8")))):
                    told[name] = lines
    return told


def test_nobody_else_asks_which_crm_it_is() -> None:
    told = found()
    assert {name: lines for name, lines in told.items() if name not in TABLES} == {}
    assert sorted(TABLES) == sorted(told), "a table that names no CRM any more"


@pytest.mark.parametrize(
    "source",
    [
        'if crm == "hubspot": pass',
        'x = "salesforce" != c.crm',
        'if crm in ("hubspot", "x"): pass',
        "from jobs.crm.hubspot import CRM\nif c.crm == CRM: pass",
        "from jobs.crm.hubspot import CRM as HERE\nx = {HERE: 1}",
        'HERE = "hubspot"\nx = HERE != c.crm',
        "if hubspot.CRM == c.crm: pass",
        "x = c.crm is not jobs.crm.salesforce.CRM",
        'x = {"hubspot": 1}',
        "x = {salesforce.CRM: 1}[c.crm]",
        'x = table["hubspot"]',
        "x = table[hubspot.CRM]",
        'x = table.get("hubspot")',
        'x = c.crm.startswith("hubspot")',
        "x = isinstance(adapter, HubSpotAdapter)",
        "x = isinstance(adapter, (int, salesforce.SalesforceAdapter))",
        "x = type(adapter) is HubSpotAdapter",
        'match c.crm:\n    case "hubspot": pass',
        "match c.crm:\n    case hubspot.CRM: pass",
        "match adapter:\n    case HubSpotAdapter(): pass",
    ],
)
def test_every_way_to_ask_is_seen(source: str) -> None:
    assert questions(source)


@pytest.mark.parametrize(
    "source",
    [
        '{% if crm == "hubspot" %}x{% endif %}',
        '{% set a = c.crm != "salesforce" %}',
        '{{ "a" if crm in ["hubspot"] else "b" }}',
        '{{ {"hubspot": 1}[crm] }}',
        '{{ table["hubspot"] }}',
        '{{ "a" if crm is eq("hubspot") else "b" }}',
    ],
)
def test_every_way_to_ask_in_a_template_is_seen(source: str) -> None:
    assert list(questions_in_template(source))


@pytest.mark.parametrize(
    "source", ['connect(crm="hubspot")', "def f(a: list[HubSpotAdapter]) -> None: pass", "if side == CRM: pass"]
)
def test_whoever_only_names_a_crm_asks_nothing(source: str) -> None:
    assert questions(source) == []
