"""Which resource answers which path. A resource of a later time gets its line here."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import Map, Rule

from emulator.hubspot import errors
from emulator.hubspot.errors import ApiError
from emulator.hubspot.rest import account, batches, objects, properties, searching
from emulator.hubspot.rest.call import DATED_VERSIONS, Answer, Call

Resource = tuple[str, str, Callable[..., Answer]]

_OBJECTS: tuple[Resource, ...] = (
    ("GET", "/<name>", objects.list_page),
    ("POST", "/<name>", objects.create),
    ("POST", "/<name>/search", searching.search),
    ("POST", "/<name>/merge", objects.merge),
    ("POST", "/<name>/batch/read", batches.read),
    ("POST", "/<name>/batch/create", batches.create),
    ("POST", "/<name>/batch/update", batches.update),
    ("POST", "/<name>/batch/upsert", batches.upsert),
    ("POST", "/<name>/batch/archive", batches.archive),
    ("GET", "/<name>/<key>", objects.read),
    ("PATCH", "/<name>/<key>", objects.update),
    ("DELETE", "/<name>/<key>", objects.archive),
)
_PROPERTIES: tuple[Resource, ...] = (
    ("GET", "/<name>", properties.list_all),
    ("GET", "/<name>/groups", properties.list_groups),
    ("GET", "/<name>/<key>", properties.read),
)
_ACCOUNT: tuple[Resource, ...] = (
    ("GET", "/details", account.details),
    ("GET", "/api-usage/daily/private-apps", account.daily_usage),
)
# Family, the versions that it answers under, and its resources. The path decides between the versions of one family.
_FAMILIES: tuple[tuple[str, tuple[str, ...], tuple[Resource, ...]], ...] = (
    ("objects", (*DATED_VERSIONS, "v3"), _OBJECTS),
    ("properties", (*DATED_VERSIONS, "v3"), _PROPERTIES),
    ("account-info", (*DATED_VERSIONS, "v3"), _ACCOUNT),
    ("properties", ("v2",), (("GET", "/<name>/properties", properties.list_plain),)),
)
_ADAPTERS = {
    (family, version): Map(
        [Rule(path, methods=[method], endpoint=handler) for method, path, handler in resources],
        strict_slashes=False,
    ).bind("portal", url_scheme="https")
    for family, versions, resources in _FAMILIES
    for version in versions
}
_VERSION = r"(?P<version>v\d|\d{4}-\d{2})"
_SHAPES = (
    re.compile(rf"/crm/(?P<family>[a-z-]+)/{_VERSION}(?P<path>/.*)?"),
    re.compile(rf"/crm/{_VERSION}/(?P<family>[a-z-]+)(?P<path>/.*)?"),
    re.compile(rf"/(?P<family>account-info|crm-object-schemas|properties)/{_VERSION}(?P<path>/.*)?"),
)


def split_path(path: str) -> tuple[str, str, str]:
    """Family, version and the rest of a path. Raises OBJECT_NOT_FOUND."""
    for shape in _SHAPES:
        found = shape.fullmatch(path)
        if found is None:
            continue
        dated_shape = path.startswith(f"/crm/{found['family']}/")
        if dated_shape and found["version"] not in DATED_VERSIONS:
            continue
        if path.startswith("/crm/v") or dated_shape or not path.startswith("/crm/"):
            return found["family"], found["version"], found["path"] or "/"
    raise errors.not_found()


def dispatch(call: Call) -> Answer:
    """Answer one call. Raises ApiError."""
    adapter = _ADAPTERS.get((call.family, call.version))
    if adapter is None:
        raise errors.not_found()
    try:
        handler, arguments = adapter.match(call.path.rstrip("/") or "/", method=call.method)
    except NotFound as error:
        raise errors.not_found() from error
    except MethodNotAllowed as error:
        raise ApiError(f"HTTP {call.method} Method Not Allowed", status=405, category="METHOD_NOT_ALLOWED") from error
    return _run(handler, call, arguments)


def is_search(call: Call) -> bool:
    return call.family == "objects" and call.method == "POST" and call.path.endswith("/search")


def _run(handler: Any, call: Call, arguments: Any) -> Answer:
    answer: Answer = handler(call, **arguments)
    return answer
