"""A stage beside a HubSpot portal: what the app card sends is signed here, as HubSpot's servers would sign it.

stage.card("contacts")      what the card is told when it is drawn
stage.sync("contacts")      its one click
stage.details("contacts")   the address for its modal; `stage.open(address)` is the browser that loads it
"""

from __future__ import annotations

import json
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from config.embedded_valkey import EmbeddedValkey
from config.settings import Settings
from jobs.db import migrate, open_database
from jobs.mapping_defaults import field_mapping
from jobs.models import Connection, MatchRule, ObjectMapping, PeopleCache
from jobs.records import create_local
from jobs.runtime import open_runtime, utc_now
from jobs.seed import SAMPLES
from jobs.vault import Vault
from tests.support import portal_proofs
from tests.support.compiled import application
from tests.support.portal_server import PortalServer, SharedPortal
from tests.support.product_log import listening, require_none_of
from tests.support.proofs import Json
from tests.support.settings_beside import changed, settings_beside
from tests.support.stage import Panel, Stage

CARD = "/launch/hubspot"
SYNC = "/launch/hubspot/sync"
TYPE_IDS = {"contacts": "0-1", "companies": "0-2", "deals": "0-3", "tickets": "0-5"}
PUBLIC_URL = "https://widget.example.com"
FIELDS = (
    ("email", "email", "two_way"),
    ("firstname", "first_name", "two_way"),
    ("lastname", "last_name", "two_way"),
    ("jobtitle", "job_title", "two_way"),
    ("phone", "phone", "inbound"),
)


@dataclass
class PortalStage(Stage):
    """One installation beside one portal. `org` is the portal."""

    org: Any

    # What HubSpot sends

    def caller(self, user: str = "rep", **changes: str) -> dict[str, str]:
        """The four parameters that HubSpot adds to the address."""
        known = self.user(user)
        return {
            "userId": known["id"],
            "portalId": str(self.org.credentials["portal_id"]),
            "userEmail": known["email"],
            "appId": str(self.org.credentials["app_id"]),
        } | changes

    def asked(self, object_name: str = "contacts", record_id: str | None = None, **more: Any) -> Json:
        """The body that the card sends."""
        return {
            "object_type_id": TYPE_IDS.get(object_name, object_name),
            "object_id": record_id or self.org.record(object_name),
            "locale": "en-US",
            "time_zone": "Etc/UTC",
            **more,
        }

    def called(self, path: str = CARD, user: str = "rep", **changes: str) -> str:
        return portal_proofs.called(PUBLIC_URL + path, self.caller(user, **changes))

    def send(
        self, url: str, body: bytes, *, headers: dict[str, str] | None = None, method: str = "POST", **options: Any
    ) -> TestResponse:
        """A request as it reaches us: signed by the portal's app for this very address and body, unless told how."""
        if headers is None:
            headers = portal_proofs.v3_headers(self.app_secret, method, url, body)
        path = url.removeprefix(PUBLIC_URL)
        # From the machine of the proxy before us: its own address, plain http.
        kind = "application/json"
        return self.client.open(
            path,
            method=method,
            data=body,
            headers=headers,
            content_type=kind,
            base_url="http://10.0.0.7:8000",
            **options,
        )

    def call(self, path: str, body: Json, user: str = "rep", **changes: str) -> Json:
        """A signed call that has to be answered with the card's JSON."""
        response = self.send(self.called(path, user, **changes), json.dumps(body).encode())
        assert response.status_code == 200, response.text
        answer: Json = response.get_json()
        return answer

    def card(
        self, object_name: str = "contacts", record_id: str | None = None, *, user: str = "rep", **more: Any
    ) -> Json:
        return self.call(CARD, self.asked(object_name, record_id, **more), user)

    def sync(
        self, object_name: str = "contacts", record_id: str | None = None, *, user: str = "rep", **more: Any
    ) -> Json:
        return self.call(SYNC, {"key": uuid.uuid4().hex} | self.asked(object_name, record_id, **more), user)

    def synced(self, object_name: str = "contacts", record_id: str | None = None) -> Json:
        """Click, let a worker do it, and ask what came of it."""
        run_id = self.sync(object_name, record_id)["run_id"]
        self.work()
        return self.card(object_name, record_id, run_id=run_id)

    def details(self, object_name: str = "contacts", record_id: str | None = None, *, user: str = "rep") -> str:
        """The one-time address for the modal."""
        return self.secret(str(self.card(object_name, record_id, user=user, details=True)["url"]))

    def restarted(self, **overrides: Any) -> PortalStage:
        runtime = open_runtime(changed(self.settings, **overrides))
        return replace(self, runtime=runtime, app=application(runtime))

    # The browser

    def open(self, address: str) -> TestResponse:
        assert address.startswith(PUBLIC_URL + "/")
        return self.client.get(address.removeprefix(PUBLIC_URL))

    def open_details(self, object_name: str = "contacts", record_id: str | None = None, *, user: str = "rep") -> Panel:
        return self.opened(self.open(self.details(object_name, record_id, user=user)))

    @property
    def app_secret(self) -> str:
        return str(self.org.credentials["client_secret"])


