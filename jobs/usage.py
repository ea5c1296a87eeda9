"""CRM calls, counted per connection and UTC day."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from jobs.db import changed_one
from jobs.models import ApiUsage
from jobs.runtime import utc_now


def add(session: Session, connection_id: int, calls: int) -> None:
    """Count calls in the transaction that records what they were for."""
    if not calls:
        return
    today = utc_now().date()
    more = (
        update(ApiUsage)
        .where(ApiUsage.connection_id == connection_id, ApiUsage.day == today)
        .values(calls=ApiUsage.calls + calls)
    )
    if not changed_one(session, more):
        try:
            with session.begin_nested():
                session.add(ApiUsage(connection_id=connection_id, day=today, calls=calls))
        except IntegrityError:  # another worker made the day's row in the same moment
            session.execute(more)


def today(session: Session, connection_id: int) -> int:
    day = datetime.now(UTC).date()
    query = select(ApiUsage.calls).where(ApiUsage.connection_id == connection_id, ApiUsage.day == day)
    return session.scalar(query) or 0
