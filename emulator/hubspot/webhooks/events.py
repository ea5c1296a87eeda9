"""One change as the event that a subscription sends: HubSpot's generic form, in which ids are numbers."""

from __future__ import annotations

import secrets
from typing import Any

from emulator.hubspot.changes import Change
from emulator.hubspot.webhooks.plan import Subscription

Event = dict[str, Any]


def event_of(change: Change, subscription: Subscription, *, portal_id: int, app_id: int) -> Event:
    """The event of a first attempt. `occurredAt` is in milliseconds; an `eventId` may be used twice."""
    return {
        "eventId": secrets.randbelow(2**31),
        "subscriptionId": subscription.id,
        "portalId": portal_id,
        "appId": app_id,
        "occurredAt": round(change.at.timestamp() * 1000),
        "subscriptionType": change.kind,
        "attemptNumber": 0,
        **_what(change),
        "changeSource": change.source.type,
        "sourceId": change.source.id,
        "isSensitive": False,
    }


def _what(change: Change) -> Event:
    if change.kind == "object.associationChange":
        # An association has two records, and no event names one of them as its object.
        return dict(change.details)
    what: Event = {"objectId": int(change.object_id), "objectTypeId": change.object_type_id, **change.details}
    if change.name is not None:
        what |= {"propertyName": change.name, "propertyValue": change.value or ""}
    return what
