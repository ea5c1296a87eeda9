"""A connection's access token: kept sealed, renewed by one process at a time, a rotated refresh token never lost.

How a CRM is asked for one is in its own `<crm>_auth.py`. A CRM that says when its token ends has it renewed a little
earlier; one that does not says so with a 401. A token an admin pasted (`static_token`) is never renewed.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Protocol

import structlog
from sqlalchemy import or_, update

from jobs.crm import hubspot_auth, salesforce_auth
from jobs.crm.errors import AuthorizationLost, CrmError, Misconfigured, RetryLater, Unavailable
from jobs.crm.http import Meter
from jobs.crm.token_request import TOKEN_TIMEOUT_SECONDS as TOKEN_TIMEOUT_SECONDS
from jobs.crm.token_request import TokenForm
from jobs.db import changed_one
from jobs.models import Connection
from jobs.models.connection import ACTIVE, DISCONNECTED
from jobs.runtime import Runtime, utc_now
from jobs.vault import CannotOpen

log = structlog.get_logger()

# How a connection comes by its token.
CLIENT_CREDENTIALS = "client_credentials"
AUTHORIZATION_CODE = "authorization_code"
STATIC_TOKEN = "static_token"  # noqa: S105 - the name of a flow
# A little more than a token call may take, then another process may try.
RENEWAL_LEASE = timedelta(seconds=12)
POLL_SECONDS = 0.05
# Renewed this long before its end, so that no call ever meets it dead.
RENEW_BEFORE = timedelta(seconds=60)

REQUESTS = {"salesforce": salesforce_auth.request_token, "hubspot": hubspot_auth.request_token}
"""CRM -> its token endpoint: (settings, meter, base_url, form) gives its JSON, with `access_token` in it."""


@dataclass(frozen=True)
class AccessToken:
    value: str
    version: int
    expires_at: datetime | None = None

    def ends_within(self, span: timedelta) -> bool:
        return self.expires_at is not None and self.expires_at <= utc_now() + span


class TokenSource(Protocol):
    def current(self) -> AccessToken:
        """The token to try first. Raises CrmError."""

    def renew(self, used: AccessToken) -> AccessToken:
        """A newer token than `used`. Raises AuthorizationLost when there is none to be had."""


class BorrowedToken:
    """Somebody else's token, such as the rep's own in a Canvas launch: used now, never kept, never renewed."""

    def __init__(self, value: str) -> None:
        self._token = AccessToken(value, 0)

    def current(self) -> AccessToken:
        return self._token

    def renew(self, used: AccessToken) -> AccessToken:
        raise AuthorizationLost("The session of this person has ended.", code="INVALID_SESSION_ID")


class PastedToken(BorrowedToken):
    """A token an admin typed in, to be tried."""

    def renew(self, used: AccessToken) -> AccessToken:
        raise _refused_as_it_is()


class ConnectionTokens:
    """The connection's own token. Many processes may find it ended at once: one renews, the others wait for it."""

    def __init__(self, runtime: Runtime, connection: Connection, meter: Meter) -> None:
        self._runtime = runtime
        self._connection = connection
        self._connection_id = connection.id
        self._meter = meter
        self._request_token = REQUESTS[connection.crm]
        self._token: AccessToken | None = None

    def current(self) -> AccessToken:
        token = self._token or self._opened(self._connection)
        self._token = token
        if not token.value or token.ends_within(timedelta()):
            return self.renew(token)
        return self._renew_early(token) if token.ends_within(RENEW_BEFORE) else token

    def renew(self, used: AccessToken) -> AccessToken:
        deadline = time.monotonic() + RENEWAL_LEASE.total_seconds()
        while time.monotonic() < deadline:
            if (newer := self._newer_than(used)) is not None:
                self._token = newer
                return newer
            self._require_renewable()
            if self._win(used):
                self._token = self._fetch(used)
                return self._token
            time.sleep(POLL_SECONDS)
        raise Unavailable("Another process has been renewing the access token for too long.", code="TOKEN_BUSY")

    def _renew_early(self, token: AccessToken) -> AccessToken:
        """By whoever comes first; the others, and a token endpoint that is down, do with what still lives."""
        newer = self._newer_than(token)
        if newer is None and self._win(token):
            try:
                newer = self._fetch(token)
            except RetryLater as error:
                log.warning("token_not_renewed_yet", connection_id=self._connection_id, code=error.code)
        self._token = newer or token
        return self._token

    def _newer_than(self, used: AccessToken) -> AccessToken | None:
        with self._runtime.database.read() as session:
            token = self._opened(session.get_one(Connection, self._connection_id))
        is_other = token.version > used.version or (self._is_static and token.value != used.value)
        return token if is_other and token.value else None

    @property
    def _is_static(self) -> bool:
        return self._connection.auth_flow == STATIC_TOKEN

    def _require_renewable(self) -> None:
        if self._is_static:
            raise _refused_as_it_is() if self._connection.access_token_sealed else _nothing_left()

    def _win(self, used: AccessToken) -> bool:
        """Claim the renewal by a conditional update; losing is normal."""
        now = utc_now()
        claim = (
            update(Connection)
            .where(Connection.id == self._connection_id, Connection.token_version == used.version)
            .where(or_(Connection.refreshing_until.is_(None), Connection.refreshing_until < now))
            .values(refreshing_until=now + RENEWAL_LEASE)
        )
        with self._runtime.database.write() as session:
            return changed_one(session, claim)

    def _fetch(self, used: AccessToken) -> AccessToken:
        with self._runtime.database.read() as session:
            connection = session.get_one(Connection, self._connection_id)
        asked_at = utc_now()
        try:
            form = grant_form(connection, self._runtime.vault.open)
            granted = self._request_token(self._runtime.settings, self._meter, connection.base_url, form)
        except CrmError:
            self._release()
            self._require_unchanged(used.version)
            raise
        return self._store(granted, used.version + 1, end_of(granted, asked_at))

    def _store(self, granted: dict[str, Any], version: int, expires_at: datetime | None) -> AccessToken:
        """The token and a rotated refresh token go in together, at once: the old refresh token is dead already."""
        with self._runtime.database.write() as session:
            connection = session.get_one(Connection, self._connection_id)
            _require_version(connection, version - 1)
            connection.access_token_sealed = self._runtime.vault.seal(granted["access_token"])
            connection.token_expires_at = expires_at
            if rotated := granted.get("refresh_token"):
                connection.refresh_token_sealed = self._runtime.vault.seal(rotated)
            connection.token_version = version
            connection.refreshing_until = None
            connection.state, connection.broken_code, connection.broken_message = ACTIVE, "", ""
            connection.broken_at = None
        return AccessToken(granted["access_token"], version, expires_at)

    def _require_unchanged(self, version: int) -> None:
        with self._runtime.database.read() as session:
            _require_version(session.get_one(Connection, self._connection_id), version)

    def _release(self) -> None:
        free = update(Connection).where(Connection.id == self._connection_id).values(refreshing_until=None)
        with self._runtime.database.write() as session:
            session.execute(free)

    def _opened(self, connection: Connection) -> AccessToken:
        try:
            value = self._runtime.vault.open(connection.access_token_sealed)
        except CannotOpen as error:
            raise Misconfigured(str(error), code="ENCRYPTION_KEY") from None
        return AccessToken(value, connection.token_version, connection.token_expires_at)


