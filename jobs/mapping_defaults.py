"""The mappings a new connection starts with: the standard fields, the usual directions, the usual ways to match."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy.orm import Session

from jobs.kinds import LocalField, shape_of
from jobs.models import Connection, FieldMapping, MatchRule, ObjectMapping
from jobs.runtime import utc_now


@dataclass(frozen=True)
class DefaultObject:
    label: str
    kind: str
    fields: tuple[tuple[str, str, str], ...]  # (CRM field, our field, direction)
    match: tuple[tuple[str, str, str], ...] = ()  # (CRM field, our field, compare as), in order
    needs_email: bool = False


_PERSON = (
    ("Email", "email", "two_way"),
    ("FirstName", "first_name", "two_way"),
    ("LastName", "last_name", "two_way"),
    ("Title", "job_title", "two_way"),
    ("Phone", "phone", "inbound"),
)

DEFAULTS: dict[str, dict[str, DefaultObject]] = {
    "salesforce": {
        "Account": DefaultObject(
            "Account",
            "account",
            (
                ("Name", "name", "two_way"),
                ("Website", "domain", "two_way"),
                ("Industry", "industry", "inbound"),
                ("NumberOfEmployees", "employee_count", "two_way"),
                ("Phone", "phone", "inbound"),
            ),
            (("Website", "domain", "domain"), ("Name", "name", "name")),
        ),
        "Contact": DefaultObject("Contact", "contact", _PERSON, (("Email", "email", "email"),), needs_email=True),
        "Lead": DefaultObject(
            "Lead",
            "contact",
            # Salesforce makes no Lead without a company.
            (*_PERSON, ("Company", "company", "two_way")),
            (("Email", "email", "email"),),
            needs_email=True,
        ),
        "Opportunity": DefaultObject(
            "Opportunity",
            "opportunity",
            (
                ("Name", "name", "two_way"),
                ("Amount", "amount", "two_way"),
                ("StageName", "stage", "two_way"),
                ("CloseDate", "close_date", "two_way"),
                ("OwnerId", "owner", "inbound"),
            ),
        ),
    },
    "hubspot": {
        "companies": DefaultObject(
            "Company",
            "account",
            (
                ("name", "name", "two_way"),
                ("domain", "domain", "two_way"),
                ("industry", "industry", "inbound"),
                ("numberofemployees", "employee_count", "two_way"),
                ("phone", "phone", "inbound"),
            ),
            (("domain", "domain", "domain"), ("name", "name", "name")),
        ),
        "contacts": DefaultObject(
            "Contact",
            "contact",
            (
                ("email", "email", "two_way"),
                ("firstname", "first_name", "two_way"),
                ("lastname", "last_name", "two_way"),
                ("jobtitle", "job_title", "two_way"),
                ("phone", "phone", "inbound"),
                ("company", "company", "inbound"),
            ),
            (("email", "email", "email"),),
            needs_email=True,
        ),
        "deals": DefaultObject(
            "Deal",
            "opportunity",
            (
                ("dealname", "name", "two_way"),
                ("amount", "amount", "two_way"),
                ("dealstage", "stage", "two_way"),
                ("closedate", "close_date", "two_way"),
                ("hubspot_owner_id", "owner", "inbound"),
            ),
        ),
    },
}


def add_default_mappings(session: Session, connection: Connection) -> list[ObjectMapping]:
    """Map the standard objects of a connection just made. All are on: nothing syncs before somebody asks for it."""
    mappings = [mapping_by(connection, name, default) for name, default in DEFAULTS[connection.crm].items()]
    session.add_all(mappings)
    session.flush()
    return mappings


def mapping_by(connection: Connection, name: str, default: DefaultObject) -> ObjectMapping:
    """An ObjectMapping as the default says, not stored yet."""
    mapping = ObjectMapping(
        connection_id=connection.id,
        object=name,
        object_label=default.label,
        kind=default.kind,
        needs_email=default.needs_email,
        updated_at=utc_now(),
    )
    for position, (crm_field, local_field, direction) in enumerate(default.fields):
        mapping.fields.append(field_mapping(default.kind, crm_field, local_field, direction, position=position))
    for position, (crm_field, local_field, compare_as) in enumerate(default.match):
        mapping.match_rules.append(
            MatchRule(crm_field=crm_field, local_field=local_field, compare_as=compare_as, position=position)
        )
    return mapping


def field_mapping(kind: str, crm_field: str, local_field: str, direction: str, *, position: int = 0) -> FieldMapping:
    """A FieldMapping with the default rules, for a field the kind comes with."""
    return mapping_of(shape_of(kind).fields[local_field], crm_field, local_field, direction, position=position)


def mapping_of(field: LocalField, crm_field: str, local_field: str, direction: str, *, position: int) -> FieldMapping:
    """A FieldMapping with the default rules, typed and labelled as our field is."""
    return FieldMapping(
        position=position,
        crm_field=crm_field,
        local_field=local_field,
        label=field.label,
        field_type=field.field_type,
        direction=direction,
    )
