"""Signing in and out."""

from __future__ import annotations

from flask import Blueprint, redirect, render_template, request, url_for
from flask_login import current_user
from werkzeug.wrappers import Response

from jobs.accounts import TooBusy, check_login, note_login
from widget.admin import access, limits
from widget.context import runtime

PASSWORD_MAX_LENGTH = 1000
"""Longer ones are refused before they are hashed: hashing megabytes costs seconds."""

BUSY = "Many people are signing in at this moment. Nothing was checked; try again in a few seconds."
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
    try:
        with runtime().database.read() as session:
            user = check_login(session, access.typed_email(), password[:PASSWORD_MAX_LENGTH])
        if user is None or len(password) > PASSWORD_MAX_LENGTH:
            return _form(REFUSED), 401
        with runtime().database.write() as session:
            user = note_login(session, user, password)
    except TooBusy:
        return _form(BUSY), 503
    limits.forget_tries()
    access.sign_in(user)
    return redirect(access.safe_next(request.args.get("next")), code=303)


def _form(message: str) -> str:
    return render_template("admin/login.html", title="Sign in", email=access.typed_email(), message=message)


def sign_out() -> Response:
    access.sign_out()
    return redirect(url_for("admin.login.show"), code=303)
