"""Watermark: up to when the changes of an object are known here, and the look for more that is under way."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from jobs.models.base import Base, BigId, UtcDateTime


class Watermark(Base):
    """One row per object that is on. Switched off, it is gone: what changed meanwhile is not brought in afterwards.

    `known_until_at` and the times of the look under way are the CRM's clock, all others ours.
    """

    __tablename__ = "watermark"

    object_mapping_id: Mapped[int] = mapped_column(
        BigId, ForeignKey("object_mapping.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    # When the object was switched on: no look reaches back behind it.
    began_at: Mapped[datetime] = mapped_column(UtcDateTime)
    known_until_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    # The look under way: what it spans, what becomes known with its end, and the page it is at ("": the first).
    since_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    until_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    covers_until_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    after: Mapped[str] = mapped_column(String(300), default="")
    found_so_far: Mapped[int] = mapped_column(default=0)

    next_look_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # When the tick tells the queue of it, again.
    enqueue_at: Mapped[datetime] = mapped_column(UtcDateTime)
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    fence: Mapped[int] = mapped_column(default=0)

    # The last look that came to its end, and why a later one has not.
    looked_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    found_count: Mapped[int] = mapped_column(default=0)
    code: Mapped[str] = mapped_column(String(80), default="")
    message: Mapped[str] = mapped_column(Text, default="")
