"""The append-only journal: every call that reached the CRM and every write that committed."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Mapping
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

from emulator.sqlite_file import open_file

_SCHEMA = """
CREATE TABLE IF NOT EXISTS entry (
    seq     INTEGER PRIMARY KEY,
    kind    TEXT NOT NULL,
    at      TEXT NOT NULL,
    counted INTEGER NOT NULL DEFAULT 0,
    body    TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS entry_by_kind ON entry (kind, seq);
"""
_SECRET_PARAMETERS = frozenset(
    {
        "access_token",
        "assertion",
        "canvas_secret",
        "client_secret",
        "code",
        "code_verifier",
        "id_token",
        "oauth_token",
        "password",
        "refresh_token",
        "sid",
        "signed_request",
        "ticket",
        "token",
    }
)


@dataclass(slots=True)
class Call:
    """One call while it is being answered. Whoever learns more about it writes it here."""

    seq: int
    at: datetime
    method: str
    path: str
    query: str
    user_id: str | None = None
    client: str | None = None
    client_name: str | None = None
    fault: str | None = None
    counted: bool = False
    subrequests: list[dict[str, Any]] = field(default_factory=list)


_current: ContextVar[Call | None] = ContextVar("journal_call", default=None)


def current_call() -> Call | None:
    """The call being answered in this context; None for events that no call caused."""
    return _current.get()


class Journal:
    """Entries numbered without gaps in the order in which they began (calls) or committed (writes)."""

    def __init__(self, database: Path | str) -> None:
        self._lock = threading.Lock()
        self._connection = open_file(database, _SCHEMA, synchronous="OFF")
        (self._last,) = self._connection.execute("SELECT coalesce(max(seq), 0) FROM entry").fetchone()

    def open_call(self, *, at: datetime, method: str, path: str, query: Mapping[str, str]) -> Call:
        """Give the call its number and make it the current one. It is readable (status null) from now on."""
        with self._lock:
            self._last += 1
            call = Call(seq=self._last, at=at, method=method, path=path, query=_shown_query(query))
            self._put(call.seq, "call", at, _call_body(call, None, None))
        _current.set(call)
        return call

    def close_call(self, call: Call, *, status: int | None, duration_ms: float) -> None:
        """Complete the entry. `status` is None when no answer is sent."""
        _current.set(None)
        with self._lock:
            self._connection.execute(
                "UPDATE entry SET body = ?, counted = ? WHERE seq = ?",
                (json.dumps(_call_body(call, status, duration_ms)), int(call.counted), call.seq),
            )

    def add_write(self, *, at: datetime, body: Mapping[str, Any]) -> None:
        """Append a committed write: object, id, op, user_id, old, new, net."""
        call = current_call()
        with self._lock:
            self._last += 1
            self._put(self._last, "write", at, {"call_seq": call.seq if call else None, **body})

    def add(self, kind: str, *, at: datetime, body: Mapping[str, Any]) -> None:
        """Append what the CRM did by itself, such as a request of its own to somebody else."""
        with self._lock:
            self._last += 1
            self._put(self._last, kind, at, body)

    def entries(self, *, since: int = 0, kind: str | None = None, limit: int = 10_000) -> list[dict[str, Any]]:
        """Entries numbered `since` and later, oldest first."""
        clause, values = ("", [since]) if kind is None else (" AND kind = ?", [since, kind])
        with self._lock:
            rows = self._connection.execute(
                f"SELECT seq, kind, at, body FROM entry WHERE seq >= ?{clause} ORDER BY seq LIMIT ?",
                [*values, limit],
            ).fetchall()
        return [{"seq": seq, "kind": kind, "at": at, **json.loads(body)} for seq, kind, at, body in rows]

    def counted_since(self, at: datetime) -> int:
        """How many calls since then counted against the request limit."""
        with self._lock:
            (count,) = self._connection.execute(
                "SELECT count(*) FROM entry WHERE kind = 'call' AND counted = 1 AND at >= ?", (at.isoformat(),)
            ).fetchone()
        return int(count)

    @property
    def next_seq(self) -> int:
        last: int = self._last
        return last + 1

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def _put(self, seq: int, kind: str, at: datetime, body: Mapping[str, Any]) -> None:
        self._connection.execute(
            "INSERT INTO entry (seq, kind, at, body) VALUES (?, ?, ?, ?)",
            (seq, kind, at.isoformat(), json.dumps(body)),
        )


def _call_body(call: Call, status: int | None, duration_ms: float | None) -> dict[str, Any]:
    return {
        "method": call.method,
        "path": call.path,
        "query": call.query,
        "user_id": call.user_id,
        "client": call.client,
        "client_name": call.client_name,
        "status": status,
        "duration_ms": None if duration_ms is None else round(duration_ms, 3),
        "fault": call.fault,
        "counted": call.counted,
        "subrequests": call.subrequests,
    }


def _shown_query(query: Mapping[str, str]) -> str:
    """The query string for reading by people, with secrets replaced by the head of their hash."""
    return "&".join(
        f"{name}={_fingerprint(value) if name.lower() in _SECRET_PARAMETERS else value}"
        for name, value in query.items()
    )


def _fingerprint(secret: str) -> str:
    return "sha256:" + hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()[:16]
