"""OAuth errors: on the wire a JSON object, not the array that the REST API answers."""

from __future__ import annotations

from flask import Response, jsonify


class OAuthError(Exception):
    """A refused OAuth request.

    `code` is the wire's `error`, `description` its `error_description`, `status` the HTTP status (400 unless
    the client's own credentials failed as HTTP Basic, which RFC 6749 section 5.2 answers with 401).
    """

    def __init__(self, code: str, description: str, *, status: int = 400) -> None:
        super().__init__(f"{code}: {description}")
        self.code = code
        self.description = description
        self.status = status


def as_response(error: OAuthError) -> Response:
    response = jsonify(error=error.code, error_description=error.description)
    response.status_code = error.status
    if error.status == 401:
        response.headers["WWW-Authenticate"] = 'Basic realm="token"'
    response.headers["Cache-Control"] = "no-cache, no-store"
    return response
