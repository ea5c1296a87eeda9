"""Where a view finds the runtime of its process."""

from __future__ import annotations

from typing import cast

from flask import current_app

from jobs.runtime import Runtime

EXTENSION = "widget"


def runtime() -> Runtime:
    return cast(Runtime, current_app.extensions[EXTENSION])
