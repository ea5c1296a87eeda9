"""The choices of a field on both sides: the same one may be spelled differently here and there. Pure.

A choice is found by its value, then by its label, then by either in another case. Compared are the CRM's values; where
its field is a free text, ours.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from jobs.values import Value

Option = tuple[str, str]
"""(value, label)"""
CHOICE_TYPES = frozenset({"select", "multi_select"})
"""The types of a field with choices."""


@dataclass(frozen=True)
class Choices:
    """`theirs` are the options the CRM has now, none of a free text; `ours` is empty where our field takes any."""

    theirs: tuple[Option, ...]
    ours: tuple[Option, ...] = ()
    _to_crm: dict[str, str] = field(init=False, repr=False, compare=False)
    _to_ours: dict[str, str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_to_crm", _by_every_spelling(self.theirs or self.ours))
        object.__setattr__(self, "_to_ours", _by_every_spelling(self.ours))

    def as_theirs(self, value: Value) -> Value:
        """Our value as the CRM spells it; as it is, where the CRM has no such choice."""
        return _each(value, self._one_as_theirs)

    def as_compared(self, value: Value) -> Value:
        """The CRM's value; of a free text, the choice of ours that it names."""
        return value if self.theirs else _each(value, self._one_as_theirs)

    def is_there(self, value: Value) -> bool:
        """Whether the CRM has the choice, in its own spelling. A free text takes any."""
        wanted = value if isinstance(value, list) else [value]
        return not self.theirs or all(each is None or self._to_crm.get(str(each)) == each for each in wanted)

    def as_ours(self, value: Value) -> Value:
        """The CRM's value as we spell it. Raises LookupError when we have no such choice."""
        return _each(value, self._one_as_ours) if self.ours else value

    def _one_as_theirs(self, value: str) -> str:
        found = _find(self._to_crm, value)
        if found is None:
            # By the label of our own choice, where that says more than its value.
            label = next((label for own, label in self.ours if own == value), value)
            found = _find(self._to_crm, label)
        return value if found is None else found

    def _one_as_ours(self, value: str) -> str:
        found = _find(self._to_ours, value)
        if found is None:
            label = next((label for own, label in self.theirs if own == value), value)
            found = _find(self._to_ours, label)
        if found is None:
            raise LookupError(value)
        return found


def _each(value: Value, spelled: Callable[[str], str]) -> Value:
    if isinstance(value, list):
        return sorted({spelled(each) for each in value})
    return spelled(value) if isinstance(value, str) else value


def _by_every_spelling(options: Sequence[Option]) -> dict[str, str]:
    """Spelling -> value. What is said first stays: a value counts before any label, a label before another case."""
    known: dict[str, str] = {}
    for value, _ in options:
        known.setdefault(value, value)
    for value, label in options:
        known.setdefault(label, value)
    for value, label in options:
        known.setdefault(value.casefold(), value)
        known.setdefault(label.casefold(), value)
    return known


def _find(known: dict[str, str], spelling: str) -> str | None:
    return known.get(spelling) or known.get(spelling.casefold())
