"""The admin area: a module per noun, all of one shape (list, show, edit), under `/admin`.

`install(app)` wires it in. `csrf` protects every form of the application: a part that proves its requests by a token
or a signature, and so needs no form token, is exempted with `csrf.exempt(blueprint)`.
"""

from __future__ import annotations

from flask import Blueprint, Flask, redirect, url_for
from flask_wtf import CSRFProtect
from flask_wtf.csrf import CSRFError

from widget.admin import (
    access,
    audit,
    conflicts,
    connections,
    display,
    limits,
    links,
    listing,
    login,
    logs,
    oauth,
    objects,
    overview,
    records,
    runs,
    users,
)

csrf = CSRFProtect()

NOUNS = (overview, connections, oauth, objects, links, conflicts, records, runs, logs, audit, users)


def install(app: Flask) -> None:
    """Register `/admin` with its login, form protection and rate limits. `app` must already hold its runtime."""
    app.config.update(
        # Only these pages use the cookie: the panel and the launches never see it.
        SESSION_COOKIE_NAME="widget_admin",
        SESSION_COOKIE_PATH="/admin",
        PERMANENT_SESSION_LIFETIME=access.SESSION_LIFETIME,
        # The token lives as long as the login: a form left open over lunch still works.
        WTF_CSRF_TIME_LIMIT=None,
    )
    csrf.init_app(app)
    access.install(app)
    app.url_map.converters["row"] = listing.RowId
    app.register_blueprint(_area())
    app.add_url_rule("/", "home", lambda: redirect(url_for("admin.overview.index")))
    limits.install(app)


def _area() -> Blueprint:
    area = Blueprint("admin", __name__, url_prefix="/admin")
    area.before_request(access.guard)
    area.after_request(access.keep_referrer)
    area.register_error_handler(403, access.refused)
    area.register_error_handler(404, access.missing)
    area.register_error_handler(429, access.too_many)
    area.register_error_handler(CSRFError, access.stale_form)
    display.install(area)
    area.register_blueprint(login.blueprint())
    for noun in NOUNS:
        area.register_blueprint(noun.blueprint())
    return area
