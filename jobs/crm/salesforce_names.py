"""Names and ids that go into Salesforce paths and queries: nothing but a name or an id may pass."""

from __future__ import annotations

import re

from jobs.crm.errors import Rejected

ID_PATTERN = re.compile(r"[a-zA-Z0-9]{15}(?:[a-zA-Z0-9]{3})?")
OBJECT_PATTERN = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,79}")


def full_id(record_id: str) -> str:
    """The 18-character form of a 15- or 18-character id. Raises Rejected.

    The last three characters say which of the first fifteen are capitals, five at a time (Salesforce help 000385585).
    """
    if not ID_PATTERN.fullmatch(record_id):
        raise Rejected("This is not a Salesforce record id.", code="MALFORMED_ID")
    suffix = ""
    for start in (0, 5, 10):
        bits = sum(1 << place for place, char in enumerate(record_id[start : start + 5]) if char.isupper())
        suffix += "ABCDEFGHIJKLMNOPQRSTUVWXYZ012345"[bits]
    if record_id[15:] and record_id[15:].upper() != suffix:
        raise Rejected("This is not a Salesforce record id.", code="MALFORMED_ID")
    return record_id[:15] + suffix


def checked_id(record_id: str) -> str:
    """The id as it is. Raises Rejected for what is none."""
    if not ID_PATTERN.fullmatch(record_id):
        raise Rejected("This is not a Salesforce record id.", code="MALFORMED_ID")
    return record_id


def checked_name(name: str) -> str:
    """The name of an object or field as it is. Raises Rejected for what cannot be one."""
    if not OBJECT_PATTERN.fullmatch(name):
        raise Rejected("This is not a name Salesforce could have.", code="INVALID_TYPE")
    return name


def query_column(name: str, field_type: str) -> str:
    """A user field is compared by the user's email, read through the lookup's relationship."""
    return checked_name(name) if field_type != "user" else f"{relationship(checked_name(name))}.Email"


def relationship(lookup: str) -> str:
    """The name under which a query follows a lookup field."""
    return lookup.removesuffix("__c") + "__r" if lookup.endswith("__c") else lookup.removesuffix("Id")
