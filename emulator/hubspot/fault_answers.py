"""How ordered faults look on this CRM's wire."""

from __future__ import annotations

import uuid
from collections.abc import Mapping
from typing import Any

from emulator.faults import Fault
from emulator.hubspot import errors
from emulator.hubspot.errors import ApiError

_CATEGORIES = {401: "INVALID_AUTHENTICATION", 403: "MISSING_SCOPES", 404: "OBJECT_NOT_FOUND", 423: "RESOURCE_LOCKED"}


def fault_answer(fault: Fault) -> tuple[int, Mapping[str, str], Any]:
    """Status, headers and body as the real API gives them; `status`, `headers` and `body` may be ordered.

    `rate_limit` takes `limit`: `burst` (the default), `daily` or `search`, which is refused in another shape.
    """
    error = _rate_limit(fault) if fault.kind == "rate_limit" else _failure(fault)
    correlation_id = str(uuid.uuid4())
    headers = {"X-HubSpot-Correlation-Id": correlation_id, **fault.parameters.get("headers", {})}
    status = int(fault.number("status", error.status))
    if status == 477:
        headers.setdefault("Retry-After", str(int(fault.number("seconds", 30))))
    return status, headers, fault.parameters.get("body", error.to_json(correlation_id))


def _rate_limit(fault: Fault) -> ApiError:
    limit = fault.parameters.get("limit", "burst")
    if limit == "search":
        return errors.search_limit_reached()
    group = "publicapi:private-apps:api-calls"
    return errors.daily_limit_reached(group) if limit == "daily" else errors.burst_limit_reached(group)


def _failure(fault: Fault) -> ApiError:
    status = int(fault.number("status", 503))
    category = fault.parameters.get("category", _CATEGORIES.get(status, "INTERNAL_ERROR"))
    message = fault.parameters.get("message", "There was a problem with the request.")
    return ApiError(message, status=status, category=category)
