"""HubSpot's v3 signature: checked first, read afterwards. Pure.

base64(HMAC-SHA256(app's client secret, METHOD + address + body + timestamp)), as HubSpot's page on request validation
has it. The address is the full public one that HubSpot called. Twelve percent codes are decoded in it before it is
signed: `hubspot.fetch` always adds the person's email, so every real request holds a `%40` that is signed as `@`.
The codes are known in capitals only, as the page writes them; nothing else is decoded, so `%2540` stays what it is.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import parse_qsl

SIGNATURE = "X-HubSpot-Signature-v3"
TIMESTAMP = "X-HubSpot-Request-Timestamp"
OLDEST_MS = 5 * 60 * 1000
FARTHEST_AHEAD_MS = 60 * 1000  # clocks differ; a signature for later would outlive the five minutes
LONGEST_EMAIL = 320

_DECODED = re.compile(rb"%(?:3A|2F|3F|40|21|24|27|28|29|2A|2C|3B)")
_SIGNATURE = re.compile(r"[A-Za-z0-9+/]{43}=")  # 32 bytes in standard base64
_MILLISECONDS = re.compile(r"[0-9]{1,15}")
_ADDED_ONCE = ("portalId", "userId", "userEmail", "appId")


class ProofRefused(ValueError):
    """HubSpot has not signed this, or not now; `code` names why, for the log and the small print."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class SignedRequest:
    """A request as it came. `url`: our public address with the raw path and query, percent codes as sent."""

    method: str
    url: bytes
    body: bytes
    signature: str | None
    timestamp: str | None

    @property
    def query(self) -> str:
        return self.url.partition(b"?")[2].decode("latin-1")

    @property
    def mac(self) -> bytes:
        """The signature as bytes, of a request whose signature is well formed: each has several spellings."""
        return base64.b64decode(self.signature or "")


@dataclass(frozen=True)
class Caller:
    """Who asks. HubSpot adds these four to the address and signs them; nothing else in it is proved."""

    portal_id: str
    user_id: str
    user_email: str
    app_id: str


def signers(request: SignedRequest, secrets: Iterable[tuple[int, str]], *, now: datetime) -> tuple[int, ...]:
    """The ids that came with a secret that fits: portals that installed one app share its secret.

    Raises ProofRefused.
    """
    if request.signature is None:
        raise ProofRefused("NO_SIGNATURE")  # v1 and v2 say nothing of the time, so they are no proof of now
    if request.timestamp is None:
        raise ProofRefused("NO_TIMESTAMP")
    if not _SIGNATURE.fullmatch(request.signature):
        raise ProofRefused("MALFORMED_SIGNATURE")
    _require_recent(request.timestamp, now)
    given, text = request.mac, signed_text(request)
    # Every secret is tried, whichever fits: the time tells nothing.
    fitting = tuple(
        signer
        for signer, secret in secrets
        if secret and hmac.compare_digest(hmac.digest(secret.encode(), text, hashlib.sha256), given)
    )
    if not fitting:
        raise ProofRefused("WRONG_SIGNATURE")
    return fitting


def signed_text(request: SignedRequest) -> bytes:
    """What the signature is made of."""
    timestamp = (request.timestamp or "").encode()
    return request.method.encode() + decoded(request.url) + request.body + timestamp


def decoded(url: bytes) -> bytes:
    """The twelve codes, once. No general decoder: `%2B` and `%25` stay as they are."""
    return _DECODED.sub(lambda code: bytes.fromhex(code[0][1:].decode()), url)


def caller(request: SignedRequest) -> Caller:
    """Read who asks, each exactly once: nobody has said which of two HubSpot would mean. Raises ProofRefused."""
    # In an email a plus is a plus, whether or not it was sent as a code.
    try:
        pairs = parse_qsl(request.query.replace("+", "%2B"), keep_blank_values=True, max_num_fields=50)
    except ValueError:
        raise ProofRefused("UNCLEAR_CALLER") from None
    found = {name: [value for key, value in pairs if key == name] for name in _ADDED_ONCE}
    if any(len(values) != 1 for values in found.values()):
        raise ProofRefused("UNCLEAR_CALLER")
    portal_id, user_id, user_email, app_id = (values[0] for values in found.values())
    if not all(each.isascii() and each.isdecimal() and len(each) <= 20 for each in (portal_id, user_id, app_id)):
        raise ProofRefused("UNCLEAR_CALLER")
    if not user_email.isprintable() or not 3 <= len(user_email) <= LONGEST_EMAIL:
        raise ProofRefused("UNCLEAR_CALLER")
    return Caller(portal_id, user_id, user_email, app_id)


def _require_recent(timestamp: str, now: datetime) -> None:
    if not _MILLISECONDS.fullmatch(timestamp):
        raise ProofRefused("MALFORMED_TIMESTAMP")
    age = round(now.timestamp() * 1000) - int(timestamp)
    if age > OLDEST_MS:
        raise ProofRefused("EXPIRED_PROOF")
    if age < -FARTHEST_AHEAD_MS:
        raise ProofRefused("NOT_YET_VALID")
