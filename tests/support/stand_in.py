"""A process of the emulator for tests, on a port that the system chose, with its controls."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Any, ClassVar

import requests

Json = dict[str, Any]


class StandIn:
    """The process. `reset()` brings it back to the seed and starts a new journal view.

    `file` takes the place of the sample org or portal.
    """

    crm: ClassVar[str]

    def __init__(self, data: Path, *, panel_url: str = "http://127.0.0.1:8000", file: Path | None = None) -> None:
        self.data = data
        self.panel_url = panel_url
        self.port = _free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._file = file
        self._process: subprocess.Popen[bytes] | None = None
        self._journal_start = 1
        self.start()

    def start(self) -> None:
        command = [sys.executable, "-m", "emulator", self.crm, "--port", str(self.port), "--data", str(self.data)]
        command += ["--panel-url", self.panel_url]
        if self._file is not None:
            command += ["--org", str(self._file)]
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
        self.view_journal_from_now()

    def view_journal_from_now(self) -> None:
        self._journal_start = int(self.control("journal?limit=0", method="GET")["next"])

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

    def clear_faults(self) -> None:
        self.control("faults", method="DELETE")

    def edit(self, object_name: str, record_id: str, fields: Json, **options: Any) -> None:
        self.control("edit", {"object": object_name, "id": record_id, "fields": fields, **options})

    def _wait_until_ready(self) -> None:
        deadline = time.monotonic() + 60
        while True:
            try:
                requests.get(f"{self.url}/_emulator/clock", timeout=10)
                return
            except requests.ConnectionError:
                if time.monotonic() > deadline or (self._process and self._process.poll() is not None):
                    raise
                time.sleep(0.05)


class Shared(StandIn):
    """One process for many tests: brought back to its seed only when something was changed in it."""

    _ending: ClassVar[list[subprocess.Popen[bytes]]] = []

    def __init__(self, data: Path, **options: Any) -> None:
        self._changed = False
        self._people: dict[str, Json] = {}
        super().__init__(data, **options)

    def stop(self) -> None:
        """It is told to end, and nobody waits for that: there are several of them, and each takes a second."""
        if self._process is not None:
            self._process.terminate()
            self._ending.append(self._process)
            self._process = None

    @classmethod
    def wait_for_all(cls) -> None:
        """Until every one that was stopped has ended."""
        while cls._ending:
            cls._ending.pop().wait(timeout=20)

    def control(self, path: str, body: Json | None = None, *, method: str = "POST") -> Any:
        if method == "POST" and path not in ("token", "reset"):
            self._changed = True
        return super().control(path, body, method=method)

    def reset(self) -> None:
        if self._changed or self.writes():
            self.clear_faults()
            super().reset()
        self._changed = False
        self.view_journal_from_now()

    def user(self, role: str) -> Json:
        """People stay as they are: asked for once."""
        if role not in self._people:
            self._people[role] = super().user(role)
        return self._people[role]


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
