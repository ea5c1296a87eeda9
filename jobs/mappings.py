"""The mappings, remembered by each process as plain values and forgotten the moment an admin changes one.

A version row is raised in the very transaction that changes a mapping, so a switch turned off counts at once,
everywhere, at the price of one tiny query.
"""

from __future__ import annotations

import threading
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field, fields
from datetime import datetime
from typing import Any, cast

from sqlalchemy import Connection, Table, bindparam, event, select, update
from sqlalchemy.orm import Session

from jobs.db import row_of
from jobs.fields import fields_of
from jobs.kinds import LocalField
from jobs.models import Connection as ConnectionRow
from jobs.models import CustomField, FieldMapping, MatchRule, ObjectMapping, SetupVersion
from jobs.sync import matching
from jobs.sync.other_crms import link_name

_VERSION = select(SetupVersion.version).where(SetupVersion.id == 1)
_CONNECTIONS = cast(Table, ConnectionRow.__table__)
_CONNECTION = (
    select(SetupVersion.version, *_CONNECTIONS.columns)
    .select_from(_CONNECTIONS)
    .join(SetupVersion, SetupVersion.id == 1)
    .where(_CONNECTIONS.c.id == bindparam("connection_id"))
)
_UNKNOWN = object()
_WATCHED = (ObjectMapping, FieldMapping, MatchRule, CustomField)


@dataclass(frozen=True, slots=True)
class FieldFacts:
    """A FieldMapping as values."""

    crm_field: str
    local_field: str
    label: str
    field_type: str
    direction: str
    write_rule: str = "overwrite"
    conflict_rule: str = "most_recent"
    keep_when_blank: bool = False
    may_clear_crm: bool = True
    enabled: bool = True
    paused_reason: str = ""
    known_options: tuple[tuple[str, str], ...] | None = None  # of the CRM's, and those it lost that are still needed
    mapped_at: datetime | None = None  # what was agreed on before was about another pair of fields
    options: tuple[tuple[str, str], ...] = ()  # (value, label) of our field's choices; () where it takes any
    also_from: frozenset[str] = frozenset()  # the other links that bring our field in, too


@dataclass(frozen=True, slots=True)
class ObjectFacts:
    """An ObjectMapping as values, with its FieldMappings and match rules in their order."""

    id: int
    connection_id: int
    object: str
    object_label: str
    kind: str
    enabled: bool = True
    inbound: bool = True
    outbound: bool = True
    may_create_here: bool = True
    may_update_here: bool = True
    may_create_there: bool = True
    may_update_there: bool = True
    needs_email: bool = False
    makes_accounts: bool = False
    reps_may_set_rules: bool = True
    duplicate_handling: str = "overwrite_all"
    filter: Mapping[str, Any] | None = field(default=None, hash=False)
    when_deleted_there: str = "keep"
    paused_reason: str = ""
    fields: tuple[FieldFacts, ...] = ()
    match_rules: tuple[matching.Rule, ...] = ()

    @property
    def domains(self) -> tuple[tuple[str, str], ...]:
        """(CRM field, our field) that hold the domain of a company: what is matched by it, or mapped as one."""
        matched = [(each.crm_field, each.local_field) for each in self.match_rules if each.compare_as == "domain"]
        mapped = [(each.crm_field, each.local_field) for each in self.fields if each.field_type == "domain"]
        return tuple(dict.fromkeys(matched + mapped))


