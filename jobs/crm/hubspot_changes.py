"""What changed in HubSpot: the recycle bin for what is archived, then search by stamp and id for the rest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta
from typing import Any

from jobs.crm.changes import Change, Page, Reach, Span
from jobs.crm.hubspot_client import OBJECTS, HubSpotClient, understood
from jobs.crm.hubspot_names import checked_object, modified_property
from jobs.values import parse_time

# Sizes: object and search guides.
SEARCH_PAGE, LIST_PAGE = 200, 100
# A change is found "after a few moments": what is younger than this may still be missing from a search.
SEARCH_LAG = timedelta(seconds=30)
MERGED = "hs_merged_object_ids"

_ARCHIVED, _CHANGED = "archived", "changed"


class HubSpotChanges:
    """See `jobs.crm.changes.ChangeReader` for the contract."""

    def __init__(self, client: HubSpotClient) -> None:
        self._client = client
        self.meter = client.meter
        self._first: Mapping[str, Any] | None = None

    def begin(self, object_name: str, since: datetime) -> Reach:
        self._first = self._archived(object_name, "")
        now = self.meter.looked_up_at
        return Reach(now, now - SEARCH_LAG)

    def page(self, object_name: str, span: Span, after: str) -> Page:
        phase, _, last = after.partition(" ") if after else (_ARCHIVED, "", "")
        if phase == _ARCHIVED:
            return self._archived_page(object_name, span, last)
        return self._changed_page(object_name, span, last)

    def _archived_page(self, object_name: str, span: Span, token: str) -> Page:
        """No search ever shows an archived record, and they are listed in no order of time: all are looked through."""
        body = self._first if self._first is not None and not token else self._archived(object_name, token)
        self._first = None
        with understood():
            gone = [(str(each["id"]), parse_time(each["archivedAt"])) for each in body["results"]]
            further = ((body.get("paging") or {}).get("next") or {}).get("after")
        changes = tuple(Change(record_id, at, is_deleted=True) for record_id, at in gone if at >= span.since)
        return Page(changes, f"{_ARCHIVED} {further}" if further else f"{_CHANGED} 0", len(gone))

    def _archived(self, object_name: str, token: str) -> Mapping[str, Any]:
        more = {"after": token} if token else {}
        params = {"limit": str(LIST_PAGE), "archived": "true", "properties": "hs_object_id", **more}
        body = self._client.get(OBJECTS, checked_object(object_name), **params)
        with understood():
            return {**body}

    def _changed_page(self, object_name: str, span: Span, last_id: str) -> Page:
        """By time alone thousands of records with one identical stamp could not be told apart, and no search shows
        more than 10,000 records: so each page begins a new search behind the last id.
        """
        stamp = modified_property(checked_object(object_name))
        body = {
            "filterGroups": [
                {
                    "filters": [
                        _filter(stamp, "GTE", _millis(span.since)),
                        _filter(stamp, "LTE", _millis(span.until)),
                        _filter("hs_object_id", "GT", last_id),
                    ]
                }
            ],
            "sorts": [{"propertyName": "hs_object_id", "direction": "ASCENDING"}],
            "properties": ["hs_object_id", MERGED],
            "limit": SEARCH_PAGE,
        }
        answer = self._client.search(object_name, body)
        with understood():
            found = answer["results"]
            changes = tuple(change for each in found for change in _changes(each))
        after = f"{_CHANGED} {found[-1]['id']}" if len(found) == SEARCH_PAGE else None
        return Page(changes, after, len(found))


def _changes(found: Mapping[str, Any]) -> Iterator[Change]:
    """The record, and those that were merged into it: these are found nowhere themselves."""
    at = parse_time(found["updatedAt"])
    yield Change(str(found["id"]), at)
    for merged in (found["properties"].get(MERGED) or "").split(";"):
        if merged.isdigit() and merged != str(found["id"]):
            yield Change(merged, at, is_deleted=True)


def _filter(name: str, operator: str, value: str) -> dict[str, str]:
    return {"propertyName": name, "operator": operator, "value": value}


def _millis(moment: datetime) -> str:
    return str(int(moment.timestamp() * 1000))
