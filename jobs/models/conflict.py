"""Conflict: both sides changed a field since they last agreed, and the field mapping says that a person decides."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from jobs.models.base import Base, BigId, JsonColumn, UtcDateTime

OPEN_CONFLICT = text("settled_at IS NULL")


class Conflict(Base):
    """Open while `settled_at` is null; the values are those of the last sync that looked."""

    __tablename__ = "conflict"
    __table_args__ = (
        Index(
            "uq_conflict_open",
            "connection_id",
            "object",
            "crm_record_id",
            "local_field",
            unique=True,
            sqlite_where=OPEN_CONFLICT,
            postgresql_where=OPEN_CONFLICT,
        ),
        Index("ix_conflict_settled", "settled_at", "id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    connection_id: Mapped[int] = mapped_column(ForeignKey("connection.id"))
    object: Mapped[str] = mapped_column(String(80))
    crm_record_id: Mapped[str] = mapped_column(String(40))
    local_record_id: Mapped[int] = mapped_column(ForeignKey("local_record.id"), index=True)
    record_name: Mapped[str] = mapped_column(String(400), default="")
    local_field: Mapped[str] = mapped_column(String(80))
    crm_field: Mapped[str] = mapped_column(String(120))
    label: Mapped[str] = mapped_column(String(200))
    field_type: Mapped[str] = mapped_column(String(20))
    base: Mapped[Any] = mapped_column(JsonColumn)  # what both had when they last agreed
    ours: Mapped[Any] = mapped_column(JsonColumn)
    theirs: Mapped[Any] = mapped_column(JsonColumn)
    ours_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    ours_by: Mapped[str] = mapped_column(String(200), default="")
    theirs_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    theirs_by: Mapped[str] = mapped_column(String(200), default="")
    run_id: Mapped[int] = mapped_column(ForeignKey("sync_run.id"))
    opened_at: Mapped[datetime] = mapped_column(UtcDateTime)
    settled_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    settled_by: Mapped[str] = mapped_column(String(200), default="")
    # "crm", "local"; "gone" with its record in the CRM; "" when it went away by itself.
    choice: Mapped[str] = mapped_column(String(10), default="")
