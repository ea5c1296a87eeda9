"""The kinds of our own records and their fields. A field's type is also the type its values are compared as."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from jobs.values import Value


@dataclass(frozen=True)
class LocalField:
    label: str
    field_type: str
    options: tuple[tuple[str, str], ...] = ()  # (value, label) of a choice; () where it takes any


@dataclass(frozen=True)
class Kind:
    label: str
    plural: str
    fields: Mapping[str, LocalField]
    name_fields: tuple[str, ...]  # joined by a space; the first non-blank of the rest of `name_else` otherwise
    name_else: tuple[str, ...] = ()


KINDS: dict[str, Kind] = {
    "account": Kind(
        "Account",
        "Accounts",
        {
            "name": LocalField("Name", "text"),
            "domain": LocalField("Domain", "domain"),
            "industry": LocalField("Industry", "select"),
            "employee_count": LocalField("Employees", "number"),
            "phone": LocalField("Phone", "phone"),
        },
        name_fields=("name",),
        name_else=("domain",),
    ),
    "contact": Kind(
        "Contact",
        "Contacts",
        {
            "email": LocalField("Email", "email"),
            "first_name": LocalField("First name", "text"),
            "last_name": LocalField("Last name", "text"),
            "job_title": LocalField("Job title", "text"),
            "phone": LocalField("Phone", "phone"),
            "company": LocalField("Company", "text"),
            "lead_score": LocalField("Lead score", "number"),
            "notes": LocalField("Notes", "long_text"),
        },
        name_fields=("first_name", "last_name"),
        name_else=("email",),
    ),
    "opportunity": Kind(
        "Opportunity",
        "Opportunities",
        {
            "name": LocalField("Name", "text"),
            "amount": LocalField("Amount", "currency"),
            "stage": LocalField("Stage", "select"),
            "close_date": LocalField("Close date", "date"),
            "owner": LocalField("Owner", "user"),
        },
        name_fields=("name",),
    ),
}

CUSTOM = Kind("Record", "Records", {"name": LocalField("Name", "text")}, name_fields=("name",))
"""What every kind starts with that an admin made; its label and further fields are in the database."""


def shape_of(kind: str) -> Kind:
    """What records of a kind have from the beginning; a kind that is not among ours is one that an admin made."""
    return KINDS.get(kind, CUSTOM)


def display_name(kind: str, values: Mapping[str, Value]) -> str:
    """What a person would call the record; "" when it has nothing to be called by."""
    shape = shape_of(kind)
    full = " ".join(str(values[name]) for name in shape.name_fields if values.get(name))
    return full or next((str(values[name]) for name in shape.name_else if values.get(name)), "")
