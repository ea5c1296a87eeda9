"""What a process of ours holds: nothing that only its libraries would use, and of many logins at once one at a time."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

_AS_THE_WEB_PROCESS = """
import re, sys
from widget import cli
cli._start("web")
import widget.app
print(*sorted({"httpx", "lxml", "rich", "valkey", "zeep"} & {each for each, module in sys.modules.items()
      if getattr(module, "__file__", None)}))

from pathlib import Path
from threading import Thread
from jobs.accounts import hash_password

def peak():
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024

def resident():
    return int(re.search(r"VmRSS:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024

before, held = peak(), resident()
threads = [Thread(target=hash_password, args=("a sample password",)) for _ in range(8)]
[each.start() for each in threads]
[each.join() for each in threads]
print(peak() - before < 12, resident() - held < 4)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="asks the kernel")
def test_a_web_process_loads_what_is_used_and_eight_logins_take_the_memory_of_one(tmp_path: Path) -> None:
    environment = os.environ | {"DATA_DIR": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", _AS_THE_WEB_PROCESS], env=environment, capture_output=True, text=True, timeout=120
    )
    assert done.stdout.splitlines() == ["", "True True"], done.stderr
