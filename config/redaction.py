"""What must never be written to a log, by name and by look."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

HIDDEN = "[redacted]"

SECRET_NAMES = (
    "api_key",
    "apikey",
    "assertion",
    "authorization",
    "code_verifier",
    "cookie",
    "encryption_key",
    "location_url",
    "locationurl",
    "passwd",
    "password",
    "private_key",
    "secret",
    "session_id",
    "signature",
    "signed_request",
    "ticket",
    "token",
)
"""A key that contains one of these hides its value, unless that is a number or nothing."""

_NAMED = "|".join((*SECRET_NAMES, r"(?<![\w-])code"))
_SHAPES = (
    # Authorization: Bearer …, and Salesforce's older spelling OAuth …
    (re.compile(r"\b(Bearer|OAuth|Basic)\s+[\w.~+/=!-]{8,}", re.IGNORECASE), rf"\1 {HIDDEN}"),
    # token=… in query strings and forms
    (re.compile(rf"([\w-]*(?:{_NAMED})[\w-]*=)[^&\s\"'<>]+", re.IGNORECASE), rf"\1{HIDDEN}"),
    # "access_token": "…" in JSON and in printed dictionaries
    (
        re.compile(
            rf"([\"'][\w-]*(?:{_NAMED})[\w-]*[\"']\s*:\s*)(\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*')", re.IGNORECASE
        ),
        rf"\1{HIDDEN}",
    ),
    # A JWT, wherever it turns up
    (re.compile(r"\beyJ[\w-]{8,}\.[\w-]{8,}\.[\w-]*"), HIDDEN),
    # A Salesforce session or access token: organisation id, exclamation mark, key
    (re.compile(r"\b00D\w{12,15}![\w.]+"), HIDDEN),
    # scheme://user:password@host
    (re.compile(r"(\w://[^\s:/@]*):[^\s/@]+@"), rf"\1:{HIDDEN}@"),
)


def redact_text(text: str) -> str:
    """`text` with everything that looks like a secret replaced."""
    for shape, replacement in _SHAPES:
        text = shape.sub(replacement, text)
    return text


def redact(value: Any, name: str = "") -> Any:
    """`value` with its secrets replaced, all the way down. `name` is the key it stands under."""
    if value is None or isinstance(value, bool | int | float):
        return value
    if _is_secret_name(name):
        return HIDDEN
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, Mapping):
        return {key: redact(each, str(key)) for key, each in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [redact(each, name) for each in value]
    return redact_text(str(value))


def _is_secret_name(name: str) -> bool:
    folded = name.lower().replace("-", "_")
    return any(secret in folded for secret in SECRET_NAMES)
