"""Bodies and parameters that make no sense are refused; none of them breaks the portal."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.portal_server import PortalApi

PROPERTY = {"name": "x", "label": "X", "type": "string", "fieldType": "text", "groupName": "sample_sync"}
JUNK: list[Any] = [
    None,
    [],
    [[]],
    {},
    {"inputs": 1},
    {"inputs": [1]},
    {"inputs": [{}]},
    {"inputs": [{"id": {}, "idProperty": [], "properties": [], "from": [], "to": 1, "types": [1], "type": {}}]},
    {"inputs": [{"id": "501", "from": {"id": "501"}, "to": {"id": "501"}, "types": [{"associationTypeId": {}}]}]},
    {"inputs": [{"id": "501", "idProperty": {}, "properties": {"email": []}, "name": [], "label": 1}]},
    {"properties": {"email": {}, "\ud800": "x"}},
    {"properties": {"lastname": None}, "associations": 1},
    {"properties": {"lastname": "x"}, "associations": [1]},
    {"properties": {"lastname": "x"}, "associations": [{"to": 1, "types": 1}]},
    {"properties": {"lastname": "x"}, "associations": [{"to": {"id": "501"}, "types": [{"associationTypeId": []}]}]},
    {"properties": ["x"], "propertiesWithHistory": {"a": 1}, "idProperty": [], "inputs": [{"id": "501"}]},
    {"primaryObjectId": {}, "objectIdToMerge": []},
    {"objectId": [], "idProperty": {}},
    {"filterGroups": 1, "sorts": 1, "limit": [], "after": {}},
    {"filterGroups": [{"filters": [{"propertyName": [], "operator": [], "value": {}}]}]},
    {"filterGroups": [{"filters": [{"propertyName": "email", "operator": {}, "value": {}}]}]},
    {"filterGroups": [{"filters": [{"propertyName": "email", "operator": "IN", "values": [{}]}]}]},
    {"filterGroups": [{"filters": [{"propertyName": "createdate", "operator": "GT", "value": "9" * 30}]}]},
    {"sorts": [{"propertyName": {}, "direction": {}}]},
    {"sorts": [[]], "limit": "²", "after": "9" * 5_000},
    {"name": [], "label": {}, "type": [], "fieldType": {}, "groupName": [], "options": 1},
    {"name": "x", "label": 1, "type": "string", "fieldType": "text", "groupName": "sample_sync", "displayOrder": "a"},
    {
        "name": "x",
        "label": "X",
        "type": "enumeration",
        "fieldType": "select",
        "groupName": "sample_sync",
        "options": [1],
    },
    {"name": {}, "objectTypeId": [], "processingType": {}},
    {"query": {}, "offset": "x", "count": [], "processingTypes": 1, "listIds": [1]},
    {"recordIdsToAdd": 1, "recordIdsToRemove": [{}]},
]
PLACES = [
    ("POST", "/crm/objects/2026-09/contacts"),
    ("PATCH", "/crm/objects/2026-09/contacts/501"),
    ("POST", "/crm/objects/2026-09/contacts/search"),
    ("POST", "/crm/objects/2026-09/contacts/merge"),
    ("POST", "/crm/objects/2026-09/contacts/gdpr-delete"),
    ("POST", "/crm/objects/2026-09/contacts/batch/read"),
    ("POST", "/crm/objects/2026-09/contacts/batch/create"),
    ("POST", "/crm/objects/2026-09/contacts/batch/update"),
    ("POST", "/crm/objects/2026-09/contacts/batch/upsert"),
    ("POST", "/crm/objects/2026-09/contacts/batch/archive"),
    ("PUT", "/crm/objects/2026-09/contacts/501/associations/companies/501"),
    ("POST", "/crm/associations/2026-09/contacts/companies/batch/read"),
    ("POST", "/crm/associations/2026-09/contacts/companies/batch/create"),
    ("POST", "/crm/associations/2026-09/contacts/companies/batch/associate/default"),
    ("POST", "/crm/associations/2026-09/contacts/companies/batch/archive"),
    ("POST", "/crm/associations/2026-09/contacts/companies/batch/labels/archive"),
    ("POST", "/crm/associations/2026-09/contacts/companies/labels"),
    ("POST", "/crm/v3/associations/contacts/companies/batch/create"),
    ("POST", "/crm/v3/associations/contacts/companies/batch/archive"),
    ("POST", "/crm/properties/2026-09/contacts"),
    ("PATCH", "/crm/properties/2026-09/contacts/sample_level"),
    ("POST", "/crm/properties/2026-09/contacts/batch/create"),
    ("POST", "/crm/properties/2026-09/contacts/batch/read"),
    ("POST", "/crm/properties/2026-09/contacts/groups"),
    ("PATCH", "/crm/properties/2026-09/contacts/groups/sample_sync"),
    ("POST", "/crm/lists/2026-09"),
    ("POST", "/crm/lists/2026-09/search"),
    ("PUT", "/crm/lists/2026-09/1/memberships/add"),
    ("PUT", "/crm/lists/2026-09/1/memberships/add-and-remove"),
]


@pytest.mark.parametrize(("method", "path"), PLACES)
def test_no_body_breaks_the_portal(api: PortalApi, method: str, path: str) -> None:
    answers = [(junk, api.call(method, path, json=junk)) for junk in JUNK]
    assert [(junk, answer.text) for junk, answer in answers if answer.status_code >= 500] == []


@pytest.mark.parametrize("number", ["x", "²", "-1", "9" * 5_000, "1.5", ""])
def test_no_page_number_breaks_the_portal(api: PortalApi, number: str) -> None:
    for path in (
        "/crm/objects/2026-09/contacts",
        "/crm/objects/2026-09/companies/501/associations/contacts",
        "/crm/owners/2026-09",
        "/crm/lists/2026-09/1/memberships",
    ):
        for name in ("after", "limit"):
            assert api.call("GET", path, params={name: number}).status_code < 500
