"""One webhook as it came: what was signed, and the proof."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any

from flask import request

from jobs.hints import Hint
from widget.called import called_address


class NotBelieved(Exception):
    """The webhook is not taken; `status` is what its sender is answered."""

    def __init__(self, code: str, status: int) -> None:
        super().__init__(code)
        self.code, self.status = code, status


@dataclass(frozen=True)
class Delivery:
    """`url`: our public address with the raw path and query. `headers`: by lower-case name, those sent exactly once."""

    method: str
    url: bytes
    body: bytes
    headers: dict[str, str]
    signature: str = ""
    timestamp: str = ""

    @classmethod
    def of_request(cls, public_url: str) -> Delivery:
        headers = {
            name.lower(): values[0]
            for name in request.headers.keys()  # noqa: SIM118 - it yields a name as often as it was sent
            if len(values := request.headers.getlist(name)) == 1
        }
        return cls(
            method=request.method,
            url=called_address(public_url),
            body=request.get_data(),
            headers=headers,
            signature=next((headers[name] for name in _SIGNATURES if name in headers), ""),
            timestamp=next((headers[name] for name in _TIMESTAMPS if name in headers), ""),
        )

    def json(self) -> Any:
        """The body, once its signature is known to be right. Raises NotBelieved."""
        try:
            return json.loads(self.body)
        except (ValueError, RecursionError):
            raise NotBelieved("MALFORMED_BODY", 400) from None


@dataclass(frozen=True)
class Told:
    """What a delivery that is believed names. `mac`: what was verified, the same however its signature is spelled."""

    hints: list[Hint]
    mac: bytes


_SIGNATURES = ("x-crm-sync-signature", "x-hubspot-signature-v3")
_TIMESTAMPS = ("x-crm-sync-timestamp", "x-hubspot-request-timestamp")
