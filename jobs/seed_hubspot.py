"""The demo's connection to the stand-in portal, whose people are those of the stand-in org: one record, two CRMs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.settings import Settings
from jobs.crm.tokens import STATIC_TOKEN
from jobs.db import open_database
from jobs.mapping_defaults import add_default_mappings, field_mapping
from jobs.models import Connection, ObjectMapping
from jobs.runtime import utc_now
from jobs.vault import Vault

CRM = "hubspot"


def seed_hubspot(settings: Settings, credentials: Mapping[str, Any]) -> dict[str, Any]:
    """Make what is not there yet; what a person changed since stays.

    `credentials` is what the stand-in portal wrote at its first start. Returns connection_id, for `demo.json`, and
    `mapped`: object -> its mapped properties, whose changes are worth a webhook.
    """
    vault = Vault(settings)
    database = open_database(settings)
    try:
        with database.write() as session:
            connection = session.scalar(
                select(Connection).where(Connection.crm == CRM, Connection.org_id == str(credentials["portal_id"]))
            )
            if connection is None:
                connection = _connect(session, settings, vault, credentials)
            _refresh(connection, vault, credentials)
            session.flush()
            return {"connection_id": connection.id, "mapped": _mapped(session, connection)}
    finally:
        database.close()


def _connect(session: Session, settings: Settings, vault: Vault, credentials: Mapping[str, Any]) -> Connection:
    now = utc_now()
    connection = Connection(
        crm=CRM,
        name="Sample Portal",
        org_id=str(credentials["portal_id"]),
        base_url=credentials["url"],
        api_version=settings.hubspot_api_version,
        auth_flow=STATIC_TOKEN,
        client_id=credentials["client_id"],
        access_token_sealed=vault.seal(credentials["access_token"]),
        created_at=now,
        updated_at=now,
    )
    session.add(connection)
    session.flush()
    mappings = {mapping.object: mapping for mapping in add_default_mappings(session, connection)}
    contacts = mappings["contacts"]
    contacts.fields.append(
        field_mapping("contact", "sample_lead_score", "lead_score", "outbound", position=len(contacts.fields))
    )
    return connection


def _refresh(connection: Connection, vault: Vault, credentials: Mapping[str, Any]) -> None:
    """The address may have changed with `--port`."""
    connection.base_url = credentials["url"]
    connection.host_origins = [credentials["url"]]
    # What the portal signs card calls and webhooks with.
    connection.client_secret_sealed = vault.seal(credentials["client_secret"])


def _mapped(session: Session, connection: Connection) -> dict[str, list[str]]:
    mappings = session.scalars(select(ObjectMapping).where(ObjectMapping.connection_id == connection.id))
    return {mapping.object: [field.crm_field for field in mapping.fields] for mapping in mappings}
