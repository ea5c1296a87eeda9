"""One person on both sides, and a rep with their panel open; and what has to be true of them when all is over."""

from __future__ import annotations

import re
import time
import uuid
from dataclasses import dataclass
from typing import Any

import requests
from sqlalchemy import select

from jobs.models import LocalRecord, RecordLink, SyncLogEntry
from jobs.records import change_local, create_local
from tests.faults.installation import WAIT_SECONDS, Installation, until
from tests.support import proofs
from tests.support.org_server import Json
from tests.support.screen import Screen

OBJECT = "Contact"
HIGHEST_SCORE = 100  # a rule of the sample org
# CRM field -> ours, as the sample connection maps them.
FIELDS = {"Title": "job_title", "FirstName": "first_name", "LastName": "last_name", "Lead_Score__c": "lead_score"}


class Rep:
    """A browser's share: launches once, then speaks to the panel with the token out of the page."""

    def __init__(self, here: Installation, record_id: str, *, role: str = "rep") -> None:
        self._here, self._record_id = here, record_id
        user = here.org.user(role)
        envelope = proofs.canvas_envelope(
            org=here.org.credentials,
            user=user,
            token=here.org.token(user["id"]),
            object_name=OBJECT,
            record_id=record_id,
        )
        signed = proofs.signed(proofs.encoded(envelope), here.org.credentials["canvas_secret"])
        self._http = requests.Session()
        page = self._http.post(f"{here.web_url}/launch/salesforce/canvas", data={"signed_request": signed}, timeout=20)
        assert page.status_code == 200, page.text
        self.screen = Screen(page.text)
        self._http.headers["Authorization"] = f"Bearer {self.screen.token}"

    def click(self) -> int:
        """Press the button; the id of the run that was started or joined."""
        self._show(self._http.post(f"{self._here.web_url}/panel/sync", timeout=20))
        if found := re.search(r"/panel/runs/(\d+)", self.screen.asks_next):
            return int(found[1])
        return self._here.runs_of(self._record_id)[-1].id  # it was over before the answer

    def follow(self, seconds: float = WAIT_SECONDS) -> Screen:
        """Ask for news as the page does until it is at rest, through a web server that goes and comes."""
        deadline = time.monotonic() + seconds
        while self.screen.asks_next:
            assert time.monotonic() < deadline, self.screen.told
            time.sleep(max(self.screen.asks_after_ms / 1000, 0.02))
            try:
                self._show(self._http.get(self._here.web_url + self.screen.asks_next, timeout=20))
            except requests.ConnectionError:
                time.sleep(0.3)
        return self.screen

    def view(self) -> Screen:
        return self._show(self._http.get(f"{self._here.web_url}/panel/view", timeout=20))

    def _show(self, answer: requests.Response) -> Screen:
        assert answer.status_code == 200, answer.text
        self.screen = Screen(answer.text)
        return self.screen


@dataclass
class Change:
    """What one side was given, and what the other is to take over."""

    title: tuple[Any, Any]  # changed in the org
    score: tuple[Any, Any]  # changed here


