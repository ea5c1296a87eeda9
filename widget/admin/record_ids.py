"""A CRM record's id out of what people paste: the id itself, or the address of the record's page."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from jobs.crm.adapters import CRMS
from jobs.crm.errors import Rejected
from jobs.crm.hubspot_names import OBJECT_OF_TYPE_ID
from jobs.models import ObjectMapping
from jobs.values import clean_text


class NotAnId(ValueError):
    """The message says what an id of this CRM looks like, or of what other object this one is."""


@dataclass(frozen=True)
class Spelling:
    """How one CRM writes its ids.

    `page` finds the id in the address of a record page, and the object where the address tells (groups `id`, `object`;
    `objects` are the names of those). `starts`: object -> how the ids of its records begin.
    """

    looks: str
    page: re.Pattern[str]
    objects: Mapping[str, str] = field(default_factory=dict)
    starts: Mapping[str, str] = field(default_factory=dict)


SPELLINGS: dict[str, Spelling] = {
    "salesforce": Spelling(
        "it has 15 or 18 letters and digits and is part of the record page's address",
        re.compile(
            r"(?:/lightning/r/(?P<object>\w+))?/(?P<id>[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?)(?:/view)?/?(?:[?#]|$)"
        ),
        # Salesforce help: standard field record id prefixes.
        starts={"Account": "001", "Contact": "003", "Lead": "00Q", "Opportunity": "006"},
    ),
    "hubspot": Spelling(
        "it is a number, the last one in the record page's address",
        re.compile(r"/record/(?P<object>[0-9]+-[0-9]+)/(?P<id>[0-9]+)(?:[/?#]|$)"),
        OBJECT_OF_TYPE_ID,
    ),
}


def record_id_in(text: str, mapping: ObjectMapping, *, crm: str) -> str:
    """The full id of a record of this object. Raises NotAnId."""
    text, spelling = clean_text(text) or "", SPELLINGS[crm]
    found = spelling.page.search(text)
    if found is not None:
        _require_object(found["object"] or "", mapping, spelling)
    try:
        record_id = CRMS[crm].full_id(found["id"] if found is not None else text)
    except Rejected as error:
        raise NotAnId(f"{error.message.rstrip('.')}: {spelling.looks}.") from None
    start = spelling.starts.get(mapping.object)
    if start and not record_id.startswith(start):
        raise NotAnId(f"This is not the id of a {mapping.object_label}: those start with {start}.")
    return record_id


def _require_object(told: str, mapping: ObjectMapping, spelling: Spelling) -> None:
    name = spelling.objects.get(told, told)
    if name and name != mapping.object:
        raise NotAnId(f"This is the page of another object ({name}), not of a {mapping.object_label}.")
