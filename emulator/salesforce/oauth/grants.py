"""What a user granted an app: authorization codes (one use, 15 minutes) and rotating refresh tokens."""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from emulator.oauth.grant_file import GrantFile
from emulator.sessions import digest_of

CODE_LIFETIME = timedelta(minutes=15)

_SCHEMA = """
CREATE TABLE IF NOT EXISTS authorization_code (
    code_hash    TEXT PRIMARY KEY,
    client_id    TEXT NOT NULL,
    user_id      TEXT NOT NULL,
    scope        TEXT NOT NULL,
    redirect_uri TEXT NOT NULL,
    challenge    TEXT NOT NULL,
    expires_at   TEXT NOT NULL,
    used         INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS refresh_token (
    token_hash TEXT PRIMARY KEY,
    family     TEXT NOT NULL,
    client_id  TEXT NOT NULL,
    user_id    TEXT NOT NULL,
    scope      TEXT NOT NULL,
    dead       INTEGER NOT NULL DEFAULT 0
);
"""


class GrantError(Exception):
    """The code or refresh token cannot be used. `reason` is the wire's `error_description`."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class GrantReuseError(GrantError):
    """A used-up code or refresh token came again: everything that grew from it must die."""

    def __init__(self, reason: str, grant: Grant) -> None:
        super().__init__(reason)
        self.grant = grant


@dataclass(frozen=True, slots=True)
class Grant:
    client_id: str
    user_id: str
    scope: str


@dataclass(frozen=True, slots=True)
class CodeGrant(Grant):
    redirect_uri: str
    challenge: str


class Grants(GrantFile):
    """The grants of one org."""

    def __init__(self, database: Path | str, *, now: Callable[[], datetime]) -> None:
        super().__init__(database, _SCHEMA, now=now)

    def new_code(self, grant: CodeGrant) -> str:
        code = f"aPrx{secrets.token_urlsafe(48)}"
        expires_at = (self._now() + CODE_LIFETIME).isoformat()
        with self._lock:
            self._connection.execute(
                "INSERT INTO authorization_code VALUES (?, ?, ?, ?, ?, ?, ?, 0)",
                (
                    digest_of(code),
                    grant.client_id,
                    grant.user_id,
                    grant.scope,
                    grant.redirect_uri,
                    grant.challenge,
                    expires_at,
                ),
            )
        return code

    def use_code(self, code: str) -> CodeGrant:
        """Take a code: from now on it is used, whatever the caller finds wrong with the rest.

        Raises GrantError for an unknown or expired code, GrantReuseError for one used before.
        """
        with self._lock:
            row = self._connection.execute(
                "SELECT client_id, user_id, scope, redirect_uri, challenge, expires_at, used"
                " FROM authorization_code WHERE code_hash = ?",
                (digest_of(code),),
            ).fetchone()
            if row is None:
                raise GrantError("invalid authorization code")
            self._connection.execute("UPDATE authorization_code SET used = 1 WHERE code_hash = ?", (digest_of(code),))
        *fields, expires_at, used = row
        grant = CodeGrant(*fields)
        if used:
            raise GrantReuseError("invalid authorization code", grant)
        if self._now() >= datetime.fromisoformat(expires_at):
            raise GrantError("expired authorization code")
        return grant

    def new_refresh_token(self, grant: Grant) -> str:
        """Start a family of refresh tokens."""
        with self._lock:
            return self._insert_refresh_token(grant, family=secrets.token_hex(8))

    def rotate(self, token: str, *, client_id: str) -> tuple[Grant, str]:
        """Use up a refresh token: the grant and its successor. The old one is dead at once.

        Raises GrantError for an unknown or foreign token, GrantReuseError for one used before (then the whole
        family is dead).
        """
        with self._lock:
            row = self._connection.execute(
                "SELECT family, client_id, user_id, scope, dead FROM refresh_token WHERE token_hash = ?",
                (digest_of(token),),
            ).fetchone()
            if row is None or row[1] != client_id:
                raise GrantError("expired access/refresh token")
            family, grant, dead = row[0], Grant(*row[1:4]), row[4]
            if dead:
                self._connection.execute("UPDATE refresh_token SET dead = 1 WHERE family = ?", (family,))
                raise GrantReuseError("expired access/refresh token", grant)
            self._connection.execute("UPDATE refresh_token SET dead = 1 WHERE token_hash = ?", (digest_of(token),))
            return grant, self._insert_refresh_token(grant, family=family)

    def find_refresh_token(self, token: str) -> Grant | None:
        with self._lock:
            row = self._connection.execute(
                "SELECT client_id, user_id, scope FROM refresh_token WHERE token_hash = ? AND dead = 0",
                (digest_of(token),),
            ).fetchone()
        return Grant(*row) if row else None

    def revoke_all(self, user_id: str, client_id: str) -> None:
        """End every refresh token the user gave the client."""
        with self._lock:
            self._connection.execute(
                "UPDATE refresh_token SET dead = 1 WHERE user_id = ? AND client_id = ?", (user_id, client_id)
            )

    def _insert_refresh_token(self, grant: Grant, *, family: str) -> str:
        token = f"5Aep{secrets.token_urlsafe(60)}"
        self._connection.execute(
            "INSERT INTO refresh_token VALUES (?, ?, ?, ?, ?, 0)",
            (digest_of(token), family, grant.client_id, grant.user_id, grant.scope),
        )
        return token
