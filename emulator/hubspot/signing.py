"""How HubSpot signs what it sends to an app: webhooks and the calls of its cards."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re

# The twelve codes that stand for their character in the signed text (HubSpot: "Validating requests"); no others do.
_DECODED = re.compile("%(?:3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)")


def v3(secret: str, method: str, url: str, body: bytes, timestamp: str) -> dict[str, str]:
    """The headers of the newest kind. `url` as it is called, `timestamp` in milliseconds."""
    plain = _DECODED.sub(lambda code: chr(int(code[0][1:], 16)), url)
    text = method.encode() + plain.encode() + body + timestamp.encode()
    proof = base64.b64encode(hmac.digest(secret.encode(), text, hashlib.sha256)).decode()
    return {"X-HubSpot-Signature-v3": proof, "X-HubSpot-Request-Timestamp": timestamp}


def v2(secret: str, method: str, url: str, body: bytes) -> dict[str, str]:
    """The headers that calls of cards carry beside v3."""
    return _older("v2", secret.encode() + method.encode() + url.encode() + body)


def v1(secret: str, body: bytes) -> dict[str, str]:
    """The headers that webhooks carry beside v3."""
    return _older("v1", secret.encode() + body)


def _older(version: str, text: bytes) -> dict[str, str]:
    return {"X-HubSpot-Signature": hashlib.sha256(text).hexdigest(), "X-HubSpot-Signature-Version": version}
