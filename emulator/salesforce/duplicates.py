"""Duplicate rules: which records a save would be one too many beside, of other objects too, and how that is told."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from emulator.rows import Row, fold
from emulator.salesforce.access import User
from emulator.salesforce.errors import ApiError
from emulator.salesforce.schema import ObjectType
from emulator.salesforce.store import Store

Found = list[tuple[ObjectType, Sequence[str], Row]]
"""Object, the fields it was matched by, record."""


def check_duplicates(
    store: Store,
    object_type: ObjectType,
    row: Row,
    changed: Iterable[str],
    *,
    user: User,
    allow_save: bool,
    include_details: bool,
) -> None:
    """Apply the duplicate rules. `allow_save` passes rules that only alert, never those that block."""
    touched = set(changed)
    for rule in object_type.duplicate_rules:
        alerts = rule["action"] == "alert"
        if not touched.intersection(rule["fields"]) or (alerts and allow_save):
            continue
        found = _found(store, object_type, row, rule)
        if found:
            raise _detected(store, object_type, rule, found, user=user, include_details=include_details)


def _found(store: Store, object_type: ObjectType, row: Row, rule: Mapping[str, Any]) -> Found:
    """In the object itself, and in those that the rule names under `also`: a lead may be a contact already."""
    wanted = [fold(row.get(name)) for name in rule["fields"]]
    if any(value is None for value in wanted):
        return []
    looked_in = [(object_type, rule["fields"])]
    looked_in += [(store.schema.objects[each["object"]], each["fields"]) for each in rule.get("also", ())]
    values = [row[name] for name in rule["fields"]]
    return [
        (each, fields, other)
        for each, fields in looked_in
        for other in _matching(store, each, dict(zip(fields, values, strict=True)))
        if other["Id"] != row["Id"]
    ]


def _matching(store: Store, object_type: ObjectType, values: Mapping[str, Any]) -> list[Row]:
    first = next(iter(values))
    candidates = store.rows.ids_with(object_type.name, first, values[first])
    table = store.rows.table(object_type.name)
    return [
        other
        for record_id in (candidates if candidates is not None else list(table))
        if not (other := table[record_id]).get("IsDeleted")
        and not other.get("IsConverted")
        and all(fold(other.get(name)) == fold(value) for name, value in values.items())
    ]


def _detected(
    store: Store, object_type: ObjectType, rule: Mapping[str, Any], found: Found, *, user: User, include_details: bool
) -> ApiError:
    """The refusal with its details under `duplicateResut`, spelled as the real API spells it."""
    visible = [each for each in found if store.sees(each[0], each[2], user)]
    names = dict.fromkeys([object_type.name, *(each.name for each, _, _ in visible)])
    by_object = {name: [each for each in visible if each[0].name == name] for name in names}
    result = {
        "allowSave": rule["action"] == "alert",
        "duplicateRule": rule["name"],
        "duplicateRuleEntityType": object_type.name,
        "errorMessage": rule["message"],
        "matchResults": [
            {
                "entityType": name,
                "errors": [],
                "matchEngine": "ExactMatchEngine",
                "matchRecords": [_match_record(*each, details=include_details) for each in members],
                "rule": rule["matching_rule"],
                "size": len(members),
                "success": True,
            }
            for name, members in by_object.items()
        ],
    }
    return ApiError("DUPLICATES_DETECTED", rule["message"], extra={"duplicateResut": result})


def _match_record(object_type: ObjectType, fields: Sequence[str], row: Row, *, details: bool) -> dict[str, Any]:
    record: dict[str, Any] = {
        "attributes": {
            "type": object_type.name,
            "url": f"/services/data/v62.0/sobjects/{object_type.name}/{row['Id']}",
        },
        "Id": row["Id"],
    }
    if details:
        record |= {name: row.get(name) for name in fields}
    return {"additionalInformation": [], "fieldDiffs": [], "matchConfidence": 100.0, "record": record}
