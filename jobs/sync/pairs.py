"""Which CRM field may be mapped with which field of ours, and in which directions. Pure.

Two types fit when every value of the one means something as the other. Some fit one way only: a number is a text, a
text is seldom a number. docs/sync-rules.md has the whole table.
"""

from __future__ import annotations

from collections.abc import Iterable

from jobs.crm.base import FieldInfo
from jobs.mappings import FieldFacts

# Our type -> the CRM's types that fit both ways.
BOTH_WAYS: dict[str, frozenset[str]] = {
    "text": frozenset({"text", "long_text", "phone", "url", "select"}),
    "long_text": frozenset({"long_text", "text", "select"}),
    "number": frozenset({"number", "currency", "percent"}),
    "currency": frozenset({"currency", "number"}),
    "percent": frozenset({"percent", "number"}),
    "boolean": frozenset({"boolean"}),
    "date": frozenset({"date", "datetime"}),
    "datetime": frozenset({"datetime"}),
    "select": frozenset({"select", "text"}),
    "multi_select": frozenset({"multi_select"}),
    "email": frozenset({"email", "text"}),
    "phone": frozenset({"phone", "text"}),
    "url": frozenset({"url", "text"}),
    "domain": frozenset({"domain", "url", "text"}),
    "user": frozenset({"user"}),
    "reference": frozenset({"reference"}),
}
# What may only be taken from the CRM: written back it could be refused, or lose something.
_ANY_TEXT = frozenset({"text", "long_text", "email", "phone", "url", "domain", "select"})
_SPELLED = frozenset({"number", "currency", "percent", "date", "datetime"})
INBOUND_ONLY: dict[str, frozenset[str]] = {
    "text": (_ANY_TEXT | _SPELLED) - BOTH_WAYS["text"],
    "long_text": (_ANY_TEXT | _SPELLED) - BOTH_WAYS["long_text"],
    "number": frozenset({"text"}),
    "datetime": frozenset({"date"}),
    "multi_select": frozenset({"select"}),
    "url": frozenset({"domain"}),
}
NAMES = {
    "text": "a text",
    "long_text": "a long text",
    "number": "a number",
    "currency": "an amount of money",
    "percent": "a percentage",
    "boolean": "a checkbox",
    "date": "a date",
    "datetime": "a date with time",
    "select": "a choice",
    "multi_select": "a choice of several",
    "email": "an email address",
    "phone": "a phone number",
    "url": "a web address",
    "domain": "a web domain",
    "user": "a user",
    "reference": "a link to another record",
}
WORDS_OF_DIRECTIONS = {"inbound": "from the CRM to us", "outbound": "from us to the CRM", "two_way": "both ways"}


class PairRefused(ValueError):
    """The two fields cannot be mapped so; the message says why, and what could be."""


def directions(our_type: str, theirs: FieldInfo) -> tuple[str, ...]:
    """The directions in which the two may be mapped, the most useful first."""
    if theirs.field_type in BOTH_WAYS[our_type] and theirs.may_update and not theirs.calculated:
        return ("two_way", "inbound", "outbound")
    fits = theirs.field_type in BOTH_WAYS[our_type] | INBOUND_ONLY.get(our_type, frozenset())
    return ("inbound",) if fits else ()


def check(our_type: str, theirs: FieldInfo, direction: str) -> None:
    """Raises PairRefused when the two may not be mapped in that direction."""
    possible = directions(our_type, theirs)
    if direction in possible:
        return
    pair = f"{theirs.label} is {NAMES.get(theirs.field_type, theirs.field_type)}, ours is {NAMES[our_type]}"
    if not possible:
        fitting = " or ".join(NAMES[each] for each in sorted(BOTH_WAYS[our_type]))
        raise PairRefused(f"{pair}: they do not fit. Choose a field that is {fitting}.")
    if theirs.calculated:
        raise PairRefused(f"{theirs.label} is calculated by the CRM: map it {WORDS_OF_DIRECTIONS['inbound']}.")
    if not theirs.may_update:
        raise PairRefused(f"The CRM does not let us write {theirs.label}: map it {WORDS_OF_DIRECTIONS['inbound']}.")
    raise PairRefused(f"{pair}: they fit only {WORDS_OF_DIRECTIONS['inbound']}.")


def check_free(mapped: Iterable[FieldFacts], *, local_field: str, crm_field: str) -> None:
    """A field is mapped once per object, or two sources would fight over it. Raises PairRefused, naming the other."""
    for each in mapped:
        if each.local_field == local_field:
            raise PairRefused(f"{each.label} is mapped with {each.crm_field} already. Remove that mapping first.")
        if each.crm_field == crm_field:
            raise PairRefused(f"{crm_field} is mapped with our {each.label} already. Remove that mapping first.")


def fits(our_type: str, theirs: FieldInfo, *, outward: bool) -> bool:
    """Whether values may still travel that way: the CRM's admin may have changed the type since it was mapped."""
    if theirs.field_type in BOTH_WAYS[our_type]:
        return True
    return not outward and theirs.field_type in INBOUND_ONLY.get(our_type, frozenset())
