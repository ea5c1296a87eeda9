"""The emulator's own controls under `/_emulator`: journal, faults, clock, and what happens inside the CRM."""

from __future__ import annotations

import ipaddress
from collections.abc import Callable, Mapping
from typing import Any, Protocol

from flask import Blueprint, Response, abort, jsonify, request

from emulator.clock import Clock
from emulator.faults import FaultError, Faults
from emulator.journal import Journal

Event = Callable[[Mapping[str, Any]], Any]


class ControlError(ValueError):
    """The control call makes no sense; `details` says why, as JSON."""

    def __init__(self, details: Any) -> None:
        super().__init__(str(details))
        self.details = details


class Controlled(Protocol):
    """A CRM that can be controlled. `events` are the things that happen in it, by the name of their path."""

    @property
    def clock(self) -> Clock: ...
    @property
    def journal(self) -> Journal: ...
    @property
    def faults(self) -> Faults: ...
    @property
    def events(self) -> Mapping[str, Event]: ...
    def set_clock_offset(self, seconds: float) -> None: ...
    def reset(self) -> None: ...
    def list_users(self) -> list[dict[str, Any]]: ...


def create_blueprint(crm: Controlled) -> Blueprint:
    """No login: it answers loopback only, under a loopback name only (a guard against DNS rebinding)."""
    blueprint = Blueprint("control", __name__, url_prefix="/_emulator")
    blueprint.before_request(_refuse_strangers)
    blueprint.register_error_handler(FaultError, _refused)
    blueprint.register_error_handler(ControlError, _refused)
    _add_reading(blueprint, crm)
    _add_faults(blueprint, crm)
    _add_time(blueprint, crm)
    for name, event in crm.events.items():
        blueprint.add_url_rule(f"/{name}", name, _event_view(event), methods=["POST"])
    return blueprint


def _add_reading(blueprint: Blueprint, crm: Controlled) -> None:
    @blueprint.get("/journal")
    def journal() -> Response:
        since, kind = request.args.get("since", 0, type=int), request.args.get("kind")
        limit = request.args.get("limit", 10_000, type=int)
        entries = crm.journal.entries(since=since, kind=kind, limit=limit)
        full = bool(entries) and len(entries) == limit
        return jsonify(entries=entries, next=entries[-1]["seq"] + 1 if full else crm.journal.next_seq)

    @blueprint.get("/users")
    def users() -> Response:
        return jsonify(users=crm.list_users())


def _add_faults(blueprint: Blueprint, crm: Controlled) -> None:
    @blueprint.post("/faults")
    def add_fault() -> Response:
        return jsonify(id=crm.faults.add(_body()).id)

    @blueprint.get("/faults")
    def list_faults() -> Response:
        return jsonify(faults=crm.faults.list())

    @blueprint.delete("/faults")
    def clear_faults() -> tuple[str, int]:
        crm.faults.clear()
        return "", 204


def _add_time(blueprint: Blueprint, crm: Controlled) -> None:
    @blueprint.get("/clock")
    def tell_time() -> Response:
        return jsonify(now=crm.clock.now().isoformat(), offset_seconds=crm.clock.offset_seconds)

    @blueprint.post("/clock")
    def set_clock() -> Response:
        offset = _body().get("offset_seconds")
        if isinstance(offset, bool) or not isinstance(offset, int | float):
            raise ControlError("offset_seconds must be a number")
        crm.set_clock_offset(float(offset))
        return tell_time()

    @blueprint.post("/reset")
    def reset() -> tuple[str, int]:
        crm.reset()
        return "", 204


def _event_view(event: Event) -> Callable[[], Response]:
    def view() -> Response:
        return jsonify(event(_body()))

    return view


def _body() -> dict[str, Any]:
    body = request.get_json(silent=True)
    if not isinstance(body, dict):
        raise ControlError("a JSON object is expected")
    return body


def _refuse_strangers() -> None:
    host = request.host.rsplit(":", 1)[0].strip("[]").lower()
    if not (
        _is_loopback(request.remote_addr or "")
        and (host == "localhost" or host.endswith(".localhost") or _is_loopback(host))
    ):
        abort(403)


def _is_loopback(text: str) -> bool:
    try:
        return ipaddress.ip_address(text).is_loopback
    except ValueError:
        return False


def _refused(error: Exception) -> tuple[Response, int]:
    details = error.details if isinstance(error, ControlError) else str(error)
    return jsonify(error=details), 400
