"""Who may frame us, what our pages may load, and who may call the panel from an origin of its own. Policies as data."""

from __future__ import annotations

from collections.abc import Iterable

from flask import Flask, Response, g, request

_PAGE = {
    "default-src": "'none'",
    "script-src": "'self'",
    "style-src": "'self'",
    "img-src": "'self' data:",
    "connect-src": "'self'",
    "base-uri": "'none'",
}
PANEL_POLICY = _PAGE | {"form-action": "'none'"}
ADMIN_POLICY = _PAGE | {"form-action": "'self'", "frame-ancestors": "'none'"}

EVERYWHERE = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "cross-origin",  # a sandboxed panel loads its own files from an opaque origin
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
}
# The panel may sit in `sandbox="allow-scripts"`: its origin is then "null" and its own server a foreign one. Nothing
# is lent by that: no cookie is ever read here, only a bearer token that the page holds.
PANEL_CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Allow-Methods": "GET, POST, OPTIONS",
    "Access-Control-Allow-Headers": "authorization, content-type, hx-request, hx-trigger, hx-target, hx-current-url",
    "Access-Control-Max-Age": "600",
}


def install(app: Flask) -> None:
    app.before_request(_answer_preflight)
    app.after_request(_add_headers)


def allow_framing_by(origins: Iterable[str]) -> None:
    """Let these hosts, and no others, frame the answer to this request."""
    g.frame_ancestors = " ".join(origins) or "'none'"


def is_panel_path() -> bool:
    """One of the panel's own requests. `/panel` itself is the page, opened by a ticket."""
    return request.path.startswith("/panel/")


def _answer_preflight() -> Response | None:
    if request.method == "OPTIONS" and is_panel_path():
        return Response(status=204)
    return None


def _add_headers(response: Response) -> Response:
    for name, value in EVERYWHERE.items():
        response.headers.setdefault(name, value)
    if is_panel_path():
        response.headers.update(PANEL_CORS)
    if request.path.startswith("/static/"):
        return response
    response.headers.setdefault("Cache-Control", "no-store")
    response.headers["Content-Security-Policy"] = _policy()
    if request.is_secure:
        response.headers["Strict-Transport-Security"] = "max-age=31536000"
    return response


def _policy() -> str:
    framed = request.path.startswith(("/panel", "/launch"))
    policy = PANEL_POLICY | {"frame-ancestors": g.get("frame_ancestors", "'none'")} if framed else ADMIN_POLICY
    return "; ".join(f"{name} {value}" for name, value in policy.items())
