"""How two records are found to be one. Pure: candidates are looked up by whoever calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from jobs.values import MATCH_KEYS, Value


@dataclass(frozen=True)
class Rule:
    crm_field: str
    local_field: str
    compare_as: str


@dataclass(frozen=True)
class Candidate:
    local_record_id: int
    name: str
    detail: str
    is_taken: bool = False  # already linked to another CRM record of the same object


@dataclass(frozen=True)
class Match:
    """`one`: that candidate, found by `rule`. `several`: never guessed between. `taken`: all belong to others."""

    verdict: Literal["one", "several", "taken", "none"]
    rule: Rule | None = None
    candidates: tuple[Candidate, ...] = ()


LookUp = Callable[[Rule, str], Sequence[Candidate]]


def find(rules: Sequence[Rule], crm_values: Mapping[str, Value], look_up: LookUp) -> Match:
    """The first rule with a candidate decides; a rule whose CRM field is blank or no key says nothing.

    A candidate that is linked elsewhere cannot be meant, because a link is one to one; when only such are found
    the record is told apart from "nothing found", or a second record of ours would be made for the same thing.
    """
    for rule in rules:
        key = MATCH_KEYS[rule.compare_as](crm_values.get(rule.crm_field) or "")
        found = tuple(look_up(rule, key)) if key is not None else ()
        if not found:
            continue
        free = tuple(candidate for candidate in found if not candidate.is_taken)
        if not free:
            return Match("taken", rule, found)
        return Match("one" if len(free) == 1 else "several", rule, free)
    return Match("none")


def rule_of_pair(
    rules: Sequence[Rule], local_values: Mapping[str, Value], crm_values: Mapping[str, Value]
) -> Rule | None:
    """The first rule by which the two are one."""
    for rule in rules:
        key = MATCH_KEYS[rule.compare_as](local_values.get(rule.local_field) or "")
        if key is not None and key == MATCH_KEYS[rule.compare_as](crm_values.get(rule.crm_field) or ""):
            return rule
    return None
