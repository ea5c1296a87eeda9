"""How long `./bin/demo` takes to `/readyz`: in a fresh clone with no package cache, and again with what it made.

What is committed is measured. The first start fetches every package.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import requests

from benchmarks.report import arguments, at_most, show
from benchmarks.street import free_port

ROOT = Path(__file__).resolve().parent.parent
FIRST_BAR_SECONDS, AGAIN_BAR_SECONDS = 90.0, 6.0
GIVEN_UP_AFTER_SECONDS = 600


def main() -> int:
    options = arguments(__doc__, default_rounds=5)
    with tempfile.TemporaryDirectory(prefix="widget-bench-") as folder:
        clone = Path(folder) / "clone"
        subprocess.run(["git", "clone", "--quiet", str(ROOT), str(clone)], check=True)
        first, *again = [_seconds_to_ready(clone) for _ in range(options.rounds + 1)]
    rows = [
        at_most("fresh clone, empty caches, s", first, FIRST_BAR_SECONDS, 1.0),
        at_most("start with data, p50, s", statistics.median(again), AGAIN_BAR_SECONDS, 1.0),
        at_most("start with data, slowest, s", max(again), AGAIN_BAR_SECONDS, None),
    ]
    return show("start", rows, as_json=options.json)


def _seconds_to_ready(clone: Path) -> float:
    port = free_port()
    caches = {name: str(clone.parent / name) for name in ("UV_CACHE_DIR", "PIP_CACHE_DIR")}
    told = clone.parent / "demo.log"
    began = time.perf_counter()
    with told.open("wb") as log:
        demo = subprocess.Popen(
            ["./bin/demo", "--port", str(port)], cwd=clone, env=os.environ | caches, stdout=log, stderr=log
        )
    try:
        while not _is_ready(port):
            assert demo.poll() is None, told.read_text()
            assert time.perf_counter() - began < GIVEN_UP_AFTER_SECONDS, told.read_text()
            time.sleep(0.02)
        return time.perf_counter() - began
    finally:
        demo.terminate()
        demo.wait(timeout=60)


def _is_ready(port: int) -> bool:
    try:
        return requests.get(f"http://127.0.0.1:{port}/readyz", timeout=5).ok
    except requests.RequestException:
        return False


if __name__ == "__main__":
    sys.exit(main())
