"""What an answer of ours says between the lines: its token, its policy."""

from __future__ import annotations

from typing import Any

import jwt
from werkzeug.test import TestResponse


def claims_of(token: str) -> dict[str, Any]:
    """What a token says, unverified."""
    claims: dict[str, Any] = jwt.decode(token, options={"verify_signature": False})
    return claims


def policy_of(response: TestResponse) -> dict[str, str]:
    """The Content-Security-Policy of an answer, by directive."""
    parts = response.headers["Content-Security-Policy"].split("; ")
    return dict(part.split(" ", 1) for part in parts)
