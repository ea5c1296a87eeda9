"""HubSpot's properties, reduced to what we use and put in our words (properties guide, pipelines guide)."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any

from jobs.crm.base import FieldInfo, KnownObject, ObjectInfo

# Texts hold this many characters (properties guide).
TEXT_LENGTH = 65_536
_TYPES = {
    "string": "text",
    "phone_number": "phone",
    "number": "number",
    "bool": "boolean",
    "enumeration": "select",
    "date": "date",
    "datetime": "datetime",
}
# What a text or a choice is, as its input field tells.
_BY_INPUT = {
    ("string", "textarea"): "long_text",
    ("string", "html"): "long_text",
    ("string", "phonenumber"): "phone",
    ("enumeration", "checkbox"): "multi_select",
    ("enumeration", "booleancheckbox"): "boolean",
}
# HubSpot has no types of their own for these.
_BY_NAME = {"email": "email", "work_email": "email", "domain": "domain", "website": "url"}


@dataclass(frozen=True)
class Schema:
    """What the definition of an object says beside its properties."""

    label: str
    required: frozenset[str] = frozenset()
    named_by: str = ""


def known_objects(schemas: Iterable[Mapping[str, Any]]) -> tuple[KnownObject, ...]:
    """Custom objects, by their type id: record pages, cards and webhooks say nothing else."""
    return tuple(
        KnownObject(
            each["objectTypeId"],
            (each.get("labels") or {}).get("singular") or each["name"],
            is_custom=True,
            shown_as=each.get("fullyQualifiedName") or each["name"],
        )
        for each in schemas
        if not each.get("archived")
    )


def schema_of(body: Mapping[str, Any], usual_label: str) -> Schema:
    label = (body.get("labels") or {}).get("singular") or usual_label
    required = frozenset(body.get("requiredProperties") or ())
    return Schema(str(label), required, str(body.get("primaryDisplayProperty") or ""))


def object_info(object_name: str, schema: Schema, properties: Iterable[Mapping[str, Any]]) -> ObjectInfo:
    """JSON, coordinates and unknown types are left out: nothing of ours can hold them."""
    known = [each for each in properties if each["type"] in _TYPES and not each.get("archived")]
    return ObjectInfo(object_name, schema.label, {each["name"]: _field(each, schema) for each in known})


def with_stages(info: ObjectInfo, pipelines: Iterable[Mapping[str, Any]]) -> ObjectInfo:
    """The stages of all pipelines as the choices of `dealstage`, and the pipelines as those of `pipeline`."""
    living = [each for each in pipelines if not each.get("archived")]
    several = len(living) > 1
    stages = [
        (stage["id"], f"{stage['label']} ({pipeline['label']})" if several else stage["label"])
        for pipeline in living
        for stage in pipeline.get("stages") or ()
        if not stage.get("archived")
    ]
    choices = {"dealstage": stages, "pipeline": [(each["id"], each["label"]) for each in living]}
    told = {
        name: replace(info.fields[name], options=tuple(options))
        for name, options in choices.items()
        if name in info.fields
    }
    return replace(info, fields=dict(info.fields) | told)


def stamp(info: ObjectInfo) -> str:
    """HubSpot stamps no describe: equal for equal fields."""
    fields = {name: asdict(field) for name, field in info.fields.items()}
    told = json.dumps([info.label, fields], sort_keys=True)
    return hashlib.sha256(told.encode(errors="surrogatepass")).hexdigest()[:40]


def _field(each: Mapping[str, Any], schema: Schema) -> FieldInfo:
    field_type = _field_type(each)
    rights = each.get("modificationMetadata") or {}
    calculated = bool(each.get("calculated"))
    writable = not calculated and not rights.get("readOnlyValue")
    return FieldInfo(
        name=each["name"],
        label=each.get("label") or each["name"],
        field_type=field_type,
        crm_type=each["type"],
        length=TEXT_LENGTH if field_type in ("text", "long_text") else 0,
        may_create=writable,
        may_update=writable,
        calculated=calculated,
        required=each["name"] in schema.required,
        names_record=each["name"] == schema.named_by,
        # A hidden one is only left out of forms: records hold it, and it may be written.
        options=tuple(
            (option["value"], option.get("label") or option["value"]) for option in each.get("options") or ()
        ),
    )


def _field_type(each: Mapping[str, Any]) -> str:
    if each.get("referencedObjectType") == "OWNER":
        return "user"
    kind = _BY_INPUT.get((each["type"], each.get("fieldType", "")), _TYPES[each["type"]])
    return _BY_NAME.get(each["name"], kind) if kind in ("text", "long_text") else kind
