"""Test connection: can these details reach the CRM, and whose is it? Nothing is stored."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from urllib.parse import urlsplit

from jobs.crm import hubspot, salesforce
from jobs.crm.errors import CrmError, Unavailable
from jobs.crm.http import Meter, may_be_host
from jobs.crm.hubspot_client import HubSpotClient
from jobs.crm.limits import Limiter
from jobs.crm.salesforce_auth import request_token
from jobs.crm.tokens import BorrowedToken, PastedToken, TokenSource
from jobs.runtime import Runtime

_SALESFORCE_REMEDIES = {
    "invalid_client_id": "Copy the consumer key again from the external client app in Salesforce.",
    "invalid_client": "Copy the consumer secret again from the external client app in Salesforce.",
    "invalid_grant": "Choose a run-as user for the client credentials flow in the app's policies.",
    "inactive_user": "The app's run-as user is not active: activate it, or choose another one.",
    "inactive_org": "The org is locked, closed or suspended: ask Salesforce.",
    "unsupported_grant_type": "Enable the client credentials flow in the app's OAuth settings.",
    "NO_ANSWER": "Check the My Domain address and that this server may reach it.",
    "BAD_ADDRESS": "Use the org's My Domain address, such as https://sample.my.salesforce.com.",
    "API_DISABLED_FOR_ORG": "The org's edition has no API access: ask Salesforce to enable it.",
    "rate_limit_exceeded": "Wait a few minutes and test again.",
}
_HUBSPOT_REMEDIES = {
    "INVALID_AUTHENTICATION": "Copy the access token again from the app or service key in HubSpot.",
    "EXPIRED_AUTHENTICATION": "This token has ended: make a new one in HubSpot.",
    "MISSING_SCOPES": "Give the app or service key the scopes that HubSpot names.",
    "NO_ANSWER": "Check that this server may reach api.hubapi.com.",
    "BAD_ADDRESS": "Use HubSpot's own address, https://api.hubapi.com.",
    "TEN_SECONDLY_ROLLING": "Wait a moment and test again.",
    "DAILY": "The account has no calls left for today: test again tomorrow.",
}


@dataclass(frozen=True)
class Details:
    """What an admin gives to connect with. Salesforce: a client's id and secret. HubSpot: an access token."""

    crm: str
    base_url: str
    client_id: str = ""
    client_secret: str = field(default="", repr=False)
    access_token: str = field(default="", repr=False)

    def stripped(self) -> Details:
        """Without the blanks that come with pasting; a secret is taken as it is."""
        return replace(
            self,
            base_url=self.base_url.strip().rstrip("/"),
            client_id=self.client_id.strip(),
            access_token=self.access_token.strip(),
        )


@dataclass(frozen=True)
class ConnectionCheck:
    """`message` is for the admin; when not `ok`, `remedy` says what to do and `code` is the CRM's own."""

    ok: bool
    message: str
    remedy: str = ""
    code: str = ""
    org_id: str = ""
    org_name: str = ""
    user_name: str = ""
    integration_user_id: str = ""
    host_origins: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Account:
    """A HubSpot account and who may frame our panel there."""

    portal_id: str
    name: str
    host_origins: list[str]


def check_details(runtime: Runtime, details: Details) -> ConnectionCheck:
    """Salesforce: three calls. HubSpot: one."""
    ask, remedies = _CHECKS[details.crm]
    try:
        return ask(runtime, details.stripped())
    except CrmError as error:
        remedy = remedies.get(error.code, "Check the details, then test again.")
        return ConnectionCheck(False, error.message, remedy=remedy, code=error.code)


def host_origins(base_url: str) -> list[str]:
    """Who may frame our panel for this org: its My Domain, and the Lightning host that goes with it."""
    parts = urlsplit(base_url)
    origins = [f"{parts.scheme}://{parts.netloc}"]
    if parts.netloc.endswith(".my.salesforce.com"):
        origins.append(f"https://{parts.netloc.removesuffix('.my.salesforce.com')}.lightning.force.com")
    return origins


def hubspot_account(runtime: Runtime, base_url: str, tokens: TokenSource, *, meter: Meter | None = None) -> Account:
    """The account behind a token; one call. Raises CrmError."""
    line = Limiter(runtime.redis, f"{hubspot.CRM}:{base_url}")
    told = hubspot.account(HubSpotClient(runtime.settings, base_url, tokens, line=line, meter=meter))
    # Where people use HubSpot depends on where the account's data is kept.
    domain = str(told.get("uiDomain") or "app.hubspot.com").lower()
    scheme = "http" if domain in runtime.settings.trusted_crm_hosts else "https"
    return Account(str(told["portalId"]), f"HubSpot account {told['portalId']}", [f"{scheme}://{domain}"])


def _check_salesforce(runtime: Runtime, details: Details) -> ConnectionCheck:
    _require_address(runtime, details.base_url, salesforce.LABEL, salesforce.HOST_SUFFIXES)
    meter = Meter()
    form = {
        "grant_type": "client_credentials",
        "client_id": details.client_id,
        "client_secret": details.client_secret,
    }
    granted = request_token(runtime.settings, meter, details.base_url, form)
    adapter = salesforce.SalesforceAdapter(
        runtime.settings,
        details.base_url,
        BorrowedToken(granted["access_token"]),
        api_version=runtime.settings.salesforce_api_version,
        meter=meter,
    )
    identity = adapter.identity()
    user = identity["user"]
    return ConnectionCheck(
        True,
        "Connection successful",
        org_id=salesforce.full_id(identity["org_id"]),
        org_name=identity["org_name"],
        user_name=str(user.get("preferred_username") or user.get("name") or ""),
        integration_user_id=str(user.get("user_id") or ""),
        host_origins=host_origins(details.base_url),
    )


def _check_hubspot(runtime: Runtime, details: Details) -> ConnectionCheck:
    _require_address(runtime, details.base_url, hubspot.LABEL, hubspot.HOST_SUFFIXES)
    account = hubspot_account(runtime, details.base_url, PastedToken(details.access_token))
    return ConnectionCheck(
        True,
        "Connection successful",
        org_id=account.portal_id,
        org_name=account.name,
        host_origins=account.host_origins,
    )


def _require_address(runtime: Runtime, base_url: str, label: str, suffixes: tuple[str, ...]) -> None:
    try:
        parts = urlsplit(base_url)
        host = parts.netloc.lower()
        _ = parts.port
    except ValueError:
        raise Unavailable("This is not an address.", code="BAD_ADDRESS") from None
    trusted = host in runtime.settings.trusted_crm_hosts
    is_fine = parts.scheme == "https" or (trusted and parts.scheme == "http")
    if not is_fine or parts.path or parts.query or parts.username:
        raise Unavailable(f"This is not an address of {label}.", code="BAD_ADDRESS")
    if not may_be_host(host, runtime.settings, suffixes):
        raise Unavailable(f"This address is not one of {label}'s.", code="BAD_ADDRESS")


_CHECKS: dict[str, tuple[Callable[[Runtime, Details], ConnectionCheck], Mapping[str, str]]] = {
    salesforce.CRM: (_check_salesforce, _SALESFORCE_REMEDIES),
    hubspot.CRM: (_check_hubspot, _HUBSPOT_REMEDIES),
}
