"""What is remembered between sending an admin to the CRM's sign-in and the moment the CRM sends them back.

Kept sealed on the queue server under a hash of the state, for ten minutes, and taken out once: the browser holds
neither the app's secret nor the PKCE verifier, only a signed mark that it is the one that left.
"""

from __future__ import annotations

import hashlib
import json
import secrets
from dataclasses import asdict, dataclass, field
from datetime import timedelta

from flask import session

from jobs.runtime import Runtime
from jobs.vault import CannotOpen
from widget.admin.access import person

LIFETIME = timedelta(minutes=10)
BROWSER_MARK = "signs_in_as"


class NotOurs(Exception):
    """This state opens nothing: never given out, used before, too old, or given to another browser or person."""


@dataclass(frozen=True)
class Attempt:
    crm: str
    address: str
    client_id: str
    client_secret: str = field(repr=False)
    verifier: str = field(repr=False)
    connection_id: int | None = None
    """The connection to renew; None for a new one."""


def begin(runtime: Runtime, attempt: Attempt) -> str:
    """Remember it for this person in this browser; the state to send along. Raises RedisError."""
    state = secrets.token_urlsafe(32)
    body = asdict(attempt) | {"browser": _mark(), "person": person().id}
    runtime.redis.set(_key(state), runtime.vault.seal(json.dumps(body)), ex=LIFETIME)
    return state


def take(runtime: Runtime, state: str, *, crm: str) -> Attempt:
    """The attempt behind a state, which is good for nothing from now on. Raises NotOurs or RedisError."""
    sealed = runtime.redis.getdel(_key(state))
    if not isinstance(sealed, bytes):
        raise NotOurs
    try:
        body = json.loads(runtime.vault.open(sealed.decode()))
    except CannotOpen:
        raise NotOurs from None
    is_same_browser = secrets.compare_digest(body.pop("browser"), _mark())
    is_same_person = body.pop("person") == person().id
    if not (is_same_browser and is_same_person and body["crm"] == crm):
        raise NotOurs
    return Attempt(**body)


def _mark() -> str:
    """What tells this browser's session from every other: part of the signed cookie, gone with the login."""
    return str(session.setdefault(BROWSER_MARK, secrets.token_urlsafe(16)))


def _key(state: str) -> str:
    # Hashed: who can look at the queue server cannot finish somebody's sign-in.
    return f"widget:oauth:{hashlib.sha256(state.encode('utf-8', 'surrogatepass')).hexdigest()}"
