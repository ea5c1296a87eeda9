"""An object of the CRM that is added to those that are mapped, and one that is taken away again."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import ColumnElement, delete, exists, select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from jobs.crm.adapters import CRMS
from jobs.crm.base import KnownObject, ObjectInfo
from jobs.fields import free_name
from jobs.kinds import KINDS, shape_of
from jobs.mapping_defaults import DEFAULTS, DefaultObject, mapping_by
from jobs.models import (
    Connection,
    CrmRecord,
    CustomField,
    CustomKind,
    DescribeCache,
    KeepApart,
    LocalRecord,
    ObjectMapping,
    RecordLink,
    SyncRun,
)
from jobs.models.run import OPEN
from jobs.records import match_pairs, rebuild_keys
from jobs.sync.pairs import fits

_OfObject = RecordLink | SyncRun | CrmRecord | KeepApart | DescribeCache

OWN_KIND = "+"
"""In place of a kind of our records: make one, called like the object."""
LONGEST_KIND, LONGEST_LABEL = 34, 120


class ObjectRefused(ValueError):
    """The object cannot be added or taken away; the message says why."""


def kind_labels(session: Session) -> dict[str, str]:
    """Every kind of our records and its label, those that an admin made last."""
    made = session.scalars(select(CustomKind).order_by(CustomKind.label, CustomKind.name))
    return {name: kind.label for name, kind in KINDS.items()} | {each.name: each.label for each in made}


def object_labels(session: Session) -> dict[str, str]:
    """Object -> label of every mapped one. Where two connections call it differently, its name has to do."""
    pairs = session.execute(select(ObjectMapping.object, ObjectMapping.object_label).distinct()).all()
    spoken = Counter(name for name, _ in pairs)
    return {name: label for name, label in pairs if spoken[name] == 1}


def mapped_objects(session: Session, connection_id: int) -> set[str]:
    return set(session.scalars(select(ObjectMapping.object).where(ObjectMapping.connection_id == connection_id)))


def offered(crm: str, known: Iterable[KnownObject], mapped: set[str]) -> list[KnownObject]:
    """Of the objects that the CRM shows us, those that may be added: custom ones, and its own that we know what to do
    with. By label."""
    fitting = (
        each
        for each in known
        if (each.is_custom or each.object in DEFAULTS[crm])
        and each.object not in mapped
        and CRMS[crm].object_pattern.fullmatch(each.object)
    )
    return sorted(fitting, key=lambda each: (each.label.casefold(), each.object))


def usual_objects(crm: str) -> list[KnownObject]:
    """What may be added when the CRM does not tell: its own objects that we know what to do with."""
    return [KnownObject(name, each.label, False, shown_as=name) for name, each in DEFAULTS[crm].items()]


def add_object(
    session: Session, connection: Connection, info: ObjectInfo, *, label: str, kind: str, at: datetime
) -> ObjectMapping:
    """Map the object, switched off, with what can be guessed: its name, and how its records are told apart.

    `kind`: one of `kind_labels`, or OWN_KIND. Raises ObjectRefused.
    """
    if info.object in mapped_objects(session, connection.id):
        raise ObjectRefused(f"{label} is added already.")
    kinds = kind_labels(session)
    if kind != OWN_KIND and kind not in kinds:
        raise ObjectRefused("Choose what it is here.")
    try:
        if kind == OWN_KIND:
            kind = _new_kind(session, label, kinds, at=at)
        known_by = match_pairs(session, kind)
        mapping = mapping_by(connection, info.object, _default(connection.crm, info, label=label, kind=kind))
        mapping.enabled = False
        session.add(mapping)
        session.flush()
    except IntegrityError:
        raise ObjectRefused(f"{label} is added already.") from None
    if match_pairs(session, kind) - known_by:
        rebuild_keys(session, kind)
    return mapping


def remove_object(session: Session, mapping: ObjectMapping) -> None:
    """Take the mapping away, with what was noted for it alone. Runs, log and our records stay. Raises ObjectRefused."""
    here = {"connection_id": mapping.connection_id, "object": mapping.object}
    if session.scalar(select(exists().where(*_of(RecordLink, here)))):
        raise ObjectRefused("Some of its records are linked. Turn it off instead, or unlink them first.")
    if session.scalar(select(exists().where(*_of(SyncRun, here), SyncRun.status.in_(OPEN)))):
        raise ObjectRefused("One of its records is being synced just now. Turn it off, and try again in a moment.")
    for noted in (CrmRecord, KeepApart, DescribeCache):
        session.execute(delete(noted).where(*_of(noted, here)))
    session.delete(mapping)
    session.flush()
    _forget_kind(session, mapping.kind)


def _default(crm: str, info: ObjectInfo, *, label: str, kind: str) -> DefaultObject:
    """The usual mapping of an object that has one, as far as the CRM shows its fields; else a guess."""
    usual = DEFAULTS[crm].get(info.object)
    if usual is None or usual.kind != kind:
        return _guessed(info, label=label, kind=kind)
    return DefaultObject(
        usual.label,
        kind,
        tuple(each for each in usual.fields if each[0] in info.fields),
        tuple(each for each in usual.match if each[0] in info.fields),
        needs_email=usual.needs_email,
    )


def _guessed(info: ObjectInfo, *, label: str, kind: str) -> DefaultObject:
    """From the CRM to us: what a record is called by and, of a kind with an address, the first address there is."""
    shape = shape_of(kind)
    fields, match = [], []
    address = next((each.name for each in info.fields.values() if each.field_type == "email"), "")
    if address and "email" in shape.fields:
        fields.append((address, "email", "inbound"))
        match.append((address, "email", "email"))
    called = "name" if "name" in shape.fields else shape.name_fields[-1]
    for each in info.fields.values():
        if each.names_record and fits(shape.fields[called].field_type, each, outward=False):
            fields.append((each.name, called, "inbound"))
            if called == "name":
                match.append((each.name, called, "name" if kind == "account" else "text"))
    return DefaultObject(
        label[:LONGEST_LABEL], kind, tuple(fields), tuple(match), needs_email=bool(address) and "email" in shape.fields
    )


def _new_kind(session: Session, label: str, kinds: Iterable[str], *, at: datetime) -> str:
    name = free_name(label, set(kinds), longest=LONGEST_KIND, otherwise="record")
    session.add(CustomKind(name=name, label=label[:LONGEST_LABEL], created_at=at))
    session.flush()
    return name


def _forget_kind(session: Session, kind: str) -> None:
    """One that an admin made goes with the last object of it, if there is no record of it."""
    is_used = session.scalar(
        select(exists().where(ObjectMapping.kind == kind) | exists().where(LocalRecord.kind == kind))
    )
    if kind not in KINDS and not is_used:
        session.execute(delete(CustomField).where(CustomField.kind == kind))
        session.execute(delete(CustomKind).where(CustomKind.name == kind))


def _of(table: type[_OfObject], here: dict[str, object]) -> list[ColumnElement[bool]]:
    return [getattr(table, name) == value for name, value in here.items()]
