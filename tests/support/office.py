"""The product without its web side, beside a real org: a database, the job, and an org process to judge by.

    ana = office.in_crm("Contact", LastName="Sample", Email="ana@example.com")   a record of the CRM, an hour old
    told = office.sync("Contact", ana)                                            one run of the real job
    told.outcome, told.calls, told.writes                                         the log entry and the org's journal

Nothing in here decides anything: values are put in place, the job is run, and what happened is read back.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select, update

from jobs import asking, tasks, usage, worker
from jobs.crm.adapters import open_adapter
from jobs.crm.base import CrmAdapter
from jobs.crm.describes import FRESH_FOR, describe
from jobs.kinds import LocalField
from jobs.mapping_defaults import field_mapping, mapping_of
from jobs.models import (
    Conflict,
    Connection,
    CustomField,
    DescribeCache,
    FieldMapping,
    LocalRecord,
    ObjectMapping,
    RecordLink,
    SyncLogEntry,
    SyncRun,
)
from jobs.records import change_local, create_local, write_values
from jobs.runtime import Runtime, utc_now
from jobs.sync.undo_ask import UndoAsk, open_undo
from tests.support.org_server import Json, OrgServer
from tests.support.told import Told

AN_HOUR = timedelta(hours=1)
BY_ID = {"003": "Contact", "001": "Account", "00Q": "Lead", "006": "Opportunity"}


@dataclass
class Office:
    """One installation that is connected to one org with the default mappings."""

    runtime: Runtime
    org: OrgServer
    connection_id: int
    crm_clock_seconds: float = 0

    @property
    def connection(self) -> Connection:
        with self.runtime.database.read() as session:
            return session.get_one(Connection, self.connection_id)

    def adapter(self) -> CrmAdapter:
        return open_adapter(self.runtime, self.connection)

    # Their side

    def in_crm(self, object_name: str, /, **fields: Any) -> str:
        """A record that has been in the CRM for an hour, unchanged; its id."""
        made = self.crm_now() - AN_HOUR
        stamp = f"{made:%Y-%m-%dT%H:%M:%S}.000+0000"
        stamps = dict.fromkeys(("CreatedDate", "LastModifiedDate", "SystemModstamp"), stamp)
        body = {"object": object_name, "records": [fields | stamps]}
        [record_id] = self.org.control("records", body)["ids"]
        return str(record_id)

    def edit(
        self, record_id: str, /, *, user: str = "rep", ago: timedelta = timedelta(minutes=1), **fields: Any
    ) -> None:
        """A person changes the record in the CRM, a minute ago unless told otherwise."""
        self._set_crm_clock(self.crm_clock_seconds - ago.total_seconds())
        try:
            self.org.edit(BY_ID[record_id[:3]], record_id, fields, user=user)
        finally:
            self._set_crm_clock(self.crm_clock_seconds)

    def shown_in_crm(self, record_id: str, *fields: str) -> Json:
        """The fields of the record as the CRM's admin sees them now."""
        row = self.org.api("admin").read(BY_ID[record_id[:3]], record_id, *fields)
        return {name: row[name] for name in fields}

    def crm_now(self) -> Any:
        return utc_now() + timedelta(seconds=self.crm_clock_seconds)

    def shift_crm_clock(self, **apart: float) -> None:
        """The CRM's clock is that far ahead of ours from now on."""
        self.crm_clock_seconds = timedelta(**apart).total_seconds()
        self._set_crm_clock(self.crm_clock_seconds)

    def time_passes(self) -> None:
        """A few seconds go by in the CRM: what was written just now is no longer fresh."""
        self.shift_crm_clock(seconds=self.crm_clock_seconds + 5)

    def permit(self, user: str = "integration", **rights: Json) -> None:
        """`fields={"Contact.Phone": "hidden"}`, `records={id: "none"}`, `objects={"Lead": "read"}`."""
        self.org.control("permissions", {"user": user, **rights})

    def _set_crm_clock(self, seconds: float) -> None:
        self.org.control("clock", {"offset_seconds": seconds})

    # Our side

    def here(self, kind: str, /, **values: Any) -> int:
        """A record of ours, made by a colleague an hour ago; its id."""
        with self.runtime.database.write() as session:
            record = create_local(session, kind, values, by="a colleague")
            origin = (utc_now() - AN_HOUR).isoformat()
            record.provenance = {name: said | {"at": origin} for name, said in record.provenance.items()}
            return record.id

    def change(self, local_id: int, /, *, ago: timedelta = timedelta(minutes=1), **values: Any) -> None:
        """A colleague changes our record, a minute ago unless told otherwise."""
        with self.runtime.database.write() as session:
            record = session.get_one(LocalRecord, local_id)
            change_local(session, record, values, by="a colleague")
            origin = {"at": (utc_now() - ago).isoformat(), "by": "a colleague", "source": "here"}
            record.provenance = record.provenance | dict.fromkeys(values, origin)

    def put_raw(self, local_id: int, /, **values: Any) -> None:
        """Values as an older version or a careless import may have left them: unchecked."""
        with self.runtime.database.write() as session:
            record = session.get_one(LocalRecord, local_id)
            write_values(session, record, values, by="an import", source="here", at=utc_now())

    def delete_here(self, local_id: int) -> None:
        with self.runtime.database.write() as session:
            session.get_one(LocalRecord, local_id).deleted_at = utc_now()

    def values(self, local_id: int, *names: str) -> Json:
        record = self.local(local_id)
        return {name: record.values.get(name) for name in names} if names else dict(record.values)

    def local(self, local_id: int) -> LocalRecord:
        with self.runtime.database.read() as session:
            return session.get_one(LocalRecord, local_id)

    def linked(self, object_name: str, record_id: str) -> int:
        """The id of our side of a CRM record that has to be linked."""
        link = self.link(object_name, record_id)
        assert link is not None
        return link.local_record_id

    def link(self, object_name: str, record_id: str) -> RecordLink | None:
        query = select(RecordLink).where(RecordLink.object == object_name, RecordLink.crm_record_id == record_id)
        with self.runtime.database.read() as session:
            return session.scalar(query)

    def conflicts(self, *, settled: bool = False) -> list[Conflict]:
        query = select(Conflict).where(Conflict.settled_at.is_not(None) if settled else Conflict.settled_at.is_(None))
        with self.runtime.database.read() as session:
            return list(session.scalars(query))

    def how_many(self, kind: str) -> int:
        query = select(func.count()).select_from(LocalRecord).where(LocalRecord.kind == kind)
        with self.runtime.database.read() as session:
            return session.scalar(query) or 0

    # What an admin decides

    def set_connection(self, **values: Any) -> None:
        with self.runtime.database.write() as session:
            _set(session.get_one(Connection, self.connection_id), values)

    def set_object(self, object_name: str, **values: Any) -> None:
        with self.runtime.database.write() as session:
            _set(session.scalars(select(ObjectMapping).where(ObjectMapping.object == object_name)).one(), values)

    def set_field(self, object_name: str, local_field: str, **values: Any) -> None:
        query = select(FieldMapping).join(ObjectMapping)
        with self.runtime.database.write() as session:
            found = query.where(ObjectMapping.object == object_name, FieldMapping.local_field == local_field)
            _set(session.scalars(found).one(), values)

    def map_field(
        self, object_name: str, crm_field: str, local_field: str, direction: str = "two_way", **values: Any
    ) -> None:
        with self.runtime.database.write() as session:
            mapping = session.scalars(select(ObjectMapping).where(ObjectMapping.object == object_name)).one()
            added = field_mapping(mapping.kind, crm_field, local_field, direction, position=len(mapping.fields))
            _set(added, values)
            mapping.fields.append(added)

    def map_own_field(self, object_name: str, crm_field: str, name: str, field_type: str) -> None:
        """A field of ours that an admin added, mapped both ways."""
        with self.runtime.database.write() as session:
            mapping = session.scalars(select(ObjectMapping).where(ObjectMapping.object == object_name)).one()
            made = CustomField(kind=mapping.kind, name=name, label=name, field_type=field_type, created_at=utc_now())
            session.add(made)
            added = mapping_of(LocalField(name, field_type), crm_field, name, "two_way", position=len(mapping.fields))
            mapping.fields.append(added)

    # What happens

    def warm(self, object_name: str) -> None:
        """As in any process that has been at work: the token is there and the fields are known."""
        describe(self.runtime, self.adapter(), self.connection_id, object_name)

    def forget_fields(self) -> None:
        """As some minutes later: what is known of the org's fields is too old to be used unasked."""
        self.runtime.describes.clear()
        with self.runtime.database.write() as session:
            session.execute(update(DescribeCache).values(fetched_at=utc_now() - 2 * FRESH_FOR))

    def ask(self, object_name: str, record_id: str, **ask: Any) -> int:
        """A rep clicks; the id of the run."""
        with self.runtime.database.write() as session:
            asked = asking.Ask(self.connection_id, object_name, record_id, "panel", requested_by="Riley Rep", **ask)
            run, _ = asking.open_single(session, asked)
            return run.id

    def sync(self, object_name: str, record_id: str, **ask: Any) -> Told:
        """A rep clicks and the job runs, here and now."""
        return self.do(self.ask(object_name, record_id, **ask))

    def undo(self, told: Told, field: str = "", *, trigger: str = "panel", **ask: Any) -> Told:
        """A rep takes back what that run did to the record, or one field of it, and the job runs."""
        with self.runtime.database.write() as session:
            asked = UndoAsk(trigger, entry_id=told.entry.id, field=field, requested_by="Riley Rep", **ask)
            run_id = open_undo(session, asked)[0].id
        return self.do(run_id)

    def do(self, run_id: int) -> Told:
        """The job of a run that is due."""
        start = self.next_seq()
        worker.use(self.runtime)
        tasks.sync_single(run_id)
        return self.told(run_id, since=start)

    def again(self, told: Told) -> Told:
        """The same run once more, as if the time it was put back to had come."""
        with self.runtime.database.write() as session:
            session.get_one(SyncRun, told.run.id).resume_at = None
        return self.do(told.run.id)

    def told(self, run_id: int, *, since: int) -> Told:
        with self.runtime.database.read() as session:
            run = session.get_one(SyncRun, run_id)
            entries = list(session.scalars(select(SyncLogEntry).where(SyncLogEntry.run_id == run_id)))
        journal = self.org.control(f"journal?since={since}&limit=100000", method="GET")["entries"]
        return Told(run, entries, journal, self.org.user("integration")["id"])

    def next_seq(self) -> int:
        """The number of the journal's next entry."""
        return int(self.org.control("journal?limit=0", method="GET")["next"])

    def calls_today(self) -> int:
        with self.runtime.database.read() as session:
            return usage.today(session, self.connection_id)

    @contextmanager
    def while_waiting(
        self, path_end: str, act: Callable[[], Any], *, seconds: float = 0.8, method: str = ""
    ) -> Iterator[None]:
        """Inside the block the next call to `path_end` is held up on its way in, and `act` is done meanwhile."""
        start = self.next_seq()
        self.org.fault("latency", path_end, seconds=seconds, method=method)

        def watch() -> None:
            deadline = time.monotonic() + 10
            while time.monotonic() < deadline:
                entries = self.org.control(f"journal?since={start}&kind=call", method="GET")["entries"]
                waiting = [each for each in entries if path_end in each["path"] and each["status"] is None]
                if any(method in ("", each["method"]) for each in waiting):
                    act()
                    return
                time.sleep(0.01)

        watcher = threading.Thread(target=watch)
        watcher.start()
        yield
        watcher.join()


def _set(row: Any, values: Json) -> None:
    for name, value in values.items():
        assert hasattr(row, name), name
        setattr(row, name, value)
