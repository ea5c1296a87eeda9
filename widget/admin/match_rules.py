"""The match rules of one object as a form: order, the pair of fields, and how they are compared."""

from __future__ import annotations

from collections.abc import Container, Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from jobs.models import MatchRule, ObjectMapping
from jobs.records import rebuild_keys
from jobs.runtime import utc_now
from jobs.values import MATCH_KEYS

MOST_RULES = 8
COMPARISONS = {
    "email": ("email address", "upper and lower case alike"),
    "domain": ("website domain", "without www. and path; free-mail domains such as gmail.com never match"),
    "name": ("name", "without accents, punctuation and legal forms such as Inc."),
    "text": ("exact text", "upper and lower case alike"),
}
"""compare_as -> what it is called, and what it means."""


@dataclass(frozen=True)
class Rule:
    order: str
    crm_field: str
    local_field: str
    compare_as: str

    @property
    def words(self) -> str:
        return f"{self.crm_field} = {self.local_field} ({self.compare_as})"


def stored(mapping: ObjectMapping) -> list[Rule]:
    return [
        Rule(str(number), rule.crm_field, rule.local_field, rule.compare_as)
        for number, rule in enumerate(mapping.match_rules, start=1)
    ]


def typed(form: Mapping[str, str]) -> list[Rule]:
    """The rows of the form that were not marked for removal and not left empty."""
    rows = []
    for number in range(MOST_RULES):
        rule = Rule(*(form.get(f"{part}-{number}", "") for part in ("order", "crm_field", "local_field", "compare_as")))
        if (rule.crm_field or rule.local_field) and form.get(f"remove-{number}") != "1":
            rows.append(rule)
    return rows


def checked(rules: list[Rule], mapping: ObjectMapping, local_fields: Container[str]) -> list[Rule]:
    """In the order asked for. Raises ValueError with a sentence."""
    crm_fields = {field.crm_field for field in mapping.fields}
    for rule in rules:
        if not (rule.crm_field and rule.local_field):
            raise ValueError("A rule needs a field on both sides: choose the missing one, or remove the rule.")
        if rule.crm_field not in crm_fields or rule.local_field not in local_fields:
            raise ValueError(f"{rule.crm_field} = {rule.local_field}: only mapped fields are read and can be compared.")
        if rule.compare_as not in MATCH_KEYS:
            raise ValueError(f"{rule.crm_field} = {rule.local_field}: choose how to compare them.")
    if len({(rule.crm_field, rule.local_field) for rule in rules}) < len(rules):
        raise ValueError("The same pair of fields is there twice: remove one of the rules.")
    return sorted(rules, key=lambda rule: int(rule.order) if rule.order.isascii() and rule.order.isdigit() else 99)


def replace(session: Session, mapping: ObjectMapping, rules: list[Rule]) -> None:
    """Store them, and make every record of the kind findable by them."""
    mapping.match_rules.clear()
    session.flush()
    for position, rule in enumerate(rules):
        mapping.match_rules.append(
            MatchRule(
                position=position,
                crm_field=rule.crm_field,
                local_field=rule.local_field,
                compare_as=rule.compare_as,
            )
        )
    mapping.updated_at = utc_now()
    session.flush()
    rebuild_keys(session, mapping.kind)
