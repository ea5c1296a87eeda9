"""Sample data for the demo: a connection to the stand-in org and a few records of ours that already know its people."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from config.settings import Settings
from jobs.accounts import save_user
from jobs.crm.check import host_origins
from jobs.db import open_database
from jobs.mapping_defaults import add_default_mappings, field_mapping
from jobs.models import Connection, LocalRecord, User
from jobs.models.user import ADMIN
from jobs.records import create_local
from jobs.runtime import utc_now
from jobs.vault import Vault

ADMIN_EMAIL = "admin@example.com"
ADMIN_PASSWORD = "sample-admin-password"  # noqa: S105 - the demo listens on loopback and prints it

SAMPLES: tuple[tuple[str, dict[str, Any]], ...] = (
    ("account", {"name": "Sample Foods Ltd", "domain": "example.com", "employee_count": 18}),
    ("account", {"name": "Birch Software", "domain": "example.org"}),
    (
        "contact",
        {
            "first_name": "Ana",
            "last_name": "Sample",
            "email": "ana.sample@example.com",
            "job_title": "Office Manager",
            "lead_score": 72,
        },
    ),
    ("contact", {"first_name": "Ben", "last_name": "Example", "email": "ben.example@example.org", "lead_score": 37}),
    # Two for one address: the panel asks which of them is meant.
    ("contact", {"first_name": "Chloe", "last_name": "Specimen", "email": "chloe.specimen@example.net"}),
    (
        "contact",
        {
            "first_name": "C.",
            "last_name": "Specimen",
            "email": "chloe.specimen@example.net",
            "job_title": "Sales Manager",
        },
    ),
    ("contact", {"first_name": "Uma", "last_name": "Fixture", "email": "uma.fixture@umbra200.test", "lead_score": 15}),
)


def seed_demo(settings: Settings, credentials: Mapping[str, Any]) -> dict[str, Any]:
    """Make what is not there yet; what a person changed since stays.

    `credentials` is what the stand-in org wrote at its first start. Returns connection_id and the admin's
    email and password, for `demo.json`.
    """
    vault = Vault(settings)
    database = open_database(settings)
    try:
        with database.write() as session:
            if session.scalar(select(User).where(User.email == ADMIN_EMAIL)) is None:
                save_user(session, ADMIN_EMAIL, password=ADMIN_PASSWORD, role=ADMIN)
            connection = session.scalar(select(Connection).where(Connection.org_id == credentials["org_id"]))
            if connection is None:
                connection = _connect(session, settings, vault, credentials)
                _add_samples(session)
            _refresh(connection, vault, credentials)
            session.flush()
            connection_id = connection.id
    finally:
        database.close()
    return {"connection_id": connection_id, "admin_email": ADMIN_EMAIL, "admin_password": ADMIN_PASSWORD}


def _connect(session: Session, settings: Settings, vault: Vault, credentials: Mapping[str, Any]) -> Connection:
    now = utc_now()
    connection = Connection(
        crm="salesforce",
        name="Sample Org",
        org_id=credentials["org_id"],
        base_url=credentials["url"],
        api_version=settings.salesforce_api_version,
        client_id=credentials["client_id"],
        created_at=now,
        updated_at=now,
    )
    session.add(connection)
    session.flush()
    mappings = {mapping.object: mapping for mapping in add_default_mappings(session, connection)}
    contact = mappings["Contact"]
    contact.fields.append(
        field_mapping("contact", "Lead_Score__c", "lead_score", "outbound", position=len(contact.fields))
    )
    return connection


def _refresh(connection: Connection, vault: Vault, credentials: Mapping[str, Any]) -> None:
    """The address may have changed with `--port`."""
    connection.base_url = credentials["url"]
    connection.host_origins = host_origins(credentials["url"])
    connection.client_secret_sealed = vault.seal(credentials["client_secret"])
    connection.canvas_secret_sealed = vault.seal(credentials["canvas_secret"])
    connection.launch_issuer = credentials["lwc_issuer"]
    connection.launch_certificate = credentials["lwc_certificate"]


def _add_samples(session: Session) -> None:
    if session.scalar(select(LocalRecord.id).limit(1)) is not None:
        return
    for kind, values in SAMPLES:
        create_local(session, kind, values, by="sample data")
