"""OAuth errors: HubSpot's own code and text, and since 2026 the fields of RFC 6749 beside them."""

from __future__ import annotations

import uuid

from flask import Response, jsonify

# The error of RFC 6749 that belongs to each of HubSpot's codes.
_STANDARD = {
    "BAD_AUTH_CODE": "invalid_grant",
    "BAD_CLIENT_ID": "invalid_client",
    "BAD_CLIENT_SECRET": "invalid_client",
    "BAD_CODE_VERIFIER": "invalid_grant",
    "BAD_GRANT_TYPE": "unsupported_grant_type",
    "BAD_HUB": "access_denied",
    "BAD_REDIRECT_URI": "invalid_grant",
    "BAD_REFRESH_TOKEN": "invalid_grant",
    "BAD_REQUEST": "invalid_request",
    "MISMATCH_REDIRECT_URI_AUTH_CODE": "invalid_grant",
}


class OAuthError(Exception):
    """A refused OAuth request. `code` is what the wire calls `status`."""

    def __init__(self, code: str, message: str, *, status: int = 400) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code
        self.message = message
        self.status = status

    def to_json(self, *, oldest: bool) -> dict[str, str]:
        """`oldest`: as version 1 answers, which has the old fields alone."""
        body = {"status": self.code, "message": self.message, "correlationId": str(uuid.uuid4())}
        if oldest:
            return body
        return {"error": _STANDARD[self.code], "error_description": self.message, **body}


def as_response(error: OAuthError, *, oldest: bool) -> Response:
    response = jsonify(error.to_json(oldest=oldest))
    response.status_code = error.status
    response.headers["Cache-Control"] = "no-store"
    return response
