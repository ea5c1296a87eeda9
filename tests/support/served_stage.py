"""A portal stage whose server is really listening: HubSpot's webhooks, card calls and browsers reach it over HTTP.

One port serves all tests of a run; behind it stands the application of the test that is on.
"""

from __future__ import annotations

import shutil
import threading
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Any

import pytest
from werkzeug.serving import WSGIRequestHandler, make_server

from config.embedded_valkey import EmbeddedValkey
from jobs.db import migrate
from tests.support.portal_server import Json, PortalServer, SharedPortal
from tests.support.portal_stage import PortalStage, portal_settings, seed_portal, staged
from tests.support.settings_beside import changed

WsgiApp = Callable[..., Iterable[bytes]]


class WebServer:
    """Nobody is at home between two tests."""

    def __init__(self) -> None:
        self.app: WsgiApp | None = None
        self._server = make_server("127.0.0.1", 0, self._answer, threaded=True, request_handler=_Quiet)
        self.url = f"http://127.0.0.1:{self._server.port}"
        threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def stop(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def _answer(self, environ: Any, start_response: Any) -> Iterable[bytes]:
        if self.app is not None:
            return self.app(environ, start_response)
        start_response("503 Service Unavailable", [])
        return [b""]


class _Quiet(WSGIRequestHandler):
    protocol_version = "HTTP/1.1"

    def log(self, type: str, message: str, *args: object) -> None:  # noqa: A002 - werkzeug's own name
        pass


@pytest.fixture(scope="session")
def web_server() -> Iterator[WebServer]:
    server = WebServer()
    yield server
    server.stop()


@pytest.fixture(scope="session")
def served_portal(tmp_path_factory: pytest.TempPathFactory, web_server: WebServer) -> Iterator[PortalServer]:
    """A portal process whose app is our listening server."""
    server = SharedPortal(tmp_path_factory.mktemp("served-portal"), panel_url=web_server.url)
    yield server
    server.stop()


@pytest.fixture(scope="session")
def served_database(tmp_path_factory: pytest.TempPathFactory, served_portal: PortalServer, stage_keys: Json) -> Path:
    folder = tmp_path_factory.mktemp("seeded-served")
    settings = portal_settings(served_portal, folder, "redis://localhost:1", stage_keys)
    migrate(settings)
    seed_portal(settings, served_portal)
    return folder / "widget.sqlite3"


@pytest.fixture
def served_stage(
    tmp_path: Path,
    valkey_server: EmbeddedValkey,
    web_server: WebServer,
    served_portal: PortalServer,
    stage_keys: Json,
    served_database: Path,
) -> Iterator[PortalStage]:
    """SQLite, the shared queue server emptied, the portal brought back to its seed, our server listening."""
    served_portal.reset()
    plain = portal_settings(served_portal, tmp_path / "data", valkey_server.url, stage_keys)
    settings = changed(plain, public_url=web_server.url)
    shutil.copy(served_database, settings.data_dir / "widget.sqlite3")
    with staged(settings, served_portal) as stage:
        stage.runtime.redis.flushall()
        web_server.app = stage.app
        yield stage
        web_server.app = None
