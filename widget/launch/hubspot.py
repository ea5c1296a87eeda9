"""HubSpot's app card calls here through HubSpot's servers, which sign each call: look, sync, follow, open Details.

HubSpot repeats a call whose answer it did not get, once. So looking changes nothing that a repeat would change again,
and a sync is known by the key of its click. Whatever can be expected is told with status 200.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import structlog
from flask import Blueprint, jsonify, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import BadRequest

from jobs.models import Connection
from jobs.runtime import Runtime, utc_now
from jobs.tasks import request_single
from widget.called import called_address
from widget.context import runtime
from widget.launch.admittance import is_admitted
from widget.launch.hubspot_app import app_secret
from widget.launch.hubspot_card import CardRefused, CardRequest, drawn, read_request, refused
from widget.launch.hubspot_record import CRM, is_known, is_mapped, look
from widget.launch.hubspot_signature import (
    SIGNATURE,
    TIMESTAMP,
    Caller,
    ProofRefused,
    SignedRequest,
    caller,
    signed_text,
    signers,
)
from widget.launch.opening import LONGEST_NAME
from widget.launch.tickets import Admission, ticket_address
from widget.panel_answers import ask_of, the_bell
from widget.panel_facts import Situation, panel_view
from widget.tokens import PanelClaims

log = structlog.get_logger()

blueprint = Blueprint("launch_hubspot", __name__, url_prefix="/launch/hubspot")

LARGEST_BODY = 16 * 1024
# The answer travels back through HubSpot's servers: a sync that is over within this is told at once.
GLANCE_SECONDS = 1.0
INSTALLED_APP = 0  # stands for the app of this installation's settings among the connections' ids


@dataclass(frozen=True)
class Visit:
    """A call that HubSpot has signed, of a person who may use this connection."""

    connection: Connection
    person: Caller
    proof: bytes  # names this very call: a repeat has the same


class NotSigned(Exception):
    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@blueprint.post("")
def card() -> ResponseReturnValue:
    """The record as it stands, or how a run on it goes; with `details` also a one-time address of the whole panel."""
    here = runtime()
    visit = _visit(here)
    asked = read_request(request.get_data())
    # Who follows a run has looked at the record before: no call to HubSpot for each step of it.
    follows = asked.run_id is not None and not asked.wants_details and is_known(here, visit.connection, asked)
    answers = True if follows else look(here, visit.connection, asked)
    situation = Situation(crm_answers=answers, run_id=asked.run_id, queue_answers=the_bell().queue_answers)
    view = panel_view(here, _claims(visit, asked), situation)
    url = _details(here, visit, asked, crm_answered=answers) if asked.wants_details else None
    return jsonify(drawn(view, url=url))


@blueprint.post("/sync")
def sync() -> ResponseReturnValue:
    """The card's one click. Starts a run or joins the one that is on; answers with the result of a quick one."""
    here = runtime()
    visit = _visit(here)
    asked = read_request(request.get_data())
    if not asked.key:
        raise BadRequest
    if not is_known(here, visit.connection, asked):
        look(here, visit.connection, asked)
    claims = _claims(visit, asked)
    if not is_mapped(here, visit.connection, asked):
        return jsonify(drawn(panel_view(here, claims, Situation())))
    started = request_single(here, ask_of(claims), key=asked.key)
    if started.is_new and started.queue_answers:
        the_bell().glance(started.run.id, GLANCE_SECONDS)
    situation = Situation(run_id=started.run.id, queue_answers=started.queue_answers)
    return jsonify(drawn(panel_view(here, claims, situation)))


@blueprint.errorhandler(CardRefused)
def _card_refused(error: CardRefused) -> ResponseReturnValue:
    log.info("card_refused", code=error.code, status=error.status)
    return jsonify(refused(error))


@blueprint.errorhandler(NotSigned)
def _not_signed(error: NotSigned) -> ResponseReturnValue:
    log.info("launch_refused", code=error.code, status=401)
    return jsonify(error=error.code, message="HubSpot has not signed this request, or too long ago."), 401


@blueprint.errorhandler(SQLAlchemyError)
def _database(error: SQLAlchemyError) -> ResponseReturnValue:
    log.error("database_failed", path=request.path, error=type(error).__name__, exc_info=True)
    away = CardRefused(
        "NO_DATABASE",
        "Our database does not answer.",
        "Nothing was lost; try again in a moment.",
        status="busy",
        poll_after_ms=5000,
    )
    return jsonify(refused(away))


def _visit(here: Runtime) -> Visit:
    """Fetch and authorise in one step. Raises NotSigned or CardRefused."""
    request.max_content_length = LARGEST_BODY
    signed = SignedRequest(
        method=request.method,
        url=called_address(here.settings.public_url),
        body=request.get_data(),
        signature=request.headers.get(SIGNATURE),
        timestamp=request.headers.get(TIMESTAMP),
    )
    connections = {each.id: each for each in _connections(here)}
    try:
        fitting = signers(signed, _secrets(here, connections.values()), now=utc_now())
        person = caller(signed)
    except ProofRefused as error:
        raise NotSigned(error.code) from None
    ours = (connections[each] for each in fitting if each != INSTALLED_APP)
    connection = next((each for each in ours if each.org_id == person.portal_id), None)
    if connection is None:
        raise CardRefused(
            "FOREIGN_ORG", "This HubSpot account is not connected here.", "An admin can connect it under Connections."
        )
    if not is_admitted(connection, person.user_email):
        raise CardRefused(
            "NOT_ON_LIST",
            "You are not on the list of people who may use this.",
            "An admin can add you under Connections.",
        )
    return Visit(connection, person, hashlib.sha256(signed_text(signed)).digest())


def _connections(here: Runtime) -> list[Connection]:
    with here.database.read() as session:
        return list(session.scalars(select(Connection).where(Connection.crm == CRM).order_by(Connection.id)))


def _secrets(here: Runtime, connections: Iterable[Connection]) -> Iterator[tuple[int, str]]:
    """(connection id, the secret its calls are signed with)."""
    yield INSTALLED_APP, here.settings.hubspot_client_secret.get_secret_value()
    for each in connections:
        yield each.id, app_secret(here, each)


def _claims(visit: Visit, asked: CardRequest) -> PanelClaims:
    """The rights of a panel's token, for this one answer: HubSpot tells an app nothing about a person's fields."""
    return PanelClaims(
        connection_id=visit.connection.id,
        object=asked.object,
        crm_record_id=asked.record_id,
        user_id=visit.person.user_id,
        user_name=visit.person.user_email[:LONGEST_NAME],
        scopes=("view", "sync", "undo"),
        readable=None,
        editable=None,
        locale=asked.locale,
        time_zone=asked.time_zone,
        currency="",
        session_until=0,
    )


def _details(here: Runtime, visit: Visit, asked: CardRequest, *, crm_answered: bool) -> str:
    admission = Admission(
        object=asked.object,
        crm_record_id=asked.record_id,
        user_id=visit.person.user_id,
        user_email=visit.person.user_email,
        locale=asked.locale,
        time_zone=asked.time_zone,
        crm_answered=crm_answered,
    )
    return ticket_address(here, visit.connection, admission, proof=visit.proof)
