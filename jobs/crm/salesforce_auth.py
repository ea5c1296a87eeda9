"""Asking Salesforce for an access token."""

from __future__ import annotations

import base64
from typing import Any

from config.settings import Settings
from jobs.crm.http import Meter
from jobs.crm.salesforce_errors import classify
from jobs.crm.token_request import TokenForm, ask_for_token


def request_token(settings: Settings, meter: Meter, base_url: str, form: TokenForm) -> dict[str, Any]:
    """The token endpoint's JSON. Raises AuthorizationLost, RateLimited or Unavailable."""
    form = dict(form)
    # By HTTP Basic: proxies and error pages are likelier to show a form than this header.
    basic = base64.b64encode(f"{form.pop('client_id')}:{form.pop('client_secret')}".encode()).decode()
    return ask_for_token(
        settings,
        meter,
        base_url,
        "/services/oauth2/token",
        form,
        classify=classify,
        headers={"Authorization": f"Basic {basic}"},
    )
