"""A Salesforce refusal into the tree of `jobs.crm.errors`: by errorCode, never by status where there is a code.

Sources: REST API Developer Guide (status codes and error responses); codes marked as mixed there (row locks, access)
come with several statuses in practice.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from jobs.crm.errors import (
    AuthorizationLost,
    CrmError,
    DuplicateFound,
    Misconfigured,
    MovedOn,
    NotAllowed,
    NotFound,
    RateLimited,
    Rejected,
    RowLocked,
    Unavailable,
)
from jobs.crm.salesforce_names import full_id
from jobs.runtime import utc_now

# Salesforce sends no Retry-After with its daily limit: look again after this long.
LIMIT_PAUSE = timedelta(minutes=5)

_BY_CODE: dict[str, type[CrmError]] = {
    "INVALID_SESSION_ID": AuthorizationLost,
    "INVALID_AUTH_HEADER": AuthorizationLost,
    "API_DISABLED_FOR_ORG": Misconfigured,
    "API_CURRENTLY_DISABLED": Misconfigured,
    "UNSUPPORTED_API_VERSION": Misconfigured,
    "UNABLE_TO_LOCK_ROW": RowLocked,
    "SERVER_UNAVAILABLE": Unavailable,
    "UNKNOWN_EXCEPTION": Unavailable,
    "QUERY_TIMEOUT": Unavailable,
    "NOT_FOUND": NotFound,
    "ENTITY_IS_DELETED": NotFound,
    "INSUFFICIENT_ACCESS": NotAllowed,
    "INSUFFICIENT_ACCESS_OR_READONLY": NotAllowed,
    "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY": NotAllowed,
    "CANNOT_UPDATE_CONVERTED_LEAD": NotAllowed,
    "ENTITY_IS_LOCKED": NotAllowed,  # an approval process holds the record, for days perhaps
}
_DUPLICATES = ("DUPLICATES_DETECTED", "DUPLICATE_VALUE")
# A value that another record has, and one of the wrong type: their list of fields is empty.
_FIELD_IN_TEXT = re.compile(
    r"duplicate value found: (\w+) duplicates value on record|^Cannot deserialize .* at field (\w+)", re.DOTALL
)
_ID = re.compile(r"\b([a-zA-Z0-9]{15})(?:[a-zA-Z0-9]{3})?\b")


def classify(status: int, content: Any, headers: Mapping[str, str] | None = None) -> CrmError:
    """The error for one refused request or subrequest. `content` is the decoded body, whatever it is."""
    first = _first_error(content)
    code = str(first.get("errorCode") or first.get("statusCode") or "")
    message = str(first.get("message") or f"Salesforce answered {status}.")
    fields = tuple(str(name) for name in first.get("fields") or ()) or _named_in(message)
    if status == 412:
        return MovedOn("The record was changed in the meantime.", code=code or "PRECONDITION_FAILED")
    if code == "REQUEST_LIMIT_EXCEEDED" or status == 429:
        return RateLimited(message, code=code or "TOO_MANY_REQUESTS", retry_at=utc_now() + _pause(headers or {}))
    if code in _DUPLICATES:
        found = _duplicates(first, message)
        return DuplicateFound(message, code=code, record_ids=tuple(found), fields=fields, objects=_known(found))
    if code == "INVALID_CROSS_REFERENCE_KEY" and status == 404:
        # The same code with 400 means a bad value in a reference field.
        return NotFound(message, code="NOT_FOUND")
    if code in _BY_CODE:
        return _BY_CODE[code](message, code=code, fields=fields)
    return _by_status(status, message, code=code or f"HTTP_{status}", fields=fields)


def _named_in(message: str) -> tuple[str, ...]:
    """The field that only the text of a refused value names."""
    found = _FIELD_IN_TEXT.search(message)
    return (found[1] or found[2],) if found else ()


def _by_status(status: int, message: str, *, code: str, fields: tuple[str, ...]) -> CrmError:
    if status >= 500:
        return Unavailable(message, code=code)
    by_status = {401: AuthorizationLost, 403: NotAllowed, 404: NotFound, 410: Misconfigured}
    return by_status.get(status, Rejected)(message, code=code, fields=fields)


def _first_error(content: Any) -> dict[str, Any]:
    if isinstance(content, list) and content and isinstance(content[0], dict):
        return content[0]
    return content if isinstance(content, dict) else {}


def _pause(headers: Mapping[str, str]) -> timedelta:
    given = headers.get("Retry-After", "")
    return timedelta(seconds=min(int(given), 86_400)) if given.isascii() and given.isdigit() else LIMIT_PAUSE


def _duplicates(error: Mapping[str, Any], message: str) -> dict[str, str]:
    """Record id -> object; "" where only the text names the id."""
    # The wire spells it "duplicateResut"; read the right spelling too, should it ever be mended.
    told = error.get("duplicateResut") or error.get("duplicateResult") or {}
    found = {}
    for result in told.get("matchResults") or ():
        for row in result.get("matchRecords") or ():
            record = row.get("record") or {}
            if record.get("Id"):
                kind = (record.get("attributes") or {}).get("type") or result.get("entityType")
                found[str(record["Id"])] = str(kind or "")
    return found or dict.fromkeys(map(full_id, _ID.findall(message.partition("with id:")[2])), "")


def _known(found: Mapping[str, str]) -> dict[str, str]:
    return {record_id: object_name for record_id, object_name in found.items() if object_name}
