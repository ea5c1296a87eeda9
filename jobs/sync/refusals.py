"""What the CRM refused in a run, and how the field is found that is to blame where it names none. Pure.

The CRM takes a write as a whole or not at all. Where it does not say which field it minds, a part of the fields is
written alone: first without those that two records seldom share, then half of those that are left, until one field is
known. That one is left out, and the rest goes through.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from jobs.crm.errors import DuplicateFound, NotAllowed, RecordError

# After so many refusals of a run that name no field, what is left of the write is given up: each of them costs a write,
# and a rule that minds the record itself would refuse every part of it.
MOST_UNNAMED = 6
# Of these types a CRM seldom takes the same value for two records.
SELDOM_TWICE = frozenset({"email", "domain", "phone", "url"})


@dataclass
class Refusals:
    """What the CRM refused in this run, so that the rest can go through without it."""

    by_field: dict[str, str] = field(default_factory=dict)  # CRM field -> code
    whole: str = ""  # the code, when no field could be found that is to blame
    message: str = ""
    looks: int = 0  # at the record, that these refusals have cost: none of them is a sign that it moves
    _code: str = ""  # of the last refusal
    _blamed: tuple[str, ...] = ()  # one of these at least is to blame
    _tried: tuple[str, ...] = ()  # those of them that are written now, alone; empty: all that is not refused
    _put_off: frozenset[str] = frozenset()  # to be written once the one to blame is known
    _unnamed: int = 0

    def code_for(self, crm_field: str) -> str:
        """Why this field is not to be written now; "" when it may be."""
        put_off = self._code if self._tried and crm_field not in self._tried else ""
        return self.by_field.get(crm_field, self.whole or put_off)

    def note(self, sent: Mapping[str, str], error: RecordError) -> None:
        """A write of these fields (CRM field -> our type) was refused."""
        self.message, self._code = error.message, error.code
        self.looks += 1
        sent_by_name = {name.lower(): name for name in sent}
        named = [sent_by_name[name.lower()] for name in error.fields if name.lower() in sent_by_name]
        if named or len(sent) == 1:
            self._refuse(*(named or sent))
        elif isinstance(error, NotAllowed) or self._unnamed >= MOST_UNNAMED:
            self._blamed, self._tried, self._put_off = (), (), frozenset()
            self.whole = error.code
        else:
            self._unnamed += 1
            self._put_off = (self._put_off | set(self._blamed)) - set(sent)
            self._blamed = tuple(sent)
            suspects = _suspects(sent) if isinstance(error, DuplicateFound) else frozenset()
            self._tried = tuple(name for name in sent if name not in suspects) if suspects else _half(self._blamed)

    def taken(self) -> bool:
        """A write was taken. True when it was a part, and what is left has yet to be tried."""
        if not self._tried:
            return False
        self.looks += 2  # the next one, and where the CRM wants a moment between two writes
        self._blamed = tuple(name for name in self._blamed if name not in self._tried)
        self._tried = _half(self._blamed)
        if len(self._blamed) > 1:
            return True
        is_more_left = bool(self._put_off)
        self._refuse(*self._blamed)
        return is_more_left

    def _refuse(self, *names: str) -> None:
        self.by_field |= dict.fromkeys(names, self._code)
        self._blamed, self._tried, self._put_off = (), (), frozenset()

    def __bool__(self) -> bool:
        return bool(self.by_field or self.whole)


def _suspects(sent: Mapping[str, str]) -> frozenset[str]:
    """Those that two records seldom share; none where that is all of them, and tells nothing."""
    found = frozenset(name for name, field_type in sent.items() if field_type in SELDOM_TWICE)
    return found if len(found) < len(sent) else frozenset()


def _half(names: tuple[str, ...]) -> tuple[str, ...]:
    return names[: len(names) // 2]
