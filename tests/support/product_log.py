"""The product's own log, kept to be looked through: nothing secret may stand in it."""

from __future__ import annotations

import io
import logging
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import structlog

from config.logging import configure_logging
from config.settings import Settings
from tests.support.settings_beside import changed


@contextmanager
def listening(settings: Settings) -> Iterator[io.StringIO]:
    """Logging as in production, at its most talkative, into a string."""
    root = logging.getLogger()
    before, level, structure = list(root.handlers), root.level, structlog.get_config()
    root.handlers = []  # taken away, not closed
    configure_logging(changed(settings, log_level="DEBUG", log_format="json"), process="web")
    written = io.StringIO()
    for handler in root.handlers:
        assert isinstance(handler, logging.StreamHandler)
        handler.setStream(written)
    try:
        yield written
    finally:
        root.handlers, root.level = before, level
        structlog.configure(**structure)


def require_none_of(secrets: Iterable[str], written: str) -> None:
    """Neither a secret nor the first part of one that has a dot in it."""
    leaked = [secret for secret in secrets if secret in written or secret.partition(".")[0] in written]
    assert not leaked, [line for line in written.splitlines() for secret in leaked if secret[:40] in line]
