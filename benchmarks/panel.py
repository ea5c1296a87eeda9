"""Panel requests per second, against rendering the same template alone on the same server; and memory per process."""

from __future__ import annotations

import http.client
import re
import sys
import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from urllib.parse import urlsplit

import requests

from benchmarks.report import Row, arguments, at_least, at_most, percentile, show
from benchmarks.street import PanelClient, Street, free_port, street, wait_for
from jobs.accounts import save_user
from jobs.models.user import ADMIN

EMAIL, PASSWORD = "admin@example.com", "a sample password"
BAR_THROUGHPUT = 0.5
BAR_MIB = 120.0
CLIENTS = 4
BLOCKS = 8
LOGINS = 8


def main() -> int:
    options = arguments(__doc__, default_rounds=600)
    with street() as here:
        panel = PanelClient(here, "Contact")
        for _ in range(20):
            panel.click()
        template_url = _start_template_server(here, panel)
        headers = {"Authorization": panel.authorization}
        ours: list[float] = []
        alone: list[float] = []
        per_block = max(1, options.rounds // BLOCKS)
        _requests_per_second(f"{here.web_url}/panel/view", headers, per_block)
        _requests_per_second(template_url, headers, per_block)
        for _ in range(BLOCKS):  # in turn, so that a busy minute of the machine hits both
            ours.append(_requests_per_second(f"{here.web_url}/panel/view", headers, per_block))
            alone.append(_requests_per_second(template_url, headers, per_block))
        rows: list[Row] = [
            at_least("panel, requests/s (median block)", percentile(ours, 50), percentile(alone, 50), BAR_THROUGHPUT),
            at_most("web, MiB after load", here.resident_mib("web"), BAR_MIB, 1.0),
            at_most(f"web, peak MiB with {LOGINS} logins at once", _peak_with_logins(here), BAR_MIB, 1.0),
            at_most("worker, MiB after 20 syncs", here.resident_mib("worker0"), BAR_MIB, 1.0),
        ]
    return show("panel", rows, as_json=options.json)


def _start_template_server(here: Street, panel: PanelClient) -> str:
    port = free_port()
    here.environment["TEMPLATE_TOKEN"] = panel.authorization.removeprefix("Bearer ")
    here.start("template", "-m", "benchmarks.template_server", str(port))
    url = f"http://127.0.0.1:{port}/panel/template"
    wait_for(url)
    return url


def _peak_with_logins(here: Street) -> float:
    """After people have signed in to the admin area, one alone and several at once, and looked at its first page."""
    with here.runtime.database.write() as session:
        save_user(session, EMAIL, password=PASSWORD, role=ADMIN)
    _sign_in(here.web_url)
    with ThreadPoolExecutor(LOGINS) as together:
        list(together.map(_sign_in, [here.web_url] * LOGINS))
    return here.peak_mib("web")


def _sign_in(web_url: str) -> None:
    browser = requests.Session()
    form = browser.get(f"{web_url}/admin/login", timeout=30).text
    found = re.search(r'name="csrf_token" value="([^"]+)"', form)
    assert found is not None, form
    typed = {"csrf_token": found[1], "email": EMAIL, "password": PASSWORD}
    page = browser.post(f"{web_url}/admin/login", data=typed, timeout=30)
    assert page.url == f"{web_url}/admin/", page.text


def _requests_per_second(url: str, headers: Mapping[str, str], count: int) -> float:
    """`count` requests by each of a few clients that keep their connection."""
    parts = urlsplit(url)
    errors: list[str] = []

    def client() -> None:
        connection = http.client.HTTPConnection(parts.netloc, timeout=30)
        for _ in range(count):
            connection.request("GET", parts.path, headers=dict(headers))
            answer = connection.getresponse()
            body = answer.read()
            if answer.status != 200 or b"Sync this record" not in body:
                errors.append(f"{answer.status} {body[:200]!r}")
                return

    threads = [threading.Thread(target=client) for _ in range(CLIENTS)]
    began = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not errors, errors[0]
    return CLIENTS * count / (time.perf_counter() - began)


if __name__ == "__main__":
    sys.exit(main())
