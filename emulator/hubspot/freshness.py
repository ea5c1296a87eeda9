"""How far search lags behind: for a moment it still sees each record as it was before its last change."""

from __future__ import annotations

import threading
import time

from emulator.rows import Row


class Freshness:
    """Remembers former rows for as long as search is to answer them. The lag is real time, in seconds."""

    def __init__(self, lag_seconds: float) -> None:
        self.lag_seconds = lag_seconds
        self._lock = threading.Lock()
        self._former: dict[str, dict[str, list[tuple[float, Row | None]]]] = {}

    def note(self, object_name: str, record_id: str, former: Row | None) -> None:
        """A row has changed; `former` is what it was, None for a new one."""
        if self.lag_seconds <= 0:
            return
        with self._lock:
            versions = self._former.setdefault(object_name, {}).setdefault(record_id, [])
            versions.append((time.monotonic() + self.lag_seconds, former))

    def former(self, object_name: str) -> dict[str, Row | None]:
        """What search still sees instead of the present rows (None: not there yet)."""
        now = time.monotonic()
        with self._lock:
            table = self._former.get(object_name, {})
            for record_id in list(table):
                table[record_id] = [entry for entry in table[record_id] if entry[0] > now]
                if not table[record_id]:
                    del table[record_id]
            return {record_id: versions[0][1] for record_id, versions in table.items()}

    def clear(self) -> None:
        with self._lock:
            self._former.clear()
