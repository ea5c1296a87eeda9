"""Installations to kill, and how long they took to be well again."""

from __future__ import annotations

import os
import statistics
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import pytest

from tests.faults.installation import Installation, installation

RECOVERY = "seconds to recover"
# A quick run kills every step once, with a short lease; the long one as often as is asked for, as shipped.
ROUNDS = int(os.environ.get("FAULT_ROUNDS", "1"))
AS_SHIPPED: dict[str, Any] = {}
QUICK: dict[str, Any] = {"lease_seconds": 3, "tick_seconds": 0.5}
READ_TIMEOUT: dict[str, Any] = {"crm_timeout_read": 4}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "tests/faults" in item.path.as_posix():
            item.add_marker(pytest.mark.faults)
            item.add_marker(pytest.mark.timeout(120 + 40 * ROUNDS))


@pytest.fixture(scope="session")
def rounds() -> int:
    """How many times each step is killed."""
    return ROUNDS


@pytest.fixture(scope="session")
def shared_installation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Installation]:
    knobs = (QUICK if ROUNDS <= 2 else AS_SHIPPED) | READ_TIMEOUT
    with installation(tmp_path_factory.mktemp("faults"), **knobs) as here:
        yield here


@pytest.fixture
def here(shared_installation: Installation) -> Iterator[Installation]:
    """Web, clock, two workers, queue server and org, all well."""
    yield shared_installation
    _make_well(shared_installation)


@pytest.fixture(scope="module")
def shared_installation_on_postgres(
    tmp_path_factory: pytest.TempPathFactory, request: pytest.FixtureRequest
) -> Iterator[Installation]:
    """As shipped: the lease and the beat of the clock are the defaults."""
    server = request.getfixturevalue("postgres_server")
    url = server.create()
    try:
        with installation(tmp_path_factory.mktemp("faults-pg"), database_url=url, **READ_TIMEOUT) as here:
            yield here
    finally:
        server.drop(url)


@pytest.fixture
def here_on_postgres(shared_installation_on_postgres: Installation) -> Iterator[Installation]:
    yield shared_installation_on_postgres
    _make_well(shared_installation_on_postgres)


def _make_well(here: Installation) -> None:
    """What a failed test left behind must not fail the next one."""
    here.org.control("faults", method="DELETE")
    for name, process in here.children.items():
        if process.poll() is not None:
            here.start(name)
        else:
            here.resume(name)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how long recovery took; the tests themselves hold it to the promise."""
    taken: dict[str, list[float]] = defaultdict(list)
    for report in terminalreporter.stats.get("passed", []):
        for name, seconds in report.user_properties:
            if name == RECOVERY:
                taken[report.nodeid.rpartition("::")[2]] += seconds
    if not taken:
        return
    terminalreporter.section("seconds from a kill to a finished run")
    for name, seconds in sorted(taken.items()):
        line = f"{len(seconds):4d} kills  median {statistics.median(seconds):5.1f}  longest {max(seconds):5.1f}  {name}"
        terminalreporter.line(line)
