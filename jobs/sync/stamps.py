"""Whose stamp a CRM record bears: our own write leaves one as a person's does, and tells nothing of their values."""

from __future__ import annotations

from datetime import datetime, timedelta

from jobs.crm.base import CrmRow
from jobs.models import RecordLink
from jobs.sync.scene import Scene, Setup

Stamps = tuple[datetime | None, datetime | None]
"""`own_write_at` and `changed_before_at` of a link."""


def changed_in_crm_at(setup: Setup, scene: Scene, row: CrmRow, crm_field: str = "") -> datetime:
    """When somebody else last changed the CRM record, on our own clock; that field alone, where the CRM tells.

    Our own write stamps the whole record. While its stamp is the last one, the time before it is what counts, or our
    write of one field would make the CRM's older value of another look like the newest. An offset of the clocks under
    a second is within what the CRM's Date header can tell, and counts as none.
    """
    link = scene.link
    is_ours = link is not None and link.own_write_at == row.modified_at and link.changed_before_at is not None
    of_record = link.changed_before_at if link is not None and is_ours else row.modified_at
    at = row.field_modified_at.get(crm_field) or of_record or row.modified_at
    offset = setup.adapter.clock_offset_seconds or 0.0
    return at - timedelta(seconds=offset if abs(offset) >= 1 else 0)


def stamps_after(link: RecordLink | None, read: CrmRow, row: CrmRow, *, wrote: bool) -> Stamps:
    """Those of the link, once what was read has been written upon or not."""
    known = (link.own_write_at, link.changed_before_at) if link is not None else (None, None)
    was_ours = known[0] == read.modified_at
    if wrote:
        return row.modified_at, known[1] if was_ours else read.modified_at
    return known if was_ours else (None, None)
