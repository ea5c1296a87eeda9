"""A CRM record's id out of what people paste: the id itself, or the address of the record's page."""

from __future__ import annotations

from jobs.crm.adapters import CRMS
from jobs.crm.errors import Rejected
from jobs.crm.record_pages import SPELLINGS, Spelling
from jobs.models import ObjectMapping
from jobs.values import clean_text


class NotAnId(ValueError):
    """The message says what an id of this CRM looks like, or of what other object this one is."""


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
