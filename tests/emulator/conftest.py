"""A real org process for the whole run, brought back to its seed for every test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.org_server import Api, OrgServer


@pytest.fixture(scope="session")
def _running_org(tmp_path_factory: pytest.TempPathFactory) -> Iterator[OrgServer]:
    server = OrgServer(tmp_path_factory.mktemp("org"))
    yield server
    server.stop()


@pytest.fixture
def org_server(_running_org: OrgServer) -> OrgServer:
    _running_org.reset()
    return _running_org


@pytest.fixture
def own_org_server(tmp_path: Path) -> Iterator[OrgServer]:
    """A process of the test's own, to be stopped and started again."""
    server = OrgServer(tmp_path / "org")
    yield server
    server.stop()


@pytest.fixture
def api(org_server: OrgServer) -> Api:
    """The REST API as the integration user, who sees everything."""
    return org_server.api()
