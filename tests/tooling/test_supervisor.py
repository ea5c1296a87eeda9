"""The supervisor: ordered start, prefixed output, restart after a death, nobody left behind."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.support.processes import eventually, is_alive

# Each child says something, writes its process id to a file, and waits. The one called parent has a child of its own.
PROGRAM = """
import os, sys, time
from pathlib import Path
from config import processes
from widget import supervisor
from widget.supervisor import Service, Supervisor

folder = Path(sys.argv[1])
supervisor.STOP_SECONDS = 1.0
CHILD = '''
import os, pathlib, subprocess, sys, time
name, folder = sys.argv[1], pathlib.Path(sys.argv[2])
if name == "parent":
    subprocess.Popen([sys.executable, "-c", sys.argv[3], "grandchild", str(folder)])
print("hello from", name, flush=True)
(folder / "order").open("a").write(name + " ")
(folder / (name + ".new")).write_text(str(os.getpid()))
(folder / (name + ".new")).rename(folder / name)  # whoever reads it finds all of it
time.sleep(300)
'''

def service(name, **options):
    ready = lambda: (folder / name).exists()
    return Service(name, [sys.executable, "-c", CHILD, name, str(folder), CHILD], os.environ, is_ready=ready, **options)

with Supervisor() as s:
    s.start(service("base", is_foundation=True))
    s.wait_ready()
    s.start(service("parent"))
    if s.wait_ready():
        print("all ready", flush=True)
        s.watch()
print("stopped", flush=True)
"""


@pytest.fixture
def supervised(tmp_path: Path) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-c", PROGRAM, str(tmp_path)], stdout=subprocess.PIPE, text=True, start_new_session=True
    )
    yield process
    if process.poll() is None:
        process.terminate()
        process.wait(20)


@pytest.fixture
def pid_of(tmp_path: Path) -> Callable[[str], int]:
    return lambda name: int((tmp_path / name).read_text())


def read_until(process: subprocess.Popen[str], text: str) -> list[str]:
    assert process.stdout is not None
    lines = []
    for line in process.stdout:
        lines.append(line)
        if text in line:
            return lines
    raise AssertionError(f"ended without {text!r}: {lines}")


def test_children_start_in_order_and_their_lines_say_whose_they_are(
    supervised: subprocess.Popen[str], tmp_path: Path
) -> None:
    lines = read_until(supervised, "all ready")

    assert "      base | hello from base\n" in lines
    assert "    parent | hello from parent\n" in lines
    assert (tmp_path / "order").read_text().split()[0] == "base"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_ends_it_and_everything_below_it(
    number: signal.Signals, supervised: subprocess.Popen[str], pid_of: Callable[[str], int], tmp_path: Path
) -> None:
    read_until(supervised, "all ready")
    assert eventually((tmp_path / "grandchild").exists)

    supervised.send_signal(number)

    assert "stopped\n" in read_until(supervised, "stopped")
    assert supervised.wait(20) == 0
    for name in ("base", "parent", "grandchild"):
        assert eventually(lambda name=name: not is_alive(pid_of(name)))


@pytest.mark.faults
def test_a_child_that_dies_comes_back(supervised: subprocess.Popen[str], pid_of: Callable[[str], int]) -> None:
    read_until(supervised, "all ready")
    first = pid_of("base")

    os.kill(first, signal.SIGKILL)

    read_until(supervised, "base | ended with status -9, starting again")
    read_until(supervised, "base | hello from base")
    assert eventually(lambda: pid_of("base") != first)


@pytest.mark.faults
def test_what_a_dead_child_left_running_is_ended_before_it_comes_back(
    supervised: subprocess.Popen[str], pid_of: Callable[[str], int], tmp_path: Path
) -> None:
    read_until(supervised, "all ready")
    assert eventually((tmp_path / "grandchild").exists)
    left = pid_of("grandchild")

    os.kill(pid_of("parent"), signal.SIGKILL)

    read_until(supervised, "parent | hello from parent")
    assert eventually(lambda: not is_alive(left))


@pytest.mark.faults
def test_nobody_is_left_when_the_supervisor_itself_is_killed(
    supervised: subprocess.Popen[str], pid_of: Callable[[str], int], tmp_path: Path
) -> None:
    read_until(supervised, "all ready")
    assert eventually((tmp_path / "grandchild").exists)

    supervised.kill()
    supervised.wait(20)

    for name in ("base", "parent", "grandchild"):
        assert eventually(lambda name=name: not is_alive(pid_of(name)))
