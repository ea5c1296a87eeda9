"""The office of these tests (see `tests/support/office_fixtures.py`), and one case per CRM for the contract suite."""

from __future__ import annotations

import pytest

from tests.crm.adapter_case import CASES, AdapterCase
from tests.support.office_fixtures import (
    admin_api,
    each_office,
    office,
    office_database,
    office_keys,
    office_on_postgres,
    office_org,
)

__all__ = [
    "admin_api",
    "each_office",
    "office",
    "office_database",
    "office_keys",
    "office_on_postgres",
    "office_org",
]


@pytest.fixture(params=CASES)
def case(request: pytest.FixtureRequest) -> AdapterCase:
    """Each CRM there is an adapter for."""
    made: AdapterCase = CASES[request.param](request.getfixturevalue("office"))
    return made
