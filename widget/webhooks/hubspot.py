"""HubSpot's webhooks: an array of events, signed v3 with the app's client secret over the address it called.

Events come in any order, more than once, and some are of our own writes: each only names a record to look at.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from jobs.crm.hubspot import CRM as CRM
from jobs.crm.hubspot_names import OBJECT_OF_TYPE_ID
from jobs.hints import Hint
from jobs.models import Connection
from jobs.runtime import Runtime, utc_now
from widget.launch.hubspot_app import app_secret
from widget.launch.hubspot_signature import SIGNATURE, TIMESTAMP, ProofRefused, SignedRequest, signers
from widget.webhooks.delivery import Delivery, NotBelieved, Told

MOST_EVENTS = 1000  # HubSpot says fewer than 100
LARGEST_BODY = 8 * 1024 * 1024  # each event carries its property's value, of up to 65,536 characters
# The older events say the object in their type: "contact.creation".
_OBJECT_OF_TYPE = {"contact": "contacts", "company": "companies", "deal": "deals", "ticket": "tickets"}
# A merge names several records, under these names; those merged away are looked at for their links. What is associated
# with what is not synced: an event that tells of that alone names no record in these ways.
_OTHER_IDS = ("primaryObjectId", "newObjectId")


def read(here: Runtime, connection: Connection, delivery: Delivery) -> Told:
    """The records a signed body names, of this portal. Raises NotBelieved."""
    signed = SignedRequest(
        method=delivery.method,
        url=delivery.url,
        body=delivery.body,
        signature=delivery.headers.get(SIGNATURE.lower()),
        timestamp=delivery.headers.get(TIMESTAMP.lower()),
    )
    try:
        signers(signed, [(connection.id, app_secret(here, connection))], now=utc_now())
    except ProofRefused as error:
        raise NotBelieved(error.code, 401) from None
    events = delivery.json()
    if not isinstance(events, list) or len(events) > MOST_EVENTS:
        raise NotBelieved("MALFORMED_BODY", 400)
    return Told([hint for event in events for hint in _hints(connection, event)], signed.mac)


def _hints(connection: Connection, event: Any) -> Iterator[Hint]:
    """One app may serve several portals: what is of another is not for this connection."""
    if not isinstance(event, dict) or str(event.get("portalId")) != connection.org_id:
        return
    if (name := _object(event)) is None:
        return
    merged = event.get("mergedObjectIds")
    named = [event.get(each) for each in ("objectId", *_OTHER_IDS)]
    for record_id in [*named, *(merged if isinstance(merged, list) else ())]:
        if isinstance(record_id, int | str) and not isinstance(record_id, bool):
            yield Hint(name, str(record_id))


def _object(event: dict[str, Any]) -> str | None:
    type_id = event.get("objectTypeId")
    if isinstance(type_id, str):
        return OBJECT_OF_TYPE_ID.get(type_id, type_id)
    return _OBJECT_OF_TYPE.get(str(event.get("subscriptionType", "")).partition(".")[0])
