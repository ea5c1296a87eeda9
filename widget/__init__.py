"""HTTP in, HTML out: the panel, the launches, the admin area. No business rules."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from flask import Flask

    from config.settings import Settings


def create_app(settings: Settings) -> Flask:
    """The web application. Connects to nothing until the first request needs it."""
    # Imported here so that `widget --help` and the worker need not load Flask.
    from widget.app import build_app

    return build_app(settings)
