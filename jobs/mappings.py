"""The mappings, remembered by each process and forgotten the moment an admin changes one.

A version row is raised in the very transaction that changes a mapping, so a switch turned off counts at once,
everywhere, at the price of one tiny query.
"""

from __future__ import annotations

import threading
from typing import Any, cast

from sqlalchemy import event, select, update
from sqlalchemy.orm import Session

from jobs.models import FieldMapping, MatchRule, ObjectMapping, SetupVersion

_VERSION = select(SetupVersion.version).where(SetupVersion.id == 1)
_UNKNOWN = object()
_WATCHED = (ObjectMapping, FieldMapping, MatchRule)


class MappingBook:
    """Shared by the threads of a process. What it hands out is detached and must not be changed."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._version = -1
        self._known: dict[tuple[int, str], ObjectMapping | None] = {}

    def find(
        self, session: Session, connection_id: int, object_name: str, *, version: int | None = None
    ) -> ObjectMapping | None:
        """The mapping of that object, with its fields and match rules, as it stands now.

        `version`: the setup version, where the caller has read it in this very transaction.
        """
        if version is None:
            version = session.connection().execute(_VERSION).scalar_one()
        key = (connection_id, object_name)
        if (known := self._remembered(version, key)) is not _UNKNOWN:
            return cast("ObjectMapping | None", known)
        mapping = _load(session, connection_id, object_name)
        if mapping is not None:
            session.expunge(mapping)  # fields and rules go with it
        with self._lock:
            if version == self._version:
                self._known[key] = mapping
        return mapping

    def _remembered(self, version: int, key: tuple[int, str]) -> object:
        """What is remembered of that version, or _UNKNOWN."""
        with self._lock:
            if version != self._version:
                self._version, self._known = version, {}
            return self._known.get(key, _UNKNOWN)


def _load(session: Session, connection_id: int, object_name: str) -> ObjectMapping | None:
    query = select(ObjectMapping).where(
        ObjectMapping.connection_id == connection_id, ObjectMapping.object == object_name
    )
    return session.scalar(query)


@event.listens_for(Session, "before_flush")
def _raise_version(session: Session, _context: Any, _instances: Any) -> None:
    changed = [*session.new, *session.deleted, *(each for each in session.dirty if session.is_modified(each))]
    if any(isinstance(each, _WATCHED) for each in changed):
        session.connection().execute(update(SetupVersion).values(version=SetupVersion.version + 1))
