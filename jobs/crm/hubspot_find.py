"""Records in HubSpot that may be the counterpart of one of ours: searched for coarsely, then read and compared here.

How HubSpot cuts a text into the words that a search knows is not documented; a domain is asked for as a whole, by its
parts, and as a part of something longer. An abbreviation is found only with the dots it was given.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from jobs.crm import spellings
from jobs.crm.base import MOST_FOUND, CrmRow, Fields
from jobs.crm.errors import Rejected
from jobs.crm.hubspot_client import understood
from jobs.crm.hubspot_names import checked_object, checked_property
from jobs.crm.hubspot_values import decode
from jobs.values import DAY_OF_MOMENT, MATCH_KEYS, Value, ValueRefused, normalise, parse_time

if TYPE_CHECKING:
    from jobs.crm.hubspot import HubSpotAdapter
    from jobs.sync.matching import Rule

PAGE = 200
MOST_PAGES = 5
Filters = list[dict[str, Any]]


def find(adapter: HubSpotAdapter, object_name: str, rule: Rule, value: Value, fields: Fields) -> tuple[CrmRow, ...]:
    """See `jobs.crm.base.CrmAdapter.find`."""
    compared = MATCH_KEYS[rule.compare_as]
    key = compared(value or "")
    wanted = {rule.crm_field: "text", **fields}
    groups = _groups(adapter, rule, value, key, wanted[rule.crm_field]) if key is not None else []
    if not groups:
        return ()
    ids = []
    for each in _look_alikes(adapter, object_name, checked_property(rule.crm_field), groups):
        if compared(_value(adapter, each, rule.crm_field, wanted[rule.crm_field]) or "") == key:
            ids.append(str(each["id"]))
        if len(ids) == MOST_FOUND:
            break
    rows = adapter.living(object_name, ids, wanted) if ids else {}
    # A search tells what was there some moments ago.
    return tuple(
        rows[each] for each in ids if each in rows and compared(rows[each].values.get(rule.crm_field) or "") == key
    )


def _look_alikes(
    adapter: HubSpotAdapter, object_name: str, name: str, groups: list[Filters]
) -> Iterator[Mapping[str, Any]]:
    after = "0"
    for _ in range(MOST_PAGES):
        found = adapter.client.search(
            checked_object(object_name),
            {
                "filterGroups": [{"filters": filters} for filters in groups],
                "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
                "properties": [name],
                "limit": PAGE,
                "after": after,
            },
        )
        with understood():
            results = [{**each, "id": each["id"], "properties": {**each["properties"]}} for each in found["results"]]
            further = ((found.get("paging") or {}).get("next") or {}).get("after")
        yield from results
        if not further:
            return
        after = str(further)
    raise Rejected("Too many records in HubSpot look like it to find the right one.", code="TOO_MANY_ALIKE")


def _value(adapter: HubSpotAdapter, found: Mapping[str, Any], name: str, field_type: str) -> Value:
    try:
        return decode(field_type, found["properties"].get(name), adapter.people.email_of)
    except ValueRefused:
        return None


def _groups(adapter: HubSpotAdapter, rule: Rule, value: Value, key: str, field_type: str) -> list[Filters]:
    """Any of these; none for a value that such a property cannot hold."""
    name = rule.crm_field
    text = ";".join(value) if isinstance(value, list) else str(value)
    if field_type in ("user", "number", "currency", "percent", "boolean", "date", "datetime", DAY_OF_MOMENT):
        return _exactly(adapter, name, value, field_type)
    if rule.compare_as == "domain":
        whole = spellings.domains(key)
        inside = [[_filter(name, "CONTAINS_TOKEN", asked)] for each in whole for asked in (each, f"*{each}*")]
        return [[_any_of(name, whole)], *inside]
    if rule.compare_as == "name":
        words = spellings.name_words(text, key)
        return [
            [_any_of(name, (text.lower(),))],
            *([_filter(name, "CONTAINS_TOKEN", each) for each in some] for some in words),
        ]
    spelled = spellings.emails(text, key) if rule.compare_as == "email" else spellings.texts(text, key)
    return [[_any_of(name, spelled)]]


def _exactly(adapter: HubSpotAdapter, name: str, value: Value, field_type: str) -> list[Filters]:
    try:
        [sent] = adapter.encoded({name: normalise(field_type, value)}, {name: field_type}).values()
        if field_type == "datetime":
            sent = str(round(parse_time(sent).timestamp() * 1000))
    except (Rejected, ValueRefused):
        return []
    return [[_filter(name, "EQ", sent)]]


def _any_of(name: str, texts: tuple[str, ...]) -> dict[str, Any]:
    # Texts are compared in lower case, and have to be given so.
    return {"propertyName": name, "operator": "IN", "values": list(dict.fromkeys(map(str.lower, texts)))}


def _filter(name: str, operator: str, value: str) -> dict[str, Any]:
    return {"propertyName": name, "operator": operator, "value": value}
