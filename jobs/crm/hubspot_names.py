"""Names and ids that go into HubSpot paths and queries: nothing but a name or an id may pass."""

from __future__ import annotations

import re

from jobs.crm.errors import Rejected

ID_PATTERN = re.compile(r"[1-9][0-9]{0,19}")
# A name, or a type id such as 0-1 or 2-140001.
OBJECT_PATTERN = re.compile(r"[A-Za-z][A-Za-z0-9_]{0,79}|[0-9]{1,3}-[0-9]{1,12}")
PROPERTY_PATTERN = re.compile(r"[a-z][a-z0-9_]{0,119}")
OBJECT_OF_TYPE_ID = {"0-1": "contacts", "0-2": "companies", "0-3": "deals", "0-5": "tickets"}
"""Record pages and webhooks say the type id, mappings the name."""

LABELS = {"contacts": "Contact", "companies": "Company", "deals": "Deal", "tickets": "Ticket"}
"""Objects that every account has, by name; a custom one is named by its type id."""

# What a record is called by: joined by a space.
_NAMED_BY = {
    "contacts": ("firstname", "lastname"),
    "companies": ("name",),
    "deals": ("dealname",),
    "tickets": ("subject",),
}


def full_id(record_id: str) -> str:
    """The one spelling of a record id. Raises Rejected."""
    if not ID_PATTERN.fullmatch(record_id):
        raise Rejected("This is not a HubSpot record id.", code="MALFORMED_ID")
    return record_id


def checked_object(name: str) -> str:
    """The name of an object as it is. Raises Rejected for what cannot be one."""
    if not OBJECT_PATTERN.fullmatch(name):
        raise Rejected("This is not a name HubSpot could have.", code="INVALID_TYPE")
    return name


def checked_property(name: str) -> str:
    """The name of a property as it is. Raises Rejected for what cannot be one."""
    if not PROPERTY_PATTERN.fullmatch(name):
        raise Rejected("This is not a name HubSpot could have.", code="INVALID_TYPE")
    return name


def usual_label(object_name: str) -> str:
    return LABELS.get(object_name, object_name)


def naming_properties(object_name: str) -> tuple[str, ...]:
    return _NAMED_BY.get(object_name, ())


def modified_property(object_name: str) -> str:
    """The property that holds when a record last changed."""
    return "lastmodifieddate" if object_name == "contacts" else "hs_lastmodifieddate"


def created_property(object_name: str) -> str:
    """The property that holds when a record was made."""
    return "createdate" if object_name in LABELS else "hs_createdate"
