"""`widget demo`, for real: one command, everything up, nothing left behind."""

from __future__ import annotations

import json
import os
import shutil
import signal
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.support.processes import eventually, free_ports, is_alive

START_SECONDS = 90
PORTS = 3  # web, Salesforce, HubSpot
KEPT = {
    "salesforce": ("org_id", "client_secret", "access_token", "connection_id"),
    "hubspot": ("portal_id", "client_secret", "access_token", "connection_id"),
}
pytestmark = pytest.mark.timeout(300)


class Demo:
    """A running demo, its output in a file."""

    def __init__(self, data_dir: Path, port: int) -> None:
        self.data_dir = data_dir
        self.port = port
        # That of an earlier run, which was killed, would look as if this one were ready.
        (data_dir / "demo.json").unlink(missing_ok=True)
        self._log = data_dir.parent / "demo.log"
        with self._log.open("wb") as log:
            self.process = subprocess.Popen(command(data_dir, port), stdout=log, stderr=log)

    def wait_until_ready(self) -> None:
        def told() -> bool:
            return (self.data_dir / "demo.json").exists() or self.process.poll() is not None

        assert eventually(told, seconds=START_SECONDS), self.log()
        assert self.process.poll() is None, self.log()

    @property
    def summary(self) -> dict[str, Any]:
        return dict(json.loads((self.data_dir / "demo.json").read_text()))

    def log(self) -> str:
        return self._log.read_text()

    def is_ready(self) -> bool:
        try:
            return requests.get(f"http://127.0.0.1:{self.port}/readyz", timeout=5).ok
        except requests.RequestException:
            return False

    def family(self) -> set[int]:
        """The process ids below the supervisor, itself included."""
        listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
        parents = {int(pid): int(ppid) for pid, ppid in map(str.split, listed.splitlines())}
        family = {self.process.pid}
        while more := {pid for pid, ppid in parents.items() if ppid in family} - family:
            family |= more
        return family

    def pid_of(self, word: str) -> int | None:
        """The supervisor's child whose command holds `word`; None while there is none."""
        listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,args="], capture_output=True, text=True, check=True)
        rows = [line.split(None, 2) for line in listed.stdout.splitlines()]
        return next((int(pid) for pid, ppid, args in rows if int(ppid) == self.process.pid and word in args), None)

    def stop(self) -> int:
        if self.process.poll() is None:
            self.process.terminate()
        return self.process.wait(60)


def command(data_dir: Path, port: int) -> list[str]:
    return [sys.executable, "-m", "widget", "demo", "--port", str(port), "--data", str(data_dir)]


def refusal(data_dir: Path, port: int, **env: str) -> str:
    ran = subprocess.run(
        command(data_dir, port), env={**os.environ, **env}, capture_output=True, text=True, timeout=60, check=False
    )
    assert ran.returncode == 1
    assert "Traceback" not in ran.stderr
    return ran.stderr


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[], Demo]]:
    """Starts a demo on the test's own directory; ends what is still running."""
    demos: list[Demo] = []

    def start() -> Demo:
        demos.append(Demo(tmp_path / "data", free_ports(PORTS)))
        demos[-1].wait_until_ready()
        return demos[-1]

    yield start
    for demo in demos:
        demo.stop()


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """One demo for the tests that leave it as it was."""
    demo = Demo(tmp_path_factory.mktemp("demo") / "data", free_ports(PORTS))
    try:
        demo.wait_until_ready()
        yield demo
    finally:
        demo.stop()


def test_everything_is_up_and_said(demo: Demo) -> None:
    assert demo.is_ready()
    for record in demo.summary["salesforce"]["records"].values():
        for page in ("page", "lwc_page", "sandboxed_page"):
            assert requests.get(record[page], timeout=10).ok
        assert record["page"] in demo.log()
    for record in demo.summary["hubspot"]["records"].values():
        assert requests.get(record["page"], timeout=10).ok
        assert record["page"] in demo.log()
    assert f"{demo.summary['web']['url']}/admin/" in demo.log()


def test_the_summary_has_what_scripts_need_and_only_its_owner_reads_it(demo: Demo) -> None:
    summary = demo.summary

    assert set(summary) == {"web", "admin", "salesforce", "hubspot"}
    assert set(summary["salesforce"]) == {
        "url", "org_id", "client_id", "client_secret", "canvas_secret", "access_token", "connection_id", "records"
    }  # fmt: skip
    assert set(summary["salesforce"]["records"]) == {"Account", "Contact", "Lead", "Opportunity"}
    assert set(summary["hubspot"]) == {
        "url", "portal_id", "client_secret", "access_token", "connection_id", "records"
    }  # fmt: skip
    assert set(summary["hubspot"]["records"]) == {"companies", "contacts", "deals"}
    assert set(summary["hubspot"]["records"]["contacts"]) == {"id", "page"}
    assert stat.S_IMODE((demo.data_dir / "demo.json").stat().st_mode) == 0o600


def test_the_admin_may_sign_in_with_what_was_printed(demo: Demo) -> None:
    page = requests.get(f"{demo.summary['web']['url']}/admin/", timeout=10)

    assert page.ok
    assert "password" in page.text
    assert demo.summary["admin"]["password"] in demo.log()


