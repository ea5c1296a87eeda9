"""How each CRM is connected without anybody signing in: what is typed for it, checked and kept."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from config.settings import Settings
from jobs.crm.check import ConnectionCheck, Details
from jobs.crm.tokens import CLIENT_CREDENTIALS, STATIC_TOKEN
from jobs.models import Connection
from jobs.vault import CannotOpen, Vault
from widget.admin.connection_form import Draft, FormErrors, my_domain_url

UNKNOWN_KEY = "The stored secret fits none of ENCRYPTION_KEYS: enter the {name} again."


@dataclass(frozen=True)
class Access:
    """One CRM's way. `field` is the one of the form that says which org it is, `field_words` what it is called.

    `details` raises FormErrors; an empty secret means the stored one. `keep` stores what was typed and tested, and
    gives the names of the secrets that were set.
    """

    crm: str
    auth_flow: str
    field: str
    field_words: str
    org_word: str
    api_version: Callable[[Settings], str]
    details: Callable[[Draft, Settings, Vault, Connection | None], Details]
    keep: Callable[[Connection, Draft, Settings, Vault], list[str]]

    def other_org(self, connection: Connection, result: ConnectionCheck) -> str:
        return (
            f"This {self.field_words} belongs to another {self.org_word} ({result.org_name}, {result.org_id}); this "
            f"connection is for {connection.org_id}. Links would point to the wrong records. Make a new connection "
            "instead."
        )


@dataclass(frozen=True)
class Tested:
    """What the CRM said to the details that were typed: they let us in."""

    access: Access
    result: ConnectionCheck


def access_of(connection: Connection) -> Access | None:
    """How this connection is let in; None for one that somebody signed in for."""
    access = ACCESS.get(connection.crm)
    return access if access is not None and access.auth_flow == connection.auth_flow else None


def _salesforce_details(draft: Draft, settings: Settings, vault: Vault, stored: Connection | None) -> Details:
    errors = {}
    if not draft.client_id:
        errors["client_id"] = "Enter the consumer key (client id) of the External Client App."
    if not draft.client_secret and not (stored and stored.client_secret_sealed):
        errors |= {"client_secret": "Enter the consumer secret (client secret) of the External Client App."}
    base_url = ""
    try:
        base_url = my_domain_url(draft.base_url, settings)
    except ValueError as error:
        errors["base_url"] = str(error)
    # A stored secret is only ever sent where it was meant for.
    uses_stored = not draft.client_secret and stored is not None and not errors
    if uses_stored and stored and (base_url, draft.client_id) != (stored.base_url, stored.client_id):
        errors |= {"client_secret": "The address or the client id has changed: enter the client secret again."}
    if errors:
        raise FormErrors(errors)
    secret = draft.client_secret or _opened(vault, stored.client_secret_sealed if stored else "", "client_secret")
    return Details("salesforce", base_url, client_id=draft.client_id, client_secret=secret)


def _keep_salesforce(connection: Connection, draft: Draft, settings: Settings, vault: Vault) -> list[str]:
    connection.base_url = my_domain_url(draft.base_url, settings)
    connection.client_id = draft.client_id
    if not draft.client_secret:
        return []
    connection.client_secret_sealed = vault.seal(draft.client_secret)
    # A token made with the old secret may be another user's: the next call asks for a new one.
    connection.access_token_sealed = ""
    return ["client secret"]


def _hubspot_details(draft: Draft, settings: Settings, vault: Vault, stored: Connection | None) -> Details:
    token = draft.access_token or _opened(vault, stored.access_token_sealed if stored else "", "access_token")
    if not token:
        raise FormErrors({"access_token": "Enter the access token: of a HubSpot app, or a service key."})
    return Details("hubspot", _hubspot_address(settings, stored), access_token=token)


def _keep_hubspot(connection: Connection, draft: Draft, settings: Settings, vault: Vault) -> list[str]:
    connection.base_url = _hubspot_address(settings, connection)
    secrets = []
    if draft.access_token:
        connection.access_token_sealed = vault.seal(draft.access_token)
        secrets.append("access token")
    if draft.client_secret:
        connection.client_secret_sealed = vault.seal(draft.client_secret)
        secrets.append("client secret")
    return secrets


def _hubspot_address(settings: Settings, stored: Connection | None) -> str:
    """A stored token is only ever sent where it was meant for."""
    return (stored.base_url if stored else "") or settings.hubspot_api_url


def _opened(vault: Vault, sealed: str, field: str) -> str:
    try:
        return vault.open(sealed)
    except CannotOpen:
        raise FormErrors({field: UNKNOWN_KEY.format(name=field.replace("_", " "))}) from None


WAYS = (
    Access(
        crm="salesforce",
        auth_flow=CLIENT_CREDENTIALS,
        field="base_url",
        field_words="address",
        org_word="org",
        api_version=lambda settings: settings.salesforce_api_version,
        details=_salesforce_details,
        keep=_keep_salesforce,
    ),
    Access(
        crm="hubspot",
        auth_flow=STATIC_TOKEN,
        field="access_token",
        field_words="access token",
        org_word="account",
        api_version=lambda settings: settings.hubspot_api_version,
        details=_hubspot_details,
        keep=_keep_hubspot,
    ),
)
ACCESS: dict[str, Access] = {each.crm: each for each in WAYS}
