"""Proof Key for Code Exchange, S256 only (RFC 7636)."""

from __future__ import annotations

import hashlib
import hmac
import re
from base64 import urlsafe_b64encode

from emulator.salesforce.oauth.errors import OAuthError

_VERIFIER = re.compile(r"[A-Za-z0-9\-._~]{43,128}")
_CHALLENGE = re.compile(r"[A-Za-z0-9\-_]{43}")


def challenge_of(verifier: str) -> str:
    digest = hashlib.sha256(verifier.encode("ascii")).digest()
    return urlsafe_b64encode(digest).rstrip(b"=").decode("ascii")


def check_challenge(challenge: str, *, method: str) -> None:
    """Refuse an authorization request without a well-formed S256 challenge."""
    if not challenge:
        raise OAuthError("invalid_request", "missing required code challenge")
    if method != "S256":
        raise OAuthError("invalid_request", "code challenge method must be S256")
    if not _CHALLENGE.fullmatch(challenge):
        raise OAuthError("invalid_request", "invalid code challenge")


def check_verifier(verifier: str, *, challenge: str) -> None:
    """Refuse a token request whose verifier is missing (a malformed request) or wrong (a wrong grant)."""
    if not verifier:
        raise OAuthError("invalid_request", "missing required code verifier")
    if not _VERIFIER.fullmatch(verifier):
        raise OAuthError("invalid_grant", "invalid code verifier")
    if not hmac.compare_digest(challenge_of(verifier), challenge):
        raise OAuthError("invalid_grant", "invalid code verifier")
