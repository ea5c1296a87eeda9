"""An office whose access HubSpot ends and an admin gives back, with the clock and a worker between."""

from __future__ import annotations

import io
from dataclasses import dataclass

from sqlalchemy import select

from config.redis import queue
from jobs.models import SyncRun
from jobs.models.run import OPEN
from tests.admin import site
from tests.admin.sign_in import SignIn
from tests.admin.site import Visitor
from tests.support.compiled import application
from tests.support.hinting import hint
from tests.support.portal_office import PortalOffice
from tests.support.stage import Stage


@dataclass
class Outage:
    """`begins`, then whatever happens meanwhile, `ends`; `tick` and `work` are the clock's and a worker's."""

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
        hint(self.office, "contacts", *record_ids)
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


def outage_of(office: PortalOffice) -> Outage:
    """With an admin who has signed in. The installation has to have an app of its own in the account."""
    runtime = office.runtime
    runtime.redis.flushall()
    site.add_people(runtime)
    app = application(runtime)
    admin = Visitor(app.test_client())
    assert admin.sign_in("admin@example.com").status_code == 303
    sign_in = SignIn(admin, office.org, crm="hubspot", yes="connect")
    return Outage(office, sign_in, Stage(runtime, app, office.org, office.connection_id, io.StringIO()))
