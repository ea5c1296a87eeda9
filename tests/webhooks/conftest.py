"""The stage of these tests; see `tests/support/stage_fixtures.py`."""

from __future__ import annotations

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
