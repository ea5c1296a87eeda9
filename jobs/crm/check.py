"""Test connection: can these details reach the org, and what is it? Nothing is stored."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import urlsplit

from jobs.crm import salesforce
from jobs.crm.errors import CrmError, Unavailable
from jobs.crm.http import Meter, may_be_host
from jobs.crm.tokens import BorrowedToken, request_token
from jobs.runtime import Runtime

_REMEDIES = {
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


@dataclass(frozen=True)
class ConnectionCheck:
    """`message` is for the admin; when not `ok`, `remedy` says what to do and `code` is Salesforce's own."""

    ok: bool
    message: str
    remedy: str = ""
    code: str = ""
    org_id: str = ""
    org_name: str = ""
    user_name: str = ""
    integration_user_id: str = ""
    host_origins: list[str] = field(default_factory=list)


def test_connection(runtime: Runtime, *, base_url: str, client_id: str, client_secret: str) -> ConnectionCheck:
    """Ask for a token by client credentials and for the org behind it; three calls."""
    base_url = base_url.strip().rstrip("/")
    try:
        _require_crm_address(runtime, base_url)
        meter = Meter()
        form = {"grant_type": "client_credentials", "client_id": client_id.strip(), "client_secret": client_secret}
        granted = request_token(runtime.settings, meter, base_url, form)
        adapter = salesforce.SalesforceAdapter(
            runtime.settings,
            base_url,
            BorrowedToken(granted["access_token"]),
            api_version=runtime.settings.salesforce_api_version,
            meter=meter,
        )
        identity = adapter.identity()
    except CrmError as error:
        return ConnectionCheck(False, error.message, remedy=_remedy(error), code=error.code)
    user = identity["user"]
    return ConnectionCheck(
        True,
        "Connection successful",
        org_id=salesforce.full_id(identity["org_id"]),
        org_name=identity["org_name"],
        user_name=str(user.get("preferred_username") or user.get("name") or ""),
        integration_user_id=str(user.get("user_id") or ""),
        host_origins=host_origins(base_url),
    )


def host_origins(base_url: str) -> list[str]:
    """Who may frame our panel for this org: its My Domain, and the Lightning host that goes with it."""
    parts = urlsplit(base_url)
    origins = [f"{parts.scheme}://{parts.netloc}"]
    if parts.netloc.endswith(".my.salesforce.com"):
        origins.append(f"https://{parts.netloc.removesuffix('.my.salesforce.com')}.lightning.force.com")
    return origins


def _require_crm_address(runtime: Runtime, base_url: str) -> None:
    try:
        parts = urlsplit(base_url)
        host = parts.netloc.lower()
        _ = parts.port
    except ValueError:
        raise Unavailable("This is not an address.", code="BAD_ADDRESS") from None
    trusted = host in runtime.settings.trusted_crm_hosts
    is_fine = parts.scheme == "https" or (trusted and parts.scheme == "http")
    if not is_fine or parts.path or parts.query or parts.username:
        raise Unavailable("This is not the address of a Salesforce org.", code="BAD_ADDRESS")
    if not may_be_host(host, runtime.settings, salesforce.HOST_SUFFIXES):
        raise Unavailable("This address is not one of Salesforce's.", code="BAD_ADDRESS")


def _remedy(error: CrmError) -> str:
    return _REMEDIES.get(error.code, "Check the details, then test again.")
