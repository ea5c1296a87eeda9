"""What differs between the CRMs when somebody connects one by signing in, as data."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import SecretStr

from config.settings import Settings
from jobs.crm.tokens import TokenSource
from jobs.runtime import Runtime


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
    optional_scopes: tuple[str, ...] = ()  # granted where the account has what they are for


def registered_app(client_id: str, client_secret: SecretStr) -> App | None:
    """From the settings of the installation; None where it has none."""
    return App(client_id, client_secret.get_secret_value()) if client_id else None
