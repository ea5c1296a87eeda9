"""One transport for every CRM: time limits, few and safe retries, call counting, and what the answer's headers tell."""

from __future__ import annotations

import random
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter

from config.settings import Settings
from jobs.runtime import utc_now

# 521 to 526: the proxy before HubSpot does not reach it.
RETRY_STATUSES = (502, 503, 504, 521, 522, 523, 524, 525, 526)
RETRY_PAUSES_SECONDS = (0.1, 0.4)


@dataclass
class Meter:
    """What one adapter's calls cost and what the CRM said beside its answers."""

    calls: int = 0
    calls_used: int | None = None
    calls_allowed: int | None = None
    clock_offset_seconds: float | None = None
    # The CRM's clock at a moment that was surely not after it looked the answer up.
    looked_up_at: datetime = field(default_factory=utc_now)
    headers: Mapping[str, str] = field(default_factory=dict)

    @property
    def share_used(self) -> float:
        """Of the day's calls, by whoever they were made; 0 where the CRM tells nothing."""
        return (self.calls_used or 0) / self.calls_allowed if self.calls_allowed else 0.0


class Transport(HTTPAdapter):
    """Talks to one CRM host and refuses every other; the connections are shared by the whole process."""

    def __init__(self, settings: Settings, base_url: str, meter: Meter) -> None:
        super().__init__()
        self._host = urlsplit(base_url).netloc.lower()
        self._plain = self._host in settings.trusted_crm_hosts
        self._timeout = (settings.crm_timeout_connect, settings.crm_timeout_read)
        self._meter = meter

    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        url = urlsplit(request.url or "")
        if url.netloc.lower() != self._host:
            raise requests.exceptions.InvalidURL("a CRM connection speaks to its own host only")
        if self._plain:
            request.url = url._replace(scheme="http").geturl()
        options["timeout"] = options.get("timeout") or self._timeout
        # Only reads are repeated here. Nobody knows what became of a write that got no answer: the engine looks.
        pauses = RETRY_PAUSES_SECONDS if request.method == "GET" else ()
        for pause in pauses:
            try:
                response = self._send_once(request, *args, **options)
            except requests.exceptions.ConnectTimeout:
                raise
            except requests.exceptions.ConnectionError:
                time.sleep(_jittered(pause))
                continue
            if response.status_code not in RETRY_STATUSES:
                return response
            response.close()
            time.sleep(_jittered(pause))
        return self._send_once(request, *args, **options)

    def _send_once(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:
        self._meter.calls += 1
        started = time.monotonic()
        response = _pool().send(request, *args, **options)
        _note(self._meter, response, timedelta(seconds=time.monotonic() - started))
        return response


def crm_session(settings: Settings, base_url: str, meter: Meter) -> requests.Session:
    """A session that can reach `base_url`'s host and nothing else."""
    session = requests.Session()
    session.trust_env = False  # a .netrc must not replace our Authorization header
    session.adapters.clear()
    session.mount("https://", Transport(settings, base_url, meter))
    return session


@cache
def _pool() -> HTTPAdapter:
    return HTTPAdapter(pool_connections=16, pool_maxsize=64)


def _note(meter: Meter, response: requests.Response, took: timedelta) -> None:
    meter.headers = response.headers
    if usage := re.search(r"api-usage=(\d+)/(\d+)", response.headers.get("Sforce-Limit-Info", "")):
        meter.calls_used, meter.calls_allowed = int(usage[1]), int(usage[2])
    allowed, left = (response.headers.get(f"X-HubSpot-RateLimit-Daily{end}", "") for end in ("", "-Remaining"))
    if allowed.isdigit() and left.isdigit():
        meter.calls_used, meter.calls_allowed = int(allowed) - int(left), int(allowed)
    if "Date" not in response.headers:
        return
    try:
        answered_at = parsedate_to_datetime(response.headers["Date"]).astimezone(UTC)
    except ValueError:
        return
    meter.looked_up_at = answered_at - took
    # The header is cut to whole seconds: on average the true time is half a second later.
    meter.clock_offset_seconds = (answered_at + timedelta(seconds=0.5) - utc_now()).total_seconds()


def _jittered(pause: float) -> float:
    return pause * random.uniform(0.5, 1.5)  # noqa: S311 - spreading retries, not keeping secrets


def may_be_host(host: str, settings: Settings, suffixes: tuple[str, ...]) -> bool:
    """Whether `host` (with port) is the CRM's own, or one the operator trusts."""
    host = host.lower()
    return host in settings.trusted_crm_hosts or any(host.endswith(suffix) for suffix in suffixes)
