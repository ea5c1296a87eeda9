"""A filter as a form: a tree of lines and groups that may be unfinished, in names such as `field-r.0.1`.

`r` is the outermost group and the numbers are places in it, so that the form alone says how the tree looks.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from werkzeug.datastructures import MultiDict

from jobs.crm.base import FieldInfo, ObjectInfo
from jobs.sync.filter_operators import OPERATORS, Operator, offered
from jobs.sync.filter_values import compared_as

ROOT = "r"
DEEPEST = 8  # more than a filter may be: what is too deep is told, not cut off
MOST_CHOICES = 250  # beyond that a choice is typed
Input = Literal["text", "lines", "number", "date", "yes_no", "choice", "choices", "nothing"]


@dataclass
class Line:
    field: str = ""
    operator: str = ""
    values: list[str] = dataclasses.field(default_factory=list)
    was: str = ""  # the field the line was drawn for


@dataclass
class Branch:
    kind: str = "all"
    parts: list[Line | Branch] = dataclasses.field(default_factory=list)


@dataclass(frozen=True)
class LineView:
    """What the template draws of one line."""

    path: str
    line: Line
    known: FieldInfo | None
    operators: tuple[Operator, ...]
    takes: str
    input: Input
    error: str


Form = MultiDict[str, str]


def typed(form: Form, path: str = ROOT) -> Branch:
    """The tree a form holds."""
    branch = Branch("any" if form.get(f"kind-{path}") == "any" else "all")
    while (part := _part(form, f"{path}.{len(branch.parts)}")) is not None:
        branch.parts.append(part)
    return branch


def _part(form: Form, path: str) -> Line | Branch | None:
    if f"kind-{path}" in form and path.count(".") <= DEEPEST:
        return typed(form, path)
    if f"field-{path}" not in form:
        return None
    lines = [text for each in form.getlist(f"lines-{path}") for text in each.splitlines() if text.strip()]
    values = [*form.getlist(f"value-{path}"), *lines]
    return Line(form[f"field-{path}"], form.get(f"operator-{path}", ""), values, was=form.get(f"was-{path}", ""))


def stored(document: Mapping[str, Any] | None) -> Branch:
    """The tree of a stored filter; an empty one for none."""
    kind = next((kind for kind in ("all", "any") if kind in (document or {})), "")
    if document is None or not kind:
        return Branch()
    return Branch(kind, [_stored_part(part) for part in document[kind]])


def _stored_part(part: Mapping[str, Any]) -> Line | Branch:
    if "field" not in part:
        return stored(part)
    value = part.get("value")
    values = value if isinstance(value, list) else [] if value is None else [value]
    return Line(part["field"], part["operator"], [_text(each) for each in values])


def _text(value: Any) -> str:
    return {True: "yes", False: "no"}[value] if isinstance(value, bool) else str(value)


def document(branch: Branch, zone: str) -> dict[str, Any] | None:
    """What is stored of a tree; None for an empty one: then every record passes."""
    return {**_group(branch), "time_zone": zone} if branch.parts else None


def _group(branch: Branch) -> dict[str, Any]:
    return {branch.kind: [_group(part) if isinstance(part, Branch) else _clause(part) for part in branch.parts]}


def _clause(line: Line) -> dict[str, Any]:
    takes = OPERATORS[line.operator].takes if line.operator in OPERATORS else "one"
    clause: dict[str, Any] = {"field": line.field, "operator": line.operator}
    if takes == "nothing":
        return clause
    return clause | {"value": line.values if takes in ("several", "two") else next(iter(line.values), "")}


def changed(branch: Branch, action: str) -> Branch:
    """The tree after a button: `add r.1`, `group r`, `remove r.0`. Anything else leaves it as it is."""
    what, _, path = action.partition(" ")
    if what == "remove":
        above, _, place = path.rpartition(".")
        group = _find(branch, above)
        if group is not None and place.isdigit() and int(place) < len(group.parts):
            del group.parts[int(place)]
    elif what in ("add", "group") and (group := _find(branch, path)) is not None:
        group.parts.append(Line() if what == "add" else Branch("any", [Line()]))
    return branch


def _find(branch: Branch, path: str) -> Branch | None:
    """The group at a path."""
    root, *places = path.split(".")
    found: Line | Branch | None = branch if root == ROOT else None
    for place in places:
        if not isinstance(found, Branch) or not place.isdigit() or int(place) >= len(found.parts):
            return None
        found = found.parts[int(place)]
    return found if isinstance(found, Branch) else None


def settle(branch: Branch, info: ObjectInfo) -> Branch:
    """Each line with an operator its field takes, as after another field was chosen."""
    for line in _lines(branch):
        known = info.fields.get(line.field)
        names = [each.name for each in offered(known)] if known is not None else []
        if names and (line.operator not in names or line.was not in ("", line.field)):
            line.operator, line.values = names[0], []
    return branch


def _lines(branch: Branch) -> Iterator[Line]:
    for part in branch.parts:
        if isinstance(part, Branch):
            yield from _lines(part)
        else:
            yield part


def view(line: Line, path: str, info: ObjectInfo, errors: Mapping[str, str]) -> LineView:
    known = info.fields.get(line.field)
    operators = offered(known) if known is not None else ()
    takes = next((each.takes for each in operators if each.name == line.operator), "nothing")
    shown: Input = "nothing" if known is None else _input(known, takes, line.values)
    return LineView(path, line, known, operators, takes, shown, errors.get(path, ""))


def _input(known: FieldInfo, takes: str, values: list[str]) -> Input:
    kind = compared_as(known)
    if takes in ("nothing", "days"):
        return "nothing" if takes == "nothing" else "number"
    if kind in ("select", "multi_select") and 0 < len(known.options) <= MOST_CHOICES:
        return "choices" if takes == "several" else "choice"
    if takes == "several":
        return "lines"
    if kind in ("date", "datetime"):
        return "date" if all(len(value) in (0, 10) for value in values) else "text"
    return {"number": "number", "boolean": "yes_no"}.get(kind, "text")  # type: ignore[return-value]  # names of inputs


def fields_of(info: ObjectInfo) -> list[FieldInfo]:
    """Those a filter may ask for, by label."""
    return sorted((each for each in info.fields.values() if offered(each)), key=lambda each: each.label.casefold())


def asks_for_time(branch: Branch, info: ObjectInfo) -> bool:
    """Whether a time zone matters."""
    known = [info.fields.get(line.field) for line in _lines(branch)]
    return any(each is not None and each.field_type in ("date", "datetime") for each in known)
