"""A Salesforce describe, reduced to what we use and put in our words (REST API Developer Guide, sObject Describe)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from jobs.crm.base import FieldInfo, KnownObject, ObjectInfo

_TYPES = {
    "string": "text",
    "encryptedstring": "text",
    "combobox": "text",
    "textarea": "long_text",
    "picklist": "select",
    "multipicklist": "multi_select",
    "boolean": "boolean",
    "double": "number",
    "int": "number",
    "currency": "currency",
    "percent": "percent",
    "date": "date",
    "datetime": "datetime",
    "email": "email",
    "phone": "phone",
    "url": "url",
    "reference": "reference",
    "id": "reference",
}


# Numbers with more digits after the point than `scale` are rounded to it.
_ROUNDED = ("double", "currency", "percent")
# The first and the last day of Salesforce's calendar (Object Reference, date field type).
DAYS = ("1700-01-01", "4000-12-31")


def known_objects(body: Mapping[str, Any]) -> tuple[KnownObject, ...]:
    """Objects with records that people work with: no settings, events, histories, shares or metadata."""
    return tuple(
        KnownObject(each["name"], each["label"], bool(each["custom"]), shown_as=each["name"])
        for each in body["sobjects"]
        if each["queryable"]
        and each.get("layoutable")
        and not each.get("deprecatedAndHidden")
        and not each.get("customSetting")
        and (not each["custom"] or each["name"].endswith("__c"))
    )


def object_info(body: Mapping[str, Any]) -> ObjectInfo:
    """Compound, binary and unknown field types are left out: nothing of ours can hold them."""
    known = [field for field in body["fields"] if field["type"] in _TYPES]
    return ObjectInfo(body["name"], body["label"], {field["name"]: _field(field) for field in known})


def _field(field: Mapping[str, Any]) -> FieldInfo:
    return FieldInfo(
        name=field["name"],
        label=field["label"],
        field_type=_field_type(field),
        crm_type=field["type"],
        length=field.get("length") or 0,
        may_create=bool(field.get("createable")),
        may_update=bool(field.get("updateable")),
        calculated=bool(field.get("calculated")),
        required=bool(field["createable"] and not field["nillable"] and not field["defaultedOnCreate"]),
        days=DAYS if field["type"] in ("date", "datetime") else ("", ""),
        options=tuple(
            (option["value"], option.get("label") or option["value"])
            for option in field.get("picklistValues") or ()
            if option.get("active")
        ),
        filterable=bool(field.get("filterable", True)),
        case_sensitive=bool(field.get("caseSensitive")),
        names_record=bool(field.get("nameField")),
        scale=field.get("scale") if field["type"] in _ROUNDED else None,
    )


def _field_type(field: Mapping[str, Any]) -> str:
    if field["type"] == "reference" and "User" in (field.get("referenceTo") or ()):
        return "user"
    return _TYPES[field["type"]]
