"""What each CRM sends when records changed: its own body, its own signature, as much at once as it would."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import requests
from sqlalchemy import update

from benchmarks.street import Street
from jobs.models import Connection
from widget.webhooks.salesforce import signature

SECRET = "a secret of the benchmark"
Json = dict[str, Any]


@dataclass(frozen=True)
class Sender:
    """`signed` gives body and headers for a delivery about these records to that address."""

    crm: str
    label: str
    object: str
    title: str  # the field of the job title
    at_once: int  # events in one delivery
    prepare: Callable[[Street], None]
    contact: Callable[[int], Json]
    signed: Callable[[Street, str, list[str]], tuple[bytes, dict[str, str]]]
    is_read: Callable[[Json, str], bool]  # whether a call in the CRM's journal read this record

    def send(self, here: Street, ids: list[str]) -> None:
        """To the one connection there is."""
        url = f"{here.web_url}/webhooks/{self.crm}/1"
        body, headers = self.signed(here, url, ids)
        answer = requests.post(url, data=body, headers=headers, timeout=20)
        assert answer.status_code == 202, answer.text


def _share_a_secret(here: Street) -> None:
    with here.runtime.database.write() as session:
        session.execute(update(Connection).values(hint_secret_sealed=here.runtime.vault.seal(SECRET)))


def _hints(here: Street, _url: str, ids: list[str]) -> tuple[bytes, dict[str, str]]:
    hints = [{"object": "Contact", "id": each, "event": "updated"} for each in ids]
    told = {"version": 1, "org_id": here.credentials["org_id"], "hints": hints, "n": time.time_ns()}
    body, timestamp = json.dumps(told).encode(), str(int(time.time()))
    return body, {"X-CRM-Sync-Timestamp": timestamp, "X-CRM-Sync-Signature": signature(SECRET, timestamp, body)}


def _lift_limits(here: Street) -> None:
    """HubSpot's limits are not what is measured: most accounts would spread this burst over a minute."""
    here.control("limits", {"burst": 1_000_000, "search_per_second": 1_000_000, "search_lag_seconds": 0})


def _events(here: Street, url: str, ids: list[str]) -> tuple[bytes, dict[str, str]]:
    known, now = here.credentials, time.time_ns()
    events = [
        {
            "eventId": now + number,
            "subscriptionId": 1,
            "portalId": known["portal_id"],
            "appId": known["app_id"],
            "occurredAt": now // 1_000_000,
            "subscriptionType": "object.propertyChange",
            "attemptNumber": 0,
            "objectId": int(record_id),
            "objectTypeId": "0-1",
            "propertyName": "jobtitle",
            "changeSource": "CRM_UI",
        }
        for number, record_id in enumerate(ids)
    ]
    body, timestamp = json.dumps(events).encode(), str(now // 1_000_000)
    text = b"POST" + url.encode() + body + timestamp.encode()
    proof = base64.b64encode(hmac.digest(known["client_secret"].encode(), text, hashlib.sha256)).decode()
    return body, {"X-HubSpot-Signature-v3": proof, "X-HubSpot-Request-Timestamp": timestamp}


SENDERS = (
    Sender(
        crm="salesforce",
        label="Salesforce",
        object="Contact",
        title="Title",
        at_once=100,
        prepare=_share_a_secret,
        contact=lambda number: {
            "LastName": f"Sample {number}",
            "Email": f"sample.{number}@example.com",
            "Title": "Clerk",
        },
        signed=_hints,
        is_read=lambda call, record_id: "query" in call["path"] and record_id in json.dumps(call),
    ),
    Sender(
        crm="hubspot",
        label="HubSpot",
        object="contacts",
        title="jobtitle",
        at_once=50,  # HubSpot: fewer than 100
        prepare=_lift_limits,
        contact=lambda number: {
            "lastname": f"Sample {number}",
            "email": f"sample.{number}@example.com",
            "jobtitle": "Clerk",
        },
        signed=_events,
        is_read=lambda call, record_id: call["method"] == "GET" and call["path"].endswith(f"/contacts/{record_id}"),
    ),
)
