"""CRM calls: whether one may be made now, and how many were, per connection and UTC day."""

from __future__ import annotations

from datetime import UTC, datetime

from sqlalchemy import select
from sqlalchemy.orm import Session

from jobs.crm.errors import RateLimited
from jobs.db import upsert
from jobs.models import ApiUsage, Connection
from jobs.runtime import Runtime, utc_now


def require_open(connection: Connection) -> None:
    """Raises RateLimited while the CRM has asked this connection to wait."""
    if (until := connection.waits_until(utc_now())) is not None:
        raise RateLimited("Paused.", code="REQUEST_LIMIT_EXCEEDED", retry_at=until)


def add(session: Session, connection_id: int, calls: int) -> None:
    """Count calls in the transaction that records what they were for."""
    if not calls:
        return
    values = {"connection_id": connection_id, "day": utc_now().date(), "calls": calls}
    upsert(session, ApiUsage, values, key=("connection_id", "day"), add="calls")


def count(runtime: Runtime, connection_id: int, calls: int) -> None:
    """Count calls of which nothing else is recorded: what was looked up for somebody."""
    if calls:
        with runtime.database.write() as session:
            add(session, connection_id, calls)


def today(session: Session, connection_id: int) -> int:
    day = datetime.now(UTC).date()
    query = select(ApiUsage.calls).where(ApiUsage.connection_id == connection_id, ApiUsage.day == day)
    return session.scalar(query) or 0
