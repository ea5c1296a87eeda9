"""A whole installation for a benchmark: queue server, stand-in CRM, web, worker and clock, all real processes."""

from __future__ import annotations

import base64
import hashlib
import hmac
import html
import json
import os
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import requests

from config.embedded_valkey import EmbeddedValkey
from config.settings import Settings, load_settings
from jobs.db import migrate
from jobs.runtime import Runtime, open_runtime
from jobs.seed import seed_demo
from jobs.seed_hubspot import seed_hubspot


@dataclass
class Street:
    settings: Settings
    runtime: Runtime
    web_url: str
    org_url: str
    credentials: dict[str, Any]
    environment: dict[str, str]
    clock_offset: float = 0
    processes: dict[str, subprocess.Popen[bytes]] = field(default_factory=dict)

    def start(self, name: str, *command: str) -> subprocess.Popen[bytes]:
        process = subprocess.Popen([sys.executable, *command], env=self.environment)
        self.processes[name] = process
        return process

    def stop(self) -> None:
        for process in reversed(self.processes.values()):
            process.send_signal(signal.SIGTERM)
        for process in self.processes.values():
            process.wait(timeout=15)

    def control(self, path: str, body: dict[str, Any]) -> Any:
        answer = requests.post(f"{self.org_url}/_emulator/{path}", json=body, timeout=20)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    def edit(self, object_name: str, record_id: str, fields: dict[str, Any]) -> None:
        self.control("edit", {"object": object_name, "id": record_id, "fields": fields})

    def resident_mib(self, name: str) -> float:
        """Resident memory in MiB of the largest of a process and its children, pages they share counted in full."""
        return max(_resident(pid) for pid in _family(self.processes[name].pid))

    def peak_mib(self, name: str) -> float:
        """The most memory that any of a process and its children ever had in use at once, in MiB."""
        return max(_resident(pid, "VmHWM") for pid in _family(self.processes[name].pid))


# CRM -> what connects it with us, from the settings and what the stand-in wrote of itself.
SEEDS = {"salesforce": seed_demo, "hubspot": seed_hubspot}


@contextmanager
def street(
    *, crm: str = "salesforce", workers: int = 1, parts: tuple[str, ...] = ("web", "worker", "clock")
) -> Iterator[Street]:
    with tempfile.TemporaryDirectory(prefix="widget-bench-") as folder:
        data = Path(folder)
        queue = EmbeddedValkey(data / "redis")
        queue.start()
        web_port, org_port = free_port(), free_port()
        web_url, org_url = f"http://127.0.0.1:{web_port}", f"http://localhost:{org_port}"
        environment = {
            **os.environ,
            "DATA_DIR": str(data),
            "REDIS_URL": queue.url,
            "PUBLIC_URL": web_url,
            "TRUSTED_CRM_HOSTS": f"localhost:{org_port}",
            "LOG_LEVEL": "WARNING",
        }
        settings = load_settings(
            {
                "data_dir": data,
                "redis_url": queue.url,
                "public_url": web_url,
                "trusted_crm_hosts": f"localhost:{org_port}",
                "log_level": "WARNING",
            }
        )
        migrate(settings)
        here = Street(settings, open_runtime(settings), web_url, org_url, {}, environment)
        try:
            org = ["--port", str(org_port), "--data", str(data / "org"), "--public-url", org_url]
            here.start("org", "-m", "emulator", crm, *org, "--panel-url", web_url)
            wait_for(f"{org_url}/_emulator/faults")
            here.credentials = json.loads((data / "org" / "credentials.json").read_text())
            SEEDS[crm](settings, here.credentials)
            if "web" in parts:
                here.start("web", "-m", "widget", "web", "--port", str(web_port))
            for number in range(workers if "worker" in parts else 0):
                here.start(f"worker{number}", "-m", "widget", "worker")
            if "clock" in parts:
                here.start("clock", "-m", "widget", "clock")
            if "web" in parts:
                wait_for(f"{web_url}/{'readyz' if 'clock' in parts else 'healthz'}")
            yield here
        finally:
            here.stop()
            here.runtime.close()
            queue.stop()


class PanelClient:
    """A browser's share of the work: launches once, then speaks to the panel with its token."""

    def __init__(self, here: Street, object_name: str) -> None:
        self._here = here
        self._http = requests.Session()
        record_id = here.credentials["records"][object_name]["id"]
        page = self._http.post(
            f"{here.web_url}/launch/salesforce/canvas",
            data={"signed_request": canvas_request(here, object_name, record_id)},
            timeout=20,
        )
        page.raise_for_status()
        token = re.search(r'id="proof" content="([^"]+)"', page.text)
        assert token is not None, page.text
        self.record_id = record_id
        self._http.headers["Authorization"] = f"Bearer {token[1]}"

    def click(self) -> str:
        """Press the button and follow the run to its final partial; the partial."""
        answer = self._http.post(f"{self._here.web_url}/panel/sync", timeout=20)
        answer.raise_for_status()
        while (news := re.search(r'hx-get="([^"]*/panel/runs/[^"]+)"', answer.text)) is not None:
            delay = re.search(r"load delay:(\d+)ms", answer.text)
            time.sleep(int(delay[1]) / 1000 if delay else 0)
            answer = self._http.get(self._here.web_url + html.unescape(news[1]), timeout=30)
            answer.raise_for_status()
        return answer.text

    def look(self) -> str:
        answer = self._http.get(f"{self._here.web_url}/panel/view", timeout=20)
        answer.raise_for_status()
        return answer.text

    @property
    def authorization(self) -> str:
        return str(self._http.headers["Authorization"])


def canvas_request(here: Street, object_name: str, record_id: str, *, role: str = "rep") -> str:
    """A signed request as the org would post it for one of its reps."""
    users = requests.get(f"{here.org_url}/_emulator/users", timeout=10).json()["users"]
    user = next(each for each in users if each["role"] == role)
    token = here.control("token", {"user": user["id"]})["access_token"]
    payload = {
        "algorithm": "HMACSHA256",
        "client": {"oauthToken": token, "instanceUrl": here.org_url, "targetOrigin": here.org_url, "instanceId": "b"},
        "context": {
            "user": {"userId": user["id"], "fullName": user["name"], "locale": "en_US", "timeZone": "UTC"},
            "organization": {"organizationId": here.credentials["org_id"]},
            "environment": {"parameters": {"recordId": record_id, "objectApiName": object_name}, "record": {}},
        },
    }
    encoded = base64.b64encode(json.dumps(payload).encode())
    mac = hmac.digest(here.credentials["canvas_secret"].encode(), encoded, hashlib.sha256)
    return f"{base64.b64encode(mac).decode()}.{encoded.decode()}"


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for(url: str, seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while True:
        try:
            if requests.get(url, timeout=5).status_code == 200:
                return
        except requests.RequestException:
            pass
        if time.monotonic() > deadline:
            raise TimeoutError(f"{url} did not come up")
        time.sleep(0.05)


def _family(pid: int) -> list[int]:
    children = Path(f"/proc/{pid}/task/{pid}/children").read_text().split()
    return [pid, *(each for child in children for each in _family(int(child)))]


def _resident(pid: int, line: str = "VmRSS") -> float:
    found = re.search(rf"^{line}:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    return int(found[1]) / 1024 if found else 0.0
