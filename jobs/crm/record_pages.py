"""How each CRM writes the ids of its records, alone and in the address of a record's page."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from jobs.crm import hubspot, hubspot_names, salesforce


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
    salesforce.CRM: Spelling(
        "it has 15 or 18 letters and digits and is part of the record page's address",
        re.compile(
            r"(?:/lightning/r/(?P<object>\w+))?/(?P<id>[A-Za-z0-9]{15}(?:[A-Za-z0-9]{3})?)(?:/view)?/?(?:[?#]|$)"
        ),
        # Salesforce help: standard field record id prefixes.
        starts={"Account": "001", "Contact": "003", "Lead": "00Q", "Opportunity": "006"},
    ),
    hubspot.CRM: Spelling(
        "it is a number, the last one in the record page's address",
        re.compile(r"/record/(?P<object>[0-9]+-[0-9]+)/(?P<id>[0-9]+)(?:[/?#]|$)"),
        hubspot_names.OBJECT_OF_TYPE_ID,
    ),
}
