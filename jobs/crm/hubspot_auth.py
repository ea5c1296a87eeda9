"""Asking HubSpot for an access token: everything in the form, nothing in headers (OAuth API guide)."""

from __future__ import annotations

from typing import Any

from config.settings import Settings
from jobs.crm.http import Meter
from jobs.crm.hubspot_errors import classify
from jobs.crm.token_request import TokenForm, ask_for_token


def request_token(settings: Settings, meter: Meter, base_url: str, form: TokenForm) -> dict[str, Any]:
    """The token endpoint's JSON. Raises AuthorizationLost, RateLimited or Unavailable."""
    path = f"/oauth/{settings.hubspot_api_version}/token"
    return ask_for_token(settings, meter, base_url, path, form, classify=classify)