class MappingBook:
    """Shared by the threads of a process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._version = -1
        self._known: dict[tuple[int, str], ObjectFacts | None] = {}

    def find(
        self, database: Connection, connection_id: int, object_name: str, *, version: int | None = None
    ) -> ObjectFacts | None:
        """The mapping of that object as it stands now.

        `version`: the setup version, where the caller has read it in this very transaction.
        """
        if version is None:
            version = database.execute(_VERSION).scalar_one()
        key = (connection_id, object_name)
        if (known := self._remembered(version, key)) is not _UNKNOWN:
            return cast("ObjectFacts | None", known)
        mapping = _load(database, connection_id, object_name)
        with self._lock:
            if version == self._version:
                self._known[key] = mapping
        return mapping

    def setup_of(
        self, database: Connection, connection_id: int, object_name: str
    ) -> tuple[ConnectionRow, ObjectFacts | None]:
        """The connection, as a row of no session, and the mapping of that object. Raises NoResultFound."""
        version, *values = database.execute(_CONNECTION, {"connection_id": connection_id}).one()
        return row_of(ConnectionRow, values), self.find(database, connection_id, object_name, version=version)

    def _remembered(self, version: int, key: tuple[int, str]) -> object:
        """What is remembered of that version, or _UNKNOWN."""
        with self._lock:
            if version != self._version:
                self._version, self._known = version, {}
            return self._known.get(key, _UNKNOWN)


def object_facts(
    mapping: ObjectMapping,
    fields_here: Mapping[str, LocalField] | None = None,
    also_from: Mapping[str, Collection[str]] | None = None,
) -> ObjectFacts:
    """The row as values.

    `fields_here`: the fields of its kind, where their choices matter. `also_from`: by our field, the other links that
    bring it in.
    """
    here, others = fields_here or {}, also_from or {}
    return ObjectFacts(
        **_columns(ObjectFacts, mapping, but=("fields", "match_rules")),
        fields=tuple(
            _field_facts(each, here.get(each.local_field), others.get(each.local_field, ())) for each in mapping.fields
        ),
        match_rules=tuple(matching.Rule(**_columns(matching.Rule, each)) for each in mapping.match_rules),
    )


def _field_facts(mapping: FieldMapping, here: LocalField | None, also_from: Collection[str]) -> FieldFacts:
    options = here.options if here is not None else ()
    known = mapping.known_options
    return FieldFacts(
        **_columns(FieldFacts, mapping, but=("options", "known_options", "also_from")),
        options=options,
        also_from=frozenset(also_from),
        known_options=None if known is None else tuple((value, label) for value, label in known),
    )


def _columns(facts: type[Any], row: object, *, but: tuple[str, ...] = ()) -> dict[str, Any]:
    return {each.name: getattr(row, each.name) for each in fields(facts) if each.name not in but}


def _load(database: Connection, connection_id: int, object_name: str) -> ObjectFacts | None:
    query = select(ObjectMapping).where(
        ObjectMapping.connection_id == connection_id, ObjectMapping.object == object_name
    )
    with Session(database) as session:
        mapping = session.scalar(query)
        if mapping is None:
            return None
        return object_facts(mapping, fields_of(session, mapping.kind), _brought_in_by_others(session, mapping))


def _brought_in_by_others(session: Session, mapping: ObjectMapping) -> dict[str, set[str]]:
    """Our field -> the names of other links that may bring it in: by other connections, and by other objects."""
    query = (
        select(FieldMapping.local_field, ObjectMapping.connection_id, ObjectMapping.object)
        .join(ObjectMapping, ObjectMapping.id == FieldMapping.object_mapping_id)
        .where(ObjectMapping.kind == mapping.kind, ObjectMapping.id != mapping.id)
        .where(ObjectMapping.enabled, ObjectMapping.inbound)
        .where(FieldMapping.enabled, FieldMapping.direction != "outbound")
    )
    found: dict[str, set[str]] = {}
    for local_field, connection_id, object_name in session.execute(query):
        found.setdefault(local_field, set()).add(link_name(connection_id, object_name))
    return found


@event.listens_for(Session, "before_flush")
def _raise_version(session: Session, _context: Any, _instances: Any) -> None:
    changed = [*session.new, *session.deleted, *(each for each in session.dirty if session.is_modified(each))]
    if any(isinstance(each, _WATCHED) for each in changed):
        session.connection().execute(update(SetupVersion).values(version=SetupVersion.version + 1))
