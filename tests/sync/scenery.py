"""One mapped object and one record on both sides, as plain values: what the pure parts are handed, without a database.

Our fields are `email`, `first_name` … of a contact; theirs have the Salesforce names.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any, cast

from jobs.crm.base import CrmAdapter, CrmRow, FieldInfo, ObjectInfo
from jobs.mappings import FieldFacts, ObjectFacts
from jobs.models import Connection, LocalRecord, RecordLink, SyncRun
from jobs.runtime import Runtime
from jobs.sync import matching, merge
from jobs.sync.scene import Scene, Setup, stored_base
from jobs.values import Value

NOON = datetime(2026, 11, 22, 12, tzinfo=UTC)
BEFORE = NOON - timedelta(hours=1)
CRM_FIELDS = {"email": "Email", "first_name": "FirstName", "job_title": "Title", "lead_score": "Score__c"}


@dataclass
class Clock:
    """All that a plan asks of an adapter: how far the CRM's clock is ahead of ours."""

    clock_offset_seconds: float | None = None


def field(local_field: str, *, crm_field: str = "", field_type: str = "text", **rules: Any) -> FieldFacts:
    """A FieldMapping as an admin leaves it: two-way and overwriting, unless `rules` say otherwise."""
    return FieldFacts(
        local_field=local_field,
        crm_field=crm_field or CRM_FIELDS[local_field],
        label=local_field.replace("_", " ").capitalize(),
        field_type=field_type,
        **({"direction": "two_way"} | rules),
    )


def setup(
    *fields: FieldFacts,
    match_rules: Sequence[matching.Rule] = (),
    read_only: Sequence[str] = (),
    gone: Sequence[str] = (),
    described: Mapping[str, Mapping[str, Any]] | None = None,
    syncs_enabled: bool = True,
    readable: list[str] | None = None,
    editable: list[str] | None = None,
    clock_offset: float | None = None,
    **switches: Any,
) -> Setup:
    """A run about one contact. `gone` and `read_only`: CRM fields that are not shown to us, or not ours to write.

    `described`: what else the CRM says of a field.
    """
    mapping = ObjectFacts(
        1, 1, "Contact", "Contact", "contact", fields=fields, match_rules=tuple(match_rules), **switches
    )
    known = {
        each.crm_field: FieldInfo(
            each.crm_field, each.label, each.field_type, "string", may_update=each.crm_field not in read_only
        )
        for each in fields
        if each.crm_field not in gone
    }
    for name, more in (described or {}).items():
        known[name] = replace(known[name], **more)
    return Setup(
        runtime=cast(Runtime, None),  # whoever decides purely has no use for one
        adapter=cast(CrmAdapter, Clock(clock_offset)),
        run=SyncRun(id=1, object="Contact", crm_record_id="003", readable_fields=readable, editable_fields=editable),
        connection=Connection(id=1, crm="salesforce", syncs_enabled=syncs_enabled),
        mapping=mapping,
        info=ObjectInfo("Contact", "Contact", known),
    )


def row(values: Mapping[str, Value], *, modified_at: datetime = NOON, **fate: Any) -> CrmRow:
    """The CRM's side; `values` by CRM field."""
    return CrmRow("003", "Sample Contact", dict(values), modified_at, "Sample Rep", modified_at, **fate)


def local(values: Mapping[str, Value], *, at: datetime = BEFORE, deleted_at: datetime | None = None) -> LocalRecord:
    """Our side; each value was changed `at`."""
    origin = {"at": at.isoformat(), "by": "Sample Admin", "source": "here"}
    return LocalRecord(
        id=7,
        kind="contact",
        values=dict(values),
        provenance=dict.fromkeys(values, origin),
        version=1,
        deleted_at=deleted_at,
        created_at=at,
        updated_at=at,
    )


def linked(record: LocalRecord | None, base: Mapping[str, merge.Base] | None = None) -> Scene:
    """A record that was synced before, with what both sides had then."""
    agreed = dict(base or {})
    link = RecordLink(id=1, local_record_id=7, matched_by="email", base=stored_base(agreed), version=1)
    return Scene(link=link, local=record, matched_by="email", match=None, bases=agreed)


def matched(record: LocalRecord, *, by: str = "email") -> Scene:
    """A counterpart that was found just now."""
    return Scene(link=None, local=record, matched_by=by, match=matching.Match("one"))


def unmatched(verdict: str = "none", *candidates: matching.Candidate) -> Scene:
    match = matching.Match(verdict, candidates=candidates)  # type: ignore[arg-type]  # one of the four
    return Scene(link=None, local=None, matched_by="created", match=match)
