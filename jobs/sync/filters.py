"""The filter of an object: which records sync. One language, asked here and in every CRM with the same answer. Pure.

    {"all": [{"field": "LeadSource", "operator": "is", "value": "Web"},
             {"any": [{"field": "Email", "operator": "is_not_empty"},
                      {"field": "CreatedDate", "operator": "in_last_days", "value": 30}]}],
     "time_zone": "Europe/Berlin"}

A group asks that all or any of its parts hold; parts are clauses and groups. `parse` checks it against what the CRM
says of the object, `Filter.at` fixes the moment that relative dates are reckoned from, and what comes of it
(`Question`) is asked here, explained, or put into the CRM's words by `jobs.crm.salesforce_filters` and
`jobs.crm.hubspot_filters`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, Literal, cast
from zoneinfo import ZoneInfo

from jobs.crm.base import FieldInfo, ObjectInfo
from jobs.sync.filter_operators import OPERATORS, Operator, as_test, offered, operands
from jobs.sync.filter_tests import Test, passes
from jobs.sync.filter_values import Operand, shown
from jobs.values import Value, ValueRefused

MOST_CLAUSES = 50
DEEPEST = 5
_LONG = 60  # characters of a value in a sentence
_LISTED = 4  # values of a list in a sentence

Kind = Literal["all", "any"]
Read = Callable[[FieldInfo], Value]
"""The value of a field, read as `compared_as(field)`. Raises ValueRefused when it cannot be read as that."""


class FilterRefused(ValueError):
    """The filter cannot be asked; the message says why, `place` where: "" or positions such as "0.2"."""

    def __init__(self, message: str, place: str = "") -> None:
        super().__init__(message)
        self.place = place


@dataclass(frozen=True, slots=True)
class Clause:
    """One field compared with something. `operands` are checked and in canonical form."""

    field: FieldInfo
    operator: Operator
    operands: tuple[Operand, ...]

    @property
    def words(self) -> str:
        """“Lead Source is one of Web, Phone”."""
        said = [_short(shown(each)) for each in self.operands]
        more = f" and {len(said) - _LISTED} more" if len(said) > _LISTED else ""
        joint = " and " if self.operator.takes == "two" else ", "
        unit = "" if self.operator.takes != "days" else " day" if self.operands == (1,) else " days"
        return " ".join([self.field.label, self.operator.label, joint.join(said[:_LISTED])]).strip() + unit + more


@dataclass(frozen=True, slots=True)
class Group:
    kind: Kind
    parts: tuple[Clause | Group, ...]


@dataclass(frozen=True, slots=True)
class Filter:
    root: Group
    zone: ZoneInfo

    @property
    def fields(self) -> dict[str, FieldInfo]:
        """What it looks at, by name."""
        return {each.field.name: each.field for each in _clauses(self.root)}

    def at(self, now: datetime) -> Question:
        return _question(self.root, self.zone, now.astimezone(self.zone).date())


@dataclass(frozen=True, slots=True)
class Term:
    """A clause at a moment."""

    clause: Clause
    test: Test

    @property
    def field(self) -> FieldInfo:
        return self.clause.field


@dataclass(frozen=True, slots=True)
class Question:
    """A group at a moment: no date in it is relative any more."""

    kind: Kind
    parts: tuple[Term | Question, ...]


@dataclass(frozen=True, slots=True)
class Finding:
    """What became of a clause or a group: `value` is a clause's, `parts` are a group's."""

    words: str
    holds: bool
    kind: Literal["clause", "all", "any"] = "clause"
    field: str = ""
    value: Value = None
    parts: tuple[Finding, ...] = ()


# --- Asked here -------------------------------------------------------------------------------------------------------


def holds(question: Question | Term, read: Read) -> bool:
    """Whether a record passes. Raises ValueRefused when a value that counts cannot be read."""
    if isinstance(question, Term):
        return passes(question.test, read(question.field))
    answers = (holds(part, read) for part in question.parts)
    return all(answers) if question.kind == "all" else any(answers)


def explain(question: Question | Term, read: Read) -> Finding:
    """Clause by clause, every one of them, with the value it was asked of. Raises ValueRefused."""
    if isinstance(question, Term):
        value = read(question.field)
        name = question.field.name
        return Finding(question.clause.words, passes(question.test, value), field=name, value=value)
    parts = tuple(explain(part, read) for part in question.parts)
    answers = [part.holds for part in parts]
    holds_now = all(answers) if question.kind == "all" else any(answers)
    said = (" and " if question.kind == "all" else " or ").join(_quoted(part) for part in parts)
    return Finding(said, holds_now, kind=question.kind, parts=parts)


def in_words(of: Filter) -> str:
    """“Lead Source is Web and (Title is CEO or Email is empty)”."""
    return _group_words(of.root)


def _group_words(group: Group) -> str:
    said = [f"({_group_words(part)})" if isinstance(part, Group) else part.words for part in group.parts]
    return (" and " if group.kind == "all" else " or ").join(said)


def culprit(finding: Finding) -> Finding:
    """The clause that keeps a record out; of an `any` group, the whole group."""
    if finding.kind == "clause" or (finding.kind == "any" and len(finding.parts) > 1):
        return finding
    return culprit(next(part for part in finding.parts if not part.holds))


def why_not(finding: Finding) -> str:
    """What keeps a record out, in a sentence."""
    found = culprit(finding)
    if found.kind == "clause":
        return f"{_quoted(found)} does not hold"
    return f"none of {', '.join(_quoted(part) for part in found.parts)} holds"


def asked_about(finding: Finding) -> set[str]:
    """The names of the fields in it."""
    own = {finding.field} if finding.field else set()
    return own.union(*(asked_about(part) for part in finding.parts))


def names(document: Any) -> set[str]:
    """The names of the fields a stored document asks about, whether or not they are there."""
    if isinstance(document, list):
        return set().union(*map(names, document))
    if not isinstance(document, dict):
        return set()
    own = {document["field"]} if isinstance(document.get("field"), str) else set()
    return own | names(document.get("all")) | names(document.get("any"))


def _quoted(finding: Finding) -> str:
    return f"“{finding.words}”" if finding.kind == "clause" else f"({finding.words})"


def _question(group: Group, zone: ZoneInfo, today: date) -> Question:
    return Question(
        group.kind,
        tuple(
            _question(part, zone, today)
            if isinstance(part, Group)
            else Term(part, as_test(part.field, part.operator.name, part.operands, zone, today))
            for part in group.parts
        ),
    )


def _clauses(group: Group) -> Iterator[Clause]:
    for part in group.parts:
        if isinstance(part, Group):
            yield from _clauses(part)
        else:
            yield part


# --- Checked ----------------------------------------------------------------------------------------------------------


def parse(document: Any, info: ObjectInfo) -> Filter:
    """The stored document, checked against the object as the CRM describes it now. Raises FilterRefused."""
    given = _mapping(document, "")
    zone = _zone(given.get("time_zone", "UTC"))
    root = _group({key: value for key, value in given.items() if key != "time_zone"}, info, zone, "")
    if sum(1 for _ in _clauses(root)) > MOST_CLAUSES:
        raise FilterRefused(f"A filter has at most {MOST_CLAUSES} clauses.")
    return Filter(root, zone)


def problem(document: Any, info: ObjectInfo) -> str:
    """Why it cannot be asked of the object as it is now; "" when it can."""
    try:
        parse(document, info)
    except FilterRefused as refused:
        return str(refused)
    return ""


def _group(given: Mapping[str, Any], info: ObjectInfo, zone: ZoneInfo, place: str) -> Group:
    kind = next(iter(given), "")
    if len(given) != 1 or kind not in ("all", "any"):
        raise FilterRefused("A group says either “all” or “any”, and nothing else.", place)
    parts = given[kind]
    if not isinstance(parts, list):
        raise FilterRefused("A group holds a list of clauses and groups.", place)
    if not parts:
        raise FilterRefused("A group is empty: give it a clause, or take it out.", place)
    if len(parts) > MOST_CLAUSES:
        raise FilterRefused(f"A filter has at most {MOST_CLAUSES} clauses.", place)
    if place.count(".") >= DEEPEST - 1:
        raise FilterRefused(f"Groups are nested at most {DEEPEST} deep.", place)
    read = [_part(part, info, zone, f"{place}.{number}".lstrip(".")) for number, part in enumerate(parts)]
    return Group(cast(Kind, kind), tuple(read))


def _part(given: Any, info: ObjectInfo, zone: ZoneInfo, place: str) -> Clause | Group:
    part = _mapping(given, place)
    return _clause(part, info, zone, place) if "field" in part else _group(part, info, zone, place)


def _clause(given: Mapping[str, Any], info: ObjectInfo, zone: ZoneInfo, place: str) -> Clause:
    if unknown := given.keys() - {"field", "operator", "value"}:
        raise FilterRefused(f"A clause has no “{_short(str(min(unknown, key=str)))}”.", place)
    field = _field(given["field"], info, place)
    name = given.get("operator")
    choices = {each.name: each for each in offered(field)}
    if not choices:
        raise FilterRefused(f"{field.label} cannot be filtered by.", place)
    if not isinstance(name, str) or name not in choices:
        known = OPERATORS[name].label if isinstance(name, str) and name in OPERATORS else _short(str(name))
        labels = ", ".join(f"“{each.label}”" for each in choices.values())
        raise FilterRefused(f"“{known}” does not go with {field.label}. It takes: {labels}.", place)
    try:
        return Clause(field, choices[name], operands(field, choices[name], given.get("value"), zone))
    except ValueRefused as error:
        raise FilterRefused(f"{field.label}: {error}", place) from None


def _field(name: Any, info: ObjectInfo, place: str) -> FieldInfo:
    if not isinstance(name, str) or not name:
        raise FilterRefused("No field is chosen.", place)
    field = info.fields.get(name)
    if field is None:
        raise FilterRefused(f"“{_short(name)}” is not a field of {info.label}, or one that is hidden from us.", place)
    return field


def _mapping(given: Any, place: str) -> Mapping[str, Any]:
    if not isinstance(given, dict) or not all(isinstance(key, str) for key in given):
        raise FilterRefused("This is neither a clause nor a group.", place)
    return given


def _zone(name: Any) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, TypeError, OSError):
        raise FilterRefused(f"There is no time zone “{_short(str(name))}”.") from None


def _short(text: str) -> str:
    return text if len(text) <= _LONG else text[: _LONG - 1] + "…"
