"""A skipped test is told at the very end, and fails the build machine's run."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

SUITE = """
import pytest

def test_that_runs():
    pass

@pytest.mark.parametrize("n", range(3))
def test_that_does_not(n):
    pytest.skip("PostgreSQL: nobody started it")
"""


@pytest.fixture
def suite(tmp_path: Path) -> Path:
    (tmp_path / "conftest.py").write_text(
        "from tests.support.skips import pytest_sessionfinish, pytest_terminal_summary\n"
    )
    (tmp_path / "test_suite.py").write_text(SUITE)
    return tmp_path


def run(suite: Path, *options: str, ci: str) -> subprocess.CompletedProcess[str]:
    env = {**os.environ, "CI": ci, "PYTHONPATH": str(Path(__file__).parents[2])}
    plain = [sys.executable, "-m", "pytest", "-p", "no:valkey", "-p", "no:cacheprovider", *options, str(suite)]
    return subprocess.run(plain, env=env, cwd=suite, capture_output=True, text=True, check=False, timeout=60)


def test_skips_are_counted_by_reason_at_the_end(suite: Path) -> None:
    ran = run(suite, ci="")

    assert ran.returncode == 0
    assert "3 skipped: these were NOT tested" in ran.stdout
    assert "3 x PostgreSQL: nobody started it" in ran.stdout


@pytest.mark.parametrize("options", [(), ("-n", "2")])
def test_on_the_build_machine_a_skip_is_a_failure(options: tuple[str, ...], suite: Path) -> None:
    ran = run(suite, *options, ci="true")

    assert ran.returncode == 1
    assert "3 skipped: a failure, because CI=true" in ran.stdout


def test_without_skips_nothing_is_said(suite: Path) -> None:
    ran = run(suite, "-k", "that_runs", ci="true")

    assert (ran.returncode, "skipped" in ran.stdout) == (0, False)
