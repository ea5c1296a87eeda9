"""Whole numbers as callers write them: in queries, paths and headers."""

from __future__ import annotations

MOST_DIGITS = 18  # as many as a Java long always holds


def whole_number(text: str) -> int | None:
    """The number that plain digits spell; None for any other text, and for more digits than an API takes."""
    return int(text) if text.isascii() and text.isdecimal() and len(text) <= MOST_DIGITS else None
