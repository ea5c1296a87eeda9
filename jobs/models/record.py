"""The two records and the link between them: ours, what we last saw of theirs, and the values both last agreed on."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, Index, String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from jobs.models.base import Base, BigId, JsonColumn, UtcDateTime


class LocalRecord(Base):
    """One record of ours. `version` grows with every change: a writer that read an older one decides again."""

    __tablename__ = "local_record"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    kind: Mapped[str] = mapped_column(String(40), index=True)
    name: Mapped[str] = mapped_column(String(400), default="")
    values: Mapped[dict[str, Any]] = mapped_column(JsonColumn, default=dict)
    # field -> {"at": ISO time, "by": who, "source": "here" or the CRM, "link": by which link it came from there}
    provenance: Mapped[dict[str, Any]] = mapped_column(JsonColumn, default=dict)
    version: Mapped[int] = mapped_column(default=1)
    deleted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)


class RecordKey(Base):
    """A normalised value a local record can be found by. Written with the record, in the same transaction."""

    __tablename__ = "record_key"
    __table_args__ = (Index("ix_record_key_lookup", "kind", "key", "value"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    local_record_id: Mapped[int] = mapped_column(ForeignKey("local_record.id", ondelete="CASCADE"), index=True)
    kind: Mapped[str] = mapped_column(String(40))
    key: Mapped[str] = mapped_column(String(100))
    value: Mapped[str] = mapped_column(String(400))


class CrmRecord(Base):
    """What we last saw of a CRM record: shown at once when the CRM does not answer, and between live reads."""

    __tablename__ = "crm_record"

    connection_id: Mapped[int] = mapped_column(ForeignKey("connection.id"), primary_key=True)
    object: Mapped[str] = mapped_column(String(80), primary_key=True)
    crm_record_id: Mapped[str] = mapped_column(String(40), primary_key=True)
    name: Mapped[str] = mapped_column(String(400), default="")
    values: Mapped[dict[str, Any]] = mapped_column(JsonColumn, default=dict)
    is_deleted: Mapped[bool] = mapped_column(default=False)
    modified_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    modified_by: Mapped[str] = mapped_column(String(200), default="")
    seen_at: Mapped[datetime] = mapped_column(UtcDateTime)
    # The version that a sync limited by nobody's rights has dealt with: by the CRM's stamp, and as a deleted one.
    synced_stamp_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    synced_as_deleted: Mapped[bool] = mapped_column(default=False)


class RecordLink(Base):
    """Remembers that two records are one. `base`: local field -> the value both sides last agreed on."""

    __tablename__ = "record_link"
    __table_args__ = (
        UniqueConstraint("connection_id", "object", "crm_record_id"),
        UniqueConstraint("connection_id", "object", "local_record_id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    connection_id: Mapped[int] = mapped_column(ForeignKey("connection.id"))
    object: Mapped[str] = mapped_column(String(80))
    crm_record_id: Mapped[str] = mapped_column(String(40))
    local_record_id: Mapped[int] = mapped_column(ForeignKey("local_record.id"), index=True)
    base: Mapped[dict[str, Any]] = mapped_column(JsonColumn, default=dict)
    matched_by: Mapped[str] = mapped_column(String(40), default="")
    version: Mapped[int] = mapped_column(default=1)
    synced_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    synced_by: Mapped[str] = mapped_column(String(200), default="")
    # When our record was deleted because theirs was: the same moment as its `deleted_at`, as long as that is why.
    deleted_ours_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # Counted here too, so that a sync of a record without any need not look for them.
    open_conflicts: Mapped[int] = mapped_column(default=0)
    # The CRM's stamp of our own last write, and its stamp before: by the CRM's clock.
    own_write_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    changed_before_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class KeepApart(Base):
    """Somebody said that these two are not the same: the match rules pass them over."""

    __tablename__ = "keep_apart"
    __table_args__ = (
        UniqueConstraint("connection_id", "object", "crm_record_id", "local_record_id", name="uq_keep_apart_pair"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    connection_id: Mapped[int] = mapped_column(ForeignKey("connection.id"))
    object: Mapped[str] = mapped_column(String(80))
    crm_record_id: Mapped[str] = mapped_column(String(40))
    local_record_id: Mapped[int] = mapped_column(ForeignKey("local_record.id", ondelete="CASCADE"), index=True)
    by: Mapped[str] = mapped_column(String(200), default="")
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
