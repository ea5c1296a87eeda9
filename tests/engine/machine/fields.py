"""The fields of the play, and what each side makes of a value. Knows nothing of the product's own types."""

from __future__ import annotations

import re
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any

SALESFORCE, HUBSPOT = "salesforce", "hubspot"
Value = str | float | None


@dataclass(frozen=True)
class Field:
    """One field on three sides. `longest`: what Salesforce takes, in UTF-16 units."""

    name: str
    salesforce: str
    hubspot: str
    kind: str = "text"
    longest: int = 0

    def in_crm(self, crm: str) -> str:
        return self.salesforce if crm == SALESFORCE else self.hubspot


FIELDS = {
    each.name: each
    for each in (
        Field("email", "Email", "email", "email", 80),
        Field("first_name", "FirstName", "firstname", longest=40),
        Field("last_name", "LastName", "lastname", longest=80),
        Field("job_title", "Title", "jobtitle", longest=128),
        Field("phone", "Phone", "phone", longest=40),
        Field("lead_score", "Lead_Score__c", "sample_lead_score", "number"),
    )
}
_NOT_STORABLE = re.compile("[\x00\ud800-\udfff]")
_ADDRESS = re.compile(r"[^@\s]+@[^@\s]+\.[a-z]+")


def plain(field: Field, raw: Any) -> Value:
    """The one form of a value by which two sides are compared; None for every blank."""
    if raw is None:
        return None
    if field.kind == "number":
        return float(raw) if str(raw).strip() else None
    text = _NOT_STORABLE.sub("\ufffd", str(raw).replace("\r\n", "\n").replace("\r", "\n").strip())
    return (text.lower() if field.kind == "email" and is_address(text) else text) or None


def is_address(value: Value) -> bool:
    return isinstance(value, str) and _ADDRESS.fullmatch(value.lower()) is not None


def kept(crm: str, field: Field, value: Value) -> Value:
    """What the CRM holds after it was given the value: Salesforce rounds the score to one digit."""
    if crm == SALESFORCE and isinstance(value, float):
        return float(Decimal(str(value)).quantize(Decimal("0.1"), rounding=ROUND_HALF_UP))
    return value


def refuses(crm: str, field: Field, value: Value) -> bool:
    """Whether the CRM says no to the value."""
    if crm != SALESFORCE:
        return False
    if isinstance(value, float):
        return not 0 <= kept(crm, field, value) <= 100  # type: ignore[operator]  # a number stays one
    if value is None:
        return field.name == "last_name"
    return len(value.encode("utf-16-le")) // 2 > field.longest
