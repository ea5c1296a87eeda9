"""The last log entries of records that were looked at lately, remembered by each process.

A finished entry never changes, so the id of the newest one tells whether what is remembered still holds. What was
cleared away meanwhile is forgotten with the minute.
"""

from __future__ import annotations

import time

from sqlalchemy import Connection

from jobs.sync.rows import EntryFacts, RecordKey, last_entries

REMEMBERED_SECONDS = 60.0
MOST_RECORDS = 1000


class RecentEntries:
    """Shared by the threads of a process."""

    def __init__(self) -> None:
        self._known: dict[RecordKey, tuple[int, float, tuple[EntryFacts, ...]]] = {}

    def of(self, connection: Connection, key: RecordKey, newest_id: int | None) -> tuple[EntryFacts, ...]:
        """The last finished entries, newest first; `newest_id` as the database has just told it."""
        if newest_id is None:
            return ()
        known = self._known.get(key)
        if known is not None and known[0] == newest_id and time.monotonic() < known[1]:
            return known[2]
        entries = last_entries(connection, key)
        if len(self._known) >= MOST_RECORDS:
            self._known.clear()
        if entries:
            self._known[key] = (entries[0].id, time.monotonic() + REMEMBERED_SECONDS, entries)
        return entries
