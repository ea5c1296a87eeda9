"""What HubSpot's app card asks and is told, as JSON. The card's side of it: packages/hubspot/src/app/cards/contract.ts.

The card draws the record by itself from the same view as the panel; it decides nothing.
"""

from __future__ import annotations

import json
import re
from dataclasses import asdict, dataclass
from typing import Any, Literal

from werkzeug.exceptions import BadRequest

from jobs.crm.hubspot_names import ID_PATTERN, OBJECT_OF_TYPE_ID
from jobs.models.base import LARGEST_ID
from widget.panel_view import EntryView, FieldRow, PanelView

Status = Literal["ok", "refused", "busy"]

SOONEST_MS, LATEST_MS = 500, 10_000  # when a card may ask again
ASK_AGAIN_MS = 1000  # a card's question passes through HubSpot's servers: no more often than people notice
LONGEST_VALUE = 400
_TYPE_ID = re.compile(r"[0-9]{1,3}-[0-9]{1,12}")
_KEY = re.compile(r"[A-Za-z0-9-]{8,64}")
_UNDER_WAY = ("queued", "running", "waiting")


@dataclass(frozen=True)
class CardRequest:
    """Which record, and how its reader reads: claims of the card. `key` is the click's, "" where none was made."""

    object: str
    record_id: str
    locale: str
    time_zone: str
    run_id: int | None
    wants_details: bool
    key: str


class CardRefused(Exception):
    """Nothing to draw; the card shows why and what to do. Told with status 200: HubSpot passes no other one on."""

    def __init__(self, code: str, message: str, remedy: str, *, status: Status = "refused", poll_after_ms: int = 0):
        super().__init__(code)
        self.code = code
        self.message = message
        self.remedy = remedy
        self.status = status
        self.poll_after_ms = poll_after_ms


def read_request(body: bytes) -> CardRequest:
    """Raises BadRequest for what no card of ours would send."""
    try:
        sent = json.loads(body)
    except (ValueError, RecursionError):
        raise BadRequest from None
    if not isinstance(sent, dict):
        raise BadRequest
    type_id, run_id, key = _text(sent, "object_type_id", 20), sent.get("run_id"), _text(sent, "key", 64)
    if not _TYPE_ID.fullmatch(type_id) or (key and not _KEY.fullmatch(key)):
        raise BadRequest
    if run_id is not None and (type(run_id) is not int or not 0 < run_id <= LARGEST_ID):
        raise BadRequest
    record_id = _text(sent, "object_id", 20)
    if not ID_PATTERN.fullmatch(record_id):
        raise BadRequest
    return CardRequest(
        object=OBJECT_OF_TYPE_ID.get(type_id, type_id),
        record_id=record_id,
        locale=_text(sent, "locale", 40),
        time_zone=_text(sent, "time_zone", 60),
        run_id=run_id,
        wants_details=sent.get("details") is True,
        key=key,
    )


def drawn(view: PanelView, *, url: str | None = None) -> dict[str, Any]:
    """The whole card. `url`: where its Details open, once."""
    return _answer(
        status="ok",
        record={"name": view.record_name, "object_label": view.object_label},
        state=view.state,
        health=view.health,
        health_words=view.health_words,
        headline=view.headline,
        detail=view.detail,
        remedy=view.remedy,
        code=view.code,
        fields=[_field(row) for row in view.fields],
        no_fields=view.no_fields,
        last=_entry(view.entries[0]) if view.entries else None,
        can_sync=view.can_sync,
        run_id=view.run_id,
        url=url,
        poll_after_ms=_poll_after(view),
    )


def refused(error: CardRefused) -> dict[str, Any]:
    return _answer(
        status=error.status,
        message=error.message,
        remedy=error.remedy,
        code=error.code,
        poll_after_ms=error.poll_after_ms or None,
    )


def _answer(**told: Any) -> dict[str, Any]:
    nothing: dict[str, Any] = {
        "status": "ok",
        "message": "",
        "record": None,
        "state": None,
        "health": "off",
        "health_words": "",
        "headline": "",
        "detail": "",
        "remedy": "",
        "code": "",
        "fields": [],
        "no_fields": "",
        "last": None,
        "can_sync": False,
        "run_id": None,
        "url": None,
        "poll_after_ms": None,
    }
    return nothing | told


def _field(row: FieldRow) -> dict[str, Any]:
    return {
        "name": row.name,
        "label": row.label,
        "crm_value": _shortened(row.crm_value),
        "our_value": _shortened(row.our_value),
        "differs": row.differs,
        "direction": row.direction,
        "direction_words": row.direction_words,
        "changed": row.just_changed,
        "note": row.note,
    }


def _entry(entry: EntryView) -> dict[str, Any]:
    return {name: value for name, value in asdict(entry).items() if name in _ENTRY}


_ENTRY = ("outcome", "sentence", "at", "by", "code", "remedy")


def _poll_after(view: PanelView) -> int | None:
    if view.run_id is None or view.state not in _UNDER_WAY:
        return None
    return min(max(view.poll_delay_ms or ASK_AGAIN_MS, SOONEST_MS), LATEST_MS)


def _shortened(text: str) -> str:
    return text if len(text) <= LONGEST_VALUE else text[: LONGEST_VALUE - 1] + "…"


def _text(sent: dict[str, Any], name: str, longest: int) -> str:
    value = sent.get(name, "")
    if not isinstance(value, str) or len(value) > longest:
        raise BadRequest
    return value
