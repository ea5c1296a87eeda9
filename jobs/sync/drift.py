"""What has become of mapped fields in the CRM: gone, hidden, of another type, not ours to write any more.

A sync decides by what the CRM tells now, so such a field is left alone at once, and taken up again as soon as it is
back. Here the reason is kept on the field mapping, where an admin and a rep can read it.
"""

from __future__ import annotations

import structlog
from sqlalchemy import select

from jobs.crm.base import FieldInfo, ObjectInfo
from jobs.mappings import FieldFacts, ObjectFacts
from jobs.models import FieldMapping
from jobs.runtime import Runtime
from jobs.sync import pairs

log = structlog.get_logger()


def keep_drift(runtime: Runtime, mapping: ObjectFacts, info: ObjectInfo, crm: str) -> None:
    """Write down what is new about the object's field mappings; nothing, nearly always. `crm`: its label."""
    news = drift(mapping, info, crm)
    if not news:
        return
    with runtime.database.write() as session:
        query = select(FieldMapping).where(FieldMapping.object_mapping_id == mapping.id)
        for row in session.scalars(query.where(FieldMapping.local_field.in_(news))):
            row.paused_reason = news[row.local_field]
            event = "field_paused" if row.paused_reason else "field_resumed"
            log.warning(event, object=mapping.object, crm_field=row.crm_field, reason=row.paused_reason)


def drift(mapping: ObjectFacts, info: ObjectInfo, crm: str) -> dict[str, str]:
    """Our field -> the reason it has to wait now, "" for one that need not any more; only where that is news. Pure."""
    if not info.fields:
        return {}  # nothing was asked, so nothing is known
    reasons = {each.local_field: _reason(each, info.fields.get(each.crm_field), crm) for each in mapping.fields}
    return {each.local_field: reasons[each.local_field] for each in mapping.fields if _is_news(each, reasons)}


def _is_news(mapping: FieldFacts, reasons: dict[str, str]) -> bool:
    return mapping.paused_reason != reasons[mapping.local_field]


def _reason(mapping: FieldFacts, field: FieldInfo | None, crm: str) -> str:
    if field is None:
        return f"{crm} has no field {mapping.crm_field} any more, or hides it from us."
    outward = mapping.direction == "outbound"
    if not pairs.fits(mapping.field_type, field, outward=outward):
        is_now = pairs.NAMES.get(field.field_type, field.field_type)
        return f"{field.label} is {is_now} in {crm} now; ours is {pairs.NAMES[mapping.field_type]}."
    if outward and not field.may_update:
        return f"{crm} does not let us write {field.label} any more."
    return ""
