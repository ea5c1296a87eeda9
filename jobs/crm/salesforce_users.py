"""The users a record names, read in the same call as the record: its resource names them by id alone."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

from jobs.crm.base import Fields
from jobs.crm.salesforce_names import checked_id, checked_name, query_column, relationship

MOST_QUERIES = 5  # in one composite call (REST API Developer Guide, Composite)
_QUEUE = "00G"  # the first characters of the id of a Group: a queue may own a record, and has no email here


def user_queries(prefix: str, object_name: str, record_id: str, fields: Fields) -> list[dict[str, Any]]:
    """Parts of a composite, one for each user field: one that may not be read keeps no other from being read."""
    return [
        {"method": "GET", "url": _address(prefix, object_name, record_id, name), "referenceId": _reference(name)}
        for name in _names(fields)[:MOST_QUERIES]
    ]


def with_users(
    record: Mapping[str, Any], parts: Mapping[str, Any], fields: Fields
) -> tuple[dict[str, Any], frozenset[str]]:
    """The record with its users in it, and the user fields that could not be read."""
    whole, unread = dict(record), set()
    for name in _names(fields):
        user = _user(parts.get(_reference(name)), relationship(name))
        whole[relationship(name)] = user
        owner_id = record.get(name)
        if owner_id and not str(owner_id).startswith(_QUEUE) and not (user or {}).get("Email"):
            unread.add(name)
    return whole, frozenset(unread)


def _user(part: Mapping[str, Any] | None, name: str) -> Mapping[str, Any] | None:
    if part is None or part["httpStatusCode"] >= 300 or not part["body"]["records"]:
        return None
    found: Mapping[str, Any] | None = part["body"]["records"][0].get(name)
    return found


def _names(fields: Fields) -> list[str]:
    return [name for name, kind in fields.items() if kind == "user"]


def _address(prefix: str, object_name: str, record_id: str, name: str) -> str:
    column = query_column(name, "user")
    query = f"SELECT {column} FROM {checked_name(object_name)} WHERE Id = '{checked_id(record_id)}'"  # noqa: S608
    return f"{prefix}/query?q={quote(query, safe='')}"


def _reference(name: str) -> str:
    return f"user_{name}"
