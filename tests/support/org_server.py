"""A real Salesforce emulator process for tests, on a port that the system chose."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import requests

VERSION = "62.0"
BASE = f"/services/data/v{VERSION}"
Json = dict[str, Any]


class Api:
    """The REST API as one user of the org. Paths are relative to `/services/data/v62.0`."""

    def __init__(self, url: str, token: str) -> None:
        self.url = url
        self.session = requests.Session()
        self.session.headers["Authorization"] = f"Bearer {token}"

    def call(self, method: str, path: str, **options: Any) -> requests.Response:
        return self.session.request(method, self.url + BASE + path, timeout=options.pop("timeout", 20), **options)

    def get(self, path: str, **options: Any) -> requests.Response:
        return self.call("GET", path, **options)

    def post(self, path: str, body: Any, **options: Any) -> requests.Response:
        return self.call("POST", path, json=body, **options)

    def patch(self, path: str, body: Any, **options: Any) -> requests.Response:
        return self.call("PATCH", path, json=body, **options)

    def delete(self, path: str, **options: Any) -> requests.Response:
        return self.call("DELETE", path, **options)

    def query(self, soql: str, *, every: bool = False, **options: Any) -> requests.Response:
        return self.get("/queryAll" if every else "/query", params={"q": soql}, **options)

    def rows(self, soql: str, *, every: bool = False) -> list[Json]:
        """The records of a query that has to succeed."""
        answer = self.query(soql, every=every)
        assert answer.status_code == 200, answer.text
        records: list[Json] = answer.json()["records"]
        return records

    def read(self, object_name: str, record_id: str, *fields: str) -> Json:
        answer = self.get(f"/sobjects/{object_name}/{record_id}", params={"fields": ",".join(fields)})
        assert answer.status_code == 200, answer.text
        body: Json = answer.json()
        return body

    def create(self, object_name: str, **fields: Any) -> str:
        answer = self.post(f"/sobjects/{object_name}", fields)
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def composite(self, *parts: Json, **options: Any) -> list[Json]:
        """The answers of subrequests; each part needs `url` relative to the version, and gets a reference."""
        full = [
            {"method": "GET", "referenceId": f"r{number}", **part, "url": BASE + part["url"]}
            for number, part in enumerate(parts)
        ]
        answer = self.post("/composite", {"compositeRequest": full, **options})
        assert answer.status_code == 200, answer.text
        answers: list[Json] = answer.json()["compositeResponse"]
        return answers


class OrgServer:
    """The process with its controls. `reset()` brings it back to the seed and starts a new journal view."""

    def __init__(self, data: Path, *, panel_url: str = "http://127.0.0.1:8000", org_file: Path | None = None) -> None:
        self.data = data
        self.panel_url = panel_url
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._org_file = org_file
        self._process: subprocess.Popen[bytes] | None = None
        self._journal_start = 1
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "emulator", "salesforce", "--port", str(self.port), "--data", str(self.data)]
        command += ["--panel-url", self.panel_url]
        if self._org_file is not None:
            command += ["--org", str(self._org_file)]
        self._process = subprocess.Popen(command)
        self._wait_until_ready()
        self.credentials: Json = json.loads((self.data / "credentials.json").read_text("utf-8"))

    def stop(self) -> None:
        if self._process is not None:
            self._process.terminate()
            self._process.wait(timeout=20)
            self._process = None

    def control(self, path: str, body: Json | None = None, *, method: str = "POST") -> Any:
        """A control call that has to succeed; answers its JSON."""
        answer = requests.request(method, f"{self.url}/_emulator/{path}", json=body, timeout=60)
        assert answer.status_code in (200, 204), answer.text
        return answer.json() if answer.content else None

    def reset(self) -> None:
        self.control("reset")
        self._journal_start = int(self.control("journal?limit=0", method="GET")["next"])

    def token(self, user: str = "integration", **options: Any) -> str:
        """A new access token of a user, named by role, username or id."""
        return str(self.control("token", {"user": user, **options})["access_token"])

    def api(self, user: str = "integration") -> Api:
        return Api(self.url, self.token(user))

    def user(self, role: str) -> Json:
        users: list[Json] = self.control("users", method="GET")["users"]
        return next(user for user in users if user["role"] == role)

    def record(self, object_name: str) -> str:
        """The id of the object's headline record."""
        return str(self.credentials["records"][object_name]["id"])

    def journal(self, kind: str | None = None) -> list[Json]:
        """The entries since the last reset (or start)."""
        query = f"journal?since={self._journal_start}&limit=100000" + (f"&kind={kind}" if kind else "")
        entries: list[Json] = self.control(query, method="GET")["entries"]
        return entries

    def writes(self) -> list[Json]:
        return self.journal("write")

    def fault(self, kind: str, match: str = "", **parameters: Any) -> int:
        return int(self.control("faults", {"kind": kind, "match": match, **parameters})["id"])

    def edit(self, object_name: str, record_id: str, fields: Json, **options: Any) -> None:
        self.control("edit", {"object": object_name, "id": record_id, "fields": fields, **options})

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + 60
        while True:
            try:
                requests.get(f"{self.url}/services/data", timeout=10)
                return
            except requests.ConnectionError:
                if time.monotonic() > deadline or (self._process and self._process.poll() is not None):
                    raise
                time.sleep(0.05)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def error_of(answer: requests.Response) -> tuple[int, str]:
    """Status and code of a refusal."""
    return answer.status_code, answer.json()[0]["errorCode"]
