"""Pieces of the token answer that a client can check: identity URL, signature, ID token."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode
from datetime import datetime, timedelta

import jwt

from emulator.salesforce.org import Org

ID_TOKEN_LIFETIME = timedelta(minutes=2)


def identity_url(org: Org, user_id: str) -> str:
    return f"{org.public_url}/id/{org.id}/{user_id}"


def millis(at: datetime) -> str:
    """Unix time in milliseconds, as the wire's string."""
    return str(int(at.timestamp() * 1000))


def signature(client_secret: str, *, identity: str, issued_at: str) -> str:
    """Standard base64 of HMAC-SHA256 over the identity URL and `issued_at`, keyed with the client secret."""
    mac = hmac.new(client_secret.encode(), f"{identity}{issued_at}".encode(), hashlib.sha256)
    return b64encode(mac.digest()).decode("ascii")


def id_token(org: Org, *, user_id: str, client_id: str, at: datetime) -> str:
    """An OpenID Connect ID token (RS256). The key is published at `/id/keys`."""
    claims = {
        "iss": org.public_url,
        "sub": identity_url(org, user_id),
        "aud": client_id,
        "iat": int(at.timestamp()),
        "exp": int((at + ID_TOKEN_LIFETIME).timestamp()),
    }
    return jwt.encode(claims, org.secrets.lwc_private_key, algorithm="RS256", headers={"kid": key_id(org)})


def key_id(org: Org) -> str:
    return hashlib.sha256(org.secrets.lwc_certificate.encode("ascii")).hexdigest()[:16]
