"""`bin/setup` on a fresh checkout: everything pinned, nothing left over, and a remedy where something is missing."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TOOLS = ("sh", "cat", "cksum", "dirname", "mktemp", "rm")

Checkout = Callable[[], Path]


def tracked_files() -> list[str]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=True)
    return [name for name in listed.stdout.split("\0") if name and (ROOT / name).exists()]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of what a clone would hold, under a path with a space in it."""
    copy = tmp_path_factory.mktemp("fresh checkout")
    for name in tracked_files():
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, copy / name)
    return copy


def run_setup(checkout: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["/bin/sh", str(checkout / "bin" / "setup")],
        env={**os.environ, **env},
        cwd="/",
        capture_output=True,
        text=True,
        check=False,
        timeout=600,
    )


@pytest.mark.timeout(900)
def test_a_fresh_checkout_is_set_up_once(checkout: Path) -> None:
    first = run_setup(checkout)
    assert first.returncode == 0, first.stderr

    python = checkout / ".venv" / "bin" / "python"
    helped = subprocess.run([checkout / ".venv/bin/widget", "--help"], capture_output=True, text=True, check=True)
    assert "migrate" in helped.stdout
    assert "htmx" in (checkout / "widget/static/vendor/htmx.min.js").read_text()[:100]
    # The carrier of htmx brings Django along, and neither may stay.
    assert subprocess.run([python, "-c", "import django"], capture_output=True, check=False).returncode != 0

    second = run_setup(checkout)
    assert (second.returncode, second.stdout, second.stderr) == (0, "", "")

    (checkout / "constraints.txt").open("a").write("# a changed pin\n")
    third = run_setup(checkout)
    assert (third.returncode, third.stderr.splitlines()[-1]) == (0, "setup: done")


@pytest.fixture
def bare_path(tmp_path: Path) -> Path:
    """A PATH with the few tools that every machine has, and no Python."""
    for tool in TOOLS:
        found = shutil.which(tool)
        assert found
        (tmp_path / tool).symlink_to(found)
    return tmp_path


@pytest.fixture
def pristine(tmp_path: Path) -> Path:
    """A checkout that was never set up, with only the files the script reads."""
    copy = tmp_path / "checkout"
    (copy / "bin").mkdir(parents=True)
    for name in ("pyproject.toml", "constraints.txt", *(f"bin/{each.name}" for each in (ROOT / "bin").glob("*.*"))):
        shutil.copy2(ROOT / name, copy / name)
    shutil.copy2(ROOT / "bin" / "setup", copy / "bin" / "setup")
    return copy


def fake_python(folder: Path, name: str, program: str) -> None:
    (folder / name).write_text(f"#!/bin/sh\n{program}\n")
    (folder / name).chmod(0o755)


def test_without_a_new_enough_python_the_remedy_is_named(pristine: Path, bare_path: Path) -> None:
    fake_python(bare_path, "python3", "exit 1")

    ran = run_setup(pristine, PATH=str(bare_path))

    assert ran.returncode == 1
    assert ran.stderr.startswith("setup: Python 3.11 or newer is needed.")
    assert not (pristine / ".venv").exists()


def test_without_the_venv_module_the_package_is_named(pristine: Path, bare_path: Path) -> None:
    fake_python(bare_path, "python3.11", f'case "$2" in *ensurepip*) exit 1 ;; esac; exec {sys.executable} "$@"')

    ran = run_setup(pristine, PATH=str(bare_path))

    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    assert ran.returncode == 1
    assert f"apt-get install python{version}-venv" in ran.stderr
    assert not (pristine / ".venv").exists()


def test_every_pin_has_a_hash_and_no_file_names_a_registry() -> None:
    for name in ("constraints.txt", "bin/build-constraints.txt"):
        text = (ROOT / name).read_text()
        pins = [block for block in text.split("\n\n") if "==" in block] or [text]
        assert all("--hash=sha256:" in block for block in pins)
        assert "://" not in text
        assert not [line for line in text.splitlines() if line.startswith("-")]


def test_every_declared_dependency_is_pinned() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = [each for extra in project["optional-dependencies"].values() for each in extra]
    pinned = (ROOT / "constraints.txt").read_text()

    names = [re.split(r"[\[><=;\s]", requirement)[0] for requirement in [*project["dependencies"], *extras]]

    assert [name for name in names if f"\n{name}==" not in f"\n{pinned}"] == []
