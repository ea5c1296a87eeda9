"""Record ids: 15 case-sensitive characters, or 18 with a checksum of the case."""

from __future__ import annotations

import string

BASE62 = string.digits + string.ascii_uppercase + string.ascii_lowercase
_CHECK = string.ascii_uppercase + "012345"
_ALLOWED = frozenset(BASE62)
_INSTANCE = "Wz0"


class MalformedId(ValueError):
    """The text is no record id."""


def to_18(short_id: str) -> str:
    """Append the three checksum characters: five case bits for each five characters."""
    suffix = ""
    for start in (0, 5, 10):
        chunk = short_id[start : start + 5]
        bits = sum(1 << position for position, char in enumerate(chunk) if "A" <= char <= "Z")
        suffix += _CHECK[bits]
    return short_id + suffix


def normalise(text: object) -> str:
    """The 18-character form of a 15- or 18-character id. Raises MalformedId for anything else."""
    if not isinstance(text, str) or len(text) not in (15, 18) or not _ALLOWED.issuperset(text):
        raise MalformedId(str(text))
    full = to_18(text[:15])
    if len(text) == 18 and full[15:] != text[15:].upper():
        raise MalformedId(text)
    return full


def make(key_prefix: str, number: int) -> str:
    """The id of the n-th record of an object with this three-character prefix."""
    digits = ""
    rest = number
    while rest:
        rest, digit = divmod(rest, 62)
        digits = BASE62[digit] + digits
    return to_18(key_prefix + _INSTANCE + digits.rjust(9, "0"))
