"""Webhooks in: a CRM tells that records changed. Verified, remembered, answered at once; the records are read later.

`POST /webhooks/<crm>/<connection>`. A file per CRM knows how it signs and what it sends; what is taken from a body is
only which records to look at.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial

import structlog
from flask import Blueprint, Flask, jsonify, request
from flask.typing import ResponseReturnValue
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import RequestEntityTooLarge

from jobs.hints import take_hints
from jobs.models import Connection
from jobs.models.base import LARGEST_ID
from jobs.runtime import Runtime, utc_now
from widget import admin
from widget.context import runtime
from widget.launch.proof import digest_of, use_once
from widget.webhooks import hubspot, salesforce
from widget.webhooks.delivery import Delivery, NotBelieved, Told

log = structlog.get_logger()

blueprint = Blueprint("webhooks", __name__, url_prefix="/webhooks")

# As long as any signature is good, and a little more: until then the same one is known again.
REMEMBERED_FOR = timedelta(minutes=10)


@dataclass(frozen=True)
class Reader:
    """How a CRM's deliveries are read, and how many bytes one may have."""

    read: Callable[[Runtime, Connection, Delivery], Told]
    largest_body: int


READERS = {
    salesforce.CRM: Reader(salesforce.read, salesforce.LARGEST_BODY),
    hubspot.CRM: Reader(hubspot.read, hubspot.LARGEST_BODY),
}


def install(app: Flask) -> None:
    # A webhook proves itself by the CRM's signature; there is no session a foreign form could ride on.
    admin.csrf.exempt(blueprint)
    app.register_blueprint(blueprint)


@blueprint.post(f"/<crm>/<int(max={LARGEST_ID}):connection_id>")
def take(crm: str, connection_id: int) -> ResponseReturnValue:
    """202 for what was taken, also when there is nothing to do about it. No CRM is asked before the answer."""
    here = runtime()
    connection = _connection(here, crm, connection_id)
    reader = READERS[crm]
    request.max_content_length = reader.largest_body
    delivery = Delivery.of_request(here.settings.public_url)
    told = reader.read(here, connection, delivery)
    digest = digest_of(f"webhook:{connection.id}:{told.mac.hex()}")
    is_news = partial(use_once, digest=digest, forget_at=utc_now() + REMEMBERED_FOR)
    started = take_hints(here, connection, told.hints, is_news=is_news)
    if started is None:
        return jsonify(taken=0, known=True), 202
    log.info("webhook_taken", connection_id=connection.id, hints=len(told.hints), runs=started)
    return jsonify(taken=started), 202


@blueprint.errorhandler(NotBelieved)
def _not_believed(error: NotBelieved) -> ResponseReturnValue:
    log.info("webhook_refused", code=error.code, status=error.status)
    return jsonify(error=error.code), error.status


@blueprint.errorhandler(RequestEntityTooLarge)
def _too_large(_: RequestEntityTooLarge) -> ResponseReturnValue:
    return _not_believed(NotBelieved("TOO_LARGE", 413))


@blueprint.errorhandler(SQLAlchemyError)
def _database(error: SQLAlchemyError) -> ResponseReturnValue:
    """The CRM sends it again, or the next look for changes finds what it told (`jobs.polling`)."""
    log.error("database_failed", path=request.path, error=type(error).__name__)
    return jsonify(error="NO_DATABASE"), 503


def _connection(here: Runtime, crm: str, connection_id: int) -> Connection:
    """Raises NotBelieved: that there is no such connection is told like a wrong signature."""
    with here.database.read() as session:
        connection = session.get(Connection, connection_id)
    if connection is None or connection.crm != crm or crm not in READERS:
        raise NotBelieved("WRONG_SIGNATURE", 401)
    return connection
