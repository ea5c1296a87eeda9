"""An admin's way through the CRM's sign-in, step by step, as their browser goes it."""

from __future__ import annotations

import html
import re
from dataclasses import dataclass
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
from werkzeug.test import TestResponse

from jobs.models import Connection
from jobs.runtime import Runtime
from tests.admin.conftest import Org
from tests.admin.site import Visitor

CALLBACK = "/admin/connections/salesforce/callback"
_REFRESH = re.compile(r'http-equiv="refresh" content="0;url=([^"]+)"')
_HIDDEN = re.compile(r'type="hidden" name="([^"]+)" value="([^"]*)"')
_USER = re.compile(r'name="user_id" value="([^"]+)"')


@dataclass
class SignIn:
    """`start` leaves for the CRM, `decide` answers its page, `come_back` returns to us."""

    admin: Visitor
    org: Org
    crm: str = "salesforce"
    yes: str = "allow"

    def start(self, path: str = "", **form: str) -> str:
        """The address of the CRM's page that we send the browser to."""
        page = self.admin.post(path or f"/admin/connections/connect/{self.crm}", form)
        found = _REFRESH.search(page.text)
        assert found, page.text
        return html.unescape(found[1])

    def decide(self, url: str, decision: str = "", *, role: str = "admin") -> str:
        """Answer the CRM's page as this user; the path and query that the browser is sent back to."""
        page = requests.get(url, timeout=10)
        hidden = {html.unescape(name): html.unescape(value) for name, value in _HIDDEN.findall(page.text)}
        form = hidden | {"user_id": self.user_id(role), "decision": decision or self.yes}
        answer = requests.post(url.partition("?")[0], data=form, allow_redirects=False, timeout=10)
        assert answer.status_code == 302, answer.text
        back = urlsplit(answer.headers["Location"])
        assert f"{back.scheme}://{back.netloc}" == "http://127.0.0.1:8000"
        return f"{back.path}?{back.query}"

    def come_back(self, back: str) -> TestResponse:
        return self.admin.get(back)

    def connect(self, **form: str) -> int:
        """All of it; the id of the connection."""
        answer = self.come_back(self.decide(self.start(**form)))
        assert answer.status_code == 303, answer.text
        return int(answer.location.rsplit("/", 1)[1])

    def user_id(self, role: str) -> str:
        users = requests.get(f"{self.org.url}/_emulator/users", timeout=10).json()["users"]
        found = next(user for user in users if user["role"] == role)
        return str(found.get("id") or found["user_id"])


def use_app_of(org: Org, monkeypatch: pytest.MonkeyPatch) -> None:
    """The installation has an app of its own in that org: nothing has to be typed."""
    monkeypatch.setenv("SALESFORCE_LOGIN_URL", org.url)
    monkeypatch.setenv("SALESFORCE_CLIENT_ID", org.credentials["client_id"])
    monkeypatch.setenv("SALESFORCE_CLIENT_SECRET", org.credentials["client_secret"])


def stored(runtime: Runtime, connection_id: int) -> Connection:
    with runtime.database.read() as session:
        return session.get_one(Connection, connection_id)


def asked(url: str) -> dict[str, str]:
    """What the address of the sign-in page carries."""
    return {name: values[0] for name, values in parse_qs(urlsplit(url).query).items()}
