"""One log for everything: our own events, the libraries' messages and the web server's, all redacted.

Lines go to standard error: readable on a terminal, one JSON object each elsewhere.
"""

from __future__ import annotations

import logging
import sys
from typing import Any

import structlog
from structlog.typing import EventDict, Processor, WrappedLogger

from config.redaction import redact
from config.settings import Settings

CHATTY = ("urllib3", "alembic", "rq.worker", "rq.job", "rq.scheduler")
"""Libraries that tell every step: heard from WARNING on, and in full when LOG_LEVEL is DEBUG."""


def configure_logging(settings: Settings, *, process: str) -> None:
    """Set up logging for this process. `process` (web, worker, clock …) stands in every line. Safe to call again."""
    shared: list[Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.ExtraAdder(),
        *_when_and_where(settings, process),
        # Before redaction: a traceback may carry a secret too.
        structlog.processors.format_exc_info,
        redact_event,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.stdlib.BoundLogger,
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=[structlog.stdlib.PositionalArgumentsFormatter(), *shared],
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, _renderer(settings)],
        )
    )
    logging.basicConfig(handlers=[handler], level=settings.log_level, force=True)
    logging.captureWarnings(True)
    for name in CHATTY:
        logging.getLogger(name).setLevel(logging.DEBUG if settings.log_level == "DEBUG" else logging.WARNING)


def redact_event(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Hide secrets in every value. Keys that start with an underscore are structlog's own."""
    return {key: value if key.startswith("_") else redact(value, key) for key, value in event.items()}


def _when_and_where(settings: Settings, process: str) -> list[Processor]:
    if settings.log_format == "console":
        # A person reads along on one machine: the wall clock is enough.
        return [structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=False)]
    return [structlog.processors.TimeStamper(fmt="iso", utc=True, key="at"), _named(process)]


def _named(process: str) -> Processor:
    def add_process(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
        event["process"] = process
        return event

    return add_process


def _renderer(settings: Settings) -> Processor:
    if settings.log_format == "json":
        return structlog.processors.JSONRenderer(default=str)
    # The plain formatter: the rich one prints the local variables of every frame.
    return structlog.dev.ConsoleRenderer(colors=sys.stderr.isatty(), exception_formatter=structlog.dev.plain_traceback)


def get_logger(name: str) -> Any:
    """A logger whose events carry fields: `get_logger(__name__).info("run finished", run_id=7)`."""
    return structlog.stdlib.get_logger(name)
