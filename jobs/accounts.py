"""People of the admin area: passwords, roles, and the trail of what they change."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import Lock
from typing import Any

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from email_validator import EmailNotValidError, validate_email
from sqlalchemy import select
from sqlalchemy.orm import Session

from config.settings import Settings
from jobs.db import open_database
from jobs.models import AuditEntry, User
from jobs.models.user import ADMIN, VIEWER
from jobs.runtime import utc_now

PASSWORD_MIN_LENGTH = 12
LONGEST_WAIT_SECONDS = 10.0
# Argon2id with as little memory as OWASP's Password Storage Cheat Sheet allows, and as many rounds as it asks for then:
# a web process has 120 MiB for everything.
_hasher = PasswordHasher(memory_cost=7 * 1024, time_cost=5, parallelism=1)
_turn = Lock()


class AccountError(ValueError):
    """An account cannot be made as asked; the message says what to change."""


class TooBusy(Exception):
    """So many passwords are being checked that this one would have had to wait too long."""


def create_admin(settings: Settings, email: str, password: str, role: str = ADMIN) -> User:
    """Make a person, or give an existing one this password and role. Raises AccountError."""
    database = open_database(settings)
    try:
        with database.write() as session:
            return save_user(session, email, password=password, role=role)
    finally:
        database.close()


def save_user(session: Session, email: str, *, password: str, role: str) -> User:
    """Insert or update by email. Raises AccountError."""
    if role not in (ADMIN, VIEWER):
        raise AccountError(f"The role must be {ADMIN} or {VIEWER}.")
    address = _clean_email(email)
    user = session.scalar(select(User).where(User.email == address))
    if user is None:
        user = User(email=address, created_at=utc_now(), active=True)
        session.add(user)
    user.password_hash = hash_password(password)
    user.role = role
    session.flush()
    return user


def check_login(session: Session, email: str, password: str) -> User | None:
    """The active person with this email and password, else None; both cases cost the same time. Raises TooBusy."""
    user = session.scalar(select(User).where(User.email == account_name(email)))
    known = user is not None and user.active
    try:
        with _one_at_a_time():
            _hasher.verify(user.password_hash if user is not None and known else _nobody(), password)
    except (VerifyMismatchError, InvalidHashError):
        return None
    return user if known else None


def note_login(session: Session, user: User, password: str) -> User:
    """After `check_login`: when it was, and the password kept as new ones are, if it was kept otherwise until now."""
    stored = session.get_one(User, user.id)
    stored.last_login_at = utc_now()
    if stored.password_hash == user.password_hash and _hasher.check_needs_rehash(stored.password_hash):
        with _one_at_a_time():
            stored.password_hash = _hasher.hash(password)
    return stored


def hash_password(password: str) -> str:
    if len(password) < PASSWORD_MIN_LENGTH:
        raise AccountError(f"The password needs at least {PASSWORD_MIN_LENGTH} characters.")
    with _one_at_a_time():
        return _hasher.hash(password)


def audit(session: Session, *, by: str, action: str, subject: str, details: dict[str, Any] | None = None) -> None:
    """Note a change in the same transaction that makes it."""
    session.add(AuditEntry(at=utc_now(), user_email=by, action=action, subject=subject, details=details or {}))


def account_name(email: str) -> str:
    """The spelling an account has in the table; whatever else was typed, as it is: no account has it.

    Whoever counts, looks up or shows an account asks here: a domain can be typed in many ways that mean one.
    """
    try:
        return _clean_email(email)
    except AccountError:
        return email.strip().lower()


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    """Each hash takes memory: many logins at once take it in turn. Raises TooBusy."""
    if not _turn.acquire(timeout=LONGEST_WAIT_SECONDS):
        raise TooBusy
    try:
        yield
    finally:
        _turn.release()


@cache
def _nobody() -> str:
    """Verified when no such person exists, so that the answer takes as long as for one who does."""
    return _hasher.hash("no such person")


def _clean_email(email: str) -> str:
    try:
        # Admins may live on hosts such as admin@localhost.test: deliverability is not ours to judge.
        return validate_email(email.strip(), check_deliverability=False, test_environment=True).normalized.lower()
    except EmailNotValidError as error:
        raise AccountError(f"This is not an email address: {error}") from None
