"""The Canvas `signed_request`: checked first, read afterwards. Pure.

Format: `<signature>.<payload>`, the signature being HMAC-SHA256 of the encoded payload under the consumer secret
(Canvas Developer Guide, "Verifying and Decoding a Signed Request"). `issuedAt` says nothing about freshness: real
envelopes carry null or wrapped values, so a proof is made good once by remembering it, not by its age.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from jobs.values import clean_text

ALGORITHMS = ("HMACSHA256", "HMAC-SHA256")
_ENCODED = re.compile(r"[A-Za-z0-9+/_-]+={0,2}")


class EnvelopeRefused(ValueError):
    """The envelope is not good; `code` names why, for the log and the small print."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


@dataclass(frozen=True)
class Envelope:
    """The parts of a verified envelope we use. `record_id` and `object` are claims of the browser, not proved."""

    signers: tuple[int, ...]  # the ids that came with a secret that fits; orgs that installed one app share its secret
    mac: bytes  # what was verified: the same for every spelling of one signature
    org_id: str
    user_id: str
    user_name: str
    locale: str
    time_zone: str
    currency: str
    oauth_token: str
    instance_url: str
    target_origin: str
    instance_id: str
    object: str
    record_id: str
    theme: str


def open_envelope(signed_request: str, secrets: Iterable[tuple[int, str]]) -> Envelope:
    """Verify against each (id, secret) and read. Raises EnvelopeRefused."""
    signature, _, payload = signed_request.partition(".")
    if not signature or not payload:
        raise EnvelopeRefused("MALFORMED_ENVELOPE")
    given = _decoded(signature)
    if len(given) != hashlib.sha256().digest_size:
        raise EnvelopeRefused("MALFORMED_SIGNATURE")
    if not _ENCODED.fullmatch(payload):
        raise EnvelopeRefused("MALFORMED_ENVELOPE")
    signers = _signers(given, payload.encode(), secrets)
    return _read(signers, given, _parsed(payload))


def _signers(given: bytes, payload: bytes, secrets: Iterable[tuple[int, str]]) -> tuple[int, ...]:
    # Every secret is tried, whichever fits: the time tells nothing.
    fitting = tuple(
        signer
        for signer, secret in secrets
        if secret and hmac.compare_digest(hmac.digest(secret.encode(), payload, "sha256"), given)
    )
    if not fitting:
        raise EnvelopeRefused("WRONG_SIGNATURE")
    return fitting


def _decoded(text: str) -> bytes:
    """Both base64 alphabets, padded or not. No white space: `+` that a proxy turned into a space is refused too."""
    if not _ENCODED.fullmatch(text):
        raise EnvelopeRefused("MALFORMED_ENVELOPE")
    standard = text.replace("-", "+").replace("_", "/").rstrip("=")
    try:
        return base64.b64decode(standard + "=" * (-len(standard) % 4), validate=True)
    except binascii.Error:
        raise EnvelopeRefused("MALFORMED_ENVELOPE") from None


def _parsed(payload: str) -> Mapping[str, Any]:
    try:
        body = json.loads(_decoded(payload))
    except (ValueError, RecursionError):
        raise EnvelopeRefused("MALFORMED_PAYLOAD") from None
    if not isinstance(body, dict) or body.get("algorithm") not in ALGORITHMS:
        raise EnvelopeRefused("WRONG_ALGORITHM" if isinstance(body, dict) else "MALFORMED_PAYLOAD")
    return body


def _read(signers: tuple[int, ...], mac: bytes, body: Mapping[str, Any]) -> Envelope:
    client, context = _part(body, "client"), _part(body, "context")
    user, organization = _part(context, "user"), _part(context, "organization")
    environment = context.get("environment")
    environment = environment if isinstance(environment, dict) else {}
    parameters = environment.get("parameters")
    parameters = parameters if isinstance(parameters, dict) else {}
    object_name, record_id = _claimed_record(environment.get("record"), parameters)
    return Envelope(
        signers=signers,
        mac=mac,
        org_id=_text(organization, "organizationId", required=True),
        user_id=_text(user, "userId", required=True),
        user_name=clean_text(_text(user, "fullName") or _text(user, "userName")) or "",
        locale=_text(user, "locale"),
        time_zone=_text(user, "timeZone"),
        currency=_text(organization, "currencyIsoCode"),
        oauth_token=_text(client, "oauthToken"),
        instance_url=_text(client, "instanceUrl", required=True),
        target_origin=_text(client, "targetOrigin", required=True),
        instance_id=_text(client, "instanceId"),
        object=object_name,
        record_id=record_id,
        theme=_text(parameters, "theme"),
    )


def _claimed_record(record: Any, parameters: Mapping[str, Any]) -> tuple[str, str]:
    """On page layouts the record is in the environment; in a Lightning component it comes as parameters."""
    if isinstance(record, dict) and isinstance(record.get("Id"), str):
        attributes = record.get("attributes")
        return _text(attributes, "type") if isinstance(attributes, dict) else "", record["Id"]
    return _text(parameters, "objectApiName"), _text(parameters, "recordId")


def _part(body: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    part = body.get(name)
    if not isinstance(part, dict):
        raise EnvelopeRefused("INCOMPLETE_ENVELOPE")
    return part


def _text(part: Mapping[str, Any], name: str, *, required: bool = False) -> str:
    value = part.get(name)
    if required and (not isinstance(value, str) or not value):
        raise EnvelopeRefused("INCOMPLETE_ENVELOPE")
    return value if isinstance(value, str) else ""
