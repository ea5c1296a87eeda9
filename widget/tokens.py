"""Our own tokens, one purpose each. A token of one purpose is never good for another.

JWT, HS256, pinned. Each purpose has a key of its own, derived from SECRET_KEY; the key id in the header says which
generation signed it, so a new SECRET_KEY can be brought in while the old one, as a fallback, still verifies.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from base64 import urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, Literal

import jwt
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from config.settings import Settings
from jobs.runtime import utc_now

ALGORITHM = "HS256"
ISSUER = "crm-sync-widget"
Purpose = Literal["panel", "ticket"]
Scope = Literal["view", "sync", "undo"]


class TokenError(Exception):
    """A token that is not good for this; the three below say why."""


class TokenExpired(TokenError):
    pass


class TokenInvalid(TokenError):
    pass


class TokenForbidden(TokenError):
    """Genuine, but not for this: another record, or a scope it does not have."""


@dataclass(frozen=True)
class PanelClaims:
    """What a panel token proves: this person may look at this record, and do what `scopes` say.

    `readable`, `editable`: CRM fields this person may see and change; null where the CRM tells nothing about it.
    """

    connection_id: int
    object: str
    crm_record_id: str
    user_id: str
    user_name: str
    scopes: tuple[str, ...]
    readable: tuple[str, ...] | None
    editable: tuple[str, ...] | None
    locale: str
    time_zone: str
    currency: str  # ISO 4217, "" where the CRM did not say
    session_until: int  # Unix seconds: no renewal beyond it

    def allows(self, scope: Scope) -> bool:
        return scope in self.scopes


def mint_panel_token(settings: Settings, claims: PanelClaims) -> tuple[str, int]:
    """A panel token and the seconds it is good for, never beyond the session's end."""
    now = utc_now()
    lifetime = min(settings.panel_token_seconds, claims.session_until - int(now.timestamp()))
    return _sign(settings, "panel", asdict(claims), claims.user_id, now, lifetime), lifetime


def open_panel_token(settings: Settings, token: str) -> PanelClaims:
    """Raises TokenExpired or TokenInvalid."""
    claims, expires_at = _opened(settings.signing_keys, token)
    if expires_at <= utc_now().timestamp():
        raise TokenExpired("the token has expired")
    return claims


@lru_cache(maxsize=4096)
def _opened(signing_keys: tuple[str, ...], token: str) -> tuple[PanelClaims, float]:
    """A panel asks many times with one token: its signature is checked once. Whether it has expired, every time."""
    body = _verify(signing_keys, "panel", token)
    try:
        values = {name: body[name] for name in PanelClaims.__dataclass_fields__}
    except KeyError:
        raise TokenInvalid("claims are missing") from None
    lists = {name: _tuple(values[name]) for name in ("scopes", "readable", "editable")}
    return PanelClaims(**{**values, **lists}), float(body["exp"])


def renew_panel_token(settings: Settings, claims: PanelClaims) -> tuple[str, int]:
    """A fresh token for the same record and person. Raises TokenExpired at the session's end."""
    if claims.session_until <= utc_now().timestamp():
        raise TokenExpired("the session has reached its end")
    return mint_panel_token(settings, claims)


def ticket_for(settings: Settings, proof: bytes) -> str:
    """The opaque ticket of a verified launch. It says nothing; the same proof, sent again, gets the same ticket."""
    key = _key(settings.signing_keys[0], "ticket")
    return urlsafe_b64encode(hmac.digest(key.secret, proof, "sha256")).decode().rstrip("=")


def session_end(settings: Settings) -> int:
    return int((utc_now() + timedelta(hours=settings.panel_session_hours)).timestamp())


def _sign(
    settings: Settings, purpose: Purpose, claims: Mapping[str, Any], subject: str, now: datetime, lifetime: int
) -> str:
    key = _key(settings.signing_keys[0], purpose)
    body = {
        **claims,
        "iss": ISSUER,
        "aud": purpose,
        "sub": subject,
        "iat": now,
        "exp": now + timedelta(seconds=lifetime),
        "jti": secrets.token_urlsafe(12),
    }
    return jwt.encode(body, key.secret, algorithm=ALGORITHM, headers={"kid": key.id, "typ": purpose})


def _verify(signing_keys: tuple[str, ...], purpose: Purpose, token: str) -> dict[str, Any]:
    try:
        header = jwt.get_unverified_header(token)
        keys = {key.id: key for key in (_key(secret, purpose) for secret in signing_keys)}
        key = keys.get(str(header.get("kid")))
        if key is None:
            raise TokenInvalid("signed with a key we do not have, or for another purpose")
        return jwt.decode(
            token,
            key.secret,
            algorithms=[ALGORITHM],
            audience=purpose,
            issuer=ISSUER,
            options={"require": ["exp", "iat", "sub", "jti", "aud", "iss"]},
        )
    except jwt.ExpiredSignatureError:
        raise TokenExpired("the token has expired") from None
    except jwt.PyJWTError as error:
        raise TokenInvalid(type(error).__name__) from None


@dataclass(frozen=True)
class _Key:
    id: str
    secret: bytes


@lru_cache(maxsize=64)
def _key(secret: str, purpose: Purpose) -> _Key:
    derived = HKDF(hashes.SHA256(), 32, salt=None, info=f"crm-sync-widget/{purpose}".encode()).derive(secret.encode())
    return _Key(hashlib.sha256(derived).hexdigest()[:12], derived)


def _tuple(value: Any) -> tuple[str, ...] | None:
    return None if value is None else tuple(str(each) for each in value)
