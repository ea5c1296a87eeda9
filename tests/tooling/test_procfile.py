"""`Procfile`: each line as a process manager runs it, against PostgreSQL and a queue server that were there before."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import requests
from rq import Worker

from config.embedded_valkey import EmbeddedValkey
from config.redis import connect
from config.settings import load_settings
from tests.support.processes import eventually, free_ports

PROCFILE = Path(__file__).parents[2] / "Procfile"
LINES = dict(line.split(": ", 1) for line in PROCFILE.read_text().splitlines())
LASTING = ("web", "worker", "clock")
pytestmark = [pytest.mark.postgres, pytest.mark.timeout(120)]


@pytest.fixture
def environment(tmp_path: Path, postgres_url: str, valkey_server: EmbeddedValkey) -> dict[str, str]:
    return os.environ | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "DATA_DIR": str(tmp_path),
        "DATABASE_URL": postgres_url,
        "REDIS_URL": valkey_server.url,
        "PORT": str(free_ports(1)),
    }


@pytest.fixture
def processes(environment: dict[str, str]) -> Iterator[dict[str, subprocess.Popen[bytes]]]:
    """After the release, everything that lasts."""
    subprocess.run(LINES["release"], shell=True, env=environment, check=True, timeout=60)
    started = {name: subprocess.Popen(f"exec {LINES[name]}", shell=True, env=environment) for name in LASTING}
    try:
        yield started
    finally:
        for process in started.values():
            process.kill()
            process.wait()


def test_the_lines_are_all_there() -> None:
    assert set(LINES) == {"release", *LASTING}


def test_every_line_runs_and_ends_when_it_is_told_to(
    environment: dict[str, str], processes: dict[str, subprocess.Popen[bytes]]
) -> None:
    queue = connect(load_settings({"redis_url": environment["REDIS_URL"]}))

    def is_ready() -> bool:
        try:
            return requests.get(f"http://127.0.0.1:{environment['PORT']}/readyz", timeout=5).ok
        except requests.RequestException:
            return False

    def is_worked() -> bool:
        return processes["worker"].pid in {worker.pid for worker in Worker.all(connection=queue)}

    assert eventually(is_ready)  # the database is migrated, the queue answers, the clock ticks
    assert eventually(is_worked)
    for process in processes.values():
        process.terminate()
    assert {name: process.wait(timeout=30) for name, process in processes.items()} == dict.fromkeys(LASTING, 0)
