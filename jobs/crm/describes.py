"""Describes, remembered: a sync needs to know a field's type and rights, not to ask for them every time.

An object that the CRM does not describe any more pauses: the reason is kept on its mapping until it is described again.
"""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import select
from sqlalchemy.orm import Session

from jobs.crm.base import CrmAdapter, Described, FieldInfo, ObjectInfo
from jobs.crm.errors import NotAllowed, NotFound, Rejected
from jobs.models import DescribeCache, ObjectMapping
from jobs.runtime import Runtime, utc_now

log = structlog.get_logger()

FRESH_FOR = timedelta(minutes=10)
OBJECT_GONE = "OBJECT_GONE"
GONE = "The CRM has no such object any more, or hides it from us."


def describe(
    runtime: Runtime, adapter: CrmAdapter, connection_id: int, object_name: str, *, at_once: bool = False
) -> ObjectInfo:
    """What we know of the object, at most ten minutes old; asked anew `at_once` after the CRM refused a field.

    Costs a CRM call only when it asks; an unchanged describe answers with headers alone. Raises CrmError; Rejected
    (OBJECT_GONE), never NotFound, where there is no such object: that a record is gone is something else.
    """
    known = runtime.describes.get((connection_id, object_name))
    if known is not None and not at_once and known[0] > utc_now() - FRESH_FOR:
        return known[1]
    with runtime.database.read() as session:
        kept = session.get(DescribeCache, (connection_id, object_name))
    if kept is not None and not at_once and kept.fetched_at > utc_now() - FRESH_FOR:
        return _remember(runtime, kept)
    stamp = kept.last_modified if kept and not at_once else ""
    described = _described(runtime, adapter, connection_id, object_name, stamp)
    with runtime.database.write() as session:
        row = session.get(DescribeCache, (connection_id, object_name)) or DescribeCache(
            connection_id=connection_id, object=object_name
        )
        row.fetched_at = utc_now()
        if described is not None:
            row.label, row.last_modified = described.info.label, described.last_modified
            row.fields = {name: asdict(field) for name, field in described.info.fields.items()}
        row = session.merge(row)
        _note(session, connection_id, object_name, reason="")
        session.flush()
    return _remember(runtime, row)


def _described(
    runtime: Runtime, adapter: CrmAdapter, connection_id: int, object_name: str, stamp: str
) -> Described | None:
    try:
        return adapter.describe(object_name, unless_newer_than=stamp)
    except (NotFound, NotAllowed) as error:
        is_gone = isinstance(error, NotFound)
        with runtime.database.write() as session:
            _note(session, connection_id, object_name, reason=GONE if is_gone else error.message)
        if not is_gone:
            raise
        raise Rejected(error.message, code=OBJECT_GONE) from error


def _note(session: Session, connection_id: int, object_name: str, *, reason: str) -> None:
    """Why none of its records can sync just now, for admins to read; "" when they can."""
    query = select(ObjectMapping).where(
        ObjectMapping.connection_id == connection_id, ObjectMapping.object == object_name
    )
    mapping = session.scalar(query.where(ObjectMapping.paused_reason != reason))
    if mapping is not None:
        mapping.paused_reason = reason
        log.warning("object_paused" if reason else "object_resumed", object=object_name, reason=reason)


def known(session: Session, connection_id: int, object_name: str) -> ObjectInfo | None:
    """What was last learned of the object, however long ago; None for nothing. Asks nobody."""
    kept = session.get(DescribeCache, (connection_id, object_name))
    return _loaded(kept) if kept is not None else None


def last_known(runtime: Runtime, session: Session, connection_id: int, object_name: str) -> ObjectInfo | None:
    """The same, for who asks often: read from the database every ten minutes at most."""
    remembered = runtime.describes.get((connection_id, object_name))
    if remembered is not None and remembered[0] > utc_now() - FRESH_FOR:
        return remembered[1]
    kept = session.get(DescribeCache, (connection_id, object_name))
    return _remember(runtime, kept) if kept is not None else None


def _remember(runtime: Runtime, kept: DescribeCache) -> ObjectInfo:
    info = _loaded(kept)
    runtime.describes[(kept.connection_id, kept.object)] = (kept.fetched_at, info)
    return info


def _loaded(kept: DescribeCache) -> ObjectInfo:
    return ObjectInfo(kept.object, kept.label, {name: _field(values) for name, values in kept.fields.items()})


def _field(values: dict[str, Any]) -> FieldInfo:
    options = tuple((value, label) for value, label in values["options"])
    first, last = values.get("days", ("", ""))
    return FieldInfo(**{**values, "options": options, "days": (first, last)})
