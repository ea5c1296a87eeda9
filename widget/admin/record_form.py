"""A record of ours as a form: one input per mapped field, as its type asks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from jobs.fields import fields_of as local_fields
from jobs.kinds import LocalField
from jobs.models import Connection, FieldMapping, LocalRecord, ObjectMapping
from widget.admin.display import CRM_NAMES

INPUT_TYPES = {
    "number": "number",
    "currency": "number",
    "percent": "number",
    "date": "date",
    "email": "email",
    "user": "email",
    "phone": "tel",
    "long_text": "textarea",
    "boolean": "boolean",
}


@dataclass(frozen=True)
class FormField:
    name: str
    label: str
    input_type: str
    stored: Any
    shown: str  # the stored value as the form spells it
    text: str  # what stands in the input: as typed, else as shown
    read_only_because: str
    provenance: Mapping[str, Any]


def fields_of(session: Session, record: LocalRecord, typed: Mapping[str, str] | None = None) -> list[FormField]:
    """Every field of the record's kind, in the kind's order."""
    held_by = _held_by(session, record.kind)
    fields = local_fields(session, record.kind)
    return [_field(record, name, field, held_by.get(name, ""), typed) for name, field in fields.items()]


def changes(fields: list[FormField]) -> dict[str, str]:
    """Field -> text, only where the text is another one than the page showed."""
    return {field.name: field.text for field in fields if field.text != field.shown and not field.read_only_because}


def _held_by(session: Session, kind: str) -> dict[str, str]:
    """Fields that a CRM alone decides -> that CRM's name."""
    inbound_only = session.execute(
        select(FieldMapping.local_field, Connection.crm)
        .join(ObjectMapping, ObjectMapping.id == FieldMapping.object_mapping_id)
        .join(Connection, Connection.id == ObjectMapping.connection_id)
        .where(ObjectMapping.kind == kind, FieldMapping.direction == "inbound", FieldMapping.enabled)
    )
    return {field: CRM_NAMES.get(crm, crm) for field, crm in inbound_only}


def _field(record: LocalRecord, name: str, field: LocalField, crm: str, typed: Mapping[str, str] | None) -> FormField:
    stored = record.values.get(name)
    shown = _spelled(stored)
    text = shown if typed is None else typed.get(f"value-{name}", shown).replace("\r\n", "\n")
    return FormField(
        name=name,
        label=field.label,
        input_type=INPUT_TYPES.get(field.field_type, "text"),
        stored=stored,
        shown=shown,
        text=text,
        read_only_because=f"{crm} decides this value: its mapping is inbound only." if crm else "",
        provenance=record.provenance.get(name) or {},
    )


def _spelled(stored: Any) -> str:
    if stored is None:
        return ""
    if isinstance(stored, bool):
        return "yes" if stored else "no"
    if isinstance(stored, list):
        return "; ".join(str(part) for part in stored)
    return str(stored)
