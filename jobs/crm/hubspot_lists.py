"""HubSpot's lists ("segments") and who is in them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from jobs.crm import lists
from jobs.crm.base import CrmRow, Fields
from jobs.crm.errors import NotAllowed, NotFound, Rejected
from jobs.crm.hubspot import HubSpotAdapter
from jobs.crm.hubspot_bulk import HubSpotBulk
from jobs.crm.hubspot_client import understood
from jobs.crm.hubspot_names import OBJECT_OF_TYPE_ID, checked_object, full_id
from jobs.crm.lists import MOST_LISTS, CrmList, Members
from jobs.values import clean_text

LISTS = "crm/lists"
SEARCH_PAGE, MEMBERS_PAGE = 500, 100  # lists and memberships guides
MOST_PAGES = 10
_KINDS = {"DYNAMIC": "Active list", "MANUAL": "Static list", "SNAPSHOT": "Static list, taken once"}
_TYPE_IDS = {name: type_id for type_id, name in OBJECT_OF_TYPE_ID.items()}


class HubSpotLists:
    """See `jobs.crm.lists.ListReader` for the contract."""

    def __init__(self, adapter: HubSpotAdapter) -> None:
        self._client = adapter.client
        self._bulk = HubSpotBulk(adapter)
        self._type_ids = dict(_TYPE_IDS)

    def lists(self, object_name: str, *, containing: str = "") -> Sequence[CrmList]:
        type_id = self._type_id(object_name)
        with _lists_only():
            told = [each for page in self._search(containing) for each in page]
        with understood():
            # Its own filter by object is not documented for every version: ours costs nothing.
            found = [_list(each) for each in told if str(each["objectTypeId"]) == type_id]
        return sorted(found, key=lambda each: (each.name.casefold(), each.list_id))[:MOST_LISTS]

    def list_of(self, object_name: str, list_id: str) -> CrmList:
        type_id = self._type_id(object_name)
        with _lists_only():
            answer = self._client.get(LISTS, _checked(list_id))
        with understood():
            told = answer["list"]
            if str(told["objectTypeId"]) != type_id:
                raise NotFound("It is a list of other records.", code=lists.NOT_FOUND)
            return _list(told)

    def members(self, object_name: str, list_id: str, *, after: str = "") -> Members:
        more = {"after": after} if after else {}
        with _lists_only():
            page = self._client.get(LISTS, _checked(list_id), "memberships", limit=str(MEMBERS_PAGE), **more)
        with understood():
            following = ((page.get("paging") or {}).get("next") or {}).get("after")
            return Members(tuple(str(each["recordId"]) for each in page["results"]), str(following or ""))

    def read_many(self, object_name: str, record_ids: Sequence[str], fields: Fields) -> dict[str, CrmRow]:
        return self._bulk.read_many(object_name, record_ids, fields)

    def _search(self, containing: str) -> Iterator[list[Mapping[str, Any]]]:
        offset = 0
        for _ in range(MOST_PAGES):
            wanted = {"query": containing, "offset": offset, "count": SEARCH_PAGE}
            page = self._client.post(LISTS, "search", body={**wanted, "additionalProperties": ["hs_list_size"]})
            with understood():
                found = page["lists"]
                yield found
                offset += len(found)
                if not page.get("hasMore") or not found:
                    return

    def _type_id(self, object_name: str) -> str:
        """Lists name the object by its type id; of a custom object that is asked once."""
        if "-" in checked_object(object_name):
            return object_name
        if object_name not in self._type_ids:
            schema = self._client.get("crm-object-schemas", "schemas", object_name)
            with understood():
                self._type_ids[object_name] = str(schema["objectTypeId"])
        return self._type_ids[object_name]


@contextmanager
def _lists_only() -> Iterator[None]:
    """A refusal in words about lists, not about records."""
    try:
        yield
    except NotFound as error:
        raise NotFound(error.message, code=lists.NOT_FOUND) from error
    except NotAllowed as error:
        raise NotAllowed(error.message, code=lists.NOT_ALLOWED) from error


def _checked(list_id: str) -> str:
    try:
        return full_id(list_id)
    except Rejected:
        raise NotFound("This is not the id of a list.", code=lists.NOT_FOUND) from None


def _list(told: Mapping[str, Any]) -> CrmList:
    """Search results tell the size as a text, apart from a list's own facts."""
    size = told.get("size", (told.get("additionalProperties") or {}).get("hs_list_size"))
    kind = _KINDS.get(str(told["processingType"]), "List")
    name = clean_text(str(told["name"])) or str(told["listId"])
    return CrmList(str(told["listId"]), name, kind, int(size) if str(size or "").isdigit() or size == 0 else None)
