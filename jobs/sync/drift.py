"""What has become of mapped fields in the CRM: gone, hidden, of another type, not ours to write any more, or without a
choice that is still needed here.

A sync decides by what the CRM tells now, so such a field is left alone at once, and taken up again as soon as it is
back. Here the reason is kept on the field mapping, where an admin and a rep can read it. The choices of a field are
kept there too: that one is lost shows only beside those that were.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from dataclasses import replace

import structlog
from sqlalchemy import select

from jobs.crm.adapters import CRMS, Crm
from jobs.crm.base import FieldInfo, ObjectInfo
from jobs.mappings import FieldFacts, ObjectFacts
from jobs.models import Connection, FieldMapping, LocalRecord, RecordLink
from jobs.runtime import Runtime
from jobs.sync import pairs
from jobs.sync.choices import CHOICE_TYPES, Choices, Option
from jobs.sync.rulebook import goes_out, lost_options

log = structlog.get_logger()

MOST_NAMED = 5
ValuesHere = Callable[[FieldFacts], Iterable[str]]
"""The choices that our linked records hold in a field, each once."""


def keep_drift(runtime: Runtime, connection: Connection, mapping: ObjectFacts, info: ObjectInfo) -> ObjectFacts:
    """The mapping as it stands with what the CRM tells now; what is new about its fields is written down.

    Costs nothing while neither mapping nor `info` has changed. Our records are looked through only when a choice that
    the CRM had is gone: then, and whenever the fields are asked for anew, until it is back or none of them needs it.
    """
    if not info.fields:
        return mapping  # nothing was asked, so nothing is known
    key = (connection.id, mapping.object)
    compared = runtime.drifts.get(key)
    if compared is not None and compared[0] is mapping and compared[1] is info:
        return compared[2]
    crm = CRMS[connection.crm]
    news = {each.local_field: each for each in drift(mapping, info, crm, _values_here(runtime, mapping))}
    _keep(runtime, mapping, news)
    now = mapping
    if news:
        now = replace(mapping, fields=tuple(news.get(each.local_field, each) for each in mapping.fields))
    runtime.drifts[key] = (mapping, info, now)
    return now


def let_go(row: FieldMapping) -> None:
    """What the CRM has lost is not needed: the next sync remembers the choices it has then."""
    row.known_options, row.paused_reason = None, ""


def drift(mapping: ObjectFacts, info: ObjectInfo, crm: Crm, values_here: ValuesHere) -> list[FieldFacts]:
    """The field mappings of which there is news, as they are now: the reason to wait ("" for none), the choices. Pure.

    `values_here` is asked only where a choice is gone.
    """
    now = [_now(mapping, each, info.fields.get(each.crm_field), crm, values_here) for each in mapping.fields]
    return [each for each, before in zip(now, mapping.fields, strict=True) if each != before]


def _now(
    mapping: ObjectFacts, field: FieldFacts, theirs: FieldInfo | None, crm: Crm, values_here: ValuesHere
) -> FieldFacts:
    if theirs is None:
        reason = f"{crm.label} has no field {field.crm_field} any more, or hides it from us."
        return replace(field, paused_reason=reason)
    if reason := _unfit(mapping, field, theirs, crm.label):
        return replace(field, paused_reason=reason)
    reason = _locked(mapping, field, theirs, crm.label)
    if theirs.field_type not in CHOICE_TYPES:
        return replace(field, paused_reason=reason)
    gone = lost_options(mapping, field, theirs)
    needed = _needed(field, theirs.options, gone, values_here) if gone else ()
    reason = _lost(mapping, theirs, needed, crm) if needed else reason
    return replace(field, paused_reason=reason, known_options=(*theirs.options, *needed))


def _needed(
    field: FieldFacts, options: tuple[Option, ...], gone: tuple[Option, ...], values_here: ValuesHere
) -> tuple[Option, ...]:
    """Those of `gone` that something of ours stands for, a choice we offer or a value, and that no other one does now.

    What was only renamed is found by its label, as in a sync.
    """
    before, now = _as_theirs(field, field.known_options or ()), _as_theirs(field, options)
    there = {value for value, _ in options}
    ours = {*(value for value, _ in field.options), *values_here(field)}
    used = {before(each) for each in ours if now(each) not in there}
    return tuple(option for option in gone if option[0] in used)


def _as_theirs(field: FieldFacts, options: tuple[Option, ...]) -> Callable[[str], object]:
    if field.field_type not in CHOICE_TYPES:
        return str
    return Choices(options, field.options).as_theirs


def _unfit(mapping: ObjectFacts, field: FieldFacts, theirs: FieldInfo, crm: str) -> str:
    """Why nothing of it travels any more; "" where it may."""
    if pairs.fits(field.field_type, theirs, outward=goes_out(mapping, field)):
        return ""
    is_now = pairs.NAMES.get(theirs.field_type, theirs.field_type)
    return f"{theirs.label} is {is_now} in {crm} now; ours is {pairs.NAMES[field.field_type]}."


def _locked(mapping: ObjectFacts, field: FieldFacts, theirs: FieldInfo, crm: str) -> str:
    """Why nothing of it goes to the CRM any more, while what changes there may still come in; "" where it may."""
    if theirs.may_update or not goes_out(mapping, field):
        return ""
    comes_in = " What changes there still comes in." if field.direction == "two_way" and mapping.inbound else ""
    return f"{crm} does not let us write {theirs.label} any more.{comes_in}"


def _lost(mapping: ObjectFacts, field: FieldInfo, options: tuple[Option, ...], crm: Crm) -> str:
    names = [label if label == value else f"{label} ({value})" for value, label in options]
    more = f" and {len(names) - MOST_NAMED} more" if len(names) > MOST_NAMED else ""
    at = crm.choices_at.format(object=mapping.object_label, field=field.label)
    return (
        f"{crm.label} has no choice {', '.join(names[:MOST_NAMED])}{more} for {field.label} any more, and it is still "
        f"used here. Put it back in {crm.label}: {at}. If it is not needed, an admin can let it go under Objects."
    )


def _keep(runtime: Runtime, mapping: ObjectFacts, news: dict[str, FieldFacts]) -> None:
    if not news:
        return
    query = select(FieldMapping).where(FieldMapping.object_mapping_id == mapping.id)
    with runtime.database.write() as session:
        for row in session.scalars(query.where(FieldMapping.local_field.in_(news))):
            now = news[row.local_field]
            if now.known_options is not None:
                row.known_options = [list(option) for option in now.known_options]
            if row.paused_reason == now.paused_reason:
                continue
            row.paused_reason = now.paused_reason
            event = "field_paused" if row.paused_reason else "field_resumed"
            log.warning(event, object=mapping.object, crm_field=row.crm_field, reason=row.paused_reason)


def _values_here(runtime: Runtime, mapping: ObjectFacts) -> ValuesHere:
    def values(field: FieldFacts) -> Iterable[str]:
        held = LocalRecord.values[field.local_field].as_string()
        query = (
            select(held)
            .distinct()
            .join(RecordLink, RecordLink.local_record_id == LocalRecord.id)
            .where(RecordLink.connection_id == mapping.connection_id, RecordLink.object == mapping.object)
            .where(LocalRecord.deleted_at.is_(None), held.is_not(None))
        )
        with runtime.database.read() as session:
            found = session.scalars(query).all()
        if field.field_type != "multi_select":
            return found
        return {each for text in found for each in json.loads(text)}

    return values
