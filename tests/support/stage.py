"""The whole product on one stage: a real org process, a real database, the real queue, the real web application.

    stage.open_panel() -> Panel        launches and takes the token out of the page
    panel.sync(), .follow(), .view()   the panel's own requests
    stage.work()                       a real worker empties the queue, in this process

Proofs are built by `tests.support.proofs`, so the product never checks its own handiwork. Whatever is secret is
noted as it is made; when the stage is cleared, none of it may stand in any log line.
"""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from rq import SimpleWorker
from rq.timeouts import TimerDeathPenalty
from sqlalchemy import select
from werkzeug.test import TestResponse

from config.redis import QUEUE_NAMES, SERIALIZER, blocking_client, queue
from config.settings import Settings
from jobs import schedule, worker
from jobs.models import Connection, LocalRecord, ObjectMapping
from jobs.records import change_local
from jobs.runtime import Runtime, open_runtime
from tests.support import proofs
from tests.support.compiled import application
from tests.support.org_server import OrgServer
from tests.support.product_log import require_none_of
from tests.support.proofs import Json
from tests.support.screen import Screen
from tests.support.settings_beside import changed

CANVAS = "/launch/salesforce/canvas"
LWC = "/launch/salesforce/lwc"
FORM = "application/x-www-form-urlencoded"

# What each rep of the sample org may read and edit, as Apex would find it.
_READ = {
    "Account": ["Name", "Website", "Industry", "NumberOfEmployees", "Phone"],
    "Contact": ["Name", "Email", "FirstName", "LastName", "Title", "Phone", "Lead_Score__c"],
    "Lead": ["Name", "Email", "FirstName", "LastName", "Title", "Phone", "Company"],
    "Opportunity": ["Name", "Amount", "StageName", "CloseDate", "OwnerId"],
}
_HIDDEN = {"limited_rep": {"Phone"}}
_READ_ONLY = {"limited_rep": {"Title", "Amount"}}


@dataclass
class Panel:
    """One open panel, as its page holds it: a token in memory and the last answer."""

    stage: Stage
    response: TestResponse
    token: str
    screen: Screen

    def sync(self) -> Screen:
        return self._show(self.post("/panel/sync"))

    def choose(self, local_record_id: int) -> TestResponse:
        return self.post("/panel/link", data={"local_record_id": str(local_record_id)})

    def say_it_is_another(self, local_record_id: int) -> Screen:
        return self._show(self.post("/panel/apart", data={"local_record_id": str(local_record_id)}))

    def view(self) -> Screen:
        return self._show(self.get("/panel/view"))

    def follow(self) -> Screen:
        """Ask for news the way the page does, until it is at rest."""
        while self.screen.asks_next:
            self.follow_once()
        return self.screen

    def follow_once(self) -> Screen:
        """Ask for news once."""
        return self._show(self.get(self.screen.asks_next))

    def synced(self) -> Screen:
        """Click, let a worker do it, and see what came of it."""
        self.sync()
        self.stage.work()
        return self.follow()

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.stage.client.get(path, headers=self.headers, **options)

    def post(self, path: str, **options: Any) -> TestResponse:
        return self.stage.client.post(path, headers=self.headers, **options)

    @property
    def headers(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}"}

    def _show(self, response: TestResponse) -> Screen:
        assert response.status_code == 200, response.text
        self.screen = Screen(response.text)
        return self.screen


