"""One webhook as it came: what was signed, and the proof."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from flask import request


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
            url=public_url.encode() + _raw_path(),
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


_SIGNATURES = ("x-crm-sync-signature", "x-hubspot-signature-v3")
_TIMESTAMPS = ("x-crm-sync-timestamp", "x-hubspot-request-timestamp")


def _raw_path() -> bytes:
    """As it was called: our host is ours to know, what a request says of it is anybody's word."""
    raw = str(request.environ.get("RAW_URI") or request.environ.get("REQUEST_URI") or "")
    if not raw.startswith("/"):
        query = request.environ.get("QUERY_STRING", "")
        raw = quote(request.path) + (f"?{query}" if query else "")
    return raw.encode("latin-1")
