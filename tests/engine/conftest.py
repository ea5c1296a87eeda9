"""The office of these tests; see `tests/support/office_fixtures.py`."""

from __future__ import annotations

from tests.engine.machine.stage import play_stage
from tests.support.either_crm import place
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

__all__ = [
    "admin_api",
    "each_office",
    "office",
    "office_database",
    "office_keys",
    "office_on_postgres",
    "office_org",
    "office_portal",
    "place",
    "play_stage",
    "portal_database",
    "portal_office",
]
