"""Reading ahead: many members of a list in one call, handed to the engine one by one as if it had read each."""

from __future__ import annotations

import time
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, cast

from jobs.crm.base import CrmAdapter, CrmRow, Fields
from jobs.crm.errors import RecordError
from jobs.crm.lists import ListReader
from jobs.models import SyncRun
from jobs.runtime import utc_now

READ_AT_ONCE = 50
# What was read longer ago is read again: the CRM's own people are at work meanwhile.
GOOD_FOR = timedelta(seconds=10)


class ReadAhead:
    """What was read of the members that come next."""

    def __init__(self, adapter: CrmAdapter, reader: ListReader) -> None:
        self.adapter = adapter
        self.reader = reader
        self._rows: dict[str, CrmRow] = {}
        self._asked: set[str] = set()
        self._fields: Fields = {}
        self._asked_at = utc_now()
        self._until = 0.0

    def read(self, object_name: str, record_ids: Sequence[str], fields: Fields) -> None:
        """See to it that the first of these is read, and some of those behind it. Raises CrmError."""
        if record_ids[0] in self._asked and self._fields == fields and self._is_good():
            return
        wanted = record_ids[:READ_AT_ONCE]
        self._asked, self._rows, self._fields = set(wanted), {}, dict(fields)
        self._asked_at, self._until = utc_now(), time.monotonic() + GOOD_FOR.total_seconds()
        if len(wanted) == 1:
            return
        try:
            self._rows = self.reader.read_many(object_name, wanted, fields)
        except RecordError:
            # A field is gone, or one of them is not for us: each is read by itself, and says so.
            self._rows = {}

    def adapter_of(self, member: SyncRun) -> CrmAdapter:
        """The adapter for the sync of one member, which notes in its `started_at` when it was read."""
        return cast(CrmAdapter, _Reading(self, member))  # what it has not itself it takes from the adapter

    def take(self, record_id: str, fields: Fields) -> tuple[CrmRow, datetime] | None:
        """The row, and a moment before it was read; once only, because whoever asks again wants to see it anew."""
        row = self._rows.pop(record_id, None)
        return (row, self._asked_at) if row is not None and self._fields == fields and self._is_good() else None

    def _is_good(self) -> bool:
        return time.monotonic() < self._until


class _Reading:
    def __init__(self, ahead: ReadAhead, member: SyncRun) -> None:
        self._ahead = ahead
        self._member = member

    def __getattr__(self, name: str) -> Any:
        return getattr(self._ahead.adapter, name)

    def read(self, object_name: str, record_id: str, fields: Fields) -> CrmRow:
        kept = self._ahead.take(record_id, fields)
        if kept is not None:
            row, self._member.started_at = kept
            return row
        self._member.started_at = utc_now()
        return self._ahead.adapter.read(object_name, record_id, fields)