def test_the_doctor_finds_nothing_to_mend(demo: Demo) -> None:
    env = {**os.environ, "DATA_DIR": str(demo.data_dir)}
    ran = subprocess.run(
        [sys.executable, "-m", "widget", "doctor"], env=env, capture_output=True, text=True, timeout=60, check=False
    )

    assert (ran.returncode, "MEND" in ran.stdout) == (0, False), ran.stdout


def test_a_second_demo_on_the_same_data_is_refused(demo: Demo) -> None:
    assert "A demo is already running on" in refusal(demo.data_dir, free_ports(PORTS))
    assert demo.is_ready()


def test_both_crms_sit_beside_us_and_are_connected(demo: Demo) -> None:
    summary = demo.summary

    assert [summary[name]["url"].rsplit(":", 1)[1] for name in ("web", "salesforce", "hubspot")] == [
        str(demo.port + offset) for offset in range(PORTS)
    ]
    assert summary["salesforce"]["connection_id"] != summary["hubspot"]["connection_id"]


def test_the_portal_tells_us_of_changes(demo: Demo) -> None:
    hubspot = demo.summary["hubspot"]
    told = requests.post(f"{hubspot['url']}/_emulator/webhooks", json={}, timeout=10).json()

    assert told["target_url"] == f"{demo.summary['web']['url']}/webhooks/hubspot/{hubspot['connection_id']}"
    assert told["subscriptions"] > 0


def test_the_address_that_was_printed_leads_to_the_admin_area(demo: Demo) -> None:
    page = requests.get(demo.summary["web"]["url"], timeout=10)

    assert page.ok
    assert page.url.startswith(f"{demo.summary['web']['url']}/admin/login")


def test_data_of_an_earlier_version_is_said(tmp_path: Path, migrated_file: Path) -> None:
    shutil.copy(migrated_file, tmp_path)
    with closing(sqlite3.connect(tmp_path / "widget.sqlite3")) as database:
        database.execute("ALTER TABLE connection DROP COLUMN hint_secret_sealed")
    sentence = refusal(tmp_path, free_ports(PORTS))

    assert f"{tmp_path} was made by an earlier version: choose another with --data, or delete it." in sentence


@pytest.mark.parametrize("offset", range(PORTS))
def test_a_taken_port_is_said(offset: int, demo: Demo, tmp_path: Path) -> None:
    sentence = refusal(tmp_path, demo.port + offset)

    assert f"Port {demo.port + offset} is taken" in sentence
    assert "--port" in sentence


def test_a_port_without_room_for_the_stand_ins_behind_it_is_refused(tmp_path: Path) -> None:
    ran = subprocess.run(command(tmp_path, 65_534), capture_output=True, text=True, timeout=60, check=False)

    assert ran.returncode == 2
    assert "a port is a number from 1 to 65533" in ran.stderr


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("DATABASE_URL", "mysql://app:hunter2@db/widget"),
        ("REDIS_URL", "hunter2"),
        ("ENCRYPTION_KEYS", "hunter2"),
    ],
)
def test_a_bad_setting_stops_it_before_anything_starts(name: str, value: str, tmp_path: Path) -> None:
    sentence = refusal(tmp_path, free_ports(PORTS), **{name: value})

    assert sentence.startswith(f"widget: {name} must be ")
    assert "hunter2" not in sentence
    assert not (tmp_path / "salesforce").exists()


@pytest.mark.parametrize(
    ("name", "url"),
    [
        ("DATABASE_URL", "postgresql://app:hunter2@127.0.0.1:{port}/widget"),
        ("REDIS_URL", "redis://:hunter2@127.0.0.1:{port}/0"),
    ],
)
def test_a_server_that_is_not_there_is_said(name: str, url: str, tmp_path: Path) -> None:
    sentence = refusal(tmp_path, free_ports(PORTS), **{name: url.format(port=free_ports(1))})

    assert f"check {name}" in sentence.splitlines()[-1]
    assert "hunter2" not in sentence


@pytest.mark.faults
@pytest.mark.parametrize(
    "word", ["widget worker", "widget clock", "widget web", "emulator salesforce", "emulator hubspot", "valkey"]
)
def test_a_killed_process_is_replaced(word: str, demo: Demo) -> None:
    victim = demo.pid_of(word)
    assert victim

    os.kill(victim, signal.SIGKILL)

    assert eventually(lambda: not is_alive(victim))
    assert eventually(lambda: demo.pid_of(word) not in (None, victim))
    assert eventually(demo.is_ready, seconds=60), demo.log()


@pytest.mark.faults
def test_nothing_is_left_when_it_stops_and_a_second_run_finds_its_data(start: Callable[[], Demo]) -> None:
    first = start()
    family, summary = first.family(), first.summary
    assert len(family) >= 10

    assert first.stop() == 0
    assert not (first.data_dir / "demo.json").exists()
    assert eventually(lambda: not any(map(is_alive, family)))

    second = start()
    assert second.summary["admin"] == summary["admin"]
    for crm, names in KEPT.items():
        assert [second.summary[crm][name] for name in names] == [summary[crm][name] for name in names]


@pytest.mark.faults
def test_nothing_is_left_when_the_supervisor_is_killed_and_the_data_is_good(start: Callable[[], Demo]) -> None:
    first = start()
    family = first.family()

    first.process.kill()
    first.process.wait(20)

    assert eventually(lambda: not any(map(is_alive, family)), seconds=60)
    assert start().is_ready()
