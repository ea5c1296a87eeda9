"""The address a CRM called, as it signed it."""

from __future__ import annotations

from urllib.parse import quote

from flask import request


def called_address(public_url: str) -> bytes:
    """Our public address with the raw path and query of this request.

    The host is ours to know: what a request says of it is anybody's word.
    """
    raw = str(request.environ.get("RAW_URI") or request.environ.get("REQUEST_URI") or "")
    if not raw.startswith("/"):
        query = request.environ.get("QUERY_STRING", "")
        raw = quote(request.path) + (f"?{query}" if query else "")
    return public_url.encode() + raw.encode("latin-1")
