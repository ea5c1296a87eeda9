"""The web server's knobs. Threads, because a request mostly waits: for the database, or for a CRM."""

from __future__ import annotations

import logging
from collections.abc import MutableMapping
from datetime import timedelta
from pathlib import Path
from typing import Any

from gunicorn.glogging import Logger

from config.settings import Settings

SHARED_MEMORY = Path("/dev/shm")  # noqa: S108 - only looked at, gunicorn makes its own file in it

PROBES = frozenset({"/healthz", "/readyz"})
"""Asked every few seconds by machines: their lines are of interest only to who sets LOG_LEVEL to DEBUG."""


def gunicorn_options(settings: Settings, *, bind: str) -> dict[str, Any]:
    """Options by gunicorn's own names; `bind` is `host:port`."""
    return {
        "bind": [bind],
        "worker_class": "gthread",
        "workers": settings.web_workers,
        "threads": settings.web_threads,
        # The application is built once, before the fork: a mistake stops the start, and memory is shared.
        "preload_app": True,
        "timeout": 60,
        "graceful_timeout": 15,
        "keepalive": 5,
        # A launch token in the query string names every field a rep may see; gunicorn allows no more than this.
        "limit_request_line": 8190,
        "limit_request_fields": 64,
        "limit_request_field_size": 8190,
        # Whether a proxy is to be believed is TRUSTED_PROXIES' business, in the application.
        "forwarded_allow_ips": "",
        # The heartbeat file must not wait for a disk.
        "worker_tmp_dir": str(SHARED_MEMORY) if SHARED_MEMORY.is_dir() else None,
        "control_socket_disable": True,
        "accesslog": "-",
        "loglevel": settings.log_level.lower(),
        "logger_class": RootLogger,
        "proc_name": "widget-web",
    }


class RootLogger(Logger):
    """Sends gunicorn's messages through our own logging, and an access line without anything secret."""

    def setup(self, cfg: Any) -> None:
        super().setup(cfg)
        for logger in (self.error_log, self.access_log):
            logger.handlers.clear()
            logger.propagate = True
        # Its own start and stop messages matter to nobody who did not ask for DEBUG.
        self.error_log.setLevel(logging.DEBUG if cfg.loglevel == "debug" else logging.WARNING)
        self.access_log.setLevel(cfg.loglevel.upper())

    def access(self, resp: Any, req: Any, environ: MutableMapping[str, Any], request_time: timedelta) -> None:
        """One line per request. The query string, referrer and headers stay out: launches carry tokens there."""
        path = environ.get("PATH_INFO", "")
        fields = {
            "method": environ.get("REQUEST_METHOD"),
            "path": path,
            "status": int(str(resp.status).split(None, 1)[0]),
            "bytes": getattr(resp, "sent", None),
            "milliseconds": round(request_time.total_seconds() * 1000, 1),
        }
        self.access_log.log(logging.DEBUG if path in PROBES else logging.INFO, "request", extra=fields)