@dataclass
class Person:
    """A contact of the org and the same person here, linked and in step before anything is done to them."""

    here: Installation
    record_id: str
    local_id: int
    rep: Rep
    since: int = 0  # the journal's entries from here on count
    change: Change | None = None

    def change_both_sides(self) -> None:
        """One field to bring here, one to bring to the org."""
        number = next(self.here.numbers)
        self.change = Change(
            title=(self.local().values.get("job_title"), f"Title {number}"),
            score=(self.local().values.get("lead_score"), number % HIGHEST_SCORE + 1),
        )
        self.edit(Title=self.change.title[1])
        self.change_here(lead_score=self.change.score[1])
        self.here.let_org_time_pass()
        self.since = self.here.mark()

    def change_here(self, **values: Any) -> None:
        with self.here.runtime.database.write() as session:
            change_local(session, session.get_one(LocalRecord, self.local_id), values, by="a colleague")

    def edit(self, **fields: Any) -> None:
        """As a person would on the org's page."""
        self.here.org.edit(OBJECT, self.record_id, fields, user="rep")

    def local(self) -> LocalRecord:
        with self.here.runtime.database.read() as session:
            return session.get_one(LocalRecord, self.local_id)

    def link(self) -> RecordLink:
        with self.here.runtime.database.read() as session:
            return session.scalars(select(RecordLink).where(RecordLink.crm_record_id == self.record_id)).one()

    def in_org(self) -> Json:
        return self.here.org.api("admin").read(OBJECT, self.record_id, *FIELDS)

    def our_writes(self) -> list[Json]:
        """Writes of the product to this contact that the org carried out, from the journal."""
        rep = self.here.org.user("rep")["id"]
        return [
            write
            for write in self.here.journal(self.since, "write")
            if write["id"] == self.record_id and write["user_id"] != rep
        ]

    def patches(self) -> list[int]:
        """The status of every attempt of the product to write to this contact."""
        return [
            part["status"]
            for call in self.here.calls(self.since, "/composite")
            for part in call["subrequests"]
            if part["method"] == "PATCH" and self.record_id in part["path"]
        ]

    def entries(self) -> list[SyncLogEntry]:
        """Every log entry of this record, oldest first."""
        query = select(SyncLogEntry).where(SyncLogEntry.crm_record_id == self.record_id).order_by(SyncLogEntry.id)
        with self.here.runtime.database.read() as session:
            return list(session.scalars(query))

    def require_in_step(self) -> None:
        theirs, ours = self.in_org(), self.local().values
        assert {name: theirs[name] for name in FIELDS} == {name: ours.get(own) for name, own in FIELDS.items()}

    def require_one_write(self, run_id: int) -> None:
        """The run's two changes are done once, are on both sides, and stand in the log once with old and new."""
        assert self.change is not None
        old_score, new_score = self.change.score
        writes = self.our_writes()
        assert [(write["old"], write["new"]) for write in writes] == [
            ({"Lead_Score__c": old_score}, {"Lead_Score__c": new_score})
        ], writes
        (entry,) = self.here.entries_of(run_id)
        assert entry.finished_at is not None
        assert entry.outcome == "updated", (entry.outcome, entry.code, entry.message)
        told = sorted((each["side"], each["field"], each["old"], each["new"]) for each in entry.changes)
        assert told == [("crm", "lead_score", old_score, new_score), ("here", "job_title", *self.change.title)]
        of_crm = [each for entry in self.entries() for each in entry.changes if each["side"] == "crm"]
        assert [each["new"] for each in of_crm].count(new_score) == 1
        self.require_in_step()

    def require_quiet(self) -> None:
        """One more click has nothing to do and writes nothing, on either side."""
        since, local, link = self.here.mark(), self.local(), self.link()
        self.rep.click()
        assert self.rep.follow().headline == "Nothing to do."
        assert [each for each in self.here.journal(since, "write") if each["id"] == self.record_id] == []
        assert (self.local().version, self.local().provenance) == (local.version, local.provenance)
        assert self.link().base == link.base


def new_person(here: Installation) -> Person:
    number = next(here.numbers)
    name = {"first_name": f"Pat {number}", "last_name": "Sample", "email": f"pat.{uuid.uuid4().hex[:12]}@example.com"}
    fields = {"FirstName": name["first_name"], "LastName": name["last_name"], "Email": name["email"], "Title": "Clerk"}
    record_id = str(here.org.control("edit", {"object": OBJECT, "fields": fields, "user": "rep"})["id"])
    with here.runtime.database.write() as session:
        local = create_local(session, "contact", {**name, "job_title": "Clerk"}, by="sample data")
    person = Person(here, record_id, local.id, Rep(here, record_id))
    run_id = person.rep.click()
    until(lambda: here.is_over(run_id), what="the first sync links the two")
    person.rep.follow()
    assert person.link().local_record_id == local.id
    person.require_in_step()
    return person


def new_stranger(here: Installation) -> int:
    """Somebody we know and the org does not; the id of our record."""
    name = {"first_name": f"Pat {next(here.numbers)}", "last_name": "Sample"}
    with here.runtime.database.write() as session:
        email = f"pat.{uuid.uuid4().hex[:12]}@example.com"
        return create_local(session, "contact", {**name, "email": email}, by="sample data").id
