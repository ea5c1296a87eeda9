"""Which app asks, and where people sign in: from the form, from the installation's settings, or from a connection."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from config.settings import Settings
from jobs.crm.connect_flow import App, Flow
from jobs.models import Connection
from jobs.values import clean_text
from jobs.vault import CannotOpen, Vault
from widget.admin.connection_form import LONGEST, LONGEST_SECRET, FormErrors, my_domain_url

LOGIN_HOSTS = ("login.salesforce.com", "test.salesforce.com")


@dataclass(frozen=True)
class AppDraft:
    """As typed. An empty secret means the one we know: the connection's own, or the installation's."""

    address: str = ""
    client_id: str = ""
    client_secret: str = ""


def typed(form: Mapping[str, str]) -> AppDraft:
    def text(name: str) -> str:
        return clean_text(form.get(name, "")) or ""

    return AppDraft(text("address"), text("client_id"), text("client_secret"))


def check(draft: AppDraft, flow: Flow, settings: Settings, *, stored: App | None) -> tuple[App, str]:
    """The app to ask with, and the address of the sign-in ("" for the CRM's usual one). Raises FormErrors."""
    errors = _too_long(draft)
    address = ""
    if flow.asks_address and draft.address:
        try:
            address = _sign_in_address(draft.address, settings)
        except ValueError as error:
            errors["address"] = str(error)
    app = _app(draft, stored, flow.installed_app(settings))
    if app is None:
        missing = "client_secret" if draft.client_id else "client_id"
        errors.setdefault(missing, f"Enter the client {'secret' if draft.client_id else 'id'} of your app.")
    if errors or app is None:
        raise FormErrors(errors)
    return app, address


def app_of(connection: Connection, flow: Flow, settings: Settings, vault: Vault) -> App | None:
    """The app a connection was made with; its secret as the settings have it now. None when it is not known here."""
    installed = flow.installed_app(settings)
    if installed is not None and installed.client_id == connection.client_id:
        return installed
    try:
        secret = vault.open(connection.client_secret_sealed)
    except CannotOpen:
        return None
    return App(connection.client_id, secret) if secret else None


def _app(draft: AppDraft, *known: App | None) -> App | None:
    """A known secret is only ever sent in the name of the app it belongs to."""
    if draft.client_id and draft.client_secret:
        return App(draft.client_id, draft.client_secret)
    if draft.client_secret:
        return None
    return next((app for app in known if app is not None and draft.client_id in ("", app.client_id)), None)


def _sign_in_address(text: str, settings: Settings) -> str:
    """The origin people sign in at: a My Domain, or one of Salesforce's two general hosts. Raises ValueError."""
    host = text.removeprefix("https://").rstrip("/").lower()
    return f"https://{host}" if host in LOGIN_HOSTS else my_domain_url(text, settings)


def _too_long(draft: AppDraft) -> dict[str, str]:
    limits = {"client_id": LONGEST["client_id"], "client_secret": LONGEST_SECRET, "address": LONGEST["name"]}
    return {
        name: f"At most {limit:,} characters." for name, limit in limits.items() if len(getattr(draft, name)) > limit
    }
