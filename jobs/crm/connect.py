"""Connecting by sign-in: the authorization code flow with PKCE, and what differs in it between the CRMs, as data.

Authlib speaks OAuth (RFC 6749, 7636 for the proof key, 7009 for revocation); the transport is ours, so a token call
reaches the CRM's own host and no other, in bounded time.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from pydantic import SecretStr

from config.settings import Settings
from jobs.crm import hubspot, salesforce
from jobs.crm.check import host_origins, hubspot_account
from jobs.crm.errors import AuthorizationLost, Misconfigured, RateLimited, Unavailable
from jobs.crm.http import Meter, Transport, may_be_host
from jobs.crm.tokens import TOKEN_TIMEOUT_SECONDS, BorrowedToken, ConnectionTokens, TokenSource, end_of
from jobs.models import Connection
from jobs.runtime import Runtime, utc_now

# Authlib is loaded when somebody connects: most processes never do, and it weighs two megabytes.
if TYPE_CHECKING:
    from authlib.integrations.requests_client import OAuth2Session

VERIFIER_LENGTH = 64  # RFC 7636 allows 43 to 128 characters
DEAD_ALREADY = ("invalid_token", "unsupported_token_type", "invalid_grant")
"""How servers that do not follow RFC 7009 to the letter call a token that need not be revoked any more."""


@dataclass(frozen=True)
class App:
    """An app that is registered with the CRM and asks in its own name."""

    client_id: str
    client_secret: str = field(repr=False)


@dataclass(frozen=True)
class Endpoints:
    authorize: str
    token: str
    revoke: str


@dataclass(frozen=True)
class Org:
    """Whom a token speaks for, and to whom."""

    org_id: str
    name: str
    base_url: str
    user_id: str
    user_name: str
    host_origins: tuple[str, ...]
    api_version: str


@dataclass(frozen=True)
class Grant:
    """What the CRM answered to a code. `answer` holds the rest of what it said."""

    access_token: str = field(repr=False)
    refresh_token: str = field(repr=False)
    expires_at: datetime | None
    answer: Mapping[str, Any] = field(repr=False)


@dataclass(frozen=True)
class Flow:
    """One CRM's authorization code flow.

    `client_auth` is how the token endpoint wants the app's secret, in Authlib's words. `asks_address`: people sign in
    at an address of their own. `remedies`: what an admin does about an OAuth error code.
    """

    crm: str
    scopes: tuple[str, ...]
    client_auth: str
    asks_address: bool
    endpoints: Callable[[Settings, str], Endpoints]  # by the address of the sign-in
    home: Callable[[Settings, Mapping[str, Any]], str]  # from the token answer: where the API is
    identify: Callable[[Runtime, str, TokenSource, Mapping[str, Any]], Org]  # the last: the token answer
    installed_app: Callable[[Settings], App | None]
    remedies: Mapping[str, str]
    revoked_by_hand: str  # where an admin of the CRM takes the access away


def new_verifier() -> str:
    from authlib.common.security import generate_token

    return str(generate_token(VERIFIER_LENGTH))


def authorize_url(
    settings: Settings, flow: Flow, app: App, *, address: str, redirect_uri: str, state: str, verifier: str
) -> str:
    """Where to send the admin's browser."""
    session = _session(flow, app)
    url, _ = session.create_authorization_url(
        flow.endpoints(settings, address).authorize,
        state=state,
        code_verifier=verifier,
        redirect_uri=redirect_uri,
        scope=" ".join(flow.scopes),
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


def _app(client_id: str, client_secret: SecretStr) -> App | None:
    return App(client_id, client_secret.get_secret_value()) if client_id else None


def _salesforce_endpoints(settings: Settings, address: str) -> Endpoints:
    root = f"{address or settings.salesforce_login_url}/services/oauth2"
    return Endpoints(f"{root}/authorize", f"{root}/token", f"{root}/revoke")


def _salesforce_home(settings: Settings, answer: Mapping[str, Any]) -> str:
    """The org's own address, which the tokens will be sent to: one of Salesforce's, or the grant is not used."""
    parts = urlsplit(str(answer.get("instance_url", "")))
    host = parts.netloc.lower()
    if not may_be_host(host, settings, salesforce.HOST_SUFFIXES):
        raise Misconfigured("The org's address is not one of Salesforce's.", code="BAD_ADDRESS")
    return f"{'http' if host in settings.trusted_crm_hosts else 'https'}://{host}"


def _salesforce_org(runtime: Runtime, base_url: str, tokens: TokenSource, _answer: Mapping[str, Any]) -> Org:
    version = runtime.settings.salesforce_api_version
    identity = salesforce.SalesforceAdapter(runtime.settings, base_url, tokens, api_version=version).identity()
    user = identity["user"]
    return Org(
        org_id=salesforce.full_id(identity["org_id"]),
        name=identity["org_name"],
        base_url=base_url,
        user_id=str(user.get("user_id") or ""),
        user_name=str(user.get("preferred_username") or user.get("name") or ""),
        host_origins=tuple(host_origins(base_url)),
        api_version=version,
    )


# Endpoints, scopes and error codes: Salesforce Help, "OAuth 2.0 Web Server Flow" and "OAuth Authorization Errors".
_SALESFORCE = Flow(
    crm=salesforce.CRM,
    scopes=("api", "refresh_token", "id"),
    client_auth="client_secret_basic",
    asks_address=True,
    endpoints=_salesforce_endpoints,
    home=_salesforce_home,
    identify=_salesforce_org,
    installed_app=lambda settings: _app(settings.salesforce_client_id, settings.salesforce_client_secret),
    remedies={
        "access_denied": "Press Connect again and choose Allow, signed in as a user who may use the app.",
        "inactive_user": "Choose another user, or have this one activated in Salesforce.",
        "inactive_org": "The org is locked, closed or suspended: ask Salesforce.",
        "invalid_client_id": "Copy the consumer key again from the external client app in Salesforce.",
        "invalid_client": "Copy the consumer secret again from the external client app in Salesforce.",
        "invalid_grant": "The authorisation has ended or was used before: allow access again.",
        "invalid_scope": "Give the app the scopes api, refresh_token and id in its OAuth settings.",
        "redirect_uri_mismatch": "Add our callback address to the app's callback URLs, letter by letter.",
        "unsupported_response_type": "Enable the authorization code flow in the app's OAuth settings.",
        "unsupported_grant_type": "Enable the authorization code flow in the app's OAuth settings.",
        "API_DISABLED_FOR_ORG": "The org's edition has no API access: ask Salesforce to enable it.",
        "rate_limit_exceeded": "Wait a few minutes, then try again.",
        "NO_REFRESH_TOKEN": "Give the app the scope refresh_token (“Perform requests at any time”), then try again.",
        "NO_ANSWER": "Wait a moment, then try again. If it stays so, check that this server may reach Salesforce.",
    },
    revoked_by_hand="Setup, Connected Apps OAuth Usage",
)


def _hubspot_endpoints(settings: Settings, _address: str) -> Endpoints:
    root = f"{settings.hubspot_api_url}/oauth/{settings.hubspot_api_version}/token"
    return Endpoints(f"{settings.hubspot_login_url}/oauth/authorize", root, f"{root}/revoke")


def _hubspot_account(runtime: Runtime, base_url: str, tokens: TokenSource, answer: Mapping[str, Any]) -> Org:
    account = hubspot_account(runtime, base_url, tokens)
    return Org(
        org_id=account.portal_id,
        name=account.name,
        base_url=base_url,
        user_id=str(answer.get("user_id") or ""),
        user_name="",  # the account information does not say
        host_origins=tuple(account.host_origins),
        api_version=runtime.settings.hubspot_api_version,
    )


# Endpoints and error codes: HubSpot's OAuth API guide; the scopes are those of the app in packages/hubspot.
_HUBSPOT = Flow(
    crm=hubspot.CRM,
    scopes=(
        "oauth",
        "crm.lists.read",
        "crm.objects.companies.read",
        "crm.objects.companies.write",
        "crm.objects.contacts.read",
        "crm.objects.contacts.write",
        "crm.objects.deals.read",
        "crm.objects.deals.write",
        "crm.objects.owners.read",
        "crm.schemas.companies.read",
        "crm.schemas.contacts.read",
        "crm.schemas.deals.read",
    ),
    client_auth="client_secret_post",
    asks_address=False,
    endpoints=_hubspot_endpoints,
    home=lambda settings, _answer: settings.hubspot_api_url,
    identify=_hubspot_account,
    installed_app=lambda settings: _app(settings.hubspot_client_id, settings.hubspot_client_secret),
    remedies={
        "access_denied": "Press Connect again and choose Connect app, signed in as a super admin of the account.",
        "invalid_client": "Copy client id and client secret again from the app's Auth page in HubSpot.",
        "invalid_grant": "The authorisation has ended or was used before: allow access again.",
        "invalid_scope": "Give the app the scopes that Connect asks for.",
        "MISSING_SCOPES": "Give the app the scopes that Connect asks for, then allow access again.",
        "rate_limit_exceeded": "Wait a few minutes, then try again.",
        "NO_ANSWER": "Wait a moment, then try again. If it stays so, check that this server may reach HubSpot.",
    },
    revoked_by_hand="Settings, Integrations, Connected apps",
)

FLOWS: dict[str, Flow] = {flow.crm: flow for flow in (_SALESFORCE, _HUBSPOT)}
