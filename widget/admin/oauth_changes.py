"""Storing what a sign-in at the CRM brought, and forgetting it: with the audit row, in the caller's transaction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from jobs.crm.connect import Grant
from jobs.crm.connect_flow import Flow, Org
from jobs.crm.tokens import AUTHORIZATION_CODE, CLIENT_CREDENTIALS
from jobs.mapping_defaults import add_default_mappings
from jobs.models import Connection
from jobs.models.connection import BROKEN, DISCONNECTED
from jobs.runtime import utc_now
from jobs.vault import CannotOpen
from widget.admin import listing
from widget.admin.connection_changes import make_active, note
from widget.admin.oauth_attempts import Attempt
from widget.context import runtime


class WrongOrg(Exception):
    """The sign-in was for another org than the connection is for. `is_free`: nothing of ours uses that other org."""

    def __init__(self, connection: Connection, org: Org, *, is_free: bool) -> None:
        super().__init__(
            f"You signed in to {org.name} ({org.org_id}); this connection is for {connection.name} "
            f"({connection.org_id}). Links would point to the wrong records."
        )
        self.is_free = is_free


class InUse(Exception):
    """The org is connected already, in its own name, and works."""

    is_free = True

    def __init__(self, connection: Connection) -> None:
        super().__init__(f"It is connected as “{connection.name}”, in the app's own name, and that works.")


@dataclass(frozen=True)
class Forgotten:
    """What a connection could open the CRM with, until a moment ago: to be revoked there."""

    client_id: str
    client_secret: str
    tokens: tuple[str, ...]


def authorise(session: Session, attempt: Attempt, flow: Flow, grant: Grant, org: Org) -> tuple[Connection, str]:
    """Insert or renew the connection of this org; with the audited action. Raises WrongOrg or InUse."""
    known = session.scalar(select(Connection).where(Connection.crm == flow.crm, Connection.org_id == org.org_id))
    if attempt.connection_id is not None:
        wanted = listing.found(session.get(Connection, attempt.connection_id))
        if known is None or known.id != wanted.id:
            raise WrongOrg(wanted, org, is_free=known is None)
    elif known is not None and known.state != BROKEN and known.auth_flow != AUTHORIZATION_CODE:
        raise InUse(known)
    before = _told(known) if known is not None else {}
    connection = known or _inserted(session, flow, org)
    _take_over(connection, attempt, grant, org)
    session.flush()
    action = "connection.reconnect" if known is not None else "connection.connect"
    if known is None:
        add_default_mappings(session, connection)
    note(session, connection, action, before=before, after=_told(connection), secrets=["client secret", "tokens"])
    return connection, action


def forget(session: Session, connection: Connection) -> Forgotten:
    """Take it out of service: nothing is stored any more that opens the CRM. Links, mappings and values stay."""
    tokens = tuple(filter(None, (_opened(connection.refresh_token_sealed), _opened(connection.access_token_sealed))))
    forgotten = Forgotten(connection.client_id, _opened(connection.client_secret_sealed), tokens)
    before = _told(connection)
    connection.access_token_sealed = connection.refresh_token_sealed = ""
    connection.token_expires_at = None
    if connection.auth_flow == CLIENT_CREDENTIALS:
        # There the app's secret alone brings a token.
        connection.client_secret_sealed = ""
    _new_generation(connection)
    connection.state, connection.broken_code = BROKEN, DISCONNECTED
    connection.broken_message = "An admin has disconnected it."
    connection.broken_at = connection.updated_at = utc_now()
    note(session, connection, "connection.disconnect", before=before, after=_told(connection), secrets=["tokens"])
    return forgotten


def _inserted(session: Session, flow: Flow, org: Org) -> Connection:
    connection = Connection(
        crm=flow.crm, org_id=org.org_id, name=org.name[:200], syncs_enabled=True, created_at=utc_now()
    )
    session.add(connection)
    return connection


def _take_over(connection: Connection, attempt: Attempt, grant: Grant, org: Org) -> None:
    seal = runtime().vault.seal
    connection.auth_flow = AUTHORIZATION_CODE
    connection.client_id = attempt.client_id
    connection.client_secret_sealed = seal(attempt.client_secret)
    connection.access_token_sealed = seal(grant.access_token)
    connection.refresh_token_sealed = seal(grant.refresh_token)
    connection.token_expires_at = grant.expires_at
    _new_generation(connection)
    connection.base_url, connection.api_version = org.base_url, org.api_version
    connection.host_origins = list(org.host_origins)
    connection.integration_user_id = org.user_id
    connection.updated_at = utc_now()
    make_active(connection)


def _new_generation(connection: Connection) -> None:
    """A process that is renewing the old token right now must not put it back."""
    connection.token_version = (connection.token_version or 0) + 1
    connection.refreshing_until = None


def _told(connection: Connection) -> dict[str, Any]:
    """What the audit trail shows of the access: nothing secret."""
    return {
        "state": connection.broken_code or connection.state,
        "client_id": connection.client_id,
        "base_url": connection.base_url,
        "user": connection.integration_user_id,
    }


def _opened(sealed: str) -> str:
    try:
        return runtime().vault.open(sealed)
    except CannotOpen:
        return ""
