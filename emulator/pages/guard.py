"""Who may ask for pages that need no login, and what these pages may load."""

from __future__ import annotations

from urllib.parse import urlsplit

from flask import Request, abort
from werkzeug.wrappers import Response

_LOOPBACK = frozenset({"localhost", "127.0.0.1", "::1"})


def refuse_strangers(public_url: str, request: Request) -> None:
    """The pages hand out signed launches and calls without a login, so only the CRM's own pages may ask for them.

    A foreign Host header means DNS rebinding; a foreign Origin on a form, cross-site request forgery.
    """
    own = {urlsplit(public_url).hostname, *_LOOPBACK}
    if urlsplit(f"//{request.host}").hostname not in own:
        abort(403, "This stand-in answers only under its own host name.")
    if request.method in ("GET", "HEAD"):
        return
    origin = request.headers.get("Origin")
    if origin is not None and origin != request.host_url.rstrip("/"):
        abort(403, "Forms of other sites are not accepted.")
    if request.headers.get("Sec-Fetch-Site", "same-origin") not in ("same-origin", "none"):
        abort(403, "Forms of other sites are not accepted.")


def origin_of(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.scheme}://{parts.netloc}"


def protect(request: Request, response: Response, *, panel_url: str, posts_to_panel: bool = False) -> None:
    """The headers of every page. Framed is only the panel; forms go to it where that is how it is launched."""
    panel = origin_of(panel_url)
    forms = f"'self' {panel}" if posts_to_panel else "'self'"
    response.headers["Content-Security-Policy"] = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self';"
        f" frame-src {panel}; form-action {forms}; base-uri 'none'; frame-ancestors 'none'"
    )
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "origin-when-cross-origin"
    if not (request.endpoint or "").endswith(".static"):
        response.headers["Cache-Control"] = "no-store"
