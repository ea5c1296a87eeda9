"""People of the admin area: one password each, one of two roles, and nothing told to a stranger."""

from __future__ import annotations

import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import Any

import pytest
from argon2 import PasswordHasher
from sqlalchemy import delete, func, select

from config.settings import Settings, load_settings
from jobs.accounts import PASSWORD_MIN_LENGTH, AccountError, audit, check_login, create_admin, save_user
from jobs.db import Database, migrate, open_database
from jobs.models import AuditEntry, User
from jobs.models.user import ADMIN, VIEWER
from tests.support.together import together

PASSWORD = "a sample password"
OTHER = "another sample password"


@pytest.fixture(scope="module")
def one_database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    """One kind of database is enough here: what is slow is the password, and rightly."""
    settings = load_settings({"data_dir": tmp_path_factory.mktemp("accounts")})
    migrate(settings)
    database = open_database(settings)
    yield database
    database.close()


@pytest.fixture
def database(one_database: Database) -> Database:
    with one_database.write() as session:
        session.execute(delete(User))
        session.execute(delete(AuditEntry))
    return one_database


def save(database: Database, email: str = "admin@example.com", password: str = PASSWORD, role: str = ADMIN) -> User:
    with database.write() as session:
        return save_user(session, email, password=password, role=role)


def may_in(database: Database, email: str, password: str) -> bool:
    with database.read() as session:
        return check_login(session, email, password) is not None


def verifications(act: Callable[[], object]) -> int:
    """How often a password is verified while `act` runs: the costly part, whose time could be told from outside."""
    count = 0

    def watch(frame: FrameType, event: str, _argument: Any) -> None:
        nonlocal count
        count += event == "call" and frame.f_code is PasswordHasher.verify.__code__

    sys.setprofile(watch)
    try:
        act()
    finally:
        sys.setprofile(None)
    return count


def test_the_right_password_opens(database: Database) -> None:
    save(database)
    assert may_in(database, "admin@example.com", PASSWORD)
    assert may_in(database, " ADMIN@Example.com ", PASSWORD)


@pytest.mark.parametrize("password", ["", OTHER, PASSWORD.upper(), PASSWORD + " ", "x" * 100_000])
def test_any_other_does_not(database: Database, password: str) -> None:
    save(database)
    assert not may_in(database, "admin@example.com", password)


@pytest.mark.parametrize("email", ["admin@example.com", "gone@example.com", "nobody@example.com", "", "' OR 1=1 --"])
def test_every_refusal_costs_the_same(database: Database, email: str) -> None:
    """Known, inactive, unknown or no address at all: one password is verified, so the time tells nothing."""
    save(database)
    gone = save(database, "gone@example.com")
    with database.write() as session:
        session.get_one(User, gone.id).active = False

    answers: list[bool] = []
    assert verifications(lambda: answers.append(may_in(database, email, OTHER))) == 1
    assert answers == [False]


def test_many_logins_at_once_take_the_memory_of_one(database: Database) -> None:
    save(database)
    at_work, most = 0, 0

    def watch(frame: FrameType, event: str, _argument: Any) -> None:
        nonlocal at_work, most
        if frame.f_code is PasswordHasher.verify.__code__ and event in ("call", "return"):
            at_work += 1 if event == "call" else -1
            most = max(most, at_work)

    threading.setprofile(watch)
    try:
        answers = together(*[lambda: may_in(database, "admin@example.com", PASSWORD)] * 4)
    finally:
        threading.setprofile(None)
    assert answers == [True] * 4
    assert most == 1


def test_what_is_kept_says_how_much_memory_it_takes(database: Database) -> None:
    """What OWASP's cheat sheet asks for where memory is dear: 7 MiB, five rounds, one lane."""
    assert save(database).password_hash.startswith("$argon2id$v=19$m=7168,t=5,p=1$")


def test_an_inactive_person_does_not_come_in_with_the_right_password(database: Database) -> None:
    user = save(database)
    with database.write() as session:
        session.get_one(User, user.id).active = False
    assert not may_in(database, "admin@example.com", PASSWORD)


def test_the_password_nobody_has_opens_nothing(database: Database) -> None:
    assert not may_in(database, "nobody@example.com", "no such person")


def test_a_password_is_kept_as_a_salted_hash(database: Database) -> None:
    one, other = save(database), save(database, "viewer@example.com", role=VIEWER)
    assert one.password_hash.startswith("$argon2id$")
    assert PASSWORD not in one.password_hash
    assert one.password_hash != other.password_hash
    assert (one.role, other.role) == (ADMIN, VIEWER)


@pytest.mark.parametrize("password", ["", "x" * (PASSWORD_MIN_LENGTH - 1)])
def test_a_short_password_is_refused_in_words(database: Database, password: str) -> None:
    with pytest.raises(AccountError, match="at least 12 characters"):
        save(database, password=password)
    assert people(database) == 0


@pytest.mark.parametrize("password", ["x" * PASSWORD_MIN_LENGTH, "🙂" * PASSWORD_MIN_LENGTH, "with spaces all over"])
def test_a_long_enough_password_is_taken_whatever_it_is_made_of(database: Database, password: str) -> None:
    save(database, password=password)
    assert may_in(database, "admin@example.com", password)


@pytest.mark.parametrize("role", ["", "owner", "Admin"])
def test_there_are_two_roles(database: Database, role: str) -> None:
    with pytest.raises(AccountError, match="admin or viewer"):
        save(database, role=role)
    assert people(database) == 0


@pytest.mark.parametrize("email", ["", "admin", "admin@", "a b@example.com"])
def test_an_account_needs_an_address(database: Database, email: str) -> None:
    with pytest.raises(AccountError, match="not an email address"):
        save(database, email=email)
    assert people(database) == 0


def test_saving_a_person_again_changes_password_and_role(database: Database) -> None:
    first = save(database)
    second = save(database, "ADMIN@EXAMPLE.COM", OTHER, VIEWER)
    assert (second.id, second.role, people(database)) == (first.id, VIEWER, 1)
    assert may_in(database, "admin@example.com", OTHER)
    assert not may_in(database, "admin@example.com", PASSWORD)


def people(database: Database) -> int:
    with database.read() as session:
        return session.scalar(select(func.count()).select_from(User)) or 0


def test_the_trail_is_part_of_the_change(database: Database) -> None:
    try:
        with database.write() as session:
            audit(session, by="admin@example.com", action="object.off", subject="Contact", details={"enabled": False})
            raise RuntimeError("the change fails")
    except RuntimeError:
        pass
    with database.write() as session:
        audit(session, by="admin@example.com", action="object.on", subject="Contact")
    with database.read() as session:
        trail = list(session.scalars(select(AuditEntry)))
    assert [(each.action, each.subject, each.details) for each in trail] == [("object.on", "Contact", {})]


def test_the_first_admin_is_made_from_the_command_line(settings_on_each_database: Settings) -> None:
    migrate(settings_on_each_database)
    create_admin(settings_on_each_database, "admin@example.com", PASSWORD)
    database = open_database(settings_on_each_database)
    assert may_in(database, "admin@example.com", PASSWORD)
    database.close()
