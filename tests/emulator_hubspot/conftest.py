"""A real portal process for the whole run, brought back to its seed for every test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.portal_server import PortalApi, PortalServer
from tests.support.served_stage import served_database, served_portal, served_stage, web_server
from tests.support.stage_fixtures import stage_keys

__all__ = ["served_database", "served_portal", "served_stage", "stage_keys", "web_server"]


@pytest.fixture(scope="session")
def _running_portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PortalServer]:
    server = PortalServer(tmp_path_factory.mktemp("portal"))
    yield server
    server.stop()


@pytest.fixture
def portal(_running_portal: PortalServer) -> PortalServer:
    _running_portal.reset()
    return _running_portal


@pytest.fixture
def own_portal(tmp_path: Path) -> Iterator[PortalServer]:
    """A process of the test's own, to be stopped and started again."""
    server = PortalServer(tmp_path / "portal")
    yield server
    server.stop()


@pytest.fixture
def api(portal: PortalServer) -> PortalApi:
    """The newest API with the static token, which may do everything."""
    return portal.api()


@pytest.fixture
def ana(portal: PortalServer) -> str:
    """The id of Ana Sample, the first contact."""
    return portal.record("contacts")
