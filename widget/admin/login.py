"""Signing in and out."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from jobs.accounts import check_login
from jobs.runtime import utc_now
from widget.admin import access
from widget.context import runtime

PASSWORD_MAX_LENGTH = 1000
"""Longer ones are refused before they are hashed: hashing megabytes costs seconds."""

REFUSED = "The email or the password is wrong, or this account is switched off."


def blueprint() -> Blueprint:
    pages = Blueprint("login", __name__)
    pages.get("/login")(show)
    pages.post("/login")(sign_in)
    pages.post("/logout")(sign_out)
    return pages


def show() -> Response | str:
    if current_user.is_authenticated:
        return redirect(access.safe_next(request.args.get("next")), code=303)
    return render_template("admin/login.html", title="Sign in", email="", message="")


def sign_in() -> Response | tuple[str, int]:
    password = request.form.get("password", "")
    with runtime().database.read() as session:
        user = check_login(session, access.typed_email(), password[:PASSWORD_MAX_LENGTH])
    if user is None or len(password) > PASSWORD_MAX_LENGTH:
        page = render_template("admin/login.html", title="Sign in", email=access.typed_email(), message=REFUSED)
        return page, 401
    with runtime().database.write() as session:
        session.merge(user).last_login_at = utc_now()
    access.sign_in(user)
    return redirect(access.safe_next(request.args.get("next")), code=303)


def sign_out() -> Response:
    access.sign_out()
    return redirect(url_for("admin.login.show"), code=303)
