"""The application factory: everything a web process is made of, in the order a request meets it."""

from __future__ import annotations

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from config.settings import Settings
from jobs.runtime import Runtime, open_runtime
from widget import admin, errors, health, launch, panel, security, webhooks
from widget.context import EXTENSION

MAX_BODY_BYTES = 512 * 1024  # the largest honest request is a Canvas envelope of a few kilobytes


def build_app(settings: Settings, runtime: Runtime | None = None) -> Flask:
    app = Flask("widget")
    app.config.update(
        SECRET_KEY=settings.signing_keys[0],
        SECRET_KEY_FALLBACKS=list(settings.signing_keys[1:]),
        MAX_CONTENT_LENGTH=MAX_BODY_BYTES,
        MAX_FORM_MEMORY_SIZE=MAX_BODY_BYTES,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=not settings.is_local,
        TEMPLATES_AUTO_RELOAD=False,
    )
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True}
    if settings.trusted_proxies:
        hops = settings.trusted_proxies
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=hops, x_proto=hops)  # type: ignore[method-assign]
    app.extensions[EXTENSION] = runtime or open_runtime(settings)
    security.install(app)
    errors.install(app)
    for part in (launch, panel, webhooks, admin, health):
        part.install(app)
    return app
