"""Access tokens: issued, recognised, revoked and expired. Only their hashes are kept on disk."""

from __future__ import annotations

import hashlib
import threading
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from emulator.sqlite_file import open_file

DEFAULT_LIFETIME = timedelta(hours=2)

# How many tokens may be remembered before the expired ones are swept out.
_SWEEP_AT = 2_000
_SCHEMA = """
CREATE TABLE IF NOT EXISTS session (
    token_hash TEXT PRIMARY KEY,
    user_id    TEXT NOT NULL,
    client_id  TEXT NOT NULL,
    scope      TEXT NOT NULL,
    issued_at  TEXT NOT NULL,
    expires_at TEXT
)
"""


@dataclass(frozen=True, slots=True)
class Session:
    """What an access token stands for. `expires_at` is None for a token that has no end."""

    user_id: str
    client_id: str
    scope: str
    issued_at: datetime
    expires_at: datetime | None

    def is_live(self, at: datetime) -> bool:
        return self.expires_at is None or at < self.expires_at


class Sessions:
    """The access tokens of one CRM.

    `database` is the path of an SQLite file (shared with others or its own), `new_token` makes the text of a
    token as this CRM's look, `now` is the CRM's clock. Safe to call from many threads: a known token
    is recognised from memory.
    """

    def __init__(self, database: Path | str, *, new_token: Callable[[], str], now: Callable[[], datetime]) -> None:
        self._new_token = new_token
        self._now = now
        self._sweep_at = _SWEEP_AT
        self._lock = threading.Lock()
        self._connection = open_file(database, _SCHEMA, synchronous="NORMAL")
        self._live = self._load()

    def issue(
        self,
        user_id: str,
        client_id: str,
        *,
        scope: str = "api",
        lifetime: timedelta | None = DEFAULT_LIFETIME,
    ) -> str:
        """Make a new token. `lifetime` None makes one that neither time nor `expire_all` ends."""
        issued_at = self._now()
        expires_at = None if lifetime is None else issued_at + lifetime
        token = self._new_token()
        self._remember(
            digest_of(token),
            Session(user_id=user_id, client_id=client_id, scope=scope, issued_at=issued_at, expires_at=expires_at),
        )
        return token

    def authenticate(self, token: str) -> Session | None:
        """The session of a live token; None for an unknown, revoked or expired one."""
        session = self._live.get(digest_of(token))
        if session is None or not session.is_live(self._now()):
            return None
        return session

    def known(self, token: str) -> Session | None:
        """The session of a token that may be over; None for one that never was, or was revoked."""
        return self._live.get(digest_of(token))

    def revoke(self, token: str) -> bool:
        """End one token. True when it was known."""
        with self._lock:
            self._connection.execute("DELETE FROM session WHERE token_hash = ?", (digest_of(token),))
            return self._live.pop(digest_of(token), None) is not None

    def revoke_of(self, user_id: str, client_id: str) -> None:
        """End every token a user gave to a client, as revoking their refresh token does."""
        with self._lock:
            self._connection.execute(
                "DELETE FROM session WHERE user_id = ? AND client_id = ? AND expires_at IS NOT NULL",
                (user_id, client_id),
            )
            self._live = {
                digest: session
                for digest, session in self._live.items()
                if session.expires_at is None or (session.user_id, session.client_id) != (user_id, client_id)
            }

    def expire_all(self) -> int:
        """Let every token that has an end expire now; answers how many were live."""
        now = self._now()
        with self._lock:
            dying = {
                digest: session
                for digest, session in self._live.items()
                if session.expires_at is not None and session.is_live(now)
            }
            self._connection.execute(
                "UPDATE session SET expires_at = ? WHERE expires_at > ?", (now.isoformat(), now.isoformat())
            )
            self._live |= {digest: replace(session, expires_at=now) for digest, session in dying.items()}
            return len(dying)

    def clear(self) -> None:
        """Forget every token that has an end (the CRM goes back to its seed)."""
        with self._lock:
            self._connection.execute("DELETE FROM session WHERE expires_at IS NOT NULL")
            self._live = {digest: s for digest, s in self._live.items() if s.expires_at is None}

    def close(self) -> None:
        with self._lock:
            self._connection.close()

    def _remember(self, digest: str, session: Session) -> None:
        expires_at = session.expires_at.isoformat() if session.expires_at else None
        with self._lock:
            if len(self._live) >= self._sweep_at:
                self._sweep()
            self._connection.execute(
                "INSERT INTO session VALUES (?, ?, ?, ?, ?, ?)",
                (
                    digest,
                    session.user_id,
                    session.client_id,
                    session.scope,
                    session.issued_at.isoformat(),
                    expires_at,
                ),
            )
            self._live[digest] = session

    def _sweep(self) -> None:
        """Forget expired tokens, so that a page reloaded for weeks does not fill the memory."""
        now = self._now()
        self._connection.execute("DELETE FROM session WHERE expires_at <= ?", (now.isoformat(),))
        self._live = {digest: each for digest, each in self._live.items() if each.is_live(now)}
        self._sweep_at = 2 * max(len(self._live), _SWEEP_AT)

    def _load(self) -> dict[str, Session]:
        rows = self._connection.execute("SELECT * FROM session").fetchall()
        return {
            digest: Session(
                user_id=user_id,
                client_id=client_id,
                scope=scope,
                issued_at=datetime.fromisoformat(issued_at),
                expires_at=datetime.fromisoformat(expires_at) if expires_at else None,
            )
            for digest, user_id, client_id, scope, issued_at, expires_at in rows
        }


def digest_of(secret: str) -> str:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode("utf-8", "surrogatepass")).hexdigest()
