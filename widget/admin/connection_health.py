"""How a connection is, in the words of its card: active, waiting, expired, broken or disconnected, and what to do."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from jobs.crm.connect import FLOWS
from jobs.crm.tokens import AUTHORIZATION_CODE, CLIENT_CREDENTIALS, STATIC_TOKEN
from jobs.models import Connection
from jobs.models.connection import BROKEN, DISCONNECTED
from widget.admin.display import CRM_NAMES

ENDED = frozenset({"invalid_grant", "INVALID_SESSION_ID", "BAD_REFRESH_TOKEN", "INVALID_AUTHENTICATION"})
"""Codes by which the CRMs say that what a person once allowed is over."""
KEPT = (
    "Links, mappings and values are kept, and records that could not be synced meanwhile are synced by themselves then."
)

Tone = Literal["good", "warn", "bad", "quiet"]
Offer = Literal["", "reconnect", "edit", "test"]


@dataclass(frozen=True)
class Health:
    """`offer` is the button that mends it: reconnect, edit or test; "" when there is nothing to mend."""

    word: str
    tone: Tone
    headline: str = ""
    cause: str = ""
    code: str = ""
    remedy: str = ""
    since: datetime | None = None
    offer: Offer = ""


def health_of(connection: Connection, now: datetime) -> Health:
    crm = CRM_NAMES.get(connection.crm, connection.crm)
    if connection.state == BROKEN:
        return _broken(connection, crm)
    if not connection.syncs_enabled:
        return Health("Syncs off", "quiet")
    if (until := connection.waits_until(now)) is not None:
        return Health(
            "Waiting",
            "warn",
            headline=f"{crm} asked us to wait.",
            remedy="This connection goes on by itself. Nothing is lost; there is nothing to do.",
            since=until,
        )
    return Health("Active", "good")


def _broken(connection: Connection, crm: str) -> Health:
    signed_in = connection.auth_flow == AUTHORIZATION_CODE
    if connection.broken_code == DISCONNECTED:
        return Health(
            "Disconnected",
            "quiet",
            headline="This connection is disconnected, nothing syncs.",
            remedy=f"{_TO_GO_ON[connection.auth_flow]}. {KEPT}",
            since=connection.broken_at,
            offer="reconnect" if signed_in else "edit",
        )
    has_ended = signed_in and connection.broken_code in ENDED
    what = f"{crm} no longer lets us in" if has_ended else "This connection is broken"
    return Health(
        "Expired" if has_ended else "Broken",
        "bad",
        headline=f"{what}, nothing syncs.",
        cause=f"{crm} says: {connection.broken_message.rstrip('.')}." if has_ended else connection.broken_message,
        code=connection.broken_code,
        remedy=f"{_remedy(connection, crm, signed_in=signed_in, has_ended=has_ended)} {KEPT}",
        since=connection.broken_at,
        offer="reconnect" if signed_in else "test",
    )


_TO_GO_ON = {
    AUTHORIZATION_CODE: "Press Reconnect to go on",
    CLIENT_CREDENTIALS: "Enter the client secret under Edit to go on",
    STATIC_TOKEN: "Enter the access token under Edit to go on",
}


def _remedy(connection: Connection, crm: str, *, signed_in: bool, has_ended: bool) -> str:
    if has_ended:
        return "Press Reconnect and allow access again."
    if not signed_in:
        return f"Put it right in {crm} and press Test connection, or enter new credentials under Edit."
    known = FLOWS[connection.crm].remedies.get(connection.broken_code, f"Put it right in {crm}.")
    return f"{known} Then press Reconnect, or Test connection."
