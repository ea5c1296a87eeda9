"""CustomKind and CustomField: what an admin added to the kinds of our records, and to their fields."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import String, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from jobs.models.base import Base, BigId, JsonColumn, UtcDateTime


class CustomKind(Base):
    """Beside the kinds there are from the beginning (`jobs.kinds`). Its records begin with a name."""

    __tablename__ = "custom_kind"

    name: Mapped[str] = mapped_column(String(40), primary_key=True)
    label: Mapped[str] = mapped_column(String(120))
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)


class CustomField(Base):
    """Beside the fields a kind comes with. `options` are [value, label], for a choice; [] takes any."""

    __tablename__ = "custom_field"
    __table_args__ = (UniqueConstraint("kind", "name"),)

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    kind: Mapped[str] = mapped_column(String(40))
    name: Mapped[str] = mapped_column(String(80))
    label: Mapped[str] = mapped_column(String(200))
    field_type: Mapped[str] = mapped_column(String(20))
    options: Mapped[list[list[str]]] = mapped_column(JsonColumn, default=list)
    created_at: Mapped[datetime] = mapped_column(UtcDateTime)
