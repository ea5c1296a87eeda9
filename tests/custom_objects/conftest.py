"""The stages of these tests, and both CRMs in turn."""

from __future__ import annotations

import pytest

from tests.admin.site import add_people
from tests.custom_objects.place import PEOPLE, InHubSpot, InSalesforce, Place
from tests.support.portal_stage import portal_stage, seeded_portal_database, stage_portal
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


@pytest.fixture(params=["salesforce", "hubspot"])
def place(request: pytest.FixtureRequest) -> Place:
    """The test runs twice: in an org and in a portal."""
    make, name = (InSalesforce, "stage") if request.param == "salesforce" else (InHubSpot, "portal_stage")
    made: Place = make(request.getfixturevalue(name))
    add_people(made.stage.runtime, PEOPLE)
    return made
