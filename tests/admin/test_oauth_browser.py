"""One click in a real browser, through the CRM's own page, against a real web process; and what that process logs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import requests
from playwright.sync_api import Browser, Page, expect

from config import processes
from config.embedded_valkey import EmbeddedValkey
from config.settings import Settings, load_settings
from jobs.db import migrate, open_database
from jobs.models import Connection
from jobs.runtime import open_runtime
from jobs.vault import Vault
from tests.admin import site
from tests.admin.site import PASSWORD
from tests.admin.test_browser import serious
from tests.support.processes import free_ports

ROOT = Path(__file__).parents[2]
pytestmark = pytest.mark.browser


@dataclass
class Site:
    """A web process beside a stand-in org that knows where to send people back."""

    url: str
    org_url: str
    settings: Settings
    credentials: dict[str, Any]
    log: Path
    requested: list[str] = field(default_factory=list)

    def connection(self) -> Connection:
        database = open_database(self.settings)
        with database.read() as session:
            connection = session.query(Connection).one()
        database.close()
        return connection


@pytest.fixture(scope="module")
def living(tmp_path_factory: pytest.TempPathFactory, valkey_server: EmbeddedValkey) -> Iterator[Site]:
    data = tmp_path_factory.mktemp("one-click")
    web_port = free_ports(2)
    org_port = web_port + 1
    url, org_url = f"http://127.0.0.1:{web_port}", f"http://127.0.0.1:{org_port}"
    emulator = [
        "-m",
        "emulator",
        "salesforce",
        "--port",
        str(org_port),
        "--data",
        str(data / "org"),
        "--panel-url",
        url,
    ]
    with _running(emulator, {}, data / "org.log", f"{org_url}/_emulator/faults"):
        credentials = json.loads((data / "org" / "credentials.json").read_text())
        environment = {
            "DATA_DIR": str(data / "data"),
            "REDIS_URL": valkey_server.url,
            "PUBLIC_URL": url,
            "TRUSTED_CRM_HOSTS": f"127.0.0.1:{org_port}",
            "SALESFORCE_LOGIN_URL": org_url,
            "SALESFORCE_CLIENT_ID": credentials["client_id"],
            "SALESFORCE_CLIENT_SECRET": credentials["client_secret"],
            "LOG_LEVEL": "DEBUG",
            "LOG_FORMAT": "json",
        }
        settings = load_settings({name.lower(): value for name, value in environment.items() if name != "LOG_LEVEL"})
        migrate(settings)
        runtime = open_runtime(settings)
        site.add_people(runtime)
        runtime.close()
        web = ["-m", "widget", "web", "--port", str(web_port)]
        with _running(web, environment, data / "web.log", f"{url}/healthz"):
            yield Site(url, org_url, settings, credentials, data / "web.log")


@pytest.fixture
def window(living: Site, browser: Browser) -> Iterator[Page]:
    """A signed-in window on the connections; everything it asks our server for is noted."""
    context = browser.new_context()
    page = context.new_page()
    page.on("request", lambda request: living.requested.append(request.url))
    page.goto(f"{living.url}/admin/login?next=/admin/connections/")
    page.get_by_label("Email").fill("admin@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Connections", level=1)).to_be_visible()
    yield page
    context.close()


def test_one_click_leads_through_the_crms_page_to_an_active_connection(living: Site, window: Page) -> None:
    window.get_by_role("button", name="Connect Salesforce").click()
    expect(window.get_by_role("heading", name="Allow access?")).to_be_visible()
    assert window.url.startswith(f"{living.org_url}/services/oauth2/authorize")
    window.get_by_role("button", name="Allow").click()
    expect(window.get_by_role("status").first).to_contain_text("Connected to ")
    expect(window.locator("#what")).to_contain_text("Active")
    assert serious(window) == []

    disconnected_and_back(living, window)
    denied(living, window)
    nothing_secret_was_logged(living)


def disconnected_and_back(living: Site, window: Page) -> None:
    card = window.url
    window.get_by_role("link", name="Disconnect").click()
    expect(window.get_by_role("heading", level=1)).to_contain_text("Disconnect ")
    assert serious(window) == []
    window.get_by_role("button", name="Disconnect").click()
    expect(window.locator("#what")).to_contain_text("Disconnected")
    assert serious(window) == []
    window.get_by_role("button", name="Reconnect").click()
    window.get_by_role("button", name="Allow").click()
    expect(window.get_by_role("status").first).to_contain_text("Connected again to ")
    expect(window.locator("#what")).to_contain_text("Active")
    assert window.url == card


def denied(living: Site, window: Page) -> None:
    window.get_by_role("button", name="Reconnect").click()
    window.get_by_role("button", name="Deny").click()
    expect(window.get_by_role("heading", level=1)).to_have_text("Access was not allowed")
    assert serious(window) == []
    window.reload()
    expect(window.get_by_role("heading", level=1)).to_have_text("This sign-in cannot be finished")


def nothing_secret_was_logged(living: Site) -> None:
    lines = living.log.read_text()
    assert "/admin/connections/salesforce/callback" in lines  # the visits themselves are
    connection, vault = living.connection(), Vault(living.settings)
    secrets = {living.credentials["client_secret"]}
    secrets |= {vault.open(sealed) for sealed in (connection.access_token_sealed, connection.refresh_token_sealed)}
    for url in living.requested:
        _, _, query = url.partition("?")
        secrets |= {part.partition("=")[2] for part in query.split("&") if part.startswith(("code=", "state="))}
    assert len(secrets) >= 8
    assert [secret for secret in secrets if secret in lines] == []


@contextmanager
def _running(arguments: list[str], environment: dict[str, str], log: Path, ready: str) -> Iterator[None]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            [sys.executable, *arguments],
            cwd=ROOT,
            env=os.environ | {"PYTHONUNBUFFERED": "1"} | environment,
            stdout=output,
            stderr=output,
            start_new_session=True,
        )
    try:
        processes.wait_until(lambda: _answers(ready), process, seconds=60, what=arguments[1])
        yield
    finally:
        processes.stop(process, seconds=5)


def _answers(url: str) -> bool:
    try:
        return requests.get(url, timeout=2).status_code < 500
    except requests.RequestException:
        return False
