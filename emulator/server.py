"""One gunicorn process with threads, started from Python and stopped by SIGTERM or Ctrl-C."""

from __future__ import annotations

from collections.abc import Callable
from email.utils import format_datetime
from typing import Any

import gunicorn.util
from gunicorn.app.base import BaseApplication

from emulator.clock import Clock
from emulator.gateway import WsgiApp

THREADS = 32


class Server(BaseApplication):
    """Serves one CRM. `load` is called in the worker process, so that nothing open is carried over a fork."""

    def __init__(self, load: Callable[[], tuple[WsgiApp, Clock]], *, host: str, port: int) -> None:
        self._load = load
        self._address = f"{host}:{port}"
        super().__init__()

    def load_config(self) -> None:
        settings: dict[str, Any] = {
            "bind": self._address,
            "worker_class": "gthread",
            "workers": 1,
            "threads": THREADS,
            "keepalive": 75,
            "graceful_timeout": 2,
            "timeout": 0,
            "loglevel": "warning",
            # The CRM itself answers overlong URIs with its own 414.
            "limit_request_line": 0,
            "limit_request_field_size": 65_536,
            "control_socket_disable": True,
        }
        for name, value in settings.items():
            if name in self.cfg.settings:
                self.cfg.set(name, value)

    def load(self) -> Any:
        app, clock = self._load()
        # gunicorn writes the Date header itself; the CRM's clock may run ahead or behind.
        gunicorn.util.http_date = lambda timestamp=None: format_datetime(clock.now(), usegmt=True)
        return app
