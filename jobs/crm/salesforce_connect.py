"""How people sign in to Salesforce: its web server flow."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from config.settings import Settings
from jobs.crm import salesforce
from jobs.crm.check import host_origins
from jobs.crm.connect_flow import Endpoints, Flow, Org, registered_app
from jobs.crm.errors import Misconfigured
from jobs.crm.http import may_be_host
from jobs.crm.tokens import TokenSource
from jobs.runtime import Runtime


def _endpoints(settings: Settings, address: str) -> Endpoints:
    root = f"{address or settings.salesforce_login_url}/services/oauth2"
    return Endpoints(f"{root}/authorize", f"{root}/token", f"{root}/revoke")


def _home(settings: Settings, answer: Mapping[str, Any]) -> str:
    """The org's own address, which the tokens will be sent to: one of Salesforce's, or the grant is not used."""
    parts = urlsplit(str(answer.get("instance_url", "")))
    host = parts.netloc.lower()
    if not may_be_host(host, settings, salesforce.HOST_SUFFIXES):
        raise Misconfigured("The org's address is not one of Salesforce's.", code="BAD_ADDRESS")
    return f"{'http' if host in settings.trusted_crm_hosts else 'https'}://{host}"


def _org(runtime: Runtime, base_url: str, tokens: TokenSource, _answer: Mapping[str, Any]) -> Org:
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
FLOW = Flow(
    crm=salesforce.CRM,
    scopes=("api", "refresh_token", "id"),
    client_auth="client_secret_basic",
    asks_address=True,
    endpoints=_endpoints,
    home=_home,
    identify=_org,
    installed_app=lambda settings: registered_app(settings.salesforce_client_id, settings.salesforce_client_secret),
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
