"""The site under test and the people who visit it. A visitor is what a browser is: cookies, forms and their tokens."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from argon2 import PasswordHasher
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select
from werkzeug.serving import WSGIRequestHandler, make_server
from werkzeug.test import TestResponse

from jobs.models import AuditEntry, Base, User
from jobs.models.user import ADMIN, VIEWER
from jobs.runtime import Runtime, utc_now

PASSWORD = "correct horse battery"
PEOPLE = {"admin@example.com": ADMIN, "viewer@example.com": VIEWER}
# A real hash names its own cost, and this one asks for little: the tests sign in hundreds of times.
CHEAP_HASHER = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
CHEAP_HASH = CHEAP_HASHER.hash(PASSWORD)
_TOKEN = re.compile(r'name="csrf_token" value="([^"]+)"')


@dataclass
class Visitor:
    """One browser. `get` and `post` take paths; `post` sends the token of the page the form is on."""

    http: FlaskClient
    base_url: str = "http://localhost"

    def get(self, path: str, **options: Any) -> TestResponse:
        return self.http.get(path, base_url=self.base_url, **options)

    def post(self, path: str, form: dict[str, Any] | None = None, **options: Any) -> TestResponse:
        data = {"csrf_token": self.token()} | (form or {})
        return self.http.post(path, data=data, base_url=self.base_url, **options)

    def post_without_token(self, path: str, form: dict[str, Any] | None = None) -> TestResponse:
        return self.http.post(path, data=form or {}, base_url=self.base_url)

    def token(self) -> str:
        # A page that everybody who is signed in may see; a stranger is sent to the login form.
        page = self.get("/admin/users/", follow_redirects=True).text
        found = _TOKEN.search(page)
        assert found, page
        return found.group(1)

    def sign_in(self, email: str, password: str = PASSWORD) -> TestResponse:
        return self.post("/admin/login", {"email": email, "password": password})


def add_people(runtime: Runtime, people: dict[str, str] = PEOPLE) -> None:
    with runtime.database.write() as session:
        for email, role in people.items():
            session.add(User(email=email, password_hash=CHEAP_HASH, role=role, created_at=utc_now()))


def everything_stored(runtime: Runtime) -> dict[str, list[tuple[Any, ...]]]:
    """Every row of every table, to show that a refused request left no trace."""
    with runtime.database.read() as session:
        return {
            name: sorted((tuple(row) for row in session.execute(select(table))), key=repr)
            for name, table in Base.metadata.tables.items()
        }


def audited(runtime: Runtime) -> list[AuditEntry]:
    with runtime.database.read() as session:
        return list(session.scalars(select(AuditEntry).order_by(AuditEntry.id)))


def count(runtime: Runtime, model: type[Base]) -> int:
    with runtime.database.read() as session:
        return session.scalar(select(func.count()).select_from(model)) or 0


class _Quiet(WSGIRequestHandler):
    def log_request(self, code: int | str = "-", size: int | str = "-") -> None:
        pass


@contextmanager
def serving(app: Flask) -> Iterator[str]:
    """The address of the site behind a real server on a free port."""
    server = make_server("127.0.0.1", 0, app, threaded=True, request_handler=_Quiet)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()
