"""The web server's own log: every request, nothing secret."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests

from tests.support.processes import eventually, free_ports

SECRET = "hunter2hunter2"

# The server as it runs in production, around a small application of its own.
PROGRAM = """
import sys
from flask import Flask, request
from config.gunicorn import gunicorn_options
from config.logging import configure_logging
from config.settings import load_settings
from widget.server import _WebServer

settings = load_settings({"data_dir": sys.argv[2], "log_format": "json", "web_threads": 4})
configure_logging(settings, process="web")
app = Flask("small")

@app.route("/<path:path>")
def echo(path):
    if path == "broken":
        raise ValueError("token=hunter2hunter2")
    return str(len(request.query_string))

_WebServer(app, gunicorn_options(settings, bind=f"127.0.0.1:{sys.argv[1]}")).run()
"""


class Server:
    def __init__(self, url: str, log: Path) -> None:
        self.url = url
        self._log = log

    def log(self) -> str:
        return self._log.read_text()

    def line_about(self, path: str) -> dict[str, object]:
        def lines() -> list[dict[str, object]]:
            return [line for line in map(json.loads, self.log().splitlines()) if line.get("path") == path]

        assert eventually(lambda: bool(lines()))
        return lines()[0]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[Server]:
    port, log = free_ports(1), tmp_path / "log"
    url = f"http://127.0.0.1:{port}"
    with log.open("wb") as file:
        process = subprocess.Popen([sys.executable, "-c", PROGRAM, str(port), str(tmp_path)], stdout=file, stderr=file)
    try:
        assert eventually(lambda: answers(url)), log.read_text()
        yield Server(url, log)
    finally:
        process.terminate()
        process.wait(20)


def answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/healthz", timeout=5).ok
    except requests.ConnectionError:
        return False


def test_a_request_is_one_line_without_its_query_referrer_and_headers(server: Server) -> None:
    requests.get(
        f"{server.url}/launch/salesforce/lwc?token={SECRET}",
        headers={"Referer": f"https://org.example.com/?x={SECRET}", "Authorization": f"Bearer {SECRET}"},
        timeout=10,
    )

    line = server.line_about("/launch/salesforce/lwc")

    assert (line["method"], line["status"], line["process"]) == ("GET", 200, "web")
    assert SECRET not in server.log()


def test_an_error_is_logged_without_its_secret(server: Server) -> None:
    assert requests.get(f"{server.url}/broken", timeout=10).status_code == 500

    assert server.line_about("/broken")["status"] == 500
    assert "ValueError" in server.log()
    assert SECRET not in server.log()


def test_probes_leave_no_line(server: Server) -> None:
    requests.get(f"{server.url}/healthz", timeout=10)
    requests.get(f"{server.url}/after", timeout=10)

    server.line_about("/after")
    assert "/healthz" not in server.log()


def test_a_proof_of_eight_thousand_characters_fits_and_a_longer_one_is_refused(server: Server) -> None:
    assert requests.get(f"{server.url}/launch?token={'x' * 8000}", timeout=10).text == "8006"
    assert requests.get(f"{server.url}/launch?token={'x' * 9000}", timeout=10).status_code == 414
