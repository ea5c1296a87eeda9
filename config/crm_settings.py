"""The settings that are about the CRMs: how they are reached, and this installation's own apps at them."""

from __future__ import annotations

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings

from config.setting_types import HostList, Origin


class CrmSettings(BaseSettings):
    """A part of `config.settings.Settings`, which is what is handed in."""

    crm_timeout_connect: float = Field(
        default=3.05,
        gt=0,
        le=60,
        description="Seconds to wait for a connection to a CRM.",
        json_schema_extra={"expects": "a number of seconds above 0, at most 60"},
    )
    crm_timeout_read: float = Field(
        default=30,
        gt=0,
        le=600,
        description="Seconds to wait for a CRM's next byte.",
        json_schema_extra={"expects": "a number of seconds above 0, at most 600"},
    )
    look_every_minutes: int = Field(
        default=60,
        ge=5,
        le=1440,
        description="Minutes between two looks for changes in a CRM that no hint told of, for each object that is on.",
        json_schema_extra={"expects": "a whole number of minutes from 5 to 1440"},
    )
    salesforce_api_version: str = Field(
        default="67.0",
        pattern=r"^[1-9][0-9]\.0$",
        description="Version of the Salesforce REST API that is spoken.",
        json_schema_extra={"expects": "a version such as 67.0"},
    )
    hubspot_api_version: str = Field(
        default="2026-09",
        pattern=r"^20[2-9][0-9]-(03|09)$",
        description="Version of the HubSpot API that is spoken, for every connection.",
        json_schema_extra={"expects": "a version such as 2026-09"},
    )
    salesforce_client_id: str = Field(
        default="",
        description="Client id (consumer key) of this installation's own Salesforce app, for connecting in one click. "
        "Unset: asked for each time an org is connected.",
    )
    salesforce_client_secret: SecretStr = Field(
        default=SecretStr(""),
        description="Client secret of the same app.",
    )
    salesforce_login_url: Origin = Field(
        default="https://login.salesforce.com",
        description="Where people sign in to Salesforce when no My Domain address is given. "
        "`https://test.salesforce.com` for sandboxes.",
        json_schema_extra={"expects": "an https address such as https://test.salesforce.com, without a path"},
    )
    hubspot_client_id: str = Field(
        default="",
        description="Client id of this installation's own HubSpot app, for connecting in one click. "
        "Unset: asked for each time an account is connected.",
    )
    hubspot_client_secret: SecretStr = Field(
        default=SecretStr(""),
        description="Client secret of the same app.",
    )
    hubspot_login_url: Origin = Field(
        default="https://app.hubspot.com",
        description="Where people sign in to HubSpot. Another one only for a stand-in.",
        json_schema_extra={"expects": "an https address such as https://app.hubspot.com, without a path"},
    )
    hubspot_api_url: Origin = Field(
        default="https://api.hubapi.com",
        description="Where HubSpot's API is, for whoever connects by sign-in. Another one only for a stand-in.",
        json_schema_extra={"expects": "an https address such as https://api.hubapi.com, without a path"},
    )
    trusted_crm_hosts: HostList = Field(
        default=(),
        description="`host:port`, comma separated: hosts that may be a CRM besides the CRMs' own domains, "
        "spoken to over plain http. Meant for the stand-in CRM; leave empty in production.",
        json_schema_extra={"expects": "comma-separated host:port pairs such as localhost:8001"},
    )

    def half_an_app(self) -> tuple[str, str] | None:
        """(the setting that is there, the one that has to be beside it): an app is an id with its secret."""
        for crm in ("salesforce", "hubspot"):
            name, secret = f"{crm}_client_id", f"{crm}_client_secret"
            has_id, has_secret = bool(getattr(self, name)), bool(getattr(self, secret).get_secret_value())
            if has_id != has_secret:
                return (name, secret) if has_id else (secret, name)
        return None
