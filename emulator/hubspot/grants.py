"""What a user granted an app: authorization codes (one use) and refresh tokens, which live until they are revoked."""

from __future__ import annotations

import secrets
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from emulator.oauth.grant_file import GrantFile
from emulator.sessions import digest_of

CODE_LIFETIME = timedelta(seconds=60)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS authorization_code (
    code_hash    TEXT PRIMARY KEY,
    user_id      TEXT NOT NULL,
    scope        TEXT NOT NULL,
    redirect_uri TEXT NOT NULL,
    challenge    TEXT NOT NULL,
    expires_at   TEXT NOT NULL
);
CREATE TABLE IF NOT EXISTS refresh_token (
    token_hash TEXT PRIMARY KEY,
    user_id    TEXT NOT NULL,
    scope      TEXT NOT NULL
);
"""


@dataclass(frozen=True, slots=True)
class Grant:
    """Which user granted which scopes (separated by spaces)."""

    user_id: str
    scope: str


@dataclass(frozen=True, slots=True)
class CodeGrant(Grant):
    """`challenge` is the S256 code challenge; empty when the client sent none."""

    redirect_uri: str
    challenge: str


class Grants(GrantFile):
    """The grants of one portal."""

    def __init__(self, database: Path | str, *, now: Callable[[], datetime]) -> None:
        super().__init__(database, _SCHEMA, now=now)

    def new_code(self, grant: CodeGrant) -> str:
        code = f"na1-{uuid.uuid4()}"
        values = (grant.user_id, grant.scope, grant.redirect_uri, grant.challenge)
        expires_at = (self._now() + CODE_LIFETIME).isoformat()
        with self._lock:
            self._connection.execute(
                "INSERT INTO authorization_code VALUES (?, ?, ?, ?, ?, ?)", (digest_of(code), *values, expires_at)
            )
        return code

    def use_code(self, code: str) -> CodeGrant | None:
        """Take a code: from now on it is gone, whatever the caller finds wrong with the rest. None: no such code."""
        with self._lock:
            row = self._connection.execute(
                "DELETE FROM authorization_code WHERE code_hash = ?"
                " RETURNING user_id, scope, redirect_uri, challenge, expires_at",
                (digest_of(code),),
            ).fetchone()
        if row is None or self._now() >= datetime.fromisoformat(row[4]):
            return None
        return CodeGrant(*row[:4])

    def new_refresh_token(self, grant: Grant) -> str:
        token = f"na1-{secrets.token_hex(2)}-{secrets.token_hex(2)}-{uuid.uuid4()}"
        with self._lock:
            self._connection.execute(
                "INSERT INTO refresh_token VALUES (?, ?, ?)", (digest_of(token), grant.user_id, grant.scope)
            )
        return token

    def find(self, refresh_token: str) -> Grant | None:
        with self._lock:
            row = self._connection.execute(
                "SELECT user_id, scope FROM refresh_token WHERE token_hash = ?", (digest_of(refresh_token),)
            ).fetchone()
        return Grant(*row) if row else None

    def revoke(self, refresh_token: str) -> bool:
        """End one refresh token; access tokens that it has brought live on. True when it was known."""
        with self._lock:
            cursor = self._connection.execute(
                "DELETE FROM refresh_token WHERE token_hash = ?", (digest_of(refresh_token),)
            )
        return cursor.rowcount > 0

    def revoke_all(self) -> int:
        """End every refresh token, as removing the app from the portal does. Answers how many there were."""
        with self._lock:
            return self._connection.execute("DELETE FROM refresh_token").rowcount
