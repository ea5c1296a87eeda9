"""Our own records: read, changed and found. Whoever changes a value, its time and author are kept with it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import Select, delete, select
from sqlalchemy.orm import Session

from jobs.fields import fields_of
from jobs.kinds import LocalField, display_name, shape_of
from jobs.models import FieldMapping, LocalRecord, MatchRule, ObjectMapping, RecordKey
from jobs.runtime import utc_now
from jobs.sync.choices import Choices
from jobs.values import MATCH_KEYS, Value, ValueRefused, is_blank, normalise

MOST_NAMED = 10  # choices in a message
HERE = "here"  # the source of a value that a person or program changed in our own store


class RecordError(ValueError):
    """A change to one of our records cannot be made; the message says which field and why."""


def change_local(session: Session, record: LocalRecord, values: Mapping[str, Any], *, by: str) -> None:
    """Change fields of ours as a person would: typed, timed, signed. Raises RecordError and changes nothing then.

    A field that comes from a CRM is read-only here: a change would be overwritten by the next sync.
    """
    fields = fields_of(session, record.kind)
    typed = _typed(record.kind, fields, values)
    changed = {name for name, value in typed.items() if record.values.get(name) != value}
    typed |= {name: _chosen(fields[name], typed[name]) for name in changed if fields[name].options}
    if record.version and (fixed := changed & inbound_fields(session, record.kind)):
        labels = ", ".join(fields[name].label for name in sorted(fixed))
        raise RecordError(f"{labels}: the value comes from the CRM. Change it there.")
    write_values(session, record, typed, by=by, source=HERE, at=utc_now())


def create_local(session: Session, kind: str, values: Mapping[str, Any], *, by: str) -> LocalRecord:
    """A new record of ours. Raises RecordError."""
    record = new_record(session, kind)
    change_local(session, record, values, by=by)
    return record


def new_record(session: Session, kind: str) -> LocalRecord:
    now = utc_now()
    record = LocalRecord(kind=kind, values={}, provenance={}, version=0, created_at=now, updated_at=now)
    session.add(record)
    session.flush()
    return record


def write_values(
    session: Session,
    record: LocalRecord,
    values: Mapping[str, Value],
    *,
    by: str,
    source: str,
    at: datetime,
    link: str = "",
    field_times: Mapping[str, datetime] | None = None,
) -> None:
    """Store normalised values, with their time, author and source; untouched values keep theirs.

    `link`: by which of the record's links they came, where they came from a CRM (`jobs.sync.other_crms`).
    `field_times`: of those fields whose time is known better than `at`.
    """
    changed = {name: value for name, value in values.items() if record.values.get(name) != value}
    if not changed and record.version:
        return
    times = field_times or {}
    origin = {"by": by, "source": source} | ({"link": link} if link else {})
    # New objects, not changed ones: the ORM sees assignment, not what happens inside a JSON value.
    record.values = record.values | changed
    record.provenance = record.provenance | {
        name: {"at": times.get(name, at).isoformat(timespec="milliseconds"), **origin} for name in changed
    }
    record.name = display_name(record.kind, record.values)[:400]
    record.version += 1
    record.updated_at = utc_now()
    pairs = match_pairs(session, record.kind)
    if any(name in changed for _, name in pairs):
        _rekey(session, record, pairs)


def search(session: Session, kind: str, text: str, limit: int = 20) -> list[LocalRecord]:
    """Living records whose name or match key contains `text`, by name."""
    needle = f"%{_escaped(text.replace(chr(0), '').strip().lower())}%"
    by_key = select(RecordKey.local_record_id).where(RecordKey.kind == kind, RecordKey.value.like(needle, escape="\\"))
    query = (
        select(LocalRecord)
        .where(LocalRecord.kind == kind, LocalRecord.deleted_at.is_(None))
        .where(LocalRecord.name.ilike(needle, escape="\\") | LocalRecord.id.in_(by_key))
        .order_by(LocalRecord.name, LocalRecord.id)
        .limit(limit)
    )
    return list(session.scalars(query))


def find_by_key(session: Session, kind: str, key: str, value: str) -> list[LocalRecord]:
    """Living records with that normalised match value, the ten oldest; `key` is `match_key_name` of a rule."""
    query = select(LocalRecord).where(LocalRecord.id.in_(ids_by_key(kind, key, value))).order_by(LocalRecord.id)
    return list(session.scalars(query.limit(10)))


def ids_by_key(kind: str, key: str, value: str) -> Select[int]:
    """All of them, however many they are, to be asked further of."""
    return (
        select(LocalRecord.id)
        .join(RecordKey)
        .where(RecordKey.kind == kind, RecordKey.key == key, RecordKey.value == value[:400])
        .where(LocalRecord.deleted_at.is_(None))
    )


def match_key_name(compare_as: str, local_field: str) -> str:
    return f"{compare_as}:{local_field}"


def inbound_fields(session: Session, kind: str) -> set[str]:
    """Fields of ours that only a CRM may change, by the mappings that are on."""
    query = (
        select(FieldMapping.local_field)
        .join(ObjectMapping)
        .where(ObjectMapping.kind == kind, ObjectMapping.enabled, ObjectMapping.inbound)
        .where(FieldMapping.enabled, FieldMapping.direction == "inbound")
    )
    return set(session.scalars(query))


def match_pairs(session: Session, kind: str) -> set[tuple[str, str]]:
    """(compare_as, local field) of every match rule of the kind, over all connections."""
    query = select(MatchRule.compare_as, MatchRule.local_field).join(ObjectMapping).where(ObjectMapping.kind == kind)
    return {(compare_as, local_field) for compare_as, local_field in session.execute(query)}


def rebuild_keys(session: Session, kind: str) -> int:
    """Compute every match key of the kind anew, after its match rules changed; the number of records."""
    pairs = match_pairs(session, kind)
    records = session.scalars(select(LocalRecord).where(LocalRecord.kind == kind).execution_options(yield_per=500))
    count = 0
    for record in records:
        _rekey(session, record, pairs)
        count += 1
    return count


def _rekey(session: Session, record: LocalRecord, pairs: Iterable[tuple[str, str]]) -> None:
    session.execute(delete(RecordKey).where(RecordKey.local_record_id == record.id))
    for compare_as, name in sorted(pairs):
        if (value := MATCH_KEYS[compare_as](record.values.get(name) or "")) is not None:
            session.add(
                RecordKey(
                    local_record_id=record.id,
                    kind=record.kind,
                    key=match_key_name(compare_as, name),
                    value=value[:400],
                )
            )


def _typed(kind: str, fields: Mapping[str, LocalField], values: Mapping[str, Any]) -> dict[str, Value]:
    typed: dict[str, Value] = {}
    for name, raw in values.items():
        if name not in fields:
            raise RecordError(f"{shape_of(kind).label} has no field “{name}”.")
        try:
            typed[name] = normalise(fields[name].field_type, raw)
        except ValueRefused as error:
            raise RecordError(f"{fields[name].label}: {error}") from None
    return typed


def _chosen(field: LocalField, value: Value) -> Value:
    """A choice as our field spells it, however it was written. Raises RecordError for one that the field has not."""
    if is_blank(value):
        return value
    try:
        return Choices((), field.options).as_ours(value)
    except LookupError as error:
        offered = ", ".join(label for _, label in field.options[:MOST_NAMED])
        more = f" and {len(field.options) - MOST_NAMED} more" if len(field.options) > MOST_NAMED else ""
        raise RecordError(f"{field.label} has no choice “{str(error.args[0])[:40]}”. It has {offered}{more}.") from None


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace("%", "\\%").replace("_", "\\_")
