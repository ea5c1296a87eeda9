"""HubSpot's property values, all of them text on the wire, into our canonical forms and back."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

from jobs.crm.base import AsSpelled, Fields
from jobs.crm.errors import Rejected
from jobs.values import DAY_OF_MOMENT, Value, ValueRefused, normalise, parse_time

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
EmailOf = Callable[[str], str | None]
"""Owner id -> email; None for an owner nobody knows."""


def decode(field_type: str, raw: str | None, email_of: EmailOf) -> Value:
    """Canonical form of a property. Raises ValueRefused."""
    if raw is None or raw == "":
        return normalise(field_type, None)
    if field_type == "user":
        email = email_of(raw)
        if email is None:
            raise ValueRefused("HubSpot does not tell who this owner is.")
        return normalise("user", email)
    if field_type in ("date", "datetime", DAY_OF_MOMENT) and raw.removeprefix("-").isdigit():
        return normalise(field_type, _moment(int(raw)))
    return normalise(field_type, raw)


def decode_all(
    properties: Mapping[str, str | None], fields: Fields, email_of: EmailOf
) -> tuple[dict[str, Value], frozenset[str]]:
    """The values, and the fields whose value does not fit the type they are mapped to."""
    values: dict[str, Value] = {}
    for name, field_type in fields.items():
        with suppress(ValueRefused):
            values[name] = decode(field_type, properties[name], email_of)
    return values, frozenset(fields.keys() - values.keys())


def encode(name: str, field_type: str, value: Value, id_of: Callable[[str], str | None]) -> str:
    """The text HubSpot takes; a blank is "". Raises Rejected for a user who is no owner in HubSpot."""
    if value is None:
        return ""
    if isinstance(value, AsSpelled):
        return str(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ";".join(sorted(value))
    if field_type == "user":
        owner_id = id_of(str(value))
        if owner_id is None:
            raise Rejected(f"{value} is not an owner in HubSpot.", code="NO_SUCH_OWNER", fields=(name,))
        return owner_id
    if field_type in ("date", DAY_OF_MOMENT):
        return _midnight(str(value))
    return str(value)


def _midnight(value: str) -> str:
    """Milliseconds at midnight UTC: the one spelling that date and datetime properties both take."""
    try:
        return str((date.fromisoformat(value) - _EPOCH.date()).days * 86_400_000)
    except ValueError:
        return value  # for HubSpot to refuse, with the name of the property


def _moment(milliseconds: int) -> datetime:
    try:
        return _EPOCH + timedelta(milliseconds=milliseconds)
    except OverflowError:
        raise ValueRefused("The time is beyond the calendar.") from None


@dataclass(frozen=True)
class History:
    """What became of each property over time: `propertiesWithHistory`, newest entry first."""

    entries: Mapping[str, list[Mapping[str, Any]]]

    def changed_at(self, names: Iterable[str]) -> dict[str, datetime]:
        """When each property last changed, for those that ever did."""
        return {name: parse_time(kept[0]["timestamp"]) for name in names if (kept := self.entries.get(name))}

    def newest(self, names: Iterable[str]) -> Mapping[str, Any]:
        """The last change of any of these; empty when there was none."""
        last = [kept[0] for name in names if (kept := self.entries.get(name))]
        return max(last, key=lambda entry: parse_time(entry["timestamp"]), default={})


def is_by_app(entry: Mapping[str, Any]) -> bool:
    """Whether an app wrote it by the API. It may still name a person: the one who installed the app."""
    return entry.get("sourceType") == "INTEGRATION"
