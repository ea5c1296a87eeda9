"""One-time tickets: a verified launch answers with an address, and a frame or window of the CRM opens it.

For CRMs that do not sign the loading of a frame. A ticket is random to whoever sees it, good for a minute and once, and
kept as a hash. It opens a panel and nothing else: no request of the panel takes it for a token, nor this page a
token for a ticket.
"""

from __future__ import annotations

from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Literal

import structlog
from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from jobs.db import insert_unless_known
from jobs.models import Connection, LaunchTicket
from jobs.runtime import Runtime, utc_now
from widget.context import runtime
from widget.launch.admittance import is_admitted
from widget.launch.opening import open_panel, refuse
from widget.launch.proof import Host, Launch, digest_of
from widget.security import allow_framing_by
from widget.tokens import ticket_for

log = structlog.get_logger()

blueprint = Blueprint("launch_tickets", __name__)

PATH = "/panel"
GOOD_FOR = timedelta(seconds=60)
# Longer than a ticket is good for: until then a second use can be told from a ticket that never was.
REMEMBERED_FOR = timedelta(hours=1)
# CRM -> how its page is spoken to, and who may frame a page when the connection is not known or names no host.
_PROTOCOLS: dict[str, Literal["hubspot"]] = {"hubspot": "hubspot"}
_ANCESTORS = {"hubspot": ("https://*.hubspot.com",)}


@dataclass(frozen=True)
class Admission:
    """Whom a ticket lets in, to which record. `crm_answered`: how the look at it went when the ticket was made."""

    object: str
    crm_record_id: str
    user_id: str
    user_email: str
    locale: str
    time_zone: str
    crm_answered: bool


def ticket_address(here: Runtime, connection: Connection, admission: Admission, *, proof: bytes) -> str:
    """Where the ticket of that proof opens its panel. Asked again with the same proof, the same address."""
    ticket, now = ticket_for(here.settings, proof), utc_now()
    row = {
        "digest": digest_of(ticket),
        "connection_id": connection.id,
        "admission": asdict(admission),
        "expires_at": now + GOOD_FOR,
        "forget_at": now + REMEMBERED_FOR,
    }
    with here.database.write() as session:
        is_new = insert_unless_known(session, LaunchTicket, row)
    if not is_new:
        log.info("ticket_given_again", connection_id=connection.id)  # neither younger nor unused by that
    return f"{here.settings.public_url}{PATH}?ticket={ticket}"


@blueprint.get(PATH)
def open_by_ticket() -> ResponseReturnValue:
    """Query parameter `ticket`; answers the panel itself."""
    here = runtime()
    _frame_before_known(here)
    if request.method != "GET":
        raise refuse("NOT_A_PAGE_LOAD", 405)  # Flask lets HEAD in with GET: a look must not use the ticket up
    tickets = request.args.getlist("ticket")
    if len(tickets) != 1:
        raise refuse("UNKNOWN_TICKET", 400)
    digest = digest_of(tickets[0])
    with here.database.read() as session:
        found = session.get(LaunchTicket, digest)
        connection = session.get(Connection, found.connection_id) if found else None
    if found is None or connection is None:
        raise refuse("UNKNOWN_TICKET", 401)
    return open_panel(here, _launch(connection, found))


def _launch(connection: Connection, ticket: LaunchTicket) -> Launch:
    admission = Admission(**ticket.admission)
    origins = framed_by(connection)
    allow_framing_by(origins)
    host = Host(_PROTOCOLS.get(connection.crm, ""), origins[0] if origins else "", crm=connection.crm)
    if ticket.expires_at <= utc_now():
        raise refuse("EXPIRED_TICKET", 401, host)
    if not is_admitted(connection, admission.user_email):
        raise refuse("NOT_ON_LIST", 403, host)
    return Launch(
        connection=connection,
        user_id=admission.user_id,
        user_name=admission.user_email,
        object=admission.object,
        crm_record_id=admission.crm_record_id,
        host=host,
        digest=ticket.digest,
        forget_at=ticket.forget_at,
        locale=admission.locale,
        time_zone=admission.time_zone,
        crm_answered=admission.crm_answered,
        used_code="USED_TICKET",
    )


def framed_by(connection: Connection) -> list[str]:
    """Who may frame this connection's panel: its own hosts; where none is known, any of its CRM's."""
    return list(connection.host_origins) or list(_ANCESTORS.get(connection.crm, ()))


def _frame_before_known(here: Runtime) -> None:
    """Who may frame a refusal when nothing is known of the ticket: the hosts of all that tickets are for."""
    everywhere = [origin for origins in _ANCESTORS.values() for origin in origins]
    allow_framing_by(everywhere)  # stands when the database does not answer
    with here.database.read() as session:
        connections = session.scalars(select(Connection).where(Connection.crm.in_(_ANCESTORS)).order_by(Connection.id))
        known = [origin for each in connections for origin in each.host_origins]
    allow_framing_by(dict.fromkeys([*known, *everywhere]))
