"""An office beside an org or a HubSpot account, the lists that people keep there, and an admin who imports them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from jobs.crm.list_readers import lists_of
from jobs.models import ListImport, ObjectMapping, SyncRun
from jobs.sync.import_ask import ImportAsk, cancel, open_import
from tests.support.crm_lists import KeptLists, ListViews, StaticLists
from tests.support.office import Office
from tests.support.portal_office import PortalOffice
from tests.support.told import Told


@dataclass(frozen=True)
class Shop:
    """An office, the lists in its CRM, and how that CRM calls things."""

    office: Office
    lists: KeptLists
    last_name: str
    email: str
    title: str
    first_name: str
    reads: str  # the path of a call that reads many records
    writes: str  # and of one that writes a record
    write_method: str
    list_calls: str

    @property
    def object(self) -> str:
        return self.lists.object

    def person(self, name: str, **values: Any) -> str:
        """Somebody in the CRM, an hour old; the id there."""
        named = {self.last_name: name, self.email: f"{name.lower()}@example.com"}
        return self.office.in_crm(self.object, **(named | values))

    def people(self, *names: str) -> list[str]:
        return [self.person(name) for name in names]

    def ask(self, list_id: str) -> int:
        """An admin presses Import; the id of the run."""
        mapping_id = self.mapping().id
        found = lists_of(self.office.connection, self.office.adapter()).list_of(self.object, list_id)
        with self.office.runtime.database.write() as session:
            return open_import(session, ImportAsk(mapping_id, found, "admin", "Ada Admin"))[0].id

    def import_(self, list_id: str) -> Told:
        return self.office.do(self.ask(list_id))

    def import_of(self, *members: str) -> Told:
        return self.import_(self.lists.save("Sample list", members))

    def cancel(self, run_id: int) -> bool:
        with self.office.runtime.database.write() as session:
            return cancel(session, run_id, by="Ada Admin")

    def mapping(self) -> ObjectMapping:
        query = select(ObjectMapping).where(ObjectMapping.object == self.object)
        with self.office.runtime.database.read() as session:
            return session.scalars(query).one()

    def place(self, run_id: int) -> ListImport:
        with self.office.runtime.database.read() as session:
            return session.get_one(ListImport, run_id)

    def run(self, run_id: int) -> SyncRun:
        with self.office.runtime.database.read() as session:
            return session.get_one(SyncRun, run_id)

    def ours(self, record_id: str) -> Any:
        return self.office.values(self.office.linked(self.object, record_id))


def outcomes(told: Told) -> dict[str, tuple[str, str]]:
    """CRM record -> outcome and code, for each entry of the log; each record has one."""
    found = {each.crm_record_id: (each.outcome, each.code) for each in told.entries}
    assert len(found) == len(told.entries)
    assert all(each.finished_at is not None for each in told.entries)
    return found


def counts(run: SyncRun) -> Sequence[int]:
    """Created, updated, unchanged, skipped, failed."""
    return (run.created_count, run.updated_count, run.unchanged_count, run.skipped_count, run.failed_count)


def in_salesforce(office: Office) -> Shop:
    return Shop(
        office,
        ListViews(office),
        "LastName",
        "Email",
        "Title",
        "FirstName",
        "/queryAll",
        "/composite",
        "POST",
        "/listviews",
    )


def in_hubspot(office: PortalOffice) -> Shop:
    names = ("lastname", "email", "jobtitle", "firstname")
    return Shop(office, StaticLists(office), *names, "/contacts/batch/read", "/contacts/", "PATCH", "/crm/lists")
