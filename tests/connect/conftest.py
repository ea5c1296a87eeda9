"""An office connected to HubSpot by sign-in, an admin who can sign in anew, a clock and a worker."""

from __future__ import annotations

import io
from dataclasses import dataclass

import pytest
from sqlalchemy import select

from config.redis import queue
from jobs.hints import Hint, take_hints
from jobs.models import SyncRun
from jobs.models.run import OPEN
from tests.admin import site
from tests.admin.sign_in import SignIn
from tests.admin.site import Visitor
from tests.support.office_fixtures import (
    each_office,
    office,
    office_database,
    office_keys,
    office_on_postgres,
    office_org,
)
from tests.support.portal_fixtures import office_portal, portal_database, portal_office
from tests.support.portal_office import PortalOffice
from tests.support.portal_server import PortalServer
from tests.support.portal_stage import portal_stage, seeded_portal_database, stage_portal
from tests.support.stage import Stage
from tests.support.stage_fixtures import stage_keys

__all__ = [
    "each_office",
    "office",
    "office_database",
    "office_keys",
    "office_on_postgres",
    "office_org",
    "office_portal",
    "portal_database",
    "portal_office",
    "portal_stage",
    "seeded_portal_database",
    "stage_keys",
    "stage_portal",
]


@dataclass
class Outage:
    """An office whose access HubSpot ends and an admin gives back, with the clock and the worker between."""

    office: PortalOffice
    sign_in: SignIn
    processes: Stage

    def begins(self) -> None:
        """The app is removed from the account."""
        self.office.org.control("uninstall", {})

    def ends(self) -> str:
        """An admin presses Reconnect and allows access; what the page says then."""
        path = f"/admin/connections/{self.office.connection_id}/reconnect"
        answer = self.sign_in.come_back(self.sign_in.decide(self.sign_in.start(path)))
        assert answer.status_code == 303, answer.text
        return self.sign_in.admin.get(answer.location).text

    def hint(self, *record_ids: str) -> None:
        """HubSpot says that these changed, and a worker looks at once."""
        take_hints(self.office.runtime, self.office.connection, [Hint("contacts", each) for each in record_ids])
        self.processes.work()

    def tick(self) -> list[SyncRun]:
        """The clock's beat; the runs it put on the queue that nobody waits for."""
        before = queue("default", self.office.runtime.redis).count
        run_ids = self.processes.tick()
        assert queue("default", self.office.runtime.redis).count == before + len(run_ids)
        return [self.run(each) for each in run_ids]

    def run(self, run_id: int) -> SyncRun:
        with self.office.runtime.database.read() as session:
            return session.get_one(SyncRun, run_id)

    def work(self) -> None:
        self.processes.work()

    def open_runs(self) -> list[SyncRun]:
        with self.office.runtime.database.read() as session:
            return list(session.scalars(select(SyncRun).where(SyncRun.status.in_(OPEN))))


@pytest.fixture
def _own_app(office_portal: PortalServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The installation has an app of its own in the account."""
    for name in ("HUBSPOT_LOGIN_URL", "HUBSPOT_API_URL"):
        monkeypatch.setenv(name, office_portal.url)
    monkeypatch.setenv("HUBSPOT_CLIENT_ID", office_portal.credentials["client_id"])
    monkeypatch.setenv("HUBSPOT_CLIENT_SECRET", office_portal.credentials["client_secret"])


@pytest.fixture
def outage(_own_app: None, portal_office: PortalOffice) -> Outage:
    runtime = portal_office.runtime
    runtime.redis.flushall()
    site.add_people(runtime)
    app = site.create_site(runtime)
    admin = Visitor(app.test_client())
    assert admin.sign_in("admin@example.com").status_code == 303
    # The portal server and the stand-in of the admin's tests are controlled by the same words.
    sign_in = SignIn(admin, portal_office.org, crm="hubspot", yes="connect")
    processes = Stage(runtime, app, portal_office.org, portal_office.connection_id, io.StringIO())
    return Outage(portal_office, sign_in, processes)
