"""How two records are found to be one. Pure: candidates are looked up by whoever calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from jobs.values import MATCH_KEYS, Value, domain_key


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


DomainPairs = Sequence[tuple[str, str]]
"""(CRM field, our field) that hold the domain of a company."""
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


def are_two(
    rule: Rule, domains: DomainPairs, local_values: Mapping[str, Value], crm_values: Mapping[str, Value]
) -> bool:
    """Whether two that the rule finds to be one are not: companies of one name whose domains are known and different.

    Free mail tells nothing of a company.
    """
    if rule.compare_as != "name":
        return False
    ours = {domain_key(local_values.get(our_field) or "") for _, our_field in domains} - {None}
    theirs = {domain_key(crm_values.get(crm_field) or "") for crm_field, _ in domains} - {None}
    return bool(ours and theirs and not ours & theirs)


def rule_of_pair(
    rules: Sequence[Rule],
    local_values: Mapping[str, Value],
    crm_values: Mapping[str, Value],
    *,
    domains: DomainPairs = (),
) -> Rule | None:
    """The first rule by which the two are one."""
    for rule in rules:
        if are_two(rule, domains, local_values, crm_values):
            continue
        key = MATCH_KEYS[rule.compare_as](local_values.get(rule.local_field) or "")
        if key is not None and key == MATCH_KEYS[rule.compare_as](crm_values.get(rule.crm_field) or ""):
            return rule
    return None
