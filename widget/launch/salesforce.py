"""Salesforce opens a panel in two ways: Canvas posts a signed request, a Lightning component hands over Apex's JWT."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Literal
from urllib.parse import urlsplit

import structlog
from flask import Blueprint, request
from flask.typing import ResponseReturnValue
from sqlalchemy import select

from jobs.crm.errors import RecordError
from jobs.crm.http import may_be_host
from jobs.crm.salesforce import CRM, HOST_SUFFIXES, OBJECT_PATTERN, full_id
from jobs.models import Connection
from jobs.runtime import Runtime, utc_now
from jobs.vault import CannotOpen
from widget.context import runtime
from widget.errors import LaunchRefused
from widget.launch import apex, canvas
from widget.launch.opening import open_panel, refuse
from widget.launch.proof import Host, Launch, digest_of
from widget.security import allow_framing_by

log = structlog.get_logger()

blueprint = Blueprint("launch_salesforce", __name__, url_prefix="/launch/salesforce")

# A Canvas envelope verifies for ever: its digest is kept far longer than the two hours its own token lives.
CANVAS_MEMORY = timedelta(days=30)
FORM_TYPE = "application/x-www-form-urlencoded"
LWC_PATH = "/launch/salesforce/lwc"
# The first three characters of an id tell a standard object; a component passes the object along with the id.
_PREFIXES = {"001": "Account", "003": "Contact", "00Q": "Lead", "006": "Opportunity"}
_ANCESTORS_OF_ANY_ORG = (
    "https://*.lightning.force.com",
    "https://*.my.salesforce.com",
    "https://*.vf.force.com",
    "https://*.visualforce.com",
    "https://*.visual.force.com",
)


@blueprint.get("/canvas")
def canvas_by_get() -> ResponseReturnValue:
    """Salesforce sends a GET before a person has approved the app: the app is not set up as pre-authorized."""
    _frame_before_verified()
    if request.args.get("_sfdc_canvas_authvalue") == "user_approval_required":
        raise refuse("NOT_PREAUTHORISED", 403)
    raise refuse("GET_INSTEAD_OF_POST", 405)


@blueprint.post("/canvas")
def canvas_by_post() -> ResponseReturnValue:
    """Form field `signed_request`; answers the panel itself."""
    _frame_before_verified()
    if request.mimetype != FORM_TYPE:
        raise refuse("NOT_A_FORM", 415)
    sent = request.form.getlist("signed_request")
    if len(sent) != 1:
        raise refuse("MALFORMED_ENVELOPE", 400)
    here = runtime()
    connections = {each.id: each for each in _connections(here)}
    try:
        envelope = canvas.open_envelope(sent[0], _canvas_secrets(here, connections.values()))
    except canvas.EnvelopeRefused as error:
        raise refuse(error.code, 401 if error.code == "WRONG_SIGNATURE" else 400) from None
    signers = [connections[each] for each in envelope.signers]
    return open_panel(here, _canvas_launch(here, signers, envelope))


@blueprint.get("/lwc")
def lwc() -> ResponseReturnValue:
    """Query parameter `token`: a JWT signed by the org's Apex, one use, about a minute."""
    _frame_before_verified()
    if request.method != "GET":
        raise refuse("NOT_A_PAGE_LOAD", 405)  # Flask lets HEAD in with GET: a look must not use the proof up
    here = runtime()
    tokens = request.args.getlist("token")
    if len(tokens) != 1:
        raise refuse("MALFORMED_PROOF", 400)
    connections = {each.launch_issuer: each for each in _connections(here) if each.launch_issuer}

    def signer_of(issuer: str) -> apex.Signer | None:
        found = connections.get(issuer)
        return apex.Signer(found.id, found.org_id, found.launch_certificate) if found else None

    try:
        proof = apex.open_proof(tokens[0], here.settings.public_url + LWC_PATH, signer_of)
    except apex.ProofRefused as error:
        raise _lwc_refusal(error, list(connections.values())) from None
    connection = next(each for each in connections.values() if each.id == proof.connection_id)
    return open_panel(here, _lwc_launch(connection, proof))


def _canvas_launch(here: Runtime, signers: list[Connection], envelope: canvas.Envelope) -> Launch:
    host = Host("canvas", _origin(here, envelope.target_origin), envelope.instance_id)
    _origin(here, envelope.instance_url)
    org_id = _full_id(envelope.org_id)
    connection = next((each for each in signers if each.org_id == org_id), None)
    if connection is None:
        raise refuse("FOREIGN_ORG", 403)
    allow_framing_by(dict.fromkeys([*connection.host_origins, host.origin]))
    object_name, record_id = _record(envelope.object, envelope.record_id, host)
    return Launch(
        connection=connection,
        user_id=_full_id(envelope.user_id),
        user_name=envelope.user_name,
        object=object_name,
        crm_record_id=record_id,
        host=host,
        digest=digest_of(f"canvas:{envelope.mac.hex()}"),
        forget_at=utc_now() + CANVAS_MEMORY,
        locale=envelope.locale,
        time_zone=envelope.time_zone,
        currency=envelope.currency,
        color_scheme=_scheme(envelope.theme),
        person_token=envelope.oauth_token,
    )


