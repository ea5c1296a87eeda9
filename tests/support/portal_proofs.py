"""What HubSpot signs, built without the product and without the stand-in: the v3 signature of its published page."""

from __future__ import annotations

import hashlib
import hmac
import time
from base64 import b64encode
from collections.abc import Mapping
from urllib.parse import quote, urlencode

# The page on request validation lists these twelve and no more.
TWELVE = {
    "%3A": ":",
    "%2F": "/",
    "%3F": "?",
    "%40": "@",
    "%21": "!",
    "%24": "$",
    "%27": "'",
    "%28": "(",
    "%29": ")",
    "%2A": "*",
    "%2C": ",",
    "%3B": ";",
}


def now_ms() -> str:
    return str(int(time.time() * 1000))


def v3_signature(secret: str, method: str, url: str, body: bytes, timestamp: str) -> str:
    """`url` as HubSpot called it, codes and all."""
    for code, character in TWELVE.items():
        url = url.replace(code, character)
    text = method.encode() + url.encode() + body + timestamp.encode()
    return b64encode(hmac.new(secret.encode(), text, hashlib.sha256).digest()).decode()


def v3_headers(secret: str, method: str, url: str, body: bytes, timestamp: str | None = None) -> dict[str, str]:
    """The two headers a v3 request carries."""
    timestamp = timestamp or now_ms()
    return {
        "X-HubSpot-Signature-v3": v3_signature(secret, method, url, body, timestamp),
        "X-HubSpot-Request-Timestamp": timestamp,
    }


def v2_headers(secret: str, method: str, url: str, body: bytes) -> dict[str, str]:
    """The older kind that `hubspot.fetch` sends beside it."""
    text = secret.encode() + method.encode() + url.encode() + body
    return {"X-HubSpot-Signature": hashlib.sha256(text).hexdigest(), "X-HubSpot-Signature-Version": "v2"}


def v1_headers(secret: str, body: bytes) -> dict[str, str]:
    """The oldest kind, of webhooks."""
    text = hashlib.sha256(secret.encode() + body).hexdigest()
    return {"X-HubSpot-Signature": text, "X-HubSpot-Signature-Version": "v1"}


def called(url: str, caller: Mapping[str, str]) -> str:
    """The address with what `hubspot.fetch` appends: everything but letters, digits and `-_.~` as a code."""
    return f"{url}{'&' if '?' in url else '?'}{urlencode(caller, quote_via=quote, safe='')}"
