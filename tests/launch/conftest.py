"""The stages of these tests; see `tests/support/stage_fixtures.py` and `tests/support/portal_stage.py`."""

from __future__ import annotations

from tests.support.portal_stage import portal_stage, seeded_portal_database, stage_portal
from tests.support.stage_fixtures import (
    each_stage,
    seeded_database,
    stage,
    stage_keys,
    stage_on_postgres,
    stage_org,
    stage_with_own_queue,
)

__all__ = [
    "each_stage",
    "portal_stage",
    "seeded_database",
    "seeded_portal_database",
    "stage",
    "stage_keys",
    "stage_on_postgres",
    "stage_org",
    "stage_portal",
    "stage_with_own_queue",
]
