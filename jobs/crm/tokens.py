"""A connection's access token: kept sealed, renewed by one process at a time, a rotated refresh token never lost."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Protocol

import requests
from sqlalchemy import or_, update

from config.settings import Settings
from jobs.crm.errors import AuthorizationLost, CrmError, Misconfigured, RateLimited, RetryLater, Unavailable
from jobs.crm.http import Meter, crm_session
from jobs.crm.salesforce_errors import classify
from jobs.db import changed_one
from jobs.models import Connection
from jobs.models.connection import ACTIVE
from jobs.runtime import Runtime, utc_now
from jobs.vault import CannotOpen

# A token call is short or in vain: its own time limits, and a little more until another process may try.
TOKEN_TIMEOUT_SECONDS = (3.05, 8.0)
RENEWAL_LEASE = timedelta(seconds=12)
POLL_SECONDS = 0.05


@dataclass(frozen=True)
class AccessToken:
    value: str
    version: int


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


class ConnectionTokens:
    """The connection's own token. Many processes may meet a 401 at once: one renews, the others wait for it."""

    def __init__(self, runtime: Runtime, connection: Connection, meter: Meter) -> None:
        self._runtime = runtime
        self._connection = connection
        self._connection_id = connection.id
        self._meter = meter
        self._token: AccessToken | None = None

    def current(self) -> AccessToken:
        if self._token is None:
            self._token = self._opened(self._connection)
        return self._token if self._token.value else self.renew(self._token)

    def renew(self, used: AccessToken) -> AccessToken:
        deadline = time.monotonic() + RENEWAL_LEASE.total_seconds()
        while time.monotonic() < deadline:
            if (newer := self._newer_than(used)) is not None:
                self._token = newer
                return newer
            if self._win(used):
                self._token = self._fetch(used)
                return self._token
            time.sleep(POLL_SECONDS)
        raise Unavailable("Another process has been renewing the access token for too long.", code="TOKEN_BUSY")

    def _newer_than(self, used: AccessToken) -> AccessToken | None:
        with self._runtime.database.read() as session:
            token = self._opened(session.get_one(Connection, self._connection_id))
        return token if token.version > used.version and token.value else None

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
        try:
            granted = request_token(self._runtime.settings, self._meter, connection.base_url, self._grant(connection))
        except CrmError:
            self._release()
            raise
        return self._store(granted, used.version + 1)

    def _grant(self, connection: Connection) -> dict[str, str]:
        return grant_form(connection, self._runtime.vault.open)

    def _store(self, granted: dict[str, Any], version: int) -> AccessToken:
        """The token and a rotated refresh token go in together, at once: the old refresh token is dead already."""
        with self._runtime.database.write() as session:
            connection = session.get_one(Connection, self._connection_id)
            connection.access_token_sealed = self._runtime.vault.seal(granted["access_token"])
            if rotated := granted.get("refresh_token"):
                connection.refresh_token_sealed = self._runtime.vault.seal(rotated)
            connection.token_version = version
            connection.refreshing_until = None
            connection.state, connection.broken_code, connection.broken_message = ACTIVE, "", ""
            connection.broken_at = None
        return AccessToken(granted["access_token"], version)

    def _release(self) -> None:
        free = update(Connection).where(Connection.id == self._connection_id).values(refreshing_until=None)
        with self._runtime.database.write() as session:
            session.execute(free)

    def _opened(self, connection: Connection) -> AccessToken:
        try:
            return AccessToken(self._runtime.vault.open(connection.access_token_sealed), connection.token_version)
        except CannotOpen as error:
            raise Misconfigured(str(error), code="ENCRYPTION_KEY") from None


def grant_form(connection: Connection, unseal: Callable[[str], str]) -> dict[str, str]:
    """The form fields that ask for a token by the connection's own flow."""
    try:
        form = {"client_id": connection.client_id, "client_secret": unseal(connection.client_secret_sealed)}
        if connection.auth_flow == "client_credentials":
            return form | {"grant_type": "client_credentials"}
        return form | {"grant_type": "refresh_token", "refresh_token": unseal(connection.refresh_token_sealed)}
    except CannotOpen as error:
        raise Misconfigured(str(error), code="ENCRYPTION_KEY") from None


def request_token(settings: Settings, meter: Meter, base_url: str, form: dict[str, str]) -> dict[str, Any]:
    """The token endpoint's JSON. Raises AuthorizationLost, RateLimited or Unavailable."""
    form = dict(form)
    # By HTTP Basic: proxies and error pages are likelier to show a form than this header.
    basic = base64.b64encode(f"{form.pop('client_id')}:{form.pop('client_secret')}".encode()).decode()
    secure_url = base_url.replace("http://", "https://", 1)
    try:
        response = crm_session(settings, base_url, meter).post(
            f"{secure_url}/services/oauth2/token",
            data=form,
            headers={"Authorization": f"Basic {basic}"},
            timeout=TOKEN_TIMEOUT_SECONDS,
        )
        answer = response.json()
    except (requests.RequestException, ValueError) as error:
        raise Unavailable(f"No token from the CRM: {type(error).__name__}.", code="NO_ANSWER") from error
    if response.status_code == 200 and isinstance(answer, dict) and answer.get("access_token"):
        return answer
    raise _refused(response.status_code, answer)


def _refused(status: int, answer: Any) -> CrmError:
    """Only a refusal in OAuth's own words means that the authorisation is lost; a proxy's page does not."""
    if not isinstance(answer, dict) or not isinstance(answer.get("error"), str):
        error = classify(status, answer)
        return error if isinstance(error, RetryLater) else Unavailable(error.message, code=error.code)
    code = answer["error"]
    text = str(answer.get("error_description", "")) or f"The CRM answered {status}."
    if status >= 500:
        return Unavailable(text, code=code)
    if code == "rate_limit_exceeded" or status == 429:
        return RateLimited(text, code=code)
    return AuthorizationLost(text, code=code)
