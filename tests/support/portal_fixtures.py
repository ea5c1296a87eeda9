"""Offices connected to HubSpot, for tests: one seeded SQLite file, copied for each, beside one portal for all."""

from __future__ import annotations

import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from sqlalchemy import select

from config.embedded_valkey import EmbeddedValkey
from config.settings import Settings
from jobs.crm.tokens import AUTHORIZATION_CODE
from jobs.db import migrate, open_database
from jobs.mapping_defaults import add_default_mappings
from jobs.models import Connection
from jobs.runtime import open_runtime, utc_now
from jobs.vault import Vault
from tests.support.office_fixtures import office_keys
from tests.support.org_server import Json
from tests.support.portal_office import PortalOffice
from tests.support.portal_server import PortalServer, SharedPortal
from tests.support.settings_beside import settings_beside

__all__ = ["office_keys", "office_portal", "portal_database", "portal_office"]

INSTALLED_BY = "limited_rep"


def install(portal: PortalServer, user: str = INSTALLED_BY) -> Json:
    """A person installs our app: what the token endpoint answers to the code they came back with."""
    known = portal.credentials
    asked = {
        "client_id": known["client_id"],
        "redirect_uri": known["redirect_uri"],
        "scope": " ".join(known["scopes"]),
        "user_id": portal.user(user)["id"],
        "decision": "connect",
    }
    sent_back = requests.post(f"{portal.url}/oauth/authorize", data=asked, allow_redirects=False, timeout=20)
    [code] = parse_qs(urlsplit(sent_back.headers["Location"]).query)["code"]
    form = {
        "grant_type": "authorization_code",
        "client_id": known["client_id"],
        "client_secret": known["client_secret"],
        "redirect_uri": known["redirect_uri"],
        "code": code,
    }
    answer = requests.post(f"{portal.url}/oauth/2026-09/token", data=form, timeout=20)
    assert answer.status_code == 200, answer.text
    granted: Json = answer.json()
    return granted


@pytest.fixture(scope="session")
def office_portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalServer]:
    """The portal process of all offices of this run."""
    server = SharedPortal(tmp_path_factory.mktemp("office-portal"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def portal_database(tmp_path_factory: pytest.TempPathFactory, office_portal: PortalServer, office_keys: Json) -> Path:
    """A migrated SQLite file with a connection to the portal. Each test gets a copy."""
    folder = tmp_path_factory.mktemp("portal")
    settings = settings_beside(office_portal.url, folder, "redis://localhost:1", office_keys)
    _furnish(settings, office_portal.credentials)
    return folder / "widget.sqlite3"


@pytest.fixture
def portal_office(
    tmp_path: Path,
    valkey_server: EmbeddedValkey,
    office_portal: PortalServer,
    portal_database: Path,
    office_keys: Json,
) -> Iterator[PortalOffice]:
    """An office on SQLite, the portal brought back to its seed and our app just installed."""
    office_portal.reset()
    granted = install(office_portal)
    settings = settings_beside(office_portal.url, tmp_path / "data", valkey_server.url, office_keys)
    shutil.copy(portal_database, settings.data_dir / "widget.sqlite3")
    runtime = open_runtime(settings)
    # The queue server is shared by all tests: what an earlier one used up of the account's limits is forgotten.
    for key in runtime.redis.scan_iter("crm-limit:*"):
        runtime.redis.delete(key)
    with runtime.database.read() as session:
        connection_id = session.scalars(select(Connection.id)).one()
    office = PortalOffice(runtime, office_portal, connection_id)
    office.set_connection(refresh_token_sealed=runtime.vault.seal(granted["refresh_token"]))
    yield office
    runtime.close()


def _furnish(settings: Settings, known: Mapping[str, Any]) -> None:
    """The schema, and a connection as an admin leaves it: signed in, default mappings, everything on."""
    migrate(settings)
    now = utc_now()
    database = open_database(settings)
    with database.write() as session:
        connection = Connection(
            crm="hubspot",
            name="Sample Portal",
            org_id=str(known["portal_id"]),
            base_url=known["url"],
            api_version=settings.hubspot_api_version,
            auth_flow=AUTHORIZATION_CODE,
            client_id=known["client_id"],
            client_secret_sealed=Vault(settings).seal(known["client_secret"]),
            created_at=now,
            updated_at=now,
        )
        session.add(connection)
        session.flush()
        add_default_mappings(session, connection)
    database.close()