def _require_version(connection: Connection, version: int) -> None:
    """Somebody may have signed in anew or disconnected meanwhile: what is heard of the old access is void then."""
    if connection.token_version != version:
        raise Unavailable("The access was changed while it was renewed.", code="TOKEN_BUSY")


def _refused_as_it_is() -> AuthorizationLost:
    return AuthorizationLost("The access token was refused.", code="INVALID_AUTHENTICATION")


def end_of(granted: Mapping[str, Any], asked_at: datetime) -> datetime | None:
    """When a token ends that was asked for at that moment; None where the CRM does not say."""
    seconds = granted.get("expires_in")
    if not isinstance(seconds, int) or isinstance(seconds, bool) or seconds <= 0:
        return None
    return asked_at + timedelta(seconds=min(seconds, 86_400 * 365))


def grant_form(connection: Connection, unseal: Callable[[str], str]) -> TokenForm:
    """The form fields that ask for a token by the connection's own flow."""
    try:
        form = {"client_id": connection.client_id, "client_secret": unseal(connection.client_secret_sealed)}
        if connection.auth_flow == CLIENT_CREDENTIALS:
            form |= {"grant_type": "client_credentials"}
        else:
            form |= {"grant_type": "refresh_token", "refresh_token": unseal(connection.refresh_token_sealed)}
    except CannotOpen as error:
        raise Misconfigured(str(error), code="ENCRYPTION_KEY") from None
    if not all(form.values()):
        raise _nothing_left()
    return form


def _nothing_left() -> AuthorizationLost:
    return AuthorizationLost("An admin has disconnected it.", code=DISCONNECTED)
