"""The stage of all plays: one installation with two connections, and the two stand-ins it is connected to."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from config.embedded_valkey import EmbeddedValkey
from config.settings import load_settings
from jobs import worker
from jobs.mapping_defaults import add_default_mappings, field_mapping
from jobs.models import Connection, FieldMapping, ObjectMapping
from jobs.runtime import Runtime, open_runtime, utc_now
from tests.engine.machine.crm_side import CrmSide
from tests.engine.machine.fields import FIELDS, HUBSPOT, SALESFORCE
from tests.support.office import Office
from tests.support.org_server import Json, OrgServer
from tests.support.portal_fixtures import install
from tests.support.portal_office import is_by_app
from tests.support.portal_server import PortalServer


@dataclass
class Stage:
    runtime: Runtime
    sides: dict[str, CrmSide]
    plays: int = 0
    in_force: dict[str, object] = field(default_factory=dict)


@contextmanager
def open_stage(
    folder: Path, redis_url: str, *, org: OrgServer, portal: PortalServer, database: Path, keys: Json
) -> Iterator[Stage]:
    """The installation of the offices' tests, with HubSpot connected too and the score mapped in both CRMs."""
    hosts = tuple(each.url.removeprefix("http://") for each in (org, portal))
    plain = {"data_dir": folder, "redis_url": redis_url, "trusted_crm_hosts": hosts, "crm_timeout_read": 10}
    settings = load_settings(plain | keys)
    shutil.copy(database, settings.data_dir / "widget.sqlite3")
    runtime = open_runtime(settings)
    for key in runtime.redis.scan_iter("crm-limit:*"):
        runtime.redis.delete(key)
    org.reset()
    portal.reset()
    with runtime.database.write() as session:
        org_id = session.scalars(select(Connection.id)).one()
        portal_id = _connect(session, runtime, portal)
        session.execute(
            update(ObjectMapping).where(ObjectMapping.object.not_in(("Contact", "contacts"))).values(enabled=False)
        )
        for connection_id, object_name in ((org_id, "Contact"), (portal_id, "contacts")):
            _map_score(session, connection_id, object_name)
    user_id = Office(runtime, org, org_id).org.user("integration")["id"]
    app_id = str(portal.credentials["app_id"])
    sides = {
        SALESFORCE: CrmSide(SALESFORCE, "Contact", org.url, org_id, lambda entry: entry["user_id"] == user_id),
        HUBSPOT: CrmSide(HUBSPOT, "contacts", portal.url, portal_id, lambda entry: is_by_app(entry, app_id)),
    }
    worker.use(runtime)
    yield Stage(runtime, sides)
    for server in (org, portal):  # for whoever plays next: back to the seed
        server.control("clock", {"offset_seconds": 0})
        server.reset()
    runtime.redis.delete("rq:queue:interactive")
    runtime.close()


@pytest.fixture(scope="module")
def play_stage(
    tmp_path_factory: pytest.TempPathFactory,
    valkey_server: EmbeddedValkey,
    office_org: OrgServer,
    office_portal: PortalServer,
    office_database: Path,
    office_keys: Json,
) -> Iterator[Stage]:
    folder = tmp_path_factory.mktemp("sequences")
    with open_stage(
        folder, valkey_server.url, org=office_org, portal=office_portal, database=office_database, keys=office_keys
    ) as stage:
        yield stage


def _connect(session: Session, runtime: Runtime, portal: PortalServer) -> int:
    known, granted, now = portal.credentials, install(portal), utc_now()
    connection = Connection(
        crm=HUBSPOT,
        name="Sample Portal",
        org_id=str(known["portal_id"]),
        base_url=known["url"],
        api_version=runtime.settings.hubspot_api_version,
        auth_flow="authorization_code",
        client_id=known["client_id"],
        client_secret_sealed=runtime.vault.seal(known["client_secret"]),
        refresh_token_sealed=runtime.vault.seal(granted["refresh_token"]),
        created_at=now,
        updated_at=now,
    )
    session.add(connection)
    session.flush()
    add_default_mappings(session, connection)
    session.flush()
    return connection.id


def _map_score(session: Session, connection_id: int, object_name: str) -> None:
    """The score, where numbers are rounded; and off with what nobody edits here."""
    query = select(ObjectMapping).where(
        ObjectMapping.connection_id == connection_id, ObjectMapping.object == object_name
    )
    mapping = session.scalars(query).one()
    known = FIELDS["lead_score"]
    crm_field = known.salesforce if object_name == "Contact" else known.hubspot
    mapping.fields.append(field_mapping("contact", crm_field, "lead_score", "two_way", position=len(mapping.fields)))
    session.flush()
    others = FieldMapping.local_field.not_in(FIELDS)
    session.execute(
        update(FieldMapping).where(FieldMapping.object_mapping_id == mapping.id, others).values(enabled=False)
    )
