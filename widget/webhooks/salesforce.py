"""Hints that our package in a Salesforce org sends; `packages/salesforce/README.md` has the format."""

from __future__ import annotations

import hashlib
import hmac
import re
from typing import Any

from jobs.crm.salesforce import CRM as CRM
from jobs.crm.salesforce import OBJECT_PATTERN
from jobs.crm.salesforce_names import ID_PATTERN
from jobs.hints import Hint
from jobs.models import Connection
from jobs.runtime import Runtime, utc_now
from jobs.vault import CannotOpen
from widget.webhooks.delivery import Delivery, NotBelieved, Told

LARGEST_BODY = 64 * 1024
MOST_HINTS = 200
OLDEST_SECONDS, FARTHEST_AHEAD_SECONDS = 300, 60
_SECONDS = re.compile(r"[0-9]{1,12}")


def read(here: Runtime, connection: Connection, delivery: Delivery) -> Told:
    """The records a signed body names. Raises NotBelieved."""
    _require_recent(delivery.timestamp)
    _require_signed(here, connection, delivery)
    return Told(_hints(connection, delivery.json()), delivery.signature.encode())


def signature(secret: str, timestamp: str, body: bytes) -> str:
    text = timestamp.encode() + b"." + body
    return f"v1={hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()}"


def _require_recent(timestamp: str) -> None:
    if not _SECONDS.fullmatch(timestamp):
        raise NotBelieved("MALFORMED_TIMESTAMP", 401)
    age = utc_now().timestamp() - int(timestamp)
    if not -FARTHEST_AHEAD_SECONDS <= age <= OLDEST_SECONDS:
        raise NotBelieved("EXPIRED_PROOF", 401)


def _require_signed(here: Runtime, connection: Connection, delivery: Delivery) -> None:
    try:
        secret = here.vault.open(connection.hint_secret_sealed)
    except CannotOpen:
        secret = ""
    expected = signature(secret, delivery.timestamp, delivery.body)
    if not hmac.compare_digest(expected.encode(), delivery.signature.encode("utf-8", "replace")) or not secret:
        raise NotBelieved("WRONG_SIGNATURE", 401)


def _hints(connection: Connection, body: Any) -> list[Hint]:
    if not isinstance(body, dict) or body.get("version") != 1 or not isinstance(body.get("hints"), list):
        raise NotBelieved("MALFORMED_BODY", 400)
    if body.get("org_id") != connection.org_id:
        raise NotBelieved("FOREIGN_ORG", 403)
    if not 1 <= len(body["hints"]) <= MOST_HINTS:
        raise NotBelieved("MALFORMED_BODY", 400)
    return [_hint(each) for each in body["hints"]]


def _hint(told: Any) -> Hint:
    name, record_id = (told.get("object"), told.get("id")) if isinstance(told, dict) else (None, None)
    if not isinstance(name, str) or not isinstance(record_id, str):
        raise NotBelieved("MALFORMED_BODY", 400)
    if not OBJECT_PATTERN.fullmatch(name) or not ID_PATTERN.fullmatch(record_id):
        raise NotBelieved("MALFORMED_BODY", 400)
    return Hint(name, record_id)
