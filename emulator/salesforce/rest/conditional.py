"""Conditional headers: compared with the last modification at one-second resolution."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import format_datetime, parsedate_to_datetime

from emulator.rows import Row
from emulator.salesforce.errors import ApiError
from emulator.salesforce.rest.call import Answer

_HTTP_DATE = re.compile(
    r"(Mon|Tue|Wed|Thu|Fri|Sat|Sun), \d{2} (Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec) \d{4} "
    r"\d{2}:\d{2}:\d{2} GMT",
    re.ASCII,
)


class PreconditionFailed(Exception):
    """412. Its body is not documented, so there is none."""


def not_modified(headers: Mapping[str, str], modified_at: datetime, *, etag: str | None = None) -> bool:
    """True when a reader already has this state (304). Raises PreconditionFailed and malformed-header errors.

    Entity tags count only where `etag` is given: on Account rows.
    """
    check_unmodified(headers, modified_at, etag=etag)
    if etag is not None and "if-none-match" in headers:
        return _names(headers["if-none-match"], etag)
    since = _header_time(headers, "if-modified-since")
    return since is not None and modified_at.replace(microsecond=0) <= since


def check_unmodified(headers: Mapping[str, str], modified_at: datetime, *, etag: str | None = None) -> None:
    """Raise PreconditionFailed when the record is not in the state that the writer has seen."""
    if etag is not None and "if-match" in headers and not _names(headers["if-match"], etag):
        raise PreconditionFailed
    since = _header_time(headers, "if-unmodified-since")
    if since is not None and modified_at.replace(microsecond=0) > since:
        raise PreconditionFailed


def state_headers(modified_at: datetime, *, etag: str | None = None) -> dict[str, str]:
    """The headers that tell a reader the state, for its next conditional call."""
    headers = {"Last-Modified": http_date(modified_at)}
    return headers if etag is None else {**headers, "ETag": etag}


def account_etag(object_name: str, row: Row) -> str | None:
    """The entity tag of an Account row; no other object has one."""
    if object_name != "Account":
        return None
    digest = hashlib.sha256(json.dumps(row, sort_keys=True).encode()).hexdigest()
    return f'"{digest[:32]}--gzip"'


def http_date(at: datetime) -> str:
    return format_datetime(at.astimezone(UTC), usegmt=True)


def nothing_new(modified_at: datetime, *, etag: str | None = None) -> Answer:
    return Answer(304, None, state_headers(modified_at, etag=etag))


def _header_time(headers: Mapping[str, str], name: str) -> datetime | None:
    text = headers.get(name)
    if text is None:
        return None
    try:
        if not _HTTP_DATE.fullmatch(text):
            raise ValueError(text)
        return parsedate_to_datetime(text)
    except ValueError as error:
        raise ApiError("INVALID_HTTP_HEADER", f"Invalid value for header {name}: {text}") from error


def _names(header: str, etag: str) -> bool:
    wanted = [part.strip().removeprefix("W/") for part in header.split(",")]
    return "*" in wanted or etag in wanted
