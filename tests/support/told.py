"""What one run did to a record, as a test asks for it: by the log's account, and by the org's own journal."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from jobs.models import SyncLogEntry, SyncRun
from tests.support.org_server import Json


@dataclass(frozen=True)
class Told:
    """What one run left behind: its row, its one log entry, and what the org's journal says happened meanwhile."""

    run: SyncRun
    entries: list[SyncLogEntry]
    journal: list[Json]
    integration_user_id: str

    @property
    def entry(self) -> SyncLogEntry:
        [entry] = self.entries
        return entry

    @property
    def outcome(self) -> str:
        return self.entry.outcome

    @property
    def code(self) -> str:
        return self.entry.code

    @property
    def status(self) -> str:
        return self.run.status

    @property
    def calls(self) -> list[str]:
        """The calls that reached the org, as `GET queryAll`, `POST composite`, `POST token`."""
        paths = [(each["method"], each["path"].rstrip("/")) for each in self.journal if each["kind"] == "call"]
        return [f"{method} {path.rsplit('/', 1)[-1]}" for method, path in paths]

    @property
    def writes(self) -> list[Json]:
        """What we wrote to the org: only saves by the integration user, and only such as changed something."""
        ours = [each for each in self.journal if each["kind"] == "write"]
        return [each for each in ours if each["user_id"] == self.integration_user_id and each["net"]]

    @property
    def written(self) -> Json:
        """The fields of our one write with their new values."""
        [write] = self.writes
        new: Json = write["new"]
        return new

    @property
    def changes(self) -> set[tuple[str, str, Any, Any]]:
        """The log's own account: (field, side, old, new)."""
        return {(each["field"], each["side"], each["old"], each["new"]) for each in self.entry.changes}

    @property
    def left_alone(self) -> dict[str, str]:
        """Our field -> the code that says why it was left as it is."""
        return {each["field"]: each["code"] for each in self.entry.left_alone}
