"""Which resource answers which path. A resource of a later time gets its line here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import Map, Rule

from emulator.salesforce import errors
from emulator.salesforce.errors import ApiError
from emulator.salesforce.org import API_VERSIONS
from emulator.salesforce.rest import catalog, collections, composite, describe, list_views, query, replication, rows
from emulator.salesforce.rest.call import Answer, Call
from emulator.salesforce.rest.conditional import PreconditionFailed

OLDEST_LIVE_VERSION = 31


def _composite(call: Call) -> Answer:
    if call.in_composite:
        raise errors.not_found("A composite call cannot be part of another one")
    return composite.run(call, dispatch)


# Bulk API 2.0 (`/jobs/...`), the results of list views, `/composite/batch` and `/composite/tree` are not offered: they
# answer NOT_FOUND, as any path that does not exist does.
_RESOURCES: tuple[tuple[str, str, Callable[..., Answer]], ...] = (
    ("GET", "/", catalog.resources),
    ("GET", "/limits", catalog.limits),
    ("GET", "/query", query.query),
    ("GET", "/queryAll", query.query_all),
    ("GET", "/query/<locator>", query.next_page),
    ("GET", "/queryAll/<locator>", query.next_page),
    ("GET", "/sobjects", describe.describe_global),
    ("GET", "/sobjects/<name>", describe.basic_info),
    ("POST", "/sobjects/<name>", rows.create),
    ("GET", "/sobjects/<name>/describe", describe.describe),
    ("GET", "/sobjects/<name>/updated", replication.updated),
    ("GET", "/sobjects/<name>/deleted", replication.deleted),
    ("GET", "/sobjects/<name>/listviews", list_views.index),
    ("GET", "/sobjects/<name>/listviews/<view_id>", list_views.read),
    ("GET", "/sobjects/<name>/listviews/<view_id>/describe", list_views.describe),
    ("GET", "/sobjects/<name>/<key>", rows.read),
    ("PATCH", "/sobjects/<name>/<key>", rows.update),
    ("DELETE", "/sobjects/<name>/<key>", rows.delete),
    ("GET", "/sobjects/<name>/<field_name>/<path:value>", rows.read_by_key),
    ("PATCH", "/sobjects/<name>/<field_name>/<path:value>", rows.upsert),
    ("DELETE", "/sobjects/<name>/<field_name>/<path:value>", rows.delete_by_key),
    ("POST", "/composite", _composite),
    ("POST", "/composite/sobjects", collections.create),
    ("PATCH", "/composite/sobjects", collections.update),
    ("DELETE", "/composite/sobjects", collections.delete),
    ("GET", "/composite/sobjects/<name>", collections.retrieve),
    ("POST", "/composite/sobjects/<name>", collections.retrieve),
    ("PATCH", "/composite/sobjects/<name>/<field_name>", collections.upsert),
)
_MAP = Map(
    [Rule(path, methods=[method], endpoint=handler) for method, path, handler in _RESOURCES],
    strict_slashes=False,
    merge_slashes=False,
)
_ADAPTER = _MAP.bind("org", url_scheme="https")


def dispatch(call: Call) -> Answer:
    """Answer one call, direct or part of a composite. Raises ApiError."""
    check_version(call.version)
    method = _method(call)
    try:
        handler, arguments = _ADAPTER.match(call.path.rstrip("/") or "/", method=method)
    except NotFound as error:
        raise errors.not_found() from error
    except MethodNotAllowed as error:
        allowed = ",".join(sorted(error.valid_methods or ()))
        raise ApiError(
            "METHOD_NOT_ALLOWED", f"HTTP Method '{method}' not allowed. Allowed are {allowed}", status=405
        ) from error
    call.method = method
    try:
        return _run(handler, call, arguments)
    except PreconditionFailed:
        return Answer(412)


def check_version(version: str) -> None:
    """Retired versions answer 410; versions that never were, 404."""
    if version in API_VERSIONS:
        return
    if version.replace(".", "", 1).isdigit() and float(version) < OLDEST_LIVE_VERSION:
        raise ApiError("UNSUPPORTED_API_VERSION", f"API version {version} is retired", status=410)
    raise errors.not_found()


def _method(call: Call) -> str:
    override = call.arguments.get("_HttpMethod")
    return override.upper() if override and call.method == "POST" else call.method


def _run(handler: Any, call: Call, arguments: Any) -> Answer:
    answer: Answer = handler(call, **arguments)
    return answer
