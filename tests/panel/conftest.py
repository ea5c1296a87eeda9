"""The stage of these tests; see `tests/support/stage_fixtures.py`."""

from __future__ import annotations

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
    "seeded_database",
    "stage",
    "stage_keys",
    "stage_on_postgres",
    "stage_org",
    "stage_with_own_queue",
]