@pytest.fixture(scope="session")
def stage_portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalServer]:
    """The portal process of all portal stages."""
    server = SharedPortal(tmp_path_factory.mktemp("stage-portal"))
    yield server
    server.stop()


@pytest.fixture(scope="session")
def seeded_portal_database(
    tmp_path_factory: pytest.TempPathFactory, stage_portal: PortalServer, stage_keys: Json
) -> Path:
    """A migrated SQLite file with a connection to the portal and our sample records. Each test gets a copy."""
    folder = tmp_path_factory.mktemp("seeded-portal")
    settings = portal_settings(stage_portal, folder, "redis://localhost:1", stage_keys)
    migrate(settings)
    seed_portal(settings, stage_portal)
    return folder / "widget.sqlite3"


@pytest.fixture
def portal_stage(
    tmp_path: Path,
    valkey_server: EmbeddedValkey,
    stage_portal: PortalServer,
    stage_keys: Json,
    seeded_portal_database: Path,
) -> Iterator[PortalStage]:
    """SQLite, the shared queue server emptied, the portal brought back to its seed."""
    stage_portal.reset()
    settings = portal_settings(stage_portal, tmp_path / "data", valkey_server.url, stage_keys)
    shutil.copy(seeded_portal_database, settings.data_dir / "widget.sqlite3")
    with staged(settings, stage_portal) as stage:
        stage.runtime.redis.flushall()
        yield stage


@contextmanager
def staged(settings: Settings, portal: PortalServer) -> Iterator[PortalStage]:
    runtime = open_runtime(settings)
    with runtime.database.read() as session:
        connection_id = session.scalars(select(Connection.id)).one()
    with listening(settings) as logs:
        stage = PortalStage(runtime, application(runtime), portal, connection_id, logs)
        yield stage
        runtime.close()
        _require_no_secret(stage)


def _require_no_secret(stage: PortalStage) -> None:
    known = stage.org.credentials
    tickets = {each.partition("ticket=")[2] or each for each in stage.secrets}
    secrets = {*tickets, known["client_secret"], known["access_token"]}
    require_none_of(secrets, stage.logs.getvalue())


def portal_settings(portal: PortalServer, folder: Path, redis_url: str, keys: Json) -> Settings:
    return settings_beside(portal.url, folder, redis_url, keys, public_url=PUBLIC_URL)


def seed_portal(settings: Settings, portal: PortalServer) -> None:
    """A connection as an admin leaves it, and a few records of ours that already know the portal's people."""
    database = open_database(settings)
    with database.write() as session:
        session.add(connection := portal_connection(settings, portal))
        session.flush()
        session.add(mapping_of_contacts(connection))
        session.add(PeopleCache(connection_id=connection.id, people=people_of(portal), fetched_at=utc_now()))
        for kind, values in SAMPLES:
            create_local(session, kind, values, by="sample data")
    database.close()


def mapping_of_contacts(connection: Connection) -> ObjectMapping:
    """As small as it gets: deals and companies are not set up."""
    mapping = ObjectMapping(
        connection_id=connection.id,
        object="contacts",
        object_label="Contact",
        kind="contact",
        needs_email=True,
        updated_at=utc_now(),
    )
    mapping.fields = [
        field_mapping("contact", crm_field, local_field, direction, position=position)
        for position, (crm_field, local_field, direction) in enumerate(FIELDS)
    ]
    mapping.match_rules = [MatchRule(crm_field="email", local_field="email", compare_as="email", position=0)]
    return mapping


def people_of(portal: PortalServer) -> list[dict[str, str]]:
    return [
        {"owner_id": each["owner_id"], "user_id": each["id"], "email": each["email"], "name": each["name"]}
        for each in portal.credentials["users"]
    ]


def portal_connection(settings: Settings, portal: PortalServer, **values: Any) -> Connection:
    known, vault, now = portal.credentials, Vault(settings), utc_now()
    made: Json = {
        "crm": "hubspot",
        "name": "Sample Portal",
        "org_id": str(known["portal_id"]),
        "base_url": portal.url,
        "api_version": settings.hubspot_api_version,
        "auth_flow": "static_token",
        "client_id": known["client_id"],
        "client_secret_sealed": vault.seal(known["client_secret"]),
        "access_token_sealed": vault.seal(known["access_token"]),
        "host_origins": [portal.url],
        "created_at": now,
        "updated_at": now,
    }
    return Connection(**made | values)
