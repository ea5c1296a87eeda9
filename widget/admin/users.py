"""The people of the admin area. They are made and changed on the command line: `widget create-admin`."""

from __future__ import annotations

from flask import Blueprint, render_template
from sqlalchemy import select

from jobs.models import User
from widget.context import runtime


def blueprint() -> Blueprint:
    pages = Blueprint("users", __name__, url_prefix="/users")
    pages.get("/")(index)
    return pages


def index() -> str:
    with runtime().database.read() as session:
        people = session.scalars(select(User).order_by(User.email)).all()
    return render_template("admin/users/index.html", title="People", people=people)
