"""ListImport: which list a run of kind import goes through, and how far it has come."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String, Text
from sqlalchemy.orm import Mapped, mapped_column

from jobs.models.base import Base, JsonColumn, UtcDateTime

IMPORT = "import"
"""The kind of such a run."""


class ListImport(Base):
    """Beside the run, as long as that is kept. The place in the list moves in the transaction of each member's log."""

    __tablename__ = "list_import"

    run_id: Mapped[int] = mapped_column(
        ForeignKey("sync_run.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    list_id: Mapped[str] = mapped_column(String(40), index=True)
    list_name: Mapped[str] = mapped_column(String(400))
    list_kind: Mapped[str] = mapped_column(String(60))
    # What the CRM said when it was asked for; the list may have changed since.
    total: Mapped[int | None]
    # Ids of the page at hand, how many of them are done, and what asks for the next page ("" when there is none).
    page: Mapped[list[str]] = mapped_column(JsonColumn, default=list)
    page_done: Mapped[int] = mapped_column(default=0)
    after: Mapped[str] = mapped_column(Text, default="")
    is_last_page: Mapped[bool] = mapped_column(default=False)
    done: Mapped[int] = mapped_column(default=0)
    # Since the last member that was done: how often a worker began, and since when the CRM has not answered.
    tries: Mapped[int] = mapped_column(default=0)
    stuck_since: Mapped[datetime | None] = mapped_column(UtcDateTime)
    # Who asked to stop; "" for nobody.
    cancelled_by: Mapped[str] = mapped_column(String(320), default="")

    @property
    def next_member(self) -> str:
        """The record that comes next; "" when another page has to be asked for, or none is left."""
        return self.page[self.page_done] if self.page_done < len(self.page) else ""


PLACE = ("list_id", "list_name", "list_kind", "total", "page", "page_done", "after", "is_last_page", "done")
"""What another run has to know to go on where one stopped."""
