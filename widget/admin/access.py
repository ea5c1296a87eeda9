"""Who is here and what they may do. Every admin page asks `guard` first; every change needs the role admin."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import wraps
from hashlib import sha256
from typing import ParamSpec, TypeVar, cast
from urllib.parse import urlsplit

from flask import Flask, Response, abort, flash, redirect, render_template, request, session, url_for
from flask_login import LoginManager, current_user, login_user, logout_user
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response as AnyResponse

from jobs.accounts import account_name
from jobs.models import User
from jobs.models.user import ADMIN
from jobs.runtime import utc_now
from widget.context import runtime

SESSION_LIFETIME = timedelta(hours=12)
"""From the login on, however busy: then the password is asked for again."""

OPEN_TO_ALL = frozenset({"admin.login.show", "admin.login.sign_in"})
"""What a stranger may reach."""
OPEN_TO_VIEWERS = OPEN_TO_ALL | {"admin.login.sign_out"}
"""What a viewer may POST to."""

CANNOT_BE_RETURNED_TO = {"admin.oauth.callback": "admin.connections.index"}
"""Pages whose address is good once, and may hold a code: after a login their neighbour is shown instead."""

EMAIL_MAX_LENGTH = 320

P = ParamSpec("P")
R = TypeVar("R")


@dataclass(frozen=True)
class Person:
    """The signed-in person as Flask-Login wants it."""

    id: int
    email: str
    role: str
    stamp: str

    is_authenticated = True
    is_active = True
    is_anonymous = False

    @property
    def may_change(self) -> bool:
        return self.role == ADMIN

    def get_id(self) -> str:
        return f"{self.id}.{self.stamp}"


def install(app: Flask) -> None:
    manager = LoginManager()
    # Phones change their address within a login; the cookie is signed, HttpOnly and SameSite instead.
    manager.session_protection = None
    manager.user_loader(_load)
    manager.unauthorized_handler(_to_login)
    manager.init_app(app)


def person() -> Person:
    """Whoever is signed in: views run behind `guard`, so there is always somebody."""
    return cast(Person, current_user._get_current_object())


def guard() -> AnyResponse | None:
    """Before every admin request: a stranger is sent to the login, a viewer may only look."""
    if request.endpoint in OPEN_TO_ALL:
        return None
    if not current_user.is_authenticated:
        return _to_login()
    is_change = request.method not in ("GET", "HEAD", "OPTIONS")
    if is_change and not person().may_change and request.endpoint not in OPEN_TO_VIEWERS:
        abort(403)
    return None


def admins_only(view: Callable[P, R]) -> Callable[P, R]:
    """For the pages that prepare a change: a viewer gets the sentence instead of a form that would be refused."""

    @wraps(view)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        if not person().may_change:
            abort(403)
        return view(*args, **kwargs)

    return guarded


def sign_in(user: User) -> None:
    """Start a new session: what the browser held before is thrown away, form tokens included."""
    session.clear()
    session.permanent = True
    session["signed_in_at"] = utc_now().timestamp()
    login_user(_person(user))


def sign_out() -> None:
    logout_user()
    session.clear()


def typed_email() -> str:
    """The account a login form names, "" when it cannot be one. The check and the limit must mean the same account."""
    email = request.form.get("email", "").strip()
    return account_name(email) if len(email) <= EMAIL_MAX_LENGTH and email.isprintable() else ""


def safe_next(target: str | None) -> str:
    """Where to go after the login: a page of this area, never another host."""
    home = url_for("admin.overview.index")
    if not target or "\\" in target or any(ord(char) < 33 for char in target):
        return home
    parts = urlsplit(target)
    is_ours = not parts.scheme and not parts.netloc and (parts.path + "/").startswith("/admin/")
    return target if is_ours and not target.startswith("//") else home


def refused(_error: HTTPException) -> tuple[str, int]:
    return render_template("admin/refused.html", title="You may look, not change"), 403


def missing(_error: HTTPException) -> tuple[str, int]:
    return render_template("admin/missing.html", title="Not found"), 404


def too_many(_error: HTTPException) -> tuple[str, int] | AnyResponse:
    """Also htmx gets HTML: the sentence takes the place of the result."""
    if request.headers.get("HX-Request"):
        return render_template("admin/_too_many.html"), 429
    return render_template("admin/too_many.html", title="Too many tries"), 429


def stale_form(_error: HTTPException) -> tuple[str, int] | AnyResponse:
    if request.endpoint not in OPEN_TO_ALL and not current_user.is_authenticated:
        return _to_login()
    return render_template("admin/stale_form.html", title="This form has expired"), 400


def keep_referrer(response: Response) -> Response:
    """Over https the form protection also wants to see that a form came from one of our own pages."""
    response.headers["Referrer-Policy"] = "same-origin"
    return response


def _load(session_id: str) -> Person | None:
    """The person of this session, read anew: a change of role, password or activity holds at the next click."""
    user_id, _, stamp = session_id.partition(".")
    age = utc_now().timestamp() - float(session.get("signed_in_at", 0))
    if not user_id.isdigit() or age > SESSION_LIFETIME.total_seconds():
        return None
    with runtime().database.read() as rows:
        user = rows.get(User, int(user_id))
    found = _person(user) if user is not None and user.active else None
    return found if found is not None and found.stamp == stamp else None


def _person(user: User) -> Person:
    # A new password makes a new stamp, so every session begun with the old one ends.
    stamp = sha256(user.password_hash.encode()).hexdigest()[:16]
    return Person(user.id, user.email, user.role, stamp)


def _to_login() -> AnyResponse:
    if request.headers.get("HX-Request"):
        back = urlsplit(request.headers.get("HX-Current-URL", ""))
        here = back.path + (f"?{back.query}" if back.query else "")
        return Response(status=401, headers={"HX-Redirect": url_for("admin.login.show", next=here)})
    # Only a page can be returned to: a form has to be sent anew after the login.
    here = request.full_path.rstrip("?") if request.method == "GET" else ""
    if instead := CANNOT_BE_RETURNED_TO.get(request.endpoint or ""):
        flash(f"You are not signed in here, at {request.host_url.rstrip('/')}. Sign in, then connect again.", "warn")
        here = url_for(instead)
    return redirect(url_for("admin.login.show", next=here or None), code=303)
