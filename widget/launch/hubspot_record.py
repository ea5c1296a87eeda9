"""May this record be shown? HubSpot signs whatever address a card calls, so the record in it is only a claim.

HubSpot tells an app nothing of what one person may see: a record that is in the connected portal may be shown to
whoever may use the connection. That it is there is found out by reading it, or known from an earlier look.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime

import structlog

from jobs.crm.adapters import crm_label
from jobs.crm.errors import CrmError, NotFound, RetryLater
from jobs.crm.hubspot_names import usual_label
from jobs.mappings import ObjectFacts
from jobs.models import Connection, CrmRecord
from jobs.runtime import Runtime, utc_now
from jobs.sync.look import look_as_connection
from jobs.sync.words import words
from widget.launch.hubspot_card import CardRefused, CardRequest

log = structlog.get_logger()

CRM = "hubspot"
TRY_AGAIN_MS = 5000
LONGEST_READ_SECONDS = 5.0


def is_mapped(here: Runtime, connection: Connection, asked: CardRequest) -> bool:
    return _mapping(here, connection, asked) is not None


def is_known(here: Runtime, connection: Connection, asked: CardRequest) -> bool:
    """Seen in this portal before, and not known to be gone."""
    with here.database.read() as session:
        seen = session.get(CrmRecord, (connection.id, asked.object, asked.record_id))
    return seen is not None and not seen.is_deleted


def look(here: Runtime, connection: Connection, asked: CardRequest) -> bool:
    """Read the record now; whether HubSpot answered. False only for one that is known. Raises CardRefused."""
    mapping = _mapping(here, connection, asked)
    if mapping is None:
        _require_usual(connection, asked)
        return True  # nothing of it will be shown but that its kind is not set up
    if (pause := connection.waits_until(utc_now())) is not None:
        return _by_memory(here, connection, asked, _busy(connection, pause))
    try:
        look_as_connection(_in_a_hurry(here), connection, mapping, asked.record_id)
    except NotFound as error:
        raise _refused(error.code or "NOT_FOUND", connection, mapping, error.message) from None
    except RetryLater as error:
        log.warning("record_not_read", code=error.code, connection_id=connection.id)
        return _by_memory(here, connection, asked, _busy(connection, error.retry_at))
    except CrmError as error:
        log.warning("record_not_read", code=error.code, connection_id=connection.id)
        return _by_memory(here, connection, asked, _refused(error.code, connection, mapping, error.message))
    return True


def _in_a_hurry(here: Runtime) -> Runtime:
    """With less patience than a worker has: HubSpot drops a card's call after 15 seconds, and makes it again."""
    seconds = min(here.settings.crm_timeout_read, LONGEST_READ_SECONDS)
    return replace(here, settings=here.settings.model_copy(update={"crm_timeout_read": seconds}))


def _mapping(here: Runtime, connection: Connection, asked: CardRequest) -> ObjectFacts | None:
    with here.database.look() as database:
        return here.mappings.find(database, connection.id, asked.object)


def _require_usual(connection: Connection, asked: CardRequest) -> None:
    """A kind of record that HubSpot may call anything: there is no name to say about it that it is switched off."""
    if usual_label(asked.object) == asked.object:
        said = words("NOT_MAPPED", crm=crm_label(connection.crm), object_label="These")
        raise CardRefused("UNKNOWN_OBJECT", said.message, said.remedy)


def _by_memory(here: Runtime, connection: Connection, asked: CardRequest, otherwise: CardRefused) -> bool:
    """What was last seen may be shown again. Raises `otherwise` for a record that nobody has seen."""
    if not is_known(here, connection, asked):
        raise otherwise
    return False


def _busy(connection: Connection, retry_at: datetime | None) -> CardRefused:
    crm = crm_label(connection.crm)
    if retry_at is not None:
        return CardRefused(
            "RATE_LIMITED",
            f"{crm} has asked us to wait.",
            "Try again in a moment.",
            status="busy",
            poll_after_ms=_until(retry_at),
        )
    return CardRefused(
        "NO_ANSWER",
        f"{crm} does not answer us right now.",
        "Try again in a moment.",
        status="busy",
        poll_after_ms=TRY_AGAIN_MS,
    )


def _until(moment: datetime) -> int:
    milliseconds = int((moment - utc_now()).total_seconds() * 1000)
    return min(max(milliseconds, 500), 10_000)


def _refused(code: str, connection: Connection, mapping: ObjectFacts, detail: str) -> CardRefused:
    said = words(code, crm=crm_label(connection.crm), object_label=mapping.object_label, detail=detail)
    return CardRefused(code, said.message, said.remedy)
