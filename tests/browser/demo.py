"""A running demo, and what happens in its stand-in org behind the reps' backs. Its portal: `demo.portal`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from tests.browser.portal import Portal
from tests.support.processes import eventually, free_ports

START_SECONDS = 120
# The shortest there is, so that a token can grow old within a test.
TOKEN_SECONDS = 30
RILEY = "riley@sample-org.example.com"
LEE = "lee@sample-org.example.com"


@dataclass(frozen=True)
class Record:
    """One record of the stand-in org."""

    object: str
    id: str
    name: str


class Demo:
    """`widget demo` on ports of its own: web on `port`, the stand-in org on the next, the portal after that."""

    def __init__(self, folder: Path) -> None:
        self._port = free_ports(3)
        self._data = folder / "data"
        self._log = folder / "demo.log"
        self._made = 0
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "widget", "demo", "--port", str(self._port), "--data", str(self._data)],
                env={**os.environ, "PANEL_TOKEN_SECONDS": str(TOKEN_SECONDS), "LOG_FORMAT": "console"},
                stdout=log,
                stderr=log,
            )

    def wait_until_ready(self) -> None:
        def told() -> bool:
            return (self._data / "demo.json").exists() or self._process.poll() is not None

        assert eventually(told, seconds=START_SECONDS), self.log()
        assert self._process.poll() is None, self.log()
        self._summary = json.loads((self._data / "demo.json").read_text())

    def stop(self) -> None:
        if self._process.poll() is None:
            self._process.terminate()
        self._process.wait(60)

    def log(self) -> str:
        return self._log.read_text()

    @property
    def web_url(self) -> str:
        return str(self._summary["web"]["url"])

    @property
    def org_url(self) -> str:
        return str(self._summary["salesforce"]["url"])

    @property
    def admin(self) -> dict[str, str]:
        return dict(self._summary["admin"])

    @property
    def portal(self) -> Portal:
        return Portal(self._summary["hubspot"])

    @property
    def credentials(self) -> dict[str, Any]:
        return dict(self._summary["salesforce"])

    def headline(self, object_name: str, name: str) -> Record:
        """The record that the demo's start message points to."""
        return Record(object_name, self.credentials["records"][object_name]["id"], name)

    def find(self, object_name: str, name: str) -> Record:
        """A record of the sample data, by its name."""
        found = self._api("query", q=f"SELECT Id FROM {object_name} WHERE Name = '{name}'")["records"]
        return Record(object_name, found[0]["Id"], name)

    def contact(self, **fields: Any) -> Record:
        """A new contact in Salesforce, nobody's match. `Email=None` leaves it without an address."""
        self._made += 1
        name = f"Robin Testcase{self._made}"
        first, last = name.split()
        values = {"FirstName": first, "LastName": last, "Email": f"robin{self._made}@robin.test", "Title": "Engineer"}
        return self.new("Contact", name, **{**values, **fields})

    def new(self, object_name: str, name: str, **fields: Any) -> Record:
        kept = {key: value for key, value in fields.items() if value is not None}
        made = self.control("edit", {"object": object_name, "fields": kept, "user": RILEY})
        return Record(object_name, made["id"], name)

    def edit(self, record: Record, **fields: Any) -> None:
        """Change a record as its owner would on another screen."""
        self.control("edit", {"object": record.object, "id": record.id, "fields": fields})

    def values(self, record: Record) -> dict[str, Any]:
        """The record as the org's own API tells it."""
        return self._api(f"sobjects/{record.object}/{record.id}")

    def writes(self, record: Record) -> list[dict[str, Any]]:
        """What the org's journal knows of writes to a record, whoever made them."""
        answer = requests.get(f"{self.org_url}/_emulator/journal", params={"kind": "write"}, timeout=20)
        return [each for each in answer.json()["entries"] if record.id in json.dumps(each)]

    @contextmanager
    def fault(self, **order: Any) -> Iterator[None]:
        """Something goes wrong in Salesforce for as long as this lasts."""
        self.control("faults", order)
        try:
            yield
        finally:
            requests.delete(f"{self.org_url}/_emulator/faults", timeout=20).raise_for_status()

    def control(self, event: str, body: dict[str, Any]) -> Any:
        answer = requests.post(f"{self.org_url}/_emulator/{event}", json=body, timeout=20)
        assert answer.ok, answer.text
        return answer.json() if answer.content else None

    def _api(self, path: str, **query: str) -> dict[str, Any]:
        """A read through the org's own API, as its admin."""
        answer = requests.get(
            f"{self.org_url}/services/data/v67.0/{path}",
            params=query,
            headers={"Authorization": f"Bearer {self.credentials['access_token']}"},
            timeout=20,
        )
        answer.raise_for_status()
        return dict(answer.json())
