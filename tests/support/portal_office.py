"""The twin of `tests/support/office.py`: the same office, connected to a HubSpot account instead of an org.

ana = office.in_crm("contacts", lastname="Sample", email="ana@example.com")
told = office.sync("contacts", ana)
told.calls, told.writes                                    by the account's own journal
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from jobs.models import SyncLogEntry, SyncRun
from tests.support.office import AN_HOUR, Office
from tests.support.org_server import Json
from tests.support.portal_server import PortalServer
from tests.support.told import Told


@dataclass(frozen=True)
class PortalTold(Told):
    """`integration_user_id` is the id of our app: it has no user."""

    @property
    def calls(self) -> list[str]:
        """The calls that reached HubSpot, as `GET contacts`, `PATCH contacts`, `POST token`."""
        entries = [each for each in self.journal if each["kind"] == "call"]
        return [f"{each['method']} {_resource(each['path'])}" for each in entries]

    @property
    def writes(self) -> list[Json]:
        written = [each for each in self.journal if each["kind"] == "write" and each["net"]]
        return [each for each in written if is_by_app(each, self.integration_user_id)]


@dataclass
class PortalOffice(Office):
    """One installation that is connected to one HubSpot account with the default mappings."""

    org: PortalServer  # type: ignore[assignment]  # controlled by the same words
    objects: dict[str, str] = field(default_factory=dict)  # record id -> object: an id alone does not tell

    def in_crm(self, object_name: str, /, **fields: Any) -> str:
        made = f"{self.crm_now() - AN_HOUR:%Y-%m-%dT%H:%M:%S.000Z}"
        record = fields | {"_created": made, "_modified": made}
        [record_id] = self.org.control("records", {"object": object_name, "records": [record]})["ids"]
        self.objects[str(record_id)] = object_name
        return str(record_id)

    def edit(
        self, record_id: str, /, *, user: str = "rep", ago: timedelta = timedelta(minutes=1), **fields: Any
    ) -> None:
        self._set_crm_clock(self.crm_clock_seconds - ago.total_seconds())
        try:
            self.org.edit(self.objects[record_id], record_id, fields, user=user)
        finally:
            self._set_crm_clock(self.crm_clock_seconds)

    def shown_in_crm(self, record_id: str, *fields: str) -> Json:
        """The properties as the account's admin sees them now."""
        api = self.org.api(self.org.token("admin"))
        properties = api.read(self.objects[record_id], record_id, *fields)["properties"]
        return {name: properties[name] for name in fields}

    def told(self, run_id: int, *, since: int) -> PortalTold:
        with self.runtime.database.read() as session:
            run = session.get_one(SyncRun, run_id)
            entries = list(session.scalars(select(SyncLogEntry).where(SyncLogEntry.run_id == run_id)))
        journal = self.org.control(f"journal?since={since}&limit=100000", method="GET")["entries"]
        return PortalTold(run, entries, journal, str(self.org.credentials["app_id"]))


def is_by_app(write: Json, app_id: str) -> bool:
    return bool(write["source"] == {"type": "INTEGRATION", "id": app_id})


def _resource(path: str) -> str:
    """`/crm/objects/2026-09/contacts/512` is about contacts, `/oauth/2026-09/token` about a token."""
    parts = path.strip("/").split("/")
    return "/".join(part for part in parts[3 if parts[0] == "crm" else 2 :] if not part.isdigit())
