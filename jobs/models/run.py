"""SyncRun: one execution, and the row that is the truth about it. SyncLogEntry: what happened to one record in it."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from jobs.models.base import Base, BigId, JsonColumn, UtcDateTime

QUEUED = "queued"
RUNNING = "running"
SUCCEEDED = "succeeded"
PARTIAL = "partial"
FAILED = "failed"
CANCELLED = "cancelled"
OPEN = (QUEUED, RUNNING)

PUSH = "push"

OPEN_SINGLE = text("kind = 'single' AND status IN ('queued', 'running')")
# The same for a query with other tables in it. Literal, or a database would not see that the index above serves it.
OPEN_SINGLE_RUN = "sync_run.kind = 'single' AND sync_run.status IN ('queued', 'running')"
OPEN_PUSH = text("kind = 'push' AND status IN ('queued', 'running')")


class SyncRun(Base):
    """One execution, driven by three times.

    `resume_at`: earliest start. `enqueue_at`: when the tick puts it on the queue again. `lease_until`: how long
    the worker that holds `fence` owns it.
    """

    __tablename__ = "sync_run"
    __table_args__ = (
        # A second click joins the open run: the database says so, not the queue.
        Index(
            "uq_sync_run_open_single",
            "connection_id",
            "object",
            "crm_record_id",
            unique=True,
            sqlite_where=OPEN_SINGLE,
            postgresql_where=OPEN_SINGLE,
        ),
        Index(
            "uq_sync_run_open_push",
            "connection_id",
            "object",
            "local_record_id",
            unique=True,
            sqlite_where=OPEN_PUSH,
            postgresql_where=OPEN_PUSH,
        ),
        Index("ix_sync_run_due", "status", "enqueue_at"),
        Index("ix_sync_run_record", "connection_id", "object", "crm_record_id", "id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    connection_id: Mapped[int] = mapped_column(ForeignKey("connection.id"))
    kind: Mapped[str] = mapped_column(String(14))
    trigger: Mapped[str] = mapped_column(String(10))
    object: Mapped[str] = mapped_column(String(80), default="")
    crm_record_id: Mapped[str] = mapped_column(String(40), default="")
    status: Mapped[str] = mapped_column(String(10), default=QUEUED)
    step: Mapped[str] = mapped_column(String(20), default="")
    # Grows with every visible change: the panel asks for "newer than the one I drew".
    version: Mapped[int] = mapped_column(default=1)

    requested_by: Mapped[str] = mapped_column(String(200), default="")
    requested_by_id: Mapped[str] = mapped_column(String(40), default="")
    # CRM fields the person who started it may read and edit; null: no person's rights limit this run.
    readable_fields: Mapped[list[str] | None] = mapped_column(JsonColumn)
    editable_fields: Mapped[list[str] | None] = mapped_column(JsonColumn)
    # A local record a person picked among several candidates.
    chosen_local_record_id: Mapped[int | None] = mapped_column(BigId)
    # The record of ours that a push is about.
    local_record_id: Mapped[int | None] = mapped_column(BigId)
    # What an undo is to take back: one entry, one field of it (ours), or all entries of a run.
    undoes_entry_id: Mapped[int | None] = mapped_column(BigId)
    undoes_field: Mapped[str | None] = mapped_column(String(80))
    undoes_run_id: Mapped[int | None] = mapped_column(BigId)
    # The stamp of the preview the person saw before the click, "" when there was none.
    previewed: Mapped[str] = mapped_column(String(64), default="")
    # Local field -> "crm" or "local": whose value a person chose to keep where both had changed.
    choices: Mapped[dict[str, str] | None] = mapped_column(JsonColumn)
    # Local field -> the stamp of the two values they were shown, for which alone the choice holds.
    shown: Mapped[dict[str, str] | None] = mapped_column(JsonColumn)

    # What was asked for since by people who may do other things than this run: a run of their own follows it.
    followers: Mapped[list[dict[str, Any]] | None] = mapped_column(JsonColumn)
    # The record changed while this run was at it: one more run follows.
    again: Mapped[bool] = mapped_column(default=False)
    # Somebody clicked while this run was at it: it reads once more before it ends.
    asked_again: Mapped[bool] = mapped_column(default=False)
    fence: Mapped[int] = mapped_column(default=0)
    attempts: Mapped[int] = mapped_column(default=0)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    resume_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    enqueue_at: Mapped[datetime] = mapped_column(UtcDateTime)
    lease_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    started_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)

    code: Mapped[str] = mapped_column(String(80), default="")
    message: Mapped[str] = mapped_column(Text, default="")
    created_count: Mapped[int] = mapped_column(default=0)
    updated_count: Mapped[int] = mapped_column(default=0)
    unchanged_count: Mapped[int] = mapped_column(default=0)
    skipped_count: Mapped[int] = mapped_column(default=0)
    failed_count: Mapped[int] = mapped_column(default=0)
    calls: Mapped[int] = mapped_column(default=0)


class SyncLogEntry(Base):
    """An intent while `finished_at` is null: written before a CRM write, finished in the transaction after it."""

    __tablename__ = "sync_log_entry"
    __table_args__ = (
        Index("ix_sync_log_entry_record", "connection_id", "object", "crm_record_id", "id"),
        Index("ix_sync_log_entry_run", "run_id"),
        Index("ix_sync_log_entry_outcome", "outcome", "id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("sync_run.id"))
    connection_id: Mapped[int] = mapped_column(ForeignKey("connection.id"))
    object: Mapped[str] = mapped_column(String(80))
    crm_record_id: Mapped[str] = mapped_column(String(40))
    local_record_id: Mapped[int | None] = mapped_column(BigId, index=True)
    record_name: Mapped[str] = mapped_column(String(400), default="")
    outcome: Mapped[str] = mapped_column(String(10))
    direction: Mapped[str] = mapped_column(String(10), default="")
    code: Mapped[str] = mapped_column(String(80), default="")
    message: Mapped[str] = mapped_column(Text, default="")
    remedy: Mapped[str] = mapped_column(Text, default="")
    # The entry this one takes back. That one never changes: a newer one tells that it was undone.
    undoes_entry_id: Mapped[int | None] = mapped_column(BigId, index=True)
    # Names a creation in the CRM, so that it can be asked whether it was done; null where none was tried.
    creation_key: Mapped[str | None] = mapped_column(String(40))
    # [{"field", "crm_field", "label", "type", "side": "here" | "crm", "old", "new", "rule"}], and "stored" where the
    # CRM made something else of a new value. In an intent alone: since when the CRM has held
    # "old", and by what to know our own stamp again (`jobs.sync.changes`).
    changes: Mapped[list[dict[str, Any]]] = mapped_column(JsonColumn, default=list)
    # Fields left alone on purpose: [{"field", "crm_field", "label", "reason"}]
    left_alone: Mapped[list[dict[str, Any]]] = mapped_column(JsonColumn, default=list)
    candidates: Mapped[list[dict[str, Any]]] = mapped_column(JsonColumn, default=list)
    by: Mapped[str] = mapped_column(String(200), default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    finished_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