def _lwc_launch(connection: Connection, proof: apex.ApexProof) -> Launch:
    host = _lightning_host(connection)
    allow_framing_by(connection.host_origins)
    object_name, record_id = _record(proof.object, proof.record_id, host)
    return Launch(
        connection=connection,
        user_id=_full_id(proof.user_id),
        user_name=proof.user_name,
        object=object_name,
        crm_record_id=record_id,
        host=host,
        digest=digest_of(f"{proof.org_id}:{proof.jti}"),
        forget_at=datetime.fromtimestamp(proof.expires_at, UTC) + timedelta(minutes=5),
        may_sync=proof.may_sync,
        locale=proof.locale,
        time_zone=proof.time_zone,
        currency=proof.currency,
        color_scheme=_scheme(proof.theme),
        readable=proof.readable,
        editable=proof.editable,
    )


def _canvas_secrets(here: Runtime, connections: Iterable[Connection]) -> Iterator[tuple[int, str]]:
    """(connection id, secret). One that cannot be opened keeps its own org out, not the others."""
    for each in connections:
        try:
            yield each.id, here.vault.open(each.canvas_secret_sealed)
        except CannotOpen:
            log.error("canvas_secret_sealed_with_unknown_key", connection_id=each.id)


def _connections(here: Runtime) -> list[Connection]:
    with here.database.read() as session:
        return list(session.scalars(select(Connection).where(Connection.crm == CRM).order_by(Connection.id)))


def _frame_before_verified() -> None:
    """Who may frame a refusal, when nothing is known yet of who sent it: the hosts of our orgs and Salesforce's own."""
    allow_framing_by(_ANCESTORS_OF_ANY_ORG)  # stands when the database does not answer
    known = [origin for each in _connections(runtime()) for origin in each.host_origins]
    allow_framing_by(dict.fromkeys([*known, *_ANCESTORS_OF_ANY_ORG]))


def _origin(here: Runtime, url: str) -> str:
    """The origin of a host that may be Salesforce's. Guards every later use of it. Raises LaunchRefused."""
    # Python reads around white space and control characters in an address; a browser may read it otherwise.
    if not re.fullmatch(r"[!-~]+", url):
        raise refuse("FOREIGN_HOST", 403)
    try:
        parts = urlsplit(url)
    except ValueError:
        raise refuse("FOREIGN_HOST", 403) from None
    trusted = parts.netloc.lower() in here.settings.trusted_crm_hosts
    if parts.scheme != "https" and not (trusted and parts.scheme == "http"):
        raise refuse("FOREIGN_HOST", 403)
    if not re.fullmatch(r"[A-Za-z0-9.:-]+", parts.netloc) or not may_be_host(
        parts.netloc, here.settings, HOST_SUFFIXES
    ):
        raise refuse("FOREIGN_HOST", 403)
    return f"{parts.scheme}://{parts.netloc.lower()}"


def _record(object_name: str, record_id: str, host: Host) -> tuple[str, str]:
    name = object_name or _PREFIXES.get(record_id[:3], "")
    if not record_id:
        raise refuse("NO_RECORD", 400, host)
    if not OBJECT_PATTERN.fullmatch(name):
        raise refuse("UNKNOWN_OBJECT", 400, host)
    return name, _full_id(record_id)


def _full_id(record_id: str) -> str:
    try:
        return full_id(record_id)
    except RecordError:
        raise refuse("MALFORMED_ID", 400) from None


def _scheme(theme: str) -> Literal["light", "dark", ""]:
    return theme if theme in ("light", "dark") else ""  # type: ignore[return-value]  # narrowed by the test


def _lwc_refusal(error: apex.ProofRefused, connections: list[Connection]) -> LaunchRefused:
    # Often a cached page: its host can fetch a new proof, once asked. Only the org that signed hears the question.
    signer = next((each for each in connections if each.id == error.connection_id), None)
    return refuse(error.code, 401, _lightning_host(signer) if signer else None)


def _lightning_host(connection: Connection) -> Host:
    # Lightning pages live on the last of the connection's hosts.
    return Host("lwc", connection.host_origins[-1] if connection.host_origins else "")
