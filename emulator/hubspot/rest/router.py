"""Which resource answers which path. A resource of a later time gets its line here."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from werkzeug.exceptions import MethodNotAllowed, NotFound
from werkzeug.routing import Map, Rule

from emulator.hubspot import errors
from emulator.hubspot.errors import ApiError
from emulator.hubspot.rest import (
    account,
    associations,
    associations_v3,
    batches,
    data_limits,
    lists,
    objects,
    owners,
    pipelines,
    properties,
    schemas,
    searching,
)
from emulator.hubspot.rest.call import DATED_VERSIONS, Answer, Call

Resource = tuple[str, str, Callable[..., Answer]]

_OBJECTS: tuple[Resource, ...] = (
    ("GET", "/<name>", objects.list_page),
    ("POST", "/<name>", objects.create),
    ("POST", "/<name>/search", searching.search),
    ("POST", "/<name>/merge", objects.merge),
    ("POST", "/<name>/gdpr-delete", objects.forget),
    ("POST", "/<name>/batch/read", batches.read),
    ("POST", "/<name>/batch/create", batches.create),
    ("POST", "/<name>/batch/update", batches.update),
    ("POST", "/<name>/batch/upsert", batches.upsert),
    ("POST", "/<name>/batch/archive", batches.archive),
    ("GET", "/<name>/<key>", objects.read),
    ("PATCH", "/<name>/<key>", objects.update),
    ("DELETE", "/<name>/<key>", objects.archive),
)
# Associations inside the objects' paths: version 3 had its own, the dated ones took over those of version 4.
_OBJECT_ASSOCIATIONS: tuple[Resource, ...] = (
    ("GET", "/<name>/<key>/associations/<to>", associations.read_one),
    ("PUT", "/<name>/<key>/associations/default/<to>/<to_key>", associations.set_default),
    ("PUT", "/<name>/<key>/associations/<to>/<to_key>", associations.set_labels),
    ("DELETE", "/<name>/<key>/associations/<to>/<to_key>", associations.remove),
)
_OBJECT_ASSOCIATIONS_V3: tuple[Resource, ...] = (
    ("GET", "/<name>/<key>/associations/<to>", associations_v3.read_one),
    ("PUT", "/<name>/<key>/associations/<to>/<to_key>/<kind>", associations_v3.create_one),
    ("DELETE", "/<name>/<key>/associations/<to>/<to_key>/<kind>", associations_v3.remove_one),
)
_ASSOCIATIONS: tuple[Resource, ...] = (
    ("GET", "/<name>/<to>/labels", associations.list_labels),
    ("POST", "/<name>/<to>/labels", associations.create_label),
    ("POST", "/<name>/<to>/batch/read", associations.batch_read),
    ("POST", "/<name>/<to>/batch/create", associations.batch_create),
    ("POST", "/<name>/<to>/batch/associate/default", associations.batch_default),
    ("POST", "/<name>/<to>/batch/archive", associations.batch_archive),
    ("POST", "/<name>/<to>/batch/labels/archive", associations.batch_archive_labels),
)
_ASSOCIATIONS_V3: tuple[Resource, ...] = (
    ("GET", "/<name>/<to>/types", associations_v3.list_types),
    ("POST", "/<name>/<to>/batch/read", associations_v3.batch_read),
    ("POST", "/<name>/<to>/batch/create", associations_v3.batch_create),
    ("POST", "/<name>/<to>/batch/archive", associations_v3.batch_archive),
)
_PROPERTIES: tuple[Resource, ...] = (
    ("GET", "/<name>", properties.list_all),
    ("POST", "/<name>", properties.create),
    ("POST", "/<name>/batch/read", properties.batch_read),
    ("POST", "/<name>/batch/create", properties.batch_create),
    ("POST", "/<name>/batch/archive", properties.batch_archive),
    ("GET", "/<name>/groups", properties.list_groups),
    ("POST", "/<name>/groups", properties.create_group),
    ("GET", "/<name>/groups/<key>", properties.read_group),
    ("PATCH", "/<name>/groups/<key>", properties.update_group),
    ("DELETE", "/<name>/groups/<key>", properties.archive_group),
    ("GET", "/<name>/<key>", properties.read),
    ("PATCH", "/<name>/<key>", properties.update),
    ("DELETE", "/<name>/<key>", properties.archive),
)
_PIPELINES: tuple[Resource, ...] = (
    ("GET", "/<name>", pipelines.list_all),
    ("GET", "/<name>/<key>", pipelines.read),
    ("GET", "/<name>/<key>/stages", pipelines.list_stages),
    ("GET", "/<name>/<key>/stages/<stage>", pipelines.read_stage),
)
_OWNERS: tuple[Resource, ...] = (
    ("GET", "/", owners.list_page),
    ("GET", "/<key>", owners.read),
)
_LISTS: tuple[Resource, ...] = (
    ("GET", "/", lists.read_many),
    ("POST", "/", lists.create),
    ("POST", "/search", lists.search),
    ("GET", "/object-type-id/<name>/name/<list_name>", lists.read_named),
    ("GET", "/records/<name>/<key>/memberships", lists.of_record),
    ("GET", "/<key>", lists.read),
    ("DELETE", "/<key>", lists.delete),
    ("GET", "/<key>/memberships", lists.members),
    ("DELETE", "/<key>/memberships", lists.clear),
    ("GET", "/<key>/memberships/join-order", lists.members_by_time),
    ("PUT", "/<key>/memberships/add", lists.add),
    ("PUT", "/<key>/memberships/remove", lists.remove),
    ("PUT", "/<key>/memberships/add-and-remove", lists.add_and_remove),
)
_SCHEMAS: tuple[Resource, ...] = (
    ("GET", "/", schemas.list_custom),
    ("GET", "/<name>", schemas.read),
)
_ACCOUNT: tuple[Resource, ...] = (
    ("GET", "/details", account.details),
    ("GET", "/api-usage/daily/private-apps", account.daily_usage),
)
_LIMITS: tuple[Resource, ...] = (
    ("GET", "/records", data_limits.records),
    ("GET", "/custom-properties", data_limits.custom_properties),
)
_SUPPORTED = (*DATED_VERSIONS, "v3")
# Family, the versions that it answers under, and its resources there.
_FAMILIES: tuple[tuple[str, tuple[str, ...], tuple[Resource, ...]], ...] = (
    ("objects", DATED_VERSIONS, _OBJECTS + _OBJECT_ASSOCIATIONS),
    ("objects", ("v3",), _OBJECTS + _OBJECT_ASSOCIATIONS_V3),
    ("objects", ("v4",), _OBJECT_ASSOCIATIONS),
    ("associations", (*DATED_VERSIONS, "v4"), _ASSOCIATIONS),
    ("associations", ("v3",), _ASSOCIATIONS_V3),
    ("properties", _SUPPORTED, _PROPERTIES),
    ("properties", ("v2",), (("GET", "/<name>/properties", properties.list_plain),)),
    ("pipelines", _SUPPORTED, _PIPELINES),
    ("owners", _SUPPORTED, _OWNERS),
    ("lists", _SUPPORTED, _LISTS),
    ("schemas", ("v3",), _SCHEMAS),
    ("crm-object-schemas", _SUPPORTED, tuple((method, "/schemas" + path, run) for method, path, run in _SCHEMAS)),
    ("account-info", _SUPPORTED, _ACCOUNT),
    ("limits", _SUPPORTED, _LIMITS),
)
_ADAPTERS = {
    (family, version): Map(
        [Rule(path.rstrip("/") or "/", methods=[method], endpoint=handler) for method, path, handler in resources],
        strict_slashes=False,
    ).bind("portal", url_scheme="https")
    for family, versions, resources in _FAMILIES
    for version in versions
}
# Dated versions stand behind the family, older ones before it; some families are not under `/crm`.
_DATE, _OLD = r"(?P<version>\d{4}-\d{2})", r"(?P<version>v\d)"
_INSIDE, _OUTSIDE = (
    r"(?P<family>objects|associations|properties|pipelines|owners|lists|schemas|limits)",
    r"(?P<family>account-info|crm-object-schemas)",
)
_REST = r"(?P<path>/.*)?"
_SHAPES = (
    re.compile(rf"/crm/{_INSIDE}/{_DATE}{_REST}"),
    re.compile(rf"/crm/{_OLD}/{_INSIDE}{_REST}"),
    re.compile(rf"/{_OUTSIDE}/({_DATE}|{_OLD.replace('version', 'old')}){_REST}"),
    re.compile(rf"/(?P<family>properties)/(?P<version>v2){_REST}"),
)


def split_path(path: str) -> tuple[str, str, str]:
    """Family, version and the rest of a path. Raises OBJECT_NOT_FOUND."""
    for shape in _SHAPES:
        found = shape.fullmatch(path)
        if found is not None:
            parts = found.groupdict()
            return parts["family"], parts["version"] or parts["old"], parts["path"] or "/"
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
