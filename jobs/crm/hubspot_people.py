"""Who HubSpot's owners and users are. Records name them by number, people and our mappings by email.

Kept in the database for all processes, so that a sync need not ask for them every time.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog

from jobs.crm.errors import RecordError, RetryLater
from jobs.crm.hubspot_client import HubSpotClient, understood
from jobs.models import PeopleCache
from jobs.runtime import Runtime, utc_now
from jobs.values import clean_text, normalise

log = structlog.get_logger()

FRESH_FOR = timedelta(hours=1)
# A number nobody knows may be a new owner's: asked for again, but not with every record of theirs.
ASK_AGAIN_AFTER = timedelta(minutes=1)
PAGE = "100"


@dataclass(frozen=True)
class Person:
    owner_id: str
    user_id: str
    email: str
    name: str


class People:
    """The owners of one account, loaded at the first question. Those who left come last."""

    def __init__(self, runtime: Runtime, connection_id: int, client: HubSpotClient) -> None:
        self._runtime = runtime
        self._connection_id = connection_id
        self._client = client
        self._known: list[Person] = []
        self._fetched_at: datetime | None = None

    def email_of(self, owner_id: str) -> str | None:
        """None for an owner HubSpot does not tell of, and for a queue. Raises RetryLater and ConnectionBroken."""
        found = self._find("owner_id", owner_id)
        return found.email or None if found else None

    def id_of(self, email: str) -> str | None:
        """The owner id of the person with this address. Raises as `email_of`."""
        found = self._find("email", email)
        return found.owner_id if found else None

    def name_of_user(self, user_id: str) -> str:
        """ "" for a user who is no owner, or while HubSpot does not answer: a name is never worth failing for."""
        try:
            self._load()
        except RetryLater as error:
            log.warning("people_unknown", connection_id=self._connection_id, code=error.code)
        return next((each.name for each in self._known if each.user_id == user_id), "")

    def _find(self, key: str, value: str) -> Person | None:
        self._load()
        found = self._look_up(key, value)
        if found is None and self._is_older_than(ASK_AGAIN_AFTER):
            self._fetch()
            found = self._look_up(key, value)
        return found

    def _look_up(self, key: str, value: str) -> Person | None:
        return next((each for each in self._known if getattr(each, key) == value), None)

    def _is_older_than(self, span: timedelta) -> bool:
        return self._fetched_at is None or self._fetched_at < utc_now() - span

    def _load(self) -> None:
        if self._fetched_at is None:
            with self._runtime.database.read() as session:
                kept = session.get(PeopleCache, self._connection_id)
            if kept is not None:
                self._known = [Person(**each) for each in kept.people]
                self._fetched_at = kept.fetched_at
        if self._is_older_than(FRESH_FOR):
            self._fetch()

    def _fetch(self) -> None:
        try:
            self._known = [*self._owners(archived=False), *self._owners(archived=True)]
        except RecordError as error:
            # Without that right nobody has a name. Remembered too, or every sync would ask again.
            log.warning("people_not_shown", connection_id=self._connection_id, code=error.code)
            self._known = []
        self._fetched_at = utc_now()
        kept = PeopleCache(
            connection_id=self._connection_id,
            people=[asdict(each) for each in self._known],
            fetched_at=self._fetched_at,
        )
        with self._runtime.database.write() as session:
            session.merge(kept)

    def _owners(self, *, archived: bool) -> Iterator[Person]:
        after: str | None = None
        while True:
            more = {"after": after} if after else {}
            page = self._client.get("crm/owners", limit=PAGE, archived=str(archived).lower(), **more)
            with understood():
                yield from [_person(each) for each in page["results"]]
                after = ((page.get("paging") or {}).get("next") or {}).get("after")
            if not after:
                return


def _person(owner: dict[str, Any]) -> Person:
    """A queue has neither user nor address."""
    name = " ".join(filter(None, (owner.get("firstName"), owner.get("lastName"))))
    email = str(normalise("user", owner.get("email")) or "")
    user_id = owner.get("userId") or owner.get("userIdIncludingInactive") or ""
    return Person(str(owner["id"]), str(user_id), email, clean_text(name) or email)
