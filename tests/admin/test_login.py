"""Signing in and out: one answer for every failure, few tries, a new session each time."""

from __future__ import annotations

from dataclasses import replace

import pytest
from argon2 import PasswordHasher
from flask import Flask

from config.redis import connect
from jobs.models import User
from jobs.runtime import Runtime
from tests.admin.site import PASSWORD, Visitor, add_people
from tests.support.compiled import application
from tests.support.together import together
from widget.admin import access

# Tries are counted on the queue server: one database is enough to show it.
pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


def test_the_right_password_opens_the_page_that_was_asked_for(stranger: Visitor) -> None:
    asked = stranger.get("/admin/runs/?status=failed")
    answer = stranger.post(asked.location, {"email": " Admin@Example.com ", "password": PASSWORD})
    assert answer.location == "/admin/runs/?status=failed"
    assert stranger.get(answer.location).status_code == 200


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.example/admin/",
        "//evil.example/admin/",
        "/\\evil.example/admin/",
        "/admin/\n//evil.example",
        "javascript:alert(1)",
        "/panel",
        "/adminother",
        "admin",
    ],
)
def test_the_login_leads_nowhere_but_into_the_area(stranger: Visitor, target: str) -> None:
    token = stranger.token()
    answer = stranger.http.post(
        "/admin/login",
        query_string={"next": target},
        data={"csrf_token": token, "email": "admin@example.com", "password": PASSWORD},
    )
    assert answer.location == "/admin/"


def test_every_failure_reads_the_same(runtime: Runtime, stranger: Visitor) -> None:
    with runtime.database.write() as session:
        session.query(User).filter_by(email="viewer@example.com").update({"active": False})
    tries = {
        "wrong password": ("admin@example.com", "not the password"),
        "nobody": ("nobody@example.com", PASSWORD),
        "switched off": ("viewer@example.com", PASSWORD),
        "no email": ("", PASSWORD),
        "no password": ("admin@example.com", ""),
        "endless password": ("admin@example.com", "x" * 100_000),
        "a NUL": ("admin\x00@example.com", PASSWORD),
    }
    pages = {}
    for name, (email, password) in tries.items():
        answer = stranger.sign_in(email, password)
        assert answer.status_code == 401, name
        pages[name] = answer.text[answer.text.index("<form") : answer.text.index("</form>")].split("alert")[1][:120]
    assert len(set(pages.values())) == 1


def test_a_password_is_never_sent_back(stranger: Visitor) -> None:
    assert "not the password" not in stranger.sign_in("admin@example.com", "not the password").text


def test_an_account_can_be_tried_ten_times_and_then_not_even_rightly(app: Flask, stranger: Visitor) -> None:
    statuses = [stranger.sign_in("admin@example.com", "wrong") for _ in range(10)]
    assert {answer.status_code for answer in statuses} == {401}
    elsewhere = Visitor(app.test_client())
    assert elsewhere.sign_in("ADMIN@example.com").status_code == 429
    assert elsewhere.sign_in("viewer@example.com").status_code == 303


def test_spelling_an_account_in_other_ways_wins_no_more_tries(app: Flask, stranger: Visitor) -> None:
    spellings = ["admin@example.com", " Admin@example.com", "ADMIN@EXAMPLE.COM\t"]
    for number in range(10):
        stranger.sign_in(spellings[number % 3], "wrong")
    elsewhere = [
        "admin@\uff45\uff58\uff41\uff4d\uff50\uff4c\uff45.com",
        "admin@example\u3002com",
        "Admin@example\uff0eCOM",
    ]
    assert {stranger.sign_in(email).status_code for email in elsewhere} == {429}
    padded = "admin@example.com" + " " * 400
    assert {stranger.sign_in(email).status_code for email in [*spellings, padded]} == {429}
    assert stranger.sign_in("admin@example.com" + " " * 400 + "x").status_code == 401


def test_a_burst_of_tries_at_once_wins_no_more_of_them(app: Flask) -> None:
    def one_try() -> int:
        visitor = Visitor(app.test_client())
        return visitor.sign_in("admin@example.com", "wrong").status_code

    statuses = together(*[one_try] * 16)
    assert sorted(statuses) == [401] * 10 + [429] * 6


