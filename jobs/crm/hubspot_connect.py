"""How people sign in to HubSpot and install our app there."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from config.settings import Settings
from jobs.crm import hubspot
from jobs.crm.check import hubspot_account
from jobs.crm.connect_flow import Endpoints, Flow, Org, registered_app
from jobs.crm.tokens import TokenSource
from jobs.runtime import Runtime


def _endpoints(settings: Settings, _address: str) -> Endpoints:
    root = f"{settings.hubspot_api_url}/oauth/{settings.hubspot_api_version}/token"
    return Endpoints(f"{settings.hubspot_login_url}/oauth/authorize", root, f"{root}/revoke")


def _account(runtime: Runtime, base_url: str, tokens: TokenSource, answer: Mapping[str, Any]) -> Org:
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
FLOW = Flow(
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
    endpoints=_endpoints,
    home=lambda settings, _answer: settings.hubspot_api_url,
    identify=_account,
    installed_app=lambda settings: registered_app(settings.hubspot_client_id, settings.hubspot_client_secret),
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
    # Custom objects belong to some of HubSpot's subscriptions only.
    optional_scopes=("crm.objects.custom.read", "crm.objects.custom.write", "crm.schemas.custom.read"),
)
