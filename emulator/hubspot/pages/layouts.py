"""What the lists and record pages of each object show, and in which order. Unknown properties fall out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from emulator.hubspot.schema import ObjectType, Property

STANDARD = ("contacts", "companies", "deals")
_CUSTOM_GROUP = "sample_sync"
_LONGEST_LIST = 14


@dataclass(frozen=True, slots=True)
class Layout:
    """`name` are the properties that make a record's name, `subtitle` what stands below it."""

    name: tuple[str, ...]
    subtitle: tuple[str, ...]
    about: tuple[str, ...]
    highlights: tuple[str, ...]
    columns: tuple[str, ...]


_LAYOUTS: Mapping[str, Layout] = {
    "contacts": Layout(
        name=("firstname", "lastname"),
        subtitle=("jobtitle", "company"),
        about=(
            "firstname", "lastname", "email", "phone", "mobilephone", "jobtitle", "company", "city", "country",
            "hubspot_owner_id", "lifecyclestage", "hs_lead_status",
        ),
        highlights=("createdate", "lifecyclestage", "lastmodifieddate"),
        columns=("email", "phone", "jobtitle", "company", "hubspot_owner_id", "lifecyclestage"),
    ),
    "companies": Layout(
        name=("name",),
        subtitle=("domain",),
        about=(
            "name", "domain", "industry", "phone", "numberofemployees", "annualrevenue", "city", "country", "type",
            "description", "hubspot_owner_id", "lifecyclestage",
        ),
        highlights=("createdate", "lifecyclestage", "industry"),
        columns=("domain", "industry", "numberofemployees", "phone", "city", "hubspot_owner_id"),
    ),
    "deals": Layout(
        name=("dealname",),
        subtitle=("amount", "dealstage"),
        about=(
            "dealname", "amount", "deal_currency_code", "pipeline", "dealstage", "closedate", "dealtype",
            "hs_priority", "hs_next_step", "hubspot_owner_id", "closed_lost_reason", "description",
        ),
        highlights=("amount", "dealstage", "closedate"),
        columns=("dealstage", "amount", "closedate", "pipeline", "hubspot_owner_id"),
    ),
}  # fmt: skip


def layout_of(object_type: ObjectType) -> Layout:
    known = _LAYOUTS.get(object_type.name)
    if known is not None:
        return known
    names = tuple(each.name for each in object_type.properties.values() if each.hubspot_defined is False)
    first = object_type.primary_property
    rest = tuple(name for name in names if name != first)
    return Layout((first,), (), (first, *rest[:_LONGEST_LIST], "hubspot_owner_id"), rest[:3], rest[:5])


def sections_of(object_type: ObjectType) -> dict[str, list[Property]]:
    """The properties of the left column, by the heading of their card."""
    about = layout_of(object_type).about
    own = [each.name for each in object_type.properties.values() if each.group == _CUSTOM_GROUP]
    sections = {f"About this {object_type.label.lower()}": found(object_type, about)}
    sections[_group_label(object_type)] = found(object_type, tuple(name for name in own if name not in about))
    return {label: properties for label, properties in sections.items() if properties}


def found(object_type: ObjectType, names: tuple[str, ...]) -> list[Property]:
    known = (object_type.find(name) for name in names)
    return [each for each in known if each is not None and not each.hidden]


def _group_label(object_type: ObjectType) -> str:
    group = object_type.groups.get(_CUSTOM_GROUP)
    return group.label if group else "More"
