"""The office of these tests (see `tests/support/office_fixtures.py`), and one case per CRM for the contract suite."""

from __future__ import annotations

import pytest

from tests.crm.adapter_case import AdapterCase, SalesforceCase
from tests.crm.hubspot_case import HubSpotCase
from tests.support.office_fixtures import (
    admin_api,
    each_office,
    office,
    office_database,
    office_keys,
    office_on_postgres,
    office_org,
)
from tests.support.portal_fixtures import office_portal, portal_database, portal_office

CASES = {"salesforce": (SalesforceCase, "office"), "hubspot": (HubSpotCase, "portal_office")}
__all__ = [
    "admin_api",
    "each_office",
    "office",
    "office_database",
    "office_keys",
    "office_on_postgres",
    "office_org",
    "office_portal",
    "portal_database",
    "portal_office",
]


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> AdapterCase:
    """Each CRM there is an adapter for."""
    make, office = CASES[request.param]
    made: AdapterCase = make(request.getfixturevalue(office))
    return made
