"""Small bookkeeping rows: launch proofs already used, and the pulse of processes."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String
from sqlalchemy.orm import Mapped, mapped_column

from jobs.models.base import Base, UtcDateTime


class UsedProof(Base):
    """A platform proof is accepted once. In the database: a flushed queue server must not make old ones good."""

    __tablename__ = "used_proof"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    used_at: Mapped[datetime] = mapped_column(UtcDateTime)
    forget_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class Heartbeat(Base):
    """When a long-running process was last alive; the clock's is part of `/readyz`."""

    __tablename__ = "heartbeat"

    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    beat_at: Mapped[datetime] = mapped_column(UtcDateTime)
