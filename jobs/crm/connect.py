"""Connecting by sign-in: the authorization code flow with PKCE, alike for every CRM; `FLOWS` has what differs.

Authlib speaks OAuth (RFC 6749, 7636 for the proof key, 7009 for revocation); the transport is ours, so a token call
reaches the CRM's own host and no other, in bounded time.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests

from config.settings import Settings
from jobs.crm import hubspot_connect, salesforce_connect
from jobs.crm.connect_flow import App, Flow, Org
from jobs.crm.errors import AuthorizationLost, Misconfigured, RateLimited, Unavailable
from jobs.crm.http import Meter, Transport
from jobs.crm.tokens import TOKEN_TIMEOUT_SECONDS, BorrowedToken, ConnectionTokens, end_of
from jobs.models import Connection
from jobs.runtime import Runtime, utc_now

# Authlib is loaded when somebody connects: most processes never do, and it weighs two megabytes.
if TYPE_CHECKING:
    from authlib.integrations.requests_client import OAuth2Session

VERIFIER_LENGTH = 64  # RFC 7636 allows 43 to 128 characters
DEAD_ALREADY = ("invalid_token", "unsupported_token_type", "invalid_grant")
"""How servers that do not follow RFC 7009 to the letter call a token that need not be revoked any more."""


@dataclass(frozen=True)
class Grant:
    """What the CRM answered to a code. `answer` holds the rest of what it said."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_at: datetime | None
    answer: Mapping[str, Any] = field(repr=False)


def new_verifier() -> str:
    from authlib.common.security import generate_token

    return str(generate_token(VERIFIER_LENGTH))


def authorize_url(
    settings: Settings, flow: Flow, app: App, *, address: str, redirect_uri: str, state: str, verifier: str
) -> str:
    """Where to send the admin's browser."""
    session = _session(flow, app)
    optional = {"optional_scope": " ".join(flow.optional_scopes)} if flow.optional_scopes else {}
    url, _ = session.create_authorization_url(
        flow.endpoints(settings, address).authorize,
        state=state,
        code_verifier=verifier,
        redirect_uri=redirect_uri,
        scope=" ".join(flow.scopes),
        **optional,
    )
    return str(url)


def exchange(
    settings: Settings, flow: Flow, app: App, *, address: str, redirect_uri: str, code: str, verifier: str
) -> Grant:
    """Trade a code for tokens. Raises AuthorizationLost, RateLimited, Unavailable or Misconfigured."""
    url = flow.endpoints(settings, address).token
    asked_at = utc_now()
    with _understood():
        session = _session(flow, app, settings=settings, url=url)
        answer = session.fetch_token(
            _secure(url), code=code, redirect_uri=redirect_uri, code_verifier=verifier, allow_redirects=False
        )
    if not answer.get("access_token"):
        raise Unavailable("The answer held no token.", code="NO_ANSWER")
    if not answer.get("refresh_token"):
        raise Misconfigured("The app gives access for this session only.", code="NO_REFRESH_TOKEN")
    expires_at = end_of(answer, asked_at)
    return Grant(str(answer["access_token"]), str(answer["refresh_token"]), expires_at, answer)


def org_of(runtime: Runtime, flow: Flow, grant: Grant) -> Org:
    """The org behind a fresh grant. Raises CrmError."""
    base_url = flow.home(runtime.settings, grant.answer)
    return flow.identify(runtime, base_url, BorrowedToken(grant.access_token), grant.answer)


def org_behind(runtime: Runtime, connection: Connection) -> Org:
    """The org behind what is stored, asked now, with a renewed token if ours has ended. Raises CrmError."""
    tokens = ConnectionTokens(runtime, connection, Meter())
    return FLOWS[connection.crm].identify(runtime, connection.base_url, tokens, {})


def revoke(settings: Settings, flow: Flow, app: App, *, address: str, token: str) -> None:
    """Take a token back, and with a refresh token what grew from it. Raises AuthorizationLost or Unavailable."""
    url = flow.endpoints(settings, address).revoke
    with _understood():
        session = _session(flow, app, settings=settings, url=url)
        answer = session.revoke_token(_secure(url), token=token, allow_redirects=False)
        if answer.status_code == 200 or answer.status_code == 204:
            return
        code = str(answer.json().get("error", ""))
    if code not in DEAD_ALREADY:
        raise AuthorizationLost(f"The CRM answered {answer.status_code}.", code=code)


def _session(flow: Flow, app: App, *, settings: Settings | None = None, url: str = "") -> OAuth2Session:
    """Without a `url` it can reach nothing."""
    from authlib.integrations.requests_client import OAuth2Session

    session = OAuth2Session(
        app.client_id,
        app.client_secret,
        token_endpoint_auth_method=flow.client_auth,
        revocation_endpoint_auth_method=flow.client_auth,
        code_challenge_method="S256",
        default_timeout=TOKEN_TIMEOUT_SECONDS,
    )
    session.trust_env = False
    session.adapters.clear()
    if settings is not None:
        session.mount("https://", Transport(settings, _origin(url), Meter()))
    return session


@contextmanager
def _understood() -> Iterator[None]:
    """Authlib's and the transport's errors into ours. Their own texts may hold addresses and stay out."""
    from authlib.integrations.base_client import OAuthError

    try:
        yield
    except OAuthError as error:
        text = str(error.description or "") or "The CRM gave no reason."
        if error.error == "rate_limit_exceeded":
            raise RateLimited(text, code=error.error) from None
        raise AuthorizationLost(text, code=str(error.error or "")) from None
    except (requests.RequestException, ValueError, AttributeError) as error:
        raise Unavailable(f"No answer from the CRM ({type(error).__name__}).", code="NO_ANSWER") from None


def _origin(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def _secure(url: str) -> str:
    """The transport is mounted on https alone, and goes back to http for a trusted stand-in."""
    return url.replace("http://", "https://", 1)


FLOWS: dict[str, Flow] = {flow.crm: flow for flow in (salesforce_connect.FLOW, hubspot_connect.FLOW)}
