"""Moments as the API writes and reads them."""

from __future__ import annotations

from datetime import UTC, datetime


def wire_time(at: datetime) -> str:
    """ISO 8601 in UTC with milliseconds and `Z`. Such texts sort by time."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def from_millis(number: int) -> datetime:
    """Raises ValueError for a moment outside of the calendar."""
    try:
        return datetime.fromtimestamp(number / 1000, UTC)
    except (OverflowError, OSError) as error:
        raise ValueError(f"{number} is no moment") from error
