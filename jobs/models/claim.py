"""CreationClaim: who is making a record in a CRM just now, so that two workers do not make the same one."""

from __future__ import annotations

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from jobs.models.base import Base


class CreationClaim(Base):
    """Held by a push from before it looks in the CRM until it ends.

    `scope` is an object of the CRM or a kind of ours; `key` stands for what two equal records would have in common.
    """

    __tablename__ = "creation_claim"

    connection_id: Mapped[int] = mapped_column(ForeignKey("connection.id"), primary_key=True)
    scope: Mapped[str] = mapped_column(String(80), primary_key=True)
    key: Mapped[str] = mapped_column(String(64), primary_key=True)
    run_id: Mapped[int] = mapped_column(ForeignKey("sync_run.id"), index=True)
