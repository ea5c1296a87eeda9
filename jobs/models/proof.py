"""Small bookkeeping rows: launch proofs already used, tickets, clicks with a key, and the pulse of processes."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from jobs.models.base import Base, BigId, JsonColumn, UtcDateTime


class UsedProof(Base):
    """A platform proof is accepted once. In the database: a flushed queue server must not make old ones good."""

    __tablename__ = "used_proof"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    used_at: Mapped[datetime] = mapped_column(UtcDateTime)
    forget_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class LaunchTicket(Base):
    """A ticket we handed out after a launch was verified: it opens one panel, once. Only its hash is kept."""

    __tablename__ = "launch_ticket"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    connection_id: Mapped[int] = mapped_column(ForeignKey("connection.id"))
    # What `widget.launch.tickets.Admission` holds.
    admission: Mapped[dict[str, Any]] = mapped_column(JsonColumn)
    expires_at: Mapped[datetime] = mapped_column(UtcDateTime)
    forget_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class RunKey(Base):
    """A click that came with a key, and the run it started or joined: the same click again gets the same run."""

    __tablename__ = "run_key"

    digest: Mapped[str] = mapped_column(String(64), primary_key=True)
    # No foreign key: a run may be tidied away before its key is.
    run_id: Mapped[int | None] = mapped_column(BigId)
    forget_at: Mapped[datetime] = mapped_column(UtcDateTime, index=True)


class Heartbeat(Base):
    """When a long-running process was last alive; the clock's is part of `/readyz`."""

    __tablename__ = "heartbeat"

    name: Mapped[str] = mapped_column(String(60), primary_key=True)
    beat_at: Mapped[datetime] = mapped_column(UtcDateTime)
