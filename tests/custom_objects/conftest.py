"""The stages of these tests, and both CRMs in turn."""

from __future__ import annotations

import pytest

from tests.admin.site import add_people
from tests.custom_objects.place import PEOPLE, InHubSpot, InSalesforce, Place
from tests.support.portal_stage import PortalStage, portal_stage, seeded_portal_database, stage_portal
from tests.support.stage import Stage
from tests.support.stage_fixtures import seeded_database, stage, stage_keys, stage_org

__all__ = [
    "portal_stage",
    "seeded_database",
    "seeded_portal_database",
    "stage",
    "stage_keys",
    "stage_org",
    "stage_portal",
]


@pytest.fixture
def in_salesforce(stage: Stage) -> InSalesforce:
    add_people(stage.runtime, PEOPLE)
    return InSalesforce(stage)


@pytest.fixture
def in_hubspot(portal_stage: PortalStage) -> InHubSpot:
    add_people(portal_stage.runtime, PEOPLE)
    return InHubSpot(portal_stage)


@pytest.fixture(params=["in_salesforce", "in_hubspot"])
def place(request: pytest.FixtureRequest) -> Place:
    """The test runs twice: in an org and in a portal."""
    made: Place = request.getfixturevalue(request.param)
    return made
