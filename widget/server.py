"""Runs the web application under gunicorn, in this process."""

from __future__ import annotations

from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

from config.gunicorn import gunicorn_options
from config.settings import Settings
from widget import create_app
from widget.ports import require_free


def serve(settings: Settings, *, host: str, port: int) -> None:
    """Serve until a signal ends it. Raises StartupProblem when the address cannot be listened on."""
    require_free(host, port)
    # The application is made before the server, so that a mistake is told as any other.
    app = create_app(settings)
    bind = f"[{host}]:{port}" if ":" in host else f"{host}:{port}"
    _WebServer(app, gunicorn_options(settings, bind=bind)).run()


class _WebServer(BaseApplication):
    def __init__(self, app: Flask, options: dict[str, Any]) -> None:
        self._app = app
        self._options = options
        super().__init__()

    def load_config(self) -> None:
        for name, value in self._options.items():
            self.cfg.set(name, value)

    def load(self) -> Any:
        return self._app
