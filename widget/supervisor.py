"""Keeps child processes running: ordered start, prefixed output, restart after death, a stop that leaves nobody.

One thread and one loop. Children must be started from a thread that lives as long as they do (`processes.spawn`).
"""

from __future__ import annotations

import os
import selectors
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import FrameType
from typing import Any, TextIO

from config import processes

POLL_SECONDS = 0.05
FIRST_PAUSE_SECONDS = 0.2
LONGEST_PAUSE_SECONDS = 10.0
STEADY_SECONDS = 10.0
"""A child that lived this long and then died is restarted without delay."""

STOP_SECONDS = 15.0
COLOURS = ("36", "33", "32", "35", "34", "96", "93")

# Told of every child's process group. When our end of its input closes, however we died, it ends them.
WATCHDOG = """
while read -r group; do groups="$groups -$group"; done
kill -s TERM -- $groups 2>/dev/null
sleep 10
kill -s KILL -- $groups 2>/dev/null
"""


@dataclass(frozen=True)
class Service:
    """One child process. `is_ready` is asked until it says yes."""

    name: str
    command: Sequence[str]
    env: Mapping[str, str]
    is_ready: Callable[[], bool] = lambda: True
    ready_seconds: float = 60.0
    is_foundation: bool = False
    """Others stand on it: it is stopped after them."""


@dataclass
class _Child:
    service: Service
    process: subprocess.Popen[bytes]
    started_at: float
    colour: str
    pause_seconds: float = FIRST_PAUSE_SECONDS
    restart_at: float | None = None
    unfinished_line: bytes = b""


@dataclass
class Supervisor:
    """`start` services, `wait_ready`, `watch` them until a signal, `stop`."""

    output: TextIO = field(default_factory=lambda: sys.stdout)
    _children: list[_Child] = field(default_factory=list)
    _selector: selectors.BaseSelector = field(default_factory=selectors.DefaultSelector)
    _watchdog: subprocess.Popen[bytes] | None = None
    _stop_asked: bool = False

    def __enter__(self) -> Supervisor:
        for number in (signal.SIGINT, signal.SIGTERM):
            signal.signal(number, self._ask_to_stop)
        # Under nohup a hang-up is ignored, and stays so.
        if signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
            signal.signal(signal.SIGHUP, self._ask_to_stop)
        self._watchdog = subprocess.Popen(["/bin/sh", "-c", WATCHDOG], stdin=subprocess.PIPE, start_new_session=True)
        return self

    def __exit__(self, *_exc: object) -> None:
        self.stop()

    def start(self, service: Service) -> None:
        """Start a child; returns at once."""
        colour = COLOURS[len(self._children) % len(COLOURS)]
        child = _Child(service, self._spawn(service), time.monotonic(), colour)
        self._children.append(child)
        self._listen(child)

    def wait_ready(self, *names: str) -> bool:
        """Wait until these children (all when none is named) are ready; False when asked to stop. Raises NeverReady."""
        for child in [child for child in self._children if not names or child.service.name in names]:
            deadline = time.monotonic() + child.service.ready_seconds
            while not self._stop_asked and not child.service.is_ready():
                self._pump()
                if child.process.poll() is not None:
                    self._drain()
                    raise processes.NeverReady(f"{child.service.name} ended at its start; see its lines above.")
                if time.monotonic() > deadline:
                    raise processes.NeverReady(
                        f"{child.service.name} was not ready within {child.service.ready_seconds:.0f} seconds."
                    )
        return not self._stop_asked

    def watch(self) -> None:
        """Pass on output and restart what dies, until a signal asks us to stop."""
        while not self._stop_asked:
            self._pump()
            for child in self._children:
                self._revive(child)

    def stop(self) -> None:
        """End all children, the foundations last."""
        for foundation in (False, True):
            self._end([child for child in self._children if child.service.is_foundation is foundation])
        self._drain()
        if self._watchdog is not None:
            processes.kill(self._watchdog)
            self._watchdog = None

    def say(self, name: str, text: str, *, colour: str = "1") -> None:
        """Write a line as a child's line is written."""
        prefix = f"{name:>10} |"
        if self.output.isatty() and "NO_COLOR" not in os.environ:
            prefix = f"\x1b[{colour}m{prefix}\x1b[0m"
        print(prefix, text, file=self.output, flush=True)

    def _ask_to_stop(self, _number: int, _frame: FrameType | None) -> None:
        self._stop_asked = True

    def _spawn(self, service: Service) -> subprocess.Popen[bytes]:
        process = processes.spawn(service.command, env=service.env, output=subprocess.PIPE)
        if self._watchdog is not None and self._watchdog.stdin is not None:
            self._watchdog.stdin.write(f"{process.pid}\n".encode())
            self._watchdog.stdin.flush()
        return process

    def _listen(self, child: _Child) -> None:
        assert child.process.stdout is not None
        os.set_blocking(child.process.stdout.fileno(), False)
        self._selector.register(child.process.stdout, selectors.EVENT_READ, child)

    def _pump(self) -> None:
        for key, _ in self._selector.select(POLL_SECONDS):
            self._read(key.fileobj, key.data)

    def _drain(self) -> None:
        while self._selector.get_map() and (ready := self._selector.select(0)):
            for key, _ in ready:
                self._read(key.fileobj, key.data)

    def _read(self, pipe: Any, child: _Child) -> None:
        data = os.read(pipe.fileno(), 65536)
        if not data:
            self._selector.unregister(pipe)
            pipe.close()
            return
        *lines, child.unfinished_line = (child.unfinished_line + data).split(b"\n")
        for line in lines:
            self.say(child.service.name, line.decode(errors="replace").rstrip("\r"), colour=child.colour)

    def _revive(self, child: _Child) -> None:
        status = child.process.poll()
        if status is None:
            return
        now = time.monotonic()
        if child.restart_at is None:
            if now - child.started_at > STEADY_SECONDS:
                child.pause_seconds = FIRST_PAUSE_SECONDS
            child.restart_at = now + child.pause_seconds
            child.pause_seconds = min(child.pause_seconds * 2, LONGEST_PAUSE_SECONDS)
            self.say(child.service.name, f"ended with status {status}, starting again", colour=child.colour)
        elif now >= child.restart_at:
            # What the dead one left running, such as a web server's own children, must not stay beside the new one.
            processes.kill(child.process)
            child.process = self._spawn(child.service)
            child.started_at, child.restart_at = now, None
            self._listen(child)

    def _end(self, children: list[_Child]) -> None:
        for child in children:
            if child.process.poll() is None:
                child.process.terminate()
        deadline = time.monotonic() + STOP_SECONDS
        while any(child.process.poll() is None for child in children) and time.monotonic() < deadline:
            self._pump()
        # Also what an ended child left running in its group.
        for child in children:
            processes.kill(child.process)
