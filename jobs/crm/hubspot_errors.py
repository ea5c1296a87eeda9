"""A HubSpot refusal into the tree of `jobs.crm.errors`.

Sources: HubSpot's API error guide and usage guidelines. All fields of an error body are optional; the details of a
refused value stand as JSON inside the message, and the id of a duplicate stands in the text and nowhere else.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from jobs.crm.errors import (
    AuthorizationLost,
    CrmError,
    DuplicateFound,
    Misconfigured,
    NotAllowed,
    NotFound,
    RateLimited,
    Rejected,
    RowLocked,
    Unavailable,
)
from jobs.runtime import utc_now

# HubSpot documents no Retry-After with its limits: a window has surely passed after this long.
_PAUSES = {"SECONDLY": timedelta(seconds=1), "TEN_SECONDLY_ROLLING": timedelta(seconds=10)}
DAILY_PAUSE = timedelta(minutes=5)
LOCKED, MIGRATING = 423, 477
NO_SUCH_OBJECT = "INVALID_TYPE"
"""Not a record is missing, but the object itself: HubSpot has no code of its own for that."""
_STATUSES: dict[int, type[CrmError]] = {
    401: AuthorizationLost,
    403: NotAllowed,
    404: NotFound,
    410: Misconfigured,
    LOCKED: RowLocked,
}
_CATEGORIES: dict[str, type[CrmError]] = {
    "INVALID_AUTHENTICATION": AuthorizationLost,
    "EXPIRED_AUTHENTICATION": AuthorizationLost,
    "MISSING_SCOPES": NotAllowed,
    "OBJECT_NOT_FOUND": NotFound,
}
_EXISTING_ID = re.compile(r"Existing ID:\s*(\d+)")
SAME_ADDRESS = "Contact already exists"
"""HubSpot names no property there: the only one of its own that two contacts may not share is `email`."""
# A unique property that an admin made answers 400 and names the holder in the text.
CONFLICTING = "CONFLICTING_UNIQUE_VALUE"
_HOLDER = re.compile(r"(\d+) already has that value")


def classify(status: int, content: Any, headers: Mapping[str, str] | None = None) -> CrmError:
    """The error for one refused request. `content` is the decoded body, whatever it is."""
    body = content if isinstance(content, dict) else {}
    message = str(body.get("message") or f"HubSpot answered {status}.")
    category = str(body.get("category") or "")
    if status == 429:
        return _rate_limited(body, message, headers or {})
    if status == MIGRATING:
        pause = _retry_after(headers or {}) or DAILY_PAUSE
        return RateLimited(message, code="MIGRATION_IN_PROGRESS", retry_at=utc_now() + pause)
    if status == 409:
        found = tuple(_EXISTING_ID.findall(message))
        fields = _details(body)[1] or (("email",) if message.startswith(SAME_ADDRESS) else ())
        return DuplicateFound(message, code=category or "CONFLICT", record_ids=found, fields=fields)
    if status >= 500 or status < 400:
        return Unavailable(message, code=f"HTTP_{status}")
    if status == 400 and message.startswith("Unable to infer object type"):
        return NotFound(message, code=NO_SUCH_OBJECT)
    code, fields, detail = _details(body)
    if code == CONFLICTING:
        found = tuple(dict.fromkeys(_HOLDER.findall(detail or message)))
        return DuplicateFound(detail or message, code=code, record_ids=found, fields=fields)
    kind = _CATEGORIES.get(category) or _STATUSES.get(status, Rejected)
    return kind(detail or message, code=code or category or f"HTTP_{status}", fields=fields)


def _rate_limited(body: Mapping[str, Any], message: str, headers: Mapping[str, str]) -> RateLimited:
    """Two shapes: the general one names a policy, that of search only says so in its text."""
    policy = str(body.get("policyName") or "")
    if not policy:
        policy = next((name for name in _PAUSES if f"your {name.lower()} limit" in message), "")
    pause = _retry_after(headers) or _PAUSES.get(policy, DAILY_PAUSE if policy == "DAILY" else timedelta(seconds=10))
    code = policy or str(body.get("errorType") or body.get("category") or "RATE_LIMIT")
    return RateLimited(message, code=code, retry_at=utc_now() + pause)


def _retry_after(headers: Mapping[str, str]) -> timedelta | None:
    given = headers.get("Retry-After", "")
    return timedelta(seconds=min(int(given), 86_400)) if given.isascii() and given.isdigit() else None


def _details(body: Mapping[str, Any]) -> tuple[str, tuple[str, ...], str]:
    """(code, properties, text) of what is wrong in particular, from the list of errors or from inside the message."""
    if lacking := _not_set(body):
        return "MISSING_REQUIRED_PROPERTY", lacking, ""
    errors = [each for each in _list(body.get("errors")) if isinstance(each, dict)]
    in_text = [each for each in _in_message(str(body.get("message") or "")) if isinstance(each, dict)]
    code = next((str(each["code"]) for each in errors if each.get("code")), "")
    names = [name for each in errors for name in _names(each)]
    names += [str(each["name"]) for each in in_text if each.get("name")]
    code = code or next((str(each["error"]) for each in in_text if each.get("error")), "")
    texts = [str(each["message"]) for each in [*in_text, *errors] if each.get("message")]
    return code, tuple(dict.fromkeys(names)), " ".join(dict.fromkeys(texts))


def _not_set(body: Mapping[str, Any]) -> tuple[str, ...]:
    """`Error creating CONTACT. Some required properties were not set.`: which, by the context of the whole."""
    context = body.get("context")
    if not isinstance(context, dict) or "required properties were not set" not in str(body.get("message") or ""):
        return ()
    return tuple(map(str, _list(context.get("properties"))))


def _names(error: Mapping[str, Any]) -> list[str]:
    context = error.get("context")
    named = _list(context.get("propertyName")) if isinstance(context, dict) else []
    return [str(name) for name in named]


def _in_message(message: str) -> list[Any]:
    """`Property values were not valid: [{…}]`: the list."""
    _, found, tail = message.partition("were not valid: ")
    if not found:
        return []
    try:
        details, _ = json.JSONDecoder().raw_decode(tail.strip())
    except ValueError:
        return []
    return _list(details)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []
