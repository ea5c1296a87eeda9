"""Many HubSpot records at a time: reads and upserts in batches, and what is linked with what."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import islice
from typing import Any

from jobs.crm.base import CrmRow, Fields
from jobs.crm.errors import CrmError, NotFound
from jobs.crm.hubspot import HubSpotAdapter
from jobs.crm.hubspot_client import OBJECTS, understood
from jobs.crm.hubspot_errors import classify
from jobs.crm.hubspot_names import checked_object, checked_property, full_id
from jobs.values import Value

# Sizes: object and association guides. With history a batch is half as large.
MOST_READ, MOST_WRITTEN, MOST_LINKS_READ = 50, 100, 1_000
_STATUSES = {"OBJECT_NOT_FOUND": 404, "CONFLICT": 409, "MISSING_SCOPES": 403}


@dataclass(frozen=True)
class Upserted:
    record_id: str
    is_new: bool


@dataclass(frozen=True)
class Upserts:
    """What became of each record, by its key: one that was refused never stops the others."""

    done: dict[str, Upserted] = field(default_factory=dict)
    refused: dict[str, CrmError] = field(default_factory=dict)


@dataclass(frozen=True)
class Association:
    record_id: str
    type_ids: tuple[int, ...]


class HubSpotBulk:
    """Every method raises `jobs.crm.errors.CrmError`."""

    def __init__(self, adapter: HubSpotAdapter) -> None:
        self._adapter = adapter
        self._client = adapter.client

    def read_many(self, object_name: str, record_ids: Sequence[str], fields: Fields) -> dict[str, CrmRow]:
        """The living records among these, by id. Who is missing was archived, merged away, or never there."""
        rows: dict[str, CrmRow] = {}
        for ids in _batches([full_id(each) for each in dict.fromkeys(record_ids)], MOST_READ):
            rows |= self._adapter.living(object_name, ids, fields)
        return rows

    def upsert_many(
        self, object_name: str, key_property: str, records: Mapping[str, Mapping[str, Value]], fields: Fields
    ) -> Upserts:
        """Change or create records by a unique property: key -> values. Done twice, it is done once."""
        checked_object(object_name)
        upserts = Upserts()
        for keys in _batches(list(records), MOST_WRITTEN):
            inputs = [self._input(checked_property(key_property), key, records[key], fields) for key in keys]
            answer = self._client.post(OBJECTS, object_name, "batch", "upsert", body={"inputs": inputs})
            with understood():
                _note_upserts(answer, keys, key_property, upserts)
        return upserts

    def associations(self, object_name: str, record_ids: Sequence[str], to: str) -> dict[str, list[Association]]:
        """What each of these records is linked with; a record without any link is left out."""
        links: dict[str, list[Association]] = {}
        path = (checked_object(object_name), checked_object(to), "batch", "read")
        for ids in _batches([full_id(each) for each in record_ids], MOST_LINKS_READ):
            answer = self._client.post("crm/associations", *path, body={"inputs": [{"id": each} for each in ids]})
            with understood():
                for each in answer["results"]:
                    links[str(each["from"]["id"])] = [_association(far) for far in each["to"]]
        return links

    def _input(self, key_property: str, key: str, values: Mapping[str, Value], fields: Fields) -> dict[str, Any]:
        """With a trace id on every input HubSpot tells which was refused; without, it refuses all."""
        sent = self._adapter.encoded(values, fields)
        return {"id": key, "idProperty": key_property, "objectWriteTraceId": key, "properties": sent}


def _note_upserts(answer: Mapping[str, Any], keys: Sequence[str], key_property: str, upserts: Upserts) -> None:
    for each in answer["results"]:
        key = each.get("objectWriteTraceId") or each["properties"][key_property]
        upserts.done[key] = Upserted(str(each["id"]), bool(each.get("new")))
    for error in answer.get("errors") or ():
        for key in (error.get("context") or {}).get("objectWriteTraceId") or ():
            upserts.refused[key] = classify(_STATUSES.get(error.get("category") or "", 400), error)
    for key in keys:
        if key not in upserts.done and key not in upserts.refused:
            # Merged away, says experience, and not a word about it in the answer.
            upserts.refused[key] = NotFound("HubSpot says nothing of this record.", code="OBJECT_NOT_FOUND")


def _association(far: Mapping[str, Any]) -> Association:
    """The id is a text in dated versions and was a number before."""
    return Association(str(far["toObjectId"]), tuple(int(each["typeId"]) for each in far["associationTypes"]))


def _batches(items: Sequence[str], size: int) -> Iterator[list[str]]:
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch
