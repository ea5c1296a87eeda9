"""Salesforce's list views and who is in them, asked by the view's own query.

A list view shows its results to people; a program gets the query behind it (`.../describe`). Of that query only what
selects is kept, and the ids are asked for page by page behind the last one: unlike an offset or a cursor of the CRM,
that place in the list means the same tomorrow and to another worker.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

from jobs.crm import lists
from jobs.crm.base import CrmRow, Fields
from jobs.crm.errors import NotAllowed, NotFound, Rejected
from jobs.crm.lists import MOST_LISTS, CrmList, Members
from jobs.crm.salesforce import SalesforceAdapter
from jobs.crm.salesforce_client import understood
from jobs.crm.salesforce_names import checked_id, checked_name
from jobs.crm.salesforce_rows import row_of, rows_query
from jobs.values import clean_text

MEMBERS_PAGE = 200
READ_AT_ONCE = 100  # ids in one query: far below what an address may hold
MOST_PAGES = 50
KIND = "List view"

_PART = re.compile(r"'(?:\\.|[^'\\])*'|[()]|[A-Za-z][\w.]*|.", re.DOTALL)
_CLAUSES = frozenset({"SELECT", "FROM", "USING", "WHERE", "ORDER"})
# Clauses without which the query would ask for others than it does with them.
_NEEDED = frozenset({"WITH", "GROUP", "HAVING", "LIMIT", "OFFSET"})


class SalesforceLists:
    """See `jobs.crm.lists.ListReader` for the contract."""

    def __init__(self, adapter: SalesforceAdapter) -> None:
        self._adapter = adapter
        self._client = adapter.client

    def lists(self, object_name: str, *, containing: str = "") -> Sequence[CrmList]:
        with _lists_only(), understood():
            told = [_list(each) for page in self._pages(object_name) for each in page]
        found = [each for each in told if containing.casefold() in each.name.casefold()]
        return sorted(found, key=lambda each: (each.name.casefold(), each.list_id))[:MOST_LISTS]

    def list_of(self, object_name: str, list_id: str) -> CrmList:
        with _lists_only():
            body = self._client.ask(_path(object_name, list_id))
            with understood():
                found = _list(body)
            if not found.is_usable:
                return found
            count = f"SELECT COUNT() {self._question(object_name, list_id)}"
            answer = self._client.ask("query", params={"q": count})
        with understood():
            return CrmList(found.list_id, found.name, found.kind, int(answer["totalSize"]))

    def members(self, object_name: str, list_id: str, *, after: str = "") -> Members:
        with _lists_only():
            behind = f"Id > '{checked_id(after)}'" if after else ""
            question = self._question(object_name, list_id, behind)
            query = f"SELECT Id {question} ORDER BY Id LIMIT {MEMBERS_PAGE}"
            answer = self._client.ask("query", params={"q": query})
        with understood():
            ids = tuple(str(each["Id"]) for each in answer["records"])
        return Members(ids, ids[-1] if len(ids) == MEMBERS_PAGE else "")

    def read_many(self, object_name: str, record_ids: Sequence[str], fields: Fields) -> dict[str, CrmRow]:
        rows: dict[str, CrmRow] = {}
        for start in range(0, len(record_ids), READ_AT_ONCE):
            ids = ", ".join(f"'{checked_id(each)}'" for each in record_ids[start : start + READ_AT_ONCE])
            body = self._client.ask("queryAll", params={"q": rows_query(object_name, f"Id IN ({ids})", fields)})
            with understood():
                looked_up_at = self._adapter.meter.looked_up_at
                found = [row_of(each, fields, looked_up_at=looked_up_at) for each in body["records"]]
            rows |= {row.record_id: row for row in found}
        return rows

    def _pages(self, object_name: str) -> Iterator[list[Mapping[str, Any]]]:
        path = f"sobjects/{checked_name(object_name)}/listviews"
        for _ in range(MOST_PAGES):
            page = self._client.ask(path)
            yield page["listviews"]
            following = page.get("nextRecordsUrl")
            if not following:
                return
            path = str(following).partition(f"{self._client.prefix}/")[2]

    def _question(self, object_name: str, list_id: str, behind: str = "") -> str:
        """What the view asks, from FROM on. Raises Rejected (LIST_NOT_USABLE)."""
        body = self._client.ask(f"{_path(object_name, list_id)}/describe")
        with understood():
            return selecting(str(body["query"]), behind)


def selecting(query: str, behind: str = "") -> str:
    """`FROM … WHERE …` of a query, without its columns and its order, and with one condition more.

    Raises Rejected (LIST_NOT_USABLE) for a query that asks for more than a condition can tell.
    """
    parts = _clauses(query)
    if "FROM" not in parts or _NEEDED & parts.keys():
        raise Rejected("Salesforce asks for this list view in a way of its own.", code=lists.NOT_USABLE)
    conditions = [f"({parts['WHERE']})"] if "WHERE" in parts else []
    conditions += [behind] if behind else []
    scope = f" USING {parts['USING']}" if "USING" in parts else ""
    where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
    return f"FROM {checked_name(parts['FROM'])}{scope}{where}"


def _clauses(query: str) -> dict[str, str]:
    """What follows each clause's word, as far as the next one. What stands in texts and brackets is no clause."""
    found: dict[str, str] = {}
    word, depth = "", 0
    for part in _PART.findall(query):
        depth += {"(": 1, ")": -1}.get(part, 0)
        if depth == 0 and part.upper() in _CLAUSES | _NEEDED:
            word = part.upper()
            found[word] = ""
        elif word:
            found[word] += part
    return {name: text.strip() for name, text in found.items()}


@contextmanager
def _lists_only() -> Iterator[None]:
    """A refusal in words about list views, not about records."""
    try:
        yield
    except NotFound as error:
        raise NotFound(error.message, code=lists.NOT_FOUND) from error
    except NotAllowed as error:
        raise NotAllowed(error.message, code=lists.NOT_ALLOWED) from error
    except Rejected as error:
        raise Rejected(error.message, code=lists.NOT_USABLE) from error


def _path(object_name: str, list_id: str) -> str:
    try:
        return f"sobjects/{checked_name(object_name)}/listviews/{checked_id(list_id)}"
    except Rejected:
        raise NotFound("This is not the id of a list view.", code=lists.NOT_FOUND) from None


def _list(told: Mapping[str, Any]) -> CrmList:
    name = clean_text(str(told["label"])) or str(told["developerName"])
    return CrmList(str(told["id"]), name, KIND, is_usable=bool(told["soqlCompatible"]))
