"""The external client app registered in the org: its credentials, scopes and certificate."""

from __future__ import annotations

import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta

from flask import Request

from emulator.salesforce.oauth.errors import OAuthError
from emulator.salesforce.oauth.keys import jwt_bearer_certificate
from emulator.salesforce.org import Org
from emulator.sessions import DEFAULT_LIFETIME

SCOPES = ("api", "refresh_token", "offline_access", "id", "openid", "profile", "email", "web", "full")
_DEFAULT_SCOPES = ("api", "refresh_token", "id")
REFRESH_SCOPES = frozenset({"refresh_token", "offline_access"})
CALLBACK_PATH = "/admin/connections/salesforce/callback"


@dataclass(frozen=True, slots=True)
class ConnectedApp:
    """`certificate` is the PEM certificate that JWT bearer assertions must be signed with."""

    client_id: str
    client_secret: str
    redirect_uris: tuple[str, ...]
    run_as: str
    certificate: str

    def check_redirect(self, uri: str) -> None:
        """Refuse every redirect URI that does not match a registered one character by character."""
        if uri not in self.redirect_uris:
            raise OAuthError("redirect_uri_mismatch", "redirect_uri must match configuration")

    def check_id(self, client_id: str) -> None:
        if not _same(client_id, self.client_id):
            raise OAuthError("invalid_client_id", "client identifier invalid")

    def authenticate(self, request: Request, *, secret_required: bool = True) -> None:
        """Check the client's id and secret, in the form or as HTTP Basic, but not both.

        Raises OAuthError: `invalid_client_id` for an unknown id, `invalid_client` for a wrong or missing
        secret (401 when sent as HTTP Basic).
        """
        basic = request.authorization
        by_header = basic is not None and basic.type == "basic"
        client_id = request.form.get("client_id", "")
        secret = request.form.get("client_secret", "")
        if basic is not None and by_header:
            if secret:
                raise OAuthError("invalid_request", "multiple client credentials provided")
            client_id, secret = basic.username or "", basic.password or ""
        status = 401 if by_header else 400
        if not _same(client_id, self.client_id):
            raise OAuthError("invalid_client_id", "client identifier invalid", status=status)
        if not secret and not secret_required:
            return
        if not _same(secret, self.client_secret):
            raise OAuthError("invalid_client", "invalid client credentials", status=status)


def connected_app(org: Org) -> ConnectedApp:
    return ConnectedApp(
        client_id=org.secrets.client_id,
        client_secret=org.secrets.client_secret,
        redirect_uris=(org.panel_url + CALLBACK_PATH,),
        run_as=org.role("integration").id,
        certificate=jwt_bearer_certificate(org.data_dir),
    )


def token_lifetime(org: Org) -> timedelta:
    """How long an access token lives: the org file's `token_lifetime_seconds`, or two hours."""
    seconds = org.definition.get("token_lifetime_seconds")
    return DEFAULT_LIFETIME if seconds is None else timedelta(seconds=seconds)


def granted_scopes(asked: str) -> str:
    """The scopes of a new grant, space-separated. Raises OAuthError for a scope the app does not have."""
    names = asked.split() or _DEFAULT_SCOPES
    unknown = [name for name in names if name not in SCOPES]
    if unknown:
        raise OAuthError("invalid_scope", "the requested scope is not allowed")
    return " ".join(dict.fromkeys(names))


def without_refresh(scopes: Iterable[str]) -> str:
    return " ".join(scope for scope in scopes if scope not in REFRESH_SCOPES)


def _same(given: str, expected: str) -> bool:
    return hmac.compare_digest(given.encode("utf-8", "surrogatepass"), expected.encode())
