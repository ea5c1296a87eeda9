"""Proof keys: an app has to bring one, and the wrong one is refused in these words."""

from __future__ import annotations

from emulator.oauth.proof_key import fits, is_challenge
from emulator.salesforce.oauth.errors import OAuthError


def check_challenge(challenge: str, *, method: str) -> None:
    """Refuse an authorization request without a well-formed S256 challenge."""
    if not challenge:
        raise OAuthError("invalid_request", "missing required code challenge")
    if method != "S256":
        raise OAuthError("invalid_request", "code challenge method must be S256")
    if not is_challenge(challenge):
        raise OAuthError("invalid_request", "invalid code challenge")


def check_verifier(verifier: str, *, challenge: str) -> None:
    """Refuse a token request whose verifier is missing (a malformed request) or wrong (a wrong grant)."""
    if not verifier:
        raise OAuthError("invalid_request", "missing required code verifier")
    if not fits(verifier, challenge):
        raise OAuthError("invalid_grant", "invalid code verifier")
