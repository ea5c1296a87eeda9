"""What the record pages and lists of each object show, and in which order. Unknown or hidden fields fall out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from emulator.salesforce.schema import Field, ObjectType

STANDARD_TABS = ("Account", "Contact", "Lead", "Opportunity")
_SYSTEM_FIELDS = ("CreatedById", "LastModifiedById", "CreatedDate", "LastModifiedDate")
_NOT_ON_PAGES = frozenset(
    {
        "Id",
        "IsDeleted",
        "SystemModstamp",
        "MasterRecordId",
        "LastActivityDate",
        "LastViewedDate",
        "LastReferencedDate",
        "PhotoUrl",
    }
)

_GEOGRAPHY = ("Latitude", "Longitude", "GeocodeAccuracy")


@dataclass(frozen=True, slots=True)
class Layout:
    """`keys` are the fields of the highlights panel, `related` pairs (child object, reference field)."""

    keys: tuple[str, ...]
    sections: Mapping[str, Sequence[str]]
    columns: tuple[str, ...]
    related: tuple[tuple[str, str], ...] = ()
    related_fields: tuple[str, ...] = field(default=())


_LAYOUTS: Mapping[str, Layout] = {
    "Account": Layout(
        keys=("Type", "Phone", "Website", "OwnerId", "Industry"),
        sections={
            "Account Information": (
                "Name", "OwnerId", "ParentId", "Type", "AccountNumber", "Industry", "Website",
                "AnnualRevenue", "Phone", "NumberOfEmployees", "Fax", "Rating",
            ),
            "Address Information": ("BillingAddress", "ShippingAddress"),
            "Description Information": ("Description",),
        },
        columns=("Name", "Industry", "BillingCity", "Phone", "Website", "OwnerId"),
        related=(("Contact", "AccountId"), ("Opportunity", "AccountId")),
        related_fields=("Industry", "Phone", "OwnerId"),
    ),
    "Contact": Layout(
        keys=("Title", "AccountId", "Phone", "Email", "OwnerId"),
        sections={
            "Contact Information": (
                "Name", "OwnerId", "AccountId", "Phone", "Title", "MobilePhone", "Department", "Email",
                "Birthdate", "Fax", "ReportsToId", "LeadSource", "HasOptedOutOfEmail", "DoNotCall",
            ),
            "Address Information": ("MailingAddress", "OtherAddress"),
            "Description Information": ("Description",),
        },
        columns=("Name", "AccountId", "Title", "Phone", "Email", "OwnerId"),
        related=(("Contact", "ReportsToId"),),
        related_fields=("Title", "Email", "Phone"),
    ),
    "Lead": Layout(
        keys=("Title", "Company", "Phone", "Email", "Status"),
        sections={
            "Lead Information": (
                "Name", "OwnerId", "Company", "Phone", "Title", "MobilePhone", "LeadSource", "Email",
                "Industry", "Website", "AnnualRevenue", "Status", "NumberOfEmployees", "Rating",
                "HasOptedOutOfEmail", "DoNotCall",
            ),
            "Address Information": ("Address",),
            "Conversion": ("IsConverted", "ConvertedDate", "ConvertedAccountId", "ConvertedContactId"),
            "Description Information": ("Description",),
        },
        columns=("Name", "Company", "Status", "Phone", "Email", "OwnerId"),
        related_fields=("Company", "Status", "Email"),
    ),
    "Opportunity": Layout(
        keys=("AccountId", "CloseDate", "Amount", "OwnerId", "StageName"),
        sections={
            "Opportunity Information": (
                "Name", "OwnerId", "AccountId", "CloseDate", "Amount", "StageName", "Probability",
                "ExpectedRevenue", "Type", "LeadSource", "NextStep", "ForecastCategoryName",
                "IsClosed", "IsWon",
            ),
            "Description Information": ("Description",),
        },
        columns=("Name", "AccountId", "StageName", "Amount", "CloseDate", "OwnerId"),
        related_fields=("StageName", "Amount", "CloseDate"),
    ),
}  # fmt: skip


def layout_of(object_type: ObjectType) -> Layout:
    """The layout of an object; one made of its fields in order when there is none by name."""
    layout = _LAYOUTS.get(object_type.name)
    if layout is None:
        names = [each.name for each in object_type.fields.values() if _is_plain(each)]
        return Layout(
            keys=tuple(names[1:6]),
            sections={"Information": names},
            columns=tuple(dict.fromkeys([object_type.name_field.name, *names]))[:6],
            related_fields=tuple(names[1:4]),
        )
    return layout


def sections_of(object_type: ObjectType) -> dict[str, list[str]]:
    """Section title to field names: the layout's, then what it does not name, then the system fields."""
    sections = {title: list(names) for title, names in layout_of(object_type).sections.items()}
    shown = {name for names in sections.values() for name in names}
    compounds = {each.name for each in object_type.fields.values() if each.name in shown}
    rest = [
        each.name
        for each in object_type.fields.values()
        if _is_plain(each) and each.name not in shown and each.compound not in compounds
    ]
    joined = {part for each in object_type.fields.values() if each.name in shown for part in each.joins}
    rest = [name for name in rest if name not in joined]
    if rest:
        sections["Additional Information"] = rest
    sections["System Information"] = list(_SYSTEM_FIELDS)
    return sections


def editable_parts(object_type: ObjectType, each: Field) -> list[Field]:
    """The fields that are typed in for a shown one: the parts of a name or an address, else itself."""
    if each.joins:
        return [part for name in each.joins if (part := object_type.field(name)) is not None]
    if each.type == "address":
        return [part for part in object_type.parts_of(each.name) if not part.name.endswith(_GEOGRAPHY)]
    return [each]


def _is_plain(each: Field) -> bool:
    return each.name not in _NOT_ON_PAGES and each.name not in _SYSTEM_FIELDS
