"""The rows of SyncRuns themselves, not the model: what every click does to them costs little beside the database."""

from __future__ import annotations

from typing import cast

from sqlalchemy import Table, Update, update

from jobs.models import SyncRun
from jobs.models.run import RUNNING

RUNS = cast(Table, SyncRun.__table__)

COUNTS = ("created_count", "updated_count", "unchanged_count", "skipped_count", "failed_count", "calls")


def at_work(run: SyncRun) -> Update:
    """A change of the run's row that happens only while its worker still owns it."""
    return update(RUNS).where(RUNS.c.id == run.id, RUNS.c.fence == run.fence, RUNS.c.status == RUNNING)
