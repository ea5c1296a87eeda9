"""Runs the web application under gunicorn, in this process."""

from __future__ import annotations

from typing import Any

from flask import Flask
from gunicorn.app.base import BaseApplication

from config.gunicorn import gunicorn_options
from config.memory import set_aside_what_is_loaded
from config.settings import Settings
from widget import create_app
from widget.ports import require_free


def serve(settings: Settings, *, host: str, port: int) -> None:
    """Serve until a signal ends it. Raises StartupProblem when the address cannot be listened on."""
    require_free(host, port)
    # The application is made before the server, so that a mistake is told as any other.
    run_app(create_app(settings), settings, host=host, port=port)


def run_app(app: Flask, settings: Settings, *, host: str, port: int) -> None:
    """Serve this application with the product's own server settings."""
    set_aside_what_is_loaded()
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
