"""JWT bearer assertions: RS256, signed by the certificate registered for the app."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from emulator.salesforce.oauth.app import ConnectedApp
from emulator.salesforce.oauth.errors import OAuthError

# The validity an assertion may have at most, and the clock difference that is forgiven.
LONGEST_VALIDITY = timedelta(minutes=5)
_SKEW = timedelta(seconds=30)


def subject(assertion: str, *, app: ConnectedApp, audiences: Collection[str], now: datetime) -> str:
    """The username an assertion speaks for.

    Raises OAuthError: `invalid_client_id` for an unknown issuer, `invalid_grant` for a wrong signature,
    audience or time, `invalid_request` when there is no assertion.
    """
    if not assertion:
        raise OAuthError("invalid_request", "missing required parameter: assertion")
    app.check_id(str(_unverified(assertion).get("iss", "")))
    claims = _verified(assertion, _public_key(app.certificate))
    if claims["aud"] not in audiences:
        raise OAuthError("invalid_grant", "audience is invalid")
    _check_time(claims["exp"], now=now)
    return str(claims["sub"])


def _unverified(assertion: str) -> Mapping[str, Any]:
    """The claims before any check: good for nothing but finding the issuer."""
    try:
        claims: Mapping[str, Any] = jwt.decode(assertion, options={"verify_signature": False})
    except jwt.PyJWTError as error:
        raise OAuthError("invalid_grant", "invalid assertion") from error
    return claims


def _verified(assertion: str, key: RSAPublicKey) -> Mapping[str, Any]:
    """The claims once the signature holds. Times are judged by the org's clock, so not here."""
    options: Any = {
        "require": ["iss", "sub", "aud", "exp"],
        "verify_exp": False,
        "verify_iat": False,
        "verify_nbf": False,
        "verify_aud": False,
    }
    try:
        claims: Mapping[str, Any] = jwt.decode(assertion, key, algorithms=["RS256"], options=options)
    except jwt.MissingRequiredClaimError as error:
        raise OAuthError("invalid_grant", f"missing required claim: {error.claim}") from error
    except jwt.PyJWTError as error:
        raise OAuthError("invalid_grant", "invalid assertion") from error
    return claims


def _check_time(exp: object, *, now: datetime) -> None:
    expires_at = _moment(exp)
    if expires_at <= now - _SKEW:
        raise OAuthError("invalid_grant", "assertion is expired")
    if expires_at > now + LONGEST_VALIDITY + _SKEW:
        raise OAuthError("invalid_grant", "assertion is valid for too long")


def _moment(exp: object) -> datetime:
    """`exp` as a time. A number in a string counts too: widely used clients send one."""
    text = str(exp)
    if not text.isascii() or not text.isdecimal() or len(text) > 11:
        raise OAuthError("invalid_grant", "invalid assertion")
    return datetime.fromtimestamp(int(text), UTC)


def _public_key(certificate: str) -> RSAPublicKey:
    key = x509.load_pem_x509_certificate(certificate.encode("ascii")).public_key()
    if not isinstance(key, RSAPublicKey):
        raise TypeError("the app's certificate holds no RSA key")
    return key
