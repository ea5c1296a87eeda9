"""What every process opens once at its start and hands to whoever needs it."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import UTC, datetime

import redis

from config.redis import connect
from config.settings import Settings
from jobs.crm.base import ObjectInfo
from jobs.db import Database, open_database
from jobs.mappings import MappingBook, ObjectFacts
from jobs.sync.recent import RecentEntries
from jobs.vault import Vault


@dataclass(frozen=True)
class Runtime:
    settings: Settings
    database: Database
    vault: Vault
    redis: redis.Redis
    mappings: MappingBook = field(default_factory=MappingBook)
    entries: RecentEntries = field(default_factory=RecentEntries)
    # (connection id, object) -> (time it was asked for, what the CRM said), see `jobs.crm.describes`.
    describes: dict[tuple[int, str], tuple[datetime, ObjectInfo]] = field(default_factory=dict)
    # (connection id, object) -> what was compared, and the mapping as it stands since, see `jobs.sync.drift`.
    drifts: dict[tuple[int, str], tuple[ObjectFacts, ObjectInfo, ObjectFacts]] = field(default_factory=dict)

    def close(self) -> None:
        self.redis.close()
        self.database.close()


def open_runtime(settings: Settings) -> Runtime:
    """Connects lazily: a database or queue that is down is met at its first use. Raises QueueServerMissing."""
    return Runtime(settings, open_database(settings), Vault(settings), connect(settings))


def utc_now() -> datetime:
    return datetime.now(UTC)