def test_the_right_password_gives_the_tries_back(stranger: Visitor) -> None:
    for _ in range(3):
        assert [stranger.sign_in("admin@example.com", "wrong").status_code for _ in range(8)] == [401] * 8
        assert stranger.sign_in("admin@example.com").status_code == 303
        stranger.post("/admin/logout")


def test_a_password_kept_in_an_older_way_is_kept_anew_as_its_person_signs_in(
    runtime: Runtime, stranger: Visitor
) -> None:
    def kept() -> str:
        with runtime.database.read() as session:
            return session.query(User).filter_by(email="admin@example.com").one().password_hash

    with runtime.database.write() as session:
        older = PasswordHasher(time_cost=2, memory_cost=32, parallelism=1).hash(PASSWORD)
        session.query(User).filter_by(email="admin@example.com").update({"password_hash": older})
    assert stranger.sign_in("admin@example.com", "wrong").status_code == 401
    assert kept() == older
    assert stranger.sign_in("admin@example.com").status_code == 303
    assert stranger.get("/admin/").status_code == 200
    newer = kept()
    assert newer != older
    stranger.post("/admin/logout")
    assert stranger.sign_in("admin@example.com").status_code == 303
    assert kept() == newer


def test_an_account_that_does_not_exist_is_limited_alike(stranger: Visitor) -> None:
    answers = [stranger.sign_in("nobody@example.com", "wrong").status_code for _ in range(11)]
    assert answers == [401] * 10 + [429]


def test_an_address_that_tries_many_accounts_is_limited(runtime: Runtime, stranger: Visitor) -> None:
    add_people(runtime, {f"person{number}@example.com": "viewer" for number in range(31)})
    answers = [stranger.sign_in(f"person{number}@example.com", "wrong").status_code for number in range(31)]
    assert answers == [401] * 30 + [429]


def test_signing_in_often_is_not_limited(stranger: Visitor) -> None:
    for _ in range(12):
        assert stranger.sign_in("admin@example.com").status_code == 303
        assert stranger.post("/admin/logout").status_code == 303


def test_a_login_starts_a_new_session(app: Flask, stranger: Visitor) -> None:
    stranger.get("/admin/login")
    with stranger.http.session_transaction("/admin/") as session:
        session["planted"] = "by somebody else"
        old_token = session["csrf_token"]
    stranger.sign_in("admin@example.com")
    stranger.get("/admin/")
    with stranger.http.session_transaction("/admin/") as session:
        assert "planted" not in session
        assert session["csrf_token"] != old_token


def test_signing_out_is_a_form_and_ends_the_session(admin: Visitor) -> None:
    assert admin.get("/admin/logout").status_code == 405
    assert admin.post("/admin/logout").location == "/admin/login"
    assert admin.get("/admin/").status_code == 303


def test_a_session_ends_however_busy(admin: Visitor) -> None:
    with admin.http.session_transaction("/admin/") as session:
        session["signed_in_at"] -= access.SESSION_LIFETIME.total_seconds() + 1
    assert admin.get("/admin/").status_code == 303


def test_the_cookie_is_for_the_admin_area_alone_and_out_of_reach_of_scripts(stranger: Visitor) -> None:
    cookie = stranger.sign_in("admin@example.com").headers["Set-Cookie"]
    assert "Path=/admin" in cookie
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie


def test_a_login_works_while_the_queue_server_is_down(runtime: Runtime, app: Flask) -> None:
    # Nobody listens there: the tries are then counted in the process.
    elsewhere = runtime.settings.model_copy(update={"redis_url": "redis://127.0.0.1:9"})
    alone = application(replace(runtime, settings=elsewhere, redis=connect(elsewhere)))
    visitor = Visitor(alone.test_client())
    assert visitor.sign_in("admin@example.com").status_code == 303
    stranger = Visitor(alone.test_client())
    assert [stranger.sign_in("admin@example.com", "x").status_code for _ in range(11)][-1] == 429
