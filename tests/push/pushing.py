"""A push through the real job, beside a real stand-in: asked for, done here and now, and what it left behind.

    ana = place.ours(email="ana@mill.example", last_name="Sample")
    told = place.push(place.person, ana)
    place.made(told), place.links(ana)

A `Place` is an office with the names that its CRM has for things.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy import select

from jobs.models import CreationClaim, KeepApart, RecordLink, SyncRun
from jobs.runtime import utc_now
from jobs.sync.push_ask import PushAsk, open_push
from tests.support.office import Office
from tests.support.told import Told

NAMES_IN_SALESFORCE = {
    "email": "Email",
    "first_name": "FirstName",
    "last_name": "LastName",
    "job_title": "Title",
    "name": "Name",
    "domain": "Website",
    "company": "Company",
    "close_date": "CloseDate",
    "stage": "StageName",
}
NAMES_IN_HUBSPOT = {
    "email": "email",
    "first_name": "firstname",
    "last_name": "lastname",
    "job_title": "jobtitle",
    "name": "name",
    "domain": "domain",
    "close_date": "closedate",
    "stage": "dealstage",
}


@dataclass
class Place:
    office: Office
    person: str
    account: str
    names: Mapping[str, str]
    creates: str  # where a new record of an object goes to: a regular expression

    def ours(self, kind: str = "contact", /, **values: Any) -> int:
        return self.office.here(kind, **values)

    def ana(self, **values: Any) -> int:
        return self.ours(**{"first_name": "Ana", "last_name": "Sample", "email": "ana@mill.example"} | values)

    def theirs(self, object_name: str, /, **values: Any) -> str:
        """A record of the CRM, an hour old, by the names of our fields."""
        return self.office.in_crm(object_name, **{self.names[name]: value for name, value in values.items()})

    def ask(self, object_name: str, local_id: int) -> int:
        """An admin asks for it; the id of the run."""
        asked = PushAsk(self.office.connection_id, object_name, local_id, "admin", requested_by="Ada Admin")
        with self.office.runtime.database.write() as session:
            return open_push(session, asked)[0].id

    def push(self, object_name: str, local_id: int) -> Told:
        return self.office.do(self.ask(object_name, local_id))

    def links(self, local_id: int) -> dict[str, str]:
        """Object -> id of the CRM record, of everything our record is linked with."""
        with self.office.runtime.database.read() as session:
            links = session.scalars(select(RecordLink).where(RecordLink.local_record_id == local_id))
            return {link.object: link.crm_record_id for link in links}

    def link(self, object_name: str, record_id: str, local_id: int) -> None:
        """As an admin links the two by hand."""
        key = {"connection_id": self.office.connection_id, "object": object_name, "crm_record_id": record_id}
        with self.office.runtime.database.write() as session:
            session.add(RecordLink(**key, local_record_id=local_id, matched_by="manual", created_at=utc_now()))

    def keep_apart(self, object_name: str, record_id: str, local_id: int) -> None:
        key = {"connection_id": self.office.connection_id, "object": object_name, "crm_record_id": record_id}
        with self.office.runtime.database.write() as session:
            session.add(KeepApart(**key, local_record_id=local_id, by="Ada Admin", created_at=utc_now()))

    def claims(self) -> int:
        with self.office.runtime.database.read() as session:
            return len(session.scalars(select(CreationClaim)).all())

    def trouble(self, kind: str, object_name: str, **parameters: Any) -> None:
        """What befalls the next call that makes a record of that object; all else is as in any process at work."""
        self.office.warm(object_name)
        self.office.org.fault(kind, self.creates.format(object_name), method="POST", **parameters)

    def hour_passes(self, told: Told) -> Told:
        """The CRM has not answered for so long that the run is given up at its next try."""
        with self.office.runtime.database.write() as session:
            run = session.get_one(SyncRun, told.run.id)
            run.created_at -= timedelta(hours=2)
        return self.office.again(told)


def salesforce(office: Office) -> Place:
    return Place(office, "Contact", "Account", NAMES_IN_SALESFORCE, "sobjects/{}$")


def hubspot(office: Office) -> Place:
    return Place(office, "contacts", "companies", NAMES_IN_HUBSPOT, "crm/objects/[0-9-]+/{}$")


def made(told: Told) -> list[dict[str, Any]]:
    """The records that the CRM made in that time, by its own journal."""
    return [each for each in told.journal if each["kind"] == "write" and each["op"] in ("insert", "create")]
