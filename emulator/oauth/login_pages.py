"""The pages of a login flow: never framed, and left for the app with an answer in its redirect URI."""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit, urlunsplit

from flask import Response, redirect
from werkzeug.wrappers import Response as AnyResponse

# No form-action: the form's answer redirects to the app, and Chromium applies form-action to redirects too.
_POLICY = "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'"


def login_page(html: str, *, status: int = 200) -> Response:
    response = Response(html, status=status)
    response.headers["Content-Security-Policy"] = _POLICY
    response.headers["X-Frame-Options"] = "DENY"
    response.headers["Cache-Control"] = "no-store"
    return response


def back_to_app(redirect_uri: str, state: str | None, **answer: str) -> AnyResponse:
    """With the answer added to the query of the URI, and the state as it came."""
    if state is not None:
        answer["state"] = state
    parts = urlsplit(redirect_uri)
    query = "&".join(filter(None, (parts.query, urlencode(answer))))
    return redirect(urlunsplit(parts._replace(query=query)), 302)
