"""The office of these tests, connected to Salesforce, to HubSpot, or to each in turn."""

from __future__ import annotations

import pytest

from tests.push.pushing import Place, hubspot, salesforce
from tests.support.office import Office
from tests.support.office_fixtures import (
    each_office,
    office,
    office_database,
    office_keys,
    office_on_postgres,
    office_org,
)
from tests.support.portal_fixtures import office_portal, portal_database, portal_office

__all__ = [
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


@pytest.fixture(params=["salesforce", "hubspot"])
def place(request: pytest.FixtureRequest) -> Place:
    """The test runs twice: beside each CRM."""
    if request.param == "salesforce":
        return salesforce(request.getfixturevalue("office"))
    return hubspot(request.getfixturevalue("portal_office"))


@pytest.fixture
def org(office: Office) -> Place:
    return salesforce(office)


@pytest.fixture
def portal(portal_office: Office) -> Place:
    return hubspot(portal_office)
