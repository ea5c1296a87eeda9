"""Child processes that do not outlive us."""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from typing import IO

PR_SET_PDEATHSIG = 1
"""prctl(2): the signal this process gets when its parent dies. Linux only."""


class NeverReady(RuntimeError):
    """A process ended, or the time ran out, before it was ready."""


def spawn(
    command: Sequence[str], *, env: Mapping[str, str] | None = None, output: int | IO[bytes] | None = None
) -> subprocess.Popen[bytes]:
    """Start `command` in a session of its own, so that Ctrl-C reaches it through us only.

    On Linux it is sent SIGTERM when the *thread* that called this ends: call it from the main thread.
    """
    return subprocess.Popen(
        list(command),
        env=None if env is None else dict(env),
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=subprocess.STDOUT if output is not None else None,
        start_new_session=True,
        preexec_fn=die_with_parent(),
    )


def wait_until(ready: Callable[[], bool], process: subprocess.Popen[bytes], *, seconds: float, what: str) -> None:
    """Return once `ready()` is true. Raises NeverReady when the process ends before, or after `seconds`."""
    deadline = time.monotonic() + seconds
    while not ready():
        if process.poll() is not None:
            raise NeverReady(f"{what} ended at its start with status {process.returncode}.")
        if time.monotonic() > deadline:
            raise NeverReady(f"{what} was not ready within {seconds:.0f} seconds.")
        time.sleep(0.02)


def stop(process: subprocess.Popen[bytes], *, seconds: float) -> None:
    """Ask the process to end; kill its whole session when it has not within `seconds`."""
    if process.poll() is None:
        process.terminate()
        try:
            process.wait(seconds)
        except subprocess.TimeoutExpired:
            kill(process)


def kill(process: subprocess.Popen[bytes]) -> None:
    """SIGKILL the process and what it started in its session."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def die_with_parent() -> Callable[[], None] | None:
    """A `preexec_fn` for a child that must end with us; None where the system cannot do that."""
    if sys.platform != "linux":
        return None
    # Loaded before the fork: between fork and exec only little may be done.
    prctl = ctypes.CDLL(None, use_errno=True).prctl
    parent = os.getpid()

    def ask_for_signal() -> None:
        prctl(PR_SET_PDEATHSIG, signal.SIGTERM)
        if os.getppid() != parent:
            os.kill(os.getpid(), signal.SIGTERM)

    return ask_for_signal
