"""The JWT that a customer's own Apex signs with the org's certificate. Pure.

The algorithm and the key are ours to choose, never the token's: the connection is found by `iss`, its certificate
is the one an admin registered, and RS256 is the only algorithm (RFC 8725).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import jwt
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

from jobs.values import clean_text

ALGORITHM = "RS256"
CLOCK_SKEW_SECONDS = 10
LONGEST_LIFETIME_SECONDS = 300  # a proof that travels in a URL must not live long, whatever its signer says
_FORBIDDEN_HEADERS = ("jku", "jwk", "x5u", "x5c", "crit")


class ProofRefused(ValueError):
    """`connection_id`: whose page it came from, where the signature was good and only the time was over."""

    def __init__(self, code: str, connection_id: int | None = None) -> None:
        super().__init__(code)
        self.code = code
        self.connection_id = connection_id


@dataclass(frozen=True)
class Signer:
    """Who may sign for one connection."""

    connection_id: int
    org_id: str
    certificate_pem: str


@dataclass(frozen=True)
class ApexProof:
    connection_id: int
    org_id: str
    user_id: str
    user_name: str
    object: str
    record_id: str
    jti: str
    expires_at: int
    locale: str
    time_zone: str
    currency: str
    theme: str
    may_sync: bool
    readable: tuple[str, ...]
    editable: tuple[str, ...]


def open_proof(token: str, audience: str, signer_of: Callable[[str], Signer | None]) -> ApexProof:
    """Verify and read. Raises ProofRefused with EXPIRED_PROOF when only its time is over."""
    signer = signer_of(_unverified_issuer(token))
    if signer is None:
        raise ProofRefused("UNKNOWN_ISSUER")
    try:
        claims = jwt.decode(
            token,
            _public_key(signer.certificate_pem),
            algorithms=[ALGORITHM],
            audience=audience,
            leeway=CLOCK_SKEW_SECONDS,
            options={"require": ["exp", "iat", "iss", "sub", "aud", "jti"]},
        )
    except jwt.ExpiredSignatureError:
        raise ProofRefused("EXPIRED_PROOF", signer.connection_id) from None
    except jwt.PyJWTError as error:
        raise ProofRefused(_code(error)) from None
    except (TypeError, OverflowError):  # a time that is no number, which PyJWT does not expect
        raise ProofRefused("MALFORMED_PROOF") from None
    if int(claims["exp"]) - int(claims["iat"]) > LONGEST_LIFETIME_SECONDS:
        raise ProofRefused("PROOF_LIVES_TOO_LONG")
    return _read(signer, claims)


def _read(signer: Signer, claims: dict[str, Any]) -> ApexProof:
    fields = claims.get("fields")
    if claims.get("org_id") != signer.org_id:
        raise ProofRefused("FOREIGN_ORG")
    if not isinstance(fields, dict) or not all(isinstance(claims.get(name), str) for name in ("object", "record_id")):
        raise ProofRefused("INCOMPLETE_PROOF")
    if not claims["jti"]:
        raise ProofRefused("INCOMPLETE_PROOF")
    return ApexProof(
        connection_id=signer.connection_id,
        org_id=signer.org_id,
        user_id=str(claims["sub"]),
        user_name=clean_text(claims.get("user_name", "")) or "",
        object=claims["object"],
        record_id=claims["record_id"],
        jti=str(claims["jti"]),
        expires_at=int(claims["exp"]),
        locale=str(claims.get("locale", "")),
        time_zone=str(claims.get("time_zone", "")),
        currency=str(claims.get("currency", "")),
        theme=str(claims.get("theme", "")),
        may_sync=claims.get("may_sync", True) is True,
        readable=_names(fields.get("read")),
        editable=_names(fields.get("edit")),
    )


def _unverified_issuer(token: str) -> str:
    """Only says whose certificate to check with; nothing is believed yet."""
    try:
        header = jwt.get_unverified_header(token)
        body = jwt.decode(token, options={"verify_signature": False})
    except jwt.PyJWTError:
        raise ProofRefused("MALFORMED_PROOF") from None
    if header.get("alg") != ALGORITHM:
        raise ProofRefused("WRONG_ALGORITHM")
    if any(name in header for name in _FORBIDDEN_HEADERS):
        raise ProofRefused("KEY_IN_HEADER")
    return str(body.get("iss", ""))


def _public_key(certificate_pem: str) -> RSAPublicKey:
    try:
        key = x509.load_pem_x509_certificate(certificate_pem.encode()).public_key()
    except ValueError:
        raise ProofRefused("WRONG_CERTIFICATE") from None
    if not isinstance(key, RSAPublicKey):
        raise ProofRefused("WRONG_CERTIFICATE")
    return key


def _names(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list):
        raise ProofRefused("INCOMPLETE_PROOF")
    return tuple(str(name) for name in value)


def _code(error: jwt.PyJWTError) -> str:
    known: dict[type[jwt.PyJWTError], str] = {
        jwt.InvalidSignatureError: "WRONG_SIGNATURE",
        jwt.InvalidAudienceError: "WRONG_AUDIENCE",
        jwt.ImmatureSignatureError: "NOT_YET_VALID",
        jwt.MissingRequiredClaimError: "INCOMPLETE_PROOF",
    }
    return known.get(type(error), "MALFORMED_PROOF")
