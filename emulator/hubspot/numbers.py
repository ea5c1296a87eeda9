"""Whole numbers out of bodies and queries."""

from __future__ import annotations

from emulator.hubspot.errors import ApiError

# No id, offset or page size is longer; Python itself refuses to read very long ones.
_MOST_DIGITS = 18


def whole_number(value: object, *, name: str) -> int:
    """Raises ApiError for anything but a few decimal digits, as a text or as a number."""
    text = str(value)
    if isinstance(value, bool) or not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
        raise ApiError(f"Unable to parse value for parameter: {name}")
    return int(text)