@dataclass
class Stage:
    """One installation beside one org. `client` is a browser that never keeps cookies."""

    runtime: Runtime
    app: Flask
    org: OrgServer
    connection_id: int
    logs: io.StringIO
    secrets: set[str] = field(default_factory=set)

    @property
    def settings(self) -> Settings:
        return self.runtime.settings

    @property
    def client(self) -> FlaskClient:
        return self.app.test_client(use_cookies=False)

    # The org's side

    def user(self, role: str) -> Json:
        return self.org.user(role)

    def envelope(
        self, user: str = "rep", object_name: str = "Contact", record_id: str | None = None, *, location: str = "Aura"
    ) -> Json:
        """An unsigned CanvasRequest of that user, with a live OAuth token of theirs."""
        return proofs.canvas_envelope(
            org=self.org.credentials,
            user=self.user(user),
            token=self.secret(self.org.token(user)),
            object_name=object_name,
            record_id=record_id or self.org.record(object_name),
            location=location,
        )

    def sign(self, envelope: Any) -> str:
        return self.secret(proofs.signed(proofs.encoded(envelope), self.org.credentials["canvas_secret"]))

    def canvas_request(
        self, user: str = "rep", object_name: str = "Contact", record_id: str | None = None, **client: Any
    ) -> str:
        """A signed request; `client` replaces parts of its `client` member, such as `instanceUrl`."""
        envelope = self.envelope(user, object_name, record_id)
        envelope["client"] |= client
        return self.sign(envelope)

    def apex_claims(
        self, user: str = "rep", object_name: str = "Contact", record_id: str | None = None, **claims: Any
    ) -> Json:
        """What Apex would say. `claims` replaces claims; a claim given as None is left out."""
        read = [name for name in _READ[object_name] if name not in _HIDDEN.get(user, set())]
        made = proofs.apex_claims(
            org=self.org.credentials,
            user=self.user(user),
            audience=self.settings.public_url + LWC,
            object_name=object_name,
            record_id=record_id or self.org.record(object_name),
            read=read,
            edit=[name for name in read if name not in _READ_ONLY.get(user, set())],
        )
        return {name: value for name, value in (made | claims).items() if value is not None}

    def apex_token(
        self, user: str = "rep", object_name: str = "Contact", record_id: str | None = None, **claims: Any
    ) -> str:
        return self.sign_apex(self.apex_claims(user, object_name, record_id, **claims))

    def sign_apex(self, claims: Json, **headers: Any) -> str:
        return self.secret(proofs.apex_signed(claims, self.private_key, **headers))

    @property
    def private_key(self) -> str:
        return Path(self.org.credentials["lwc_private_key_file"]).read_text()

    # The browser's side

    def post_canvas(self, signed_request: str) -> TestResponse:
        return self.client.post(CANVAS, data={"signed_request": signed_request})

    def get_lwc(self, token: str) -> TestResponse:
        return self.client.get(LWC, query_string={"token": token})

    def open_panel(
        self,
        user: str = "rep",
        object_name: str = "Contact",
        record_id: str | None = None,
        *,
        by: str = "canvas",
        **claims: Any,
    ) -> Panel:
        """Launch `by` canvas or lwc, which has to succeed."""
        if by == "canvas":
            return self.opened(self.post_canvas(self.canvas_request(user, object_name, record_id, **claims)))
        return self.opened(self.get_lwc(self.apex_token(user, object_name, record_id, **claims)))

    def opened(self, response: TestResponse) -> Panel:
        assert response.status_code == 200, response.text
        screen = Screen(response.text)
        return Panel(self, response, self.secret(screen.token), screen)

    # Behind the counter

    def has_work(self) -> bool:
        """A run is in the database a moment before its job is in the queue: this waits for the job."""
        with blocking_client(self.settings) as connection:
            return any(queue(name, connection).count for name in QUEUE_NAMES)

    def work(self) -> None:
        """A worker does everything that is queued now, and goes."""
        worker.use(self.runtime)
        with blocking_client(self.settings) as connection:
            queues = [queue(name, connection) for name in QUEUE_NAMES]
            _Worker(queues, connection=connection, serializer=SERIALIZER).work(burst=True, logging_level="WARNING")

    @contextmanager
    def working(self) -> Iterator[None]:
        """A worker runs beside the block; it is waited for at the end."""
        thread = threading.Thread(target=self.work)
        thread.start()
        yield
        thread.join()

    def tick(self) -> list[int]:
        return schedule.tick(self.runtime)

    def change_connection(self, **values: Any) -> None:
        self._change(Connection, Connection.id == self.connection_id, values)

    def add_connection(self, *, org_id: str, **values: Any) -> None:
        """Another org, connected with the same app: like the first one but for `values`."""
        with self.runtime.database.write() as session:
            first = session.get_one(Connection, self.connection_id)
            names = [each.key for each in Connection.__table__.columns if each.key != "id"]
            like = {name: getattr(first, name) for name in names}
            session.add(
                Connection(**like | {"name": "Another Org", "launch_issuer": org_id, "org_id": org_id} | values)
            )

    def change_object(self, object_name: str, **values: Any) -> None:
        self._change(ObjectMapping, ObjectMapping.object == object_name, values)

    def change_local(self, name: str, **values: Any) -> None:
        """Change one of our records, found by its name, as a colleague would."""
        with self.runtime.database.write() as session:
            record = session.scalars(select(LocalRecord).where(LocalRecord.name == name)).one()
            change_local(session, record, values, by="a colleague")

    def local(self, name: str) -> LocalRecord:
        with self.runtime.database.read() as session:
            return session.scalars(select(LocalRecord).where(LocalRecord.name == name)).one()

    def secret(self, text: str) -> str:
        """Note a secret: it must not turn up in a log line."""
        self.secrets.add(text)
        return text

    def restarted(self, **overrides: Any) -> Stage:
        """The same installation after a restart of its web process, with some settings changed."""
        runtime = open_runtime(changed(self.settings, **overrides))
        return Stage(runtime, application(runtime), self.org, self.connection_id, self.logs, self.secrets)

    def _change(self, model: Any, condition: Any, values: Json) -> None:
        with self.runtime.database.write() as session:
            row = session.scalars(select(model).where(condition)).one()
            for name, value in values.items():
                setattr(row, name, value)


class _Worker(SimpleWorker):
    """The tests' own clock needs SIGALRM, and a worker may run in any thread here."""

    death_penalty_class = TimerDeathPenalty

    def _install_signal_handlers(self) -> None:
        pass


def require_no_secret(stage: Stage) -> None:
    """Nothing that was noted as secret, nor the org's own secrets, stands in a log line."""
    known = stage.org.credentials
    secrets = {*stage.secrets, known["client_secret"], known["canvas_secret"], proofs.SESSION_IN_LOCATION}
    require_none_of(secrets, stage.logs.getvalue())
