"""ObjectMapping, FieldMapping and MatchRule: what an admin decides about how two systems meet."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from jobs.models.base import Base, BigId, JsonColumn, UtcDateTime


class ObjectMapping(Base):
    """Pairs one CRM object with one kind of ours and owns the switches."""

    __tablename__ = "object_mapping"
    __table_args__ = (UniqueConstraint("connection_id", "object"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    connection_id: Mapped[int] = mapped_column(ForeignKey("connection.id"))
    object: Mapped[str] = mapped_column(String(80))
    object_label: Mapped[str] = mapped_column(String(120))
    kind: Mapped[str] = mapped_column(String(40))
    enabled: Mapped[bool] = mapped_column(default=True)
    inbound: Mapped[bool] = mapped_column(default=True)
    outbound: Mapped[bool] = mapped_column(default=True)
    may_create_here: Mapped[bool] = mapped_column(default=True)
    may_update_here: Mapped[bool] = mapped_column(default=True)
    may_create_there: Mapped[bool] = mapped_column(default=True)
    may_update_there: Mapped[bool] = mapped_column(default=True)
    needs_email: Mapped[bool] = mapped_column(default=False)
    # A record pushed there makes its account too, where the CRM has none with its domain.
    makes_accounts: Mapped[bool] = mapped_column(default=False)
    duplicate_handling: Mapped[str] = mapped_column(String(20), default="overwrite_all")
    # Whether a rep who settles a conflict in the panel may make that the rule of the field, for everybody.
    reps_may_set_rules: Mapped[bool] = mapped_column(default=True)
    # Which records sync, in the language of `jobs.sync.filters`; None: all of them.
    filter: Mapped[dict[str, Any] | None] = mapped_column(JsonColumn)
    # What becomes of ours when a linked CRM record is deleted: "keep", or "delete" until it is restored there.
    when_deleted_there: Mapped[str] = mapped_column(String(10), default="keep")
    # Why none of its records can sync just now: the CRM has no such object any more. "" when it has.
    paused_reason: Mapped[str] = mapped_column(Text, default="")
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)

    fields: Mapped[list[FieldMapping]] = relationship(
        order_by="FieldMapping.position", cascade="all, delete-orphan", lazy="selectin"
    )
    match_rules: Mapped[list[MatchRule]] = relationship(
        order_by="MatchRule.position", cascade="all, delete-orphan", lazy="selectin"
    )


class SetupVersion(Base):
    """One row. Raised with every change of a mapping, so that processes know when what they remember is old."""

    __tablename__ = "setup_version"

    id: Mapped[int] = mapped_column(primary_key=True)
    version: Mapped[int] = mapped_column(default=0)


class FieldMapping(Base):
    """Pairs two fields. `field_type` is the type both sides are normalised to before they are compared."""

    __tablename__ = "field_mapping"
    __table_args__ = (
        UniqueConstraint("object_mapping_id", "local_field"),
        UniqueConstraint("object_mapping_id", "crm_field"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    object_mapping_id: Mapped[int] = mapped_column(ForeignKey("object_mapping.id", ondelete="CASCADE"))
    position: Mapped[int] = mapped_column(default=0)
    crm_field: Mapped[str] = mapped_column(String(120))
    local_field: Mapped[str] = mapped_column(String(80))
    label: Mapped[str] = mapped_column(String(200))
    field_type: Mapped[str] = mapped_column(String(20))
    direction: Mapped[str] = mapped_column(String(10))
    write_rule: Mapped[str] = mapped_column(String(12), default="overwrite")
    keep_when_blank: Mapped[bool] = mapped_column(default=False)
    may_clear_crm: Mapped[bool] = mapped_column(default=True)
    conflict_rule: Mapped[str] = mapped_column(String(14), default="most_recent")
    enabled: Mapped[bool] = mapped_column(default=True)
    paused_reason: Mapped[str] = mapped_column(Text, default="")
    # [[value, label]]: the choices the CRM has for it, and those it lost that are still needed. None: not asked yet.
    known_options: Mapped[list[list[str]] | None] = mapped_column(JsonColumn)
    # What both sides last agreed on before this was about another pair of fields. None: there was none before.
    mapped_at: Mapped[datetime | None] = mapped_column(UtcDateTime)


class MatchRule(Base):
    """One way to find the counterpart of a record that is not linked yet; tried in order of `position`."""

    __tablename__ = "match_rule"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    object_mapping_id: Mapped[int] = mapped_column(ForeignKey("object_mapping.id", ondelete="CASCADE"))
    position: Mapped[int] = mapped_column(default=0)
    crm_field: Mapped[str] = mapped_column(String(120))
    local_field: Mapped[str] = mapped_column(String(80))
    compare_as: Mapped[str] = mapped_column(String(20))
