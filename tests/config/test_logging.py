"""What a process really writes: one JSON object per line, libraries included, secrets excluded."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

SECRET = "hunter2hunter2"


def lines_of(program: str, tmp_path: Path, **overrides: str) -> list[dict[str, Any]]:
    """Run `program` in a process of its own, with logging set up, and read its lines back."""
    given = {"data_dir": str(tmp_path), "log_format": "json", **overrides}
    prologue = (
        "import logging\n"
        "from config.logging import configure_logging, get_logger\n"
        "from config.settings import load_settings\n"
        f"configure_logging(load_settings({given!r}), process='web')\n"
    )
    ran = subprocess.run([sys.executable, "-c", prologue + program], capture_output=True, text=True, check=True)
    assert ran.stdout == ""
    return [json.loads(line) for line in ran.stderr.splitlines()]


def test_an_event_keeps_its_fields_and_says_when_and_where(tmp_path: Path) -> None:
    [line] = lines_of("get_logger('jobs.sync').info('run finished', run_id=7)", tmp_path)

    assert (line["event"], line["run_id"], line["level"]) == ("run finished", 7, "info")
    assert (line["process"], line["logger"]) == ("web", "jobs.sync")
    assert line["at"].endswith("Z")


def test_a_librarys_message_goes_the_same_way(tmp_path: Path) -> None:
    [line] = lines_of("logging.getLogger('some.package').warning('slow %s', 'disk')", tmp_path)

    assert (line["event"], line["logger"], line["process"]) == ("slow disk", "some.package", "web")


def test_chatty_libraries_are_heard_only_when_debugging(tmp_path: Path) -> None:
    program = "logging.getLogger('urllib3.connectionpool').info('starting new connection')"

    assert lines_of(program, tmp_path) == []
    assert len(lines_of(program, tmp_path, log_level="debug")) == 1


def test_a_secret_is_hidden_in_fields_messages_and_tracebacks(tmp_path: Path) -> None:
    program = (
        f"get_logger('a').info('got', access_token='{SECRET}', url='/x?token={SECRET}')\n"
        f"logging.getLogger('b').error('sent %s', 'Bearer {SECRET}')\n"
        "try:\n"
        f"    raise ValueError('client_secret={SECRET}')\n"
        "except ValueError:\n"
        "    get_logger('c').exception('broke')\n"
    )

    lines = lines_of(program, tmp_path)

    assert SECRET not in json.dumps(lines)
    assert "ValueError: client_secret=[redacted]" in lines[2]["exception"]
