"""Describes, remembered: a sync needs to know a field's type and rights, not to ask for them every time."""

from __future__ import annotations

from dataclasses import asdict
from datetime import timedelta
from typing import Any

from sqlalchemy.orm import Session

from jobs.crm.base import CrmAdapter, FieldInfo, ObjectInfo
from jobs.models import DescribeCache
from jobs.runtime import Runtime, utc_now

FRESH_FOR = timedelta(minutes=10)


def describe(
    runtime: Runtime, adapter: CrmAdapter, connection_id: int, object_name: str, *, at_once: bool = False
) -> ObjectInfo:
    """What we know of the object, at most ten minutes old; asked anew `at_once` after the CRM refused a field.

    Costs a CRM call only when it asks; an unchanged describe answers with headers alone. Raises CrmError.
    """
    known = runtime.describes.get((connection_id, object_name))
    if known is not None and not at_once and known[0] > utc_now() - FRESH_FOR:
        return known[1]
    with runtime.database.read() as session:
        kept = session.get(DescribeCache, (connection_id, object_name))
    if kept is not None and not at_once and kept.fetched_at > utc_now() - FRESH_FOR:
        return _remember(runtime, kept)
    described = adapter.describe(object_name, unless_newer_than=kept.last_modified if kept and not at_once else "")
    with runtime.database.write() as session:
        row = session.get(DescribeCache, (connection_id, object_name)) or DescribeCache(
            connection_id=connection_id, object=object_name
        )
        row.fetched_at = utc_now()
        if described is not None:
            row.label, row.last_modified = described.info.label, described.last_modified
            row.fields = {name: asdict(field) for name, field in described.info.fields.items()}
        row = session.merge(row)
        session.flush()
    return _remember(runtime, row)


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
