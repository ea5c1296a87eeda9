"""The stage of these tests; see `tests/support/stage.py`."""

from __future__ import annotations

from tests.support.stage import seeded_database, stage, stage_keys, stage_org

__all__ = ["seeded_database", "stage", "stage_keys", "stage_org"]
