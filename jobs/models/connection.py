"""Connection: our authorised link to one org, portal or company account, and what we learned about it."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, String, Text, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from jobs.models.base import Base, BigId, JsonColumn, UtcDateTime

ACTIVE = "active"
BROKEN = "broken"

DISCONNECTED = "DISCONNECTED"
"""`broken_code` of a connection that an admin took out of service: nothing is stored that could open the CRM."""


class Connection(Base):
    """Columns ending in `_sealed` hold text encrypted by `jobs.vault.Vault`; nothing else in here is secret."""

    __tablename__ = "connection"
    __table_args__ = (UniqueConstraint("crm", "org_id"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    crm: Mapped[str] = mapped_column(String(20))
    name: Mapped[str] = mapped_column(String(200))
    org_id: Mapped[str] = mapped_column(String(32))
    base_url: Mapped[str] = mapped_column(String(300))
    api_version: Mapped[str] = mapped_column(String(10))
    syncs_enabled: Mapped[bool] = mapped_column(default=True)

    auth_flow: Mapped[str] = mapped_column(String(30), default="client_credentials")
    client_id: Mapped[str] = mapped_column(String(300))
    client_secret_sealed: Mapped[str] = mapped_column(Text, default="")
    refresh_token_sealed: Mapped[str] = mapped_column(Text, default="")
    access_token_sealed: Mapped[str] = mapped_column(Text, default="")
    # Counts the tokens we were given: a worker that met a 401 asks for "newer than the one I used".
    token_version: Mapped[int] = mapped_column(default=0)
    # When the CRM said the token ends; None where it says nothing, or where it never does.
    token_expires_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    refreshing_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    integration_user_id: Mapped[str] = mapped_column(String(32), default="")

    canvas_secret_sealed: Mapped[str] = mapped_column(Text, default="")
    hint_secret_sealed: Mapped[str] = mapped_column(Text, default="")  # what our package in the org signs hints with
    launch_issuer: Mapped[str] = mapped_column(String(300), default="")
    launch_certificate: Mapped[str] = mapped_column(Text, default="")
    host_origins: Mapped[list[str]] = mapped_column(JsonColumn, default=list)
    # Who may use the panel where the CRM says nothing about a person's rights, by email. Empty: everybody it lets in.
    allowed_emails: Mapped[list[str]] = mapped_column(JsonColumn, default=list)

    state: Mapped[str] = mapped_column(String(20), default=ACTIVE)
    broken_code: Mapped[str] = mapped_column(String(60), default="")
    broken_message: Mapped[str] = mapped_column(Text, default="")
    broken_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # Since when runs failed for want of access; None once their records are asked for again (`jobs.interrupted`).
    interrupted_at: Mapped[datetime | None] = mapped_column(UtcDateTime)
    paused_until: Mapped[datetime | None] = mapped_column(UtcDateTime)
    clock_offset_seconds: Mapped[float] = mapped_column(default=0.0)
    calls_used: Mapped[int | None] = mapped_column()
    calls_allowed: Mapped[int | None] = mapped_column()
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
    updated_at: Mapped[datetime] = mapped_column(UtcDateTime)

    def waits_until(self, now: datetime) -> datetime | None:
        """Until when the CRM asked to be left alone; None when it may be asked `now`."""
        is_ahead = self.paused_until is not None and self.paused_until > now
        return self.paused_until if is_ahead else None


class ApiUsage(Base):
    """CRM calls made by us, per connection and UTC day."""

    __tablename__ = "api_usage"

    connection_id: Mapped[int] = mapped_column(ForeignKey("connection.id"), primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    calls: Mapped[int] = mapped_column(default=0)


class DescribeCache(Base):
    """The part of a describe we use, so that a sync need not ask for it: refreshed with `If-Modified-Since`."""

    __tablename__ = "describe_cache"

    connection_id: Mapped[int] = mapped_column(ForeignKey("connection.id"), primary_key=True)
    object: Mapped[str] = mapped_column(String(80), primary_key=True)
    label: Mapped[str] = mapped_column(String(200), default="")
    fields: Mapped[dict[str, Any]] = mapped_column(JsonColumn, default=dict)
    last_modified: Mapped[str] = mapped_column(String(60), default="")
    fetched_at: Mapped[datetime] = mapped_column(UtcDateTime)


class PeopleCache(Base):
    """Who the CRM's users are, for a CRM that names them on its records by number alone."""

    __tablename__ = "people_cache"

    connection_id: Mapped[int] = mapped_column(ForeignKey("connection.id"), primary_key=True)
    # [{"owner_id", "user_id", "email", "name"}]
    people: Mapped[list[dict[str, str]]] = mapped_column(JsonColumn, default=list)
    fetched_at: Mapped[datetime] = mapped_column(UtcDateTime)
