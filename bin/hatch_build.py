"""Build hook: takes the minified htmx out of the django-htmx wheel, which is there while we are built and not after."""

from __future__ import annotations

import hashlib
from importlib.metadata import distribution
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

CARRIER = "django-htmx"
INSIDE = "django_htmx/static/django_htmx/htmx-2.min.js"
SHA256 = "71ea67185bfa8c98c39d31717c6fce5d852370fcdfd129db4543774d3145c0de"
TARGET = Path("widget") / "static" / "vendor" / "htmx.min.js"


class VendorHtmx(BuildHookInterface[Any]):
    """Runs for wheels and for editable installs alike."""

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        source = Path(str(distribution(CARRIER).locate_file(INSIDE))).read_bytes()
        found = hashlib.sha256(source).hexdigest()
        if found != SHA256:
            raise RuntimeError(f"{INSIDE} is not the htmx that was reviewed: {found}")
        target = Path(self.root) / TARGET
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(source)
