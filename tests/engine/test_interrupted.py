"""Access ended, and came back: what could not be synced is synced by itself, once, within the rights of who asked."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from jobs import interrupted, schedule
from jobs.models import Connection, ListImport, SyncRun
from jobs.models.connection import ACTIVE, BROKEN
from jobs.runtime import utc_now
from jobs.sync import importing
from tests.support.import_shop import counts, in_hubspot
from tests.support.office import Office
from tests.support.outage import Outage, outage_of
from tests.support.portal_office import PortalOffice
from tests.support.portal_server import PortalServer

READABLE = ["email", "firstname", "lastname", "jobtitle"]  # not phone
EDITABLE = ["email", "firstname", "lastname", "jobtitle"]


@pytest.fixture
def _own_app(office_portal: PortalServer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The installation has an app of its own in the account."""
    for name in ("HUBSPOT_LOGIN_URL", "HUBSPOT_API_URL"):
        monkeypatch.setenv(name, office_portal.url)
    monkeypatch.setenv("HUBSPOT_CLIENT_ID", office_portal.credentials["client_id"])
    monkeypatch.setenv("HUBSPOT_CLIENT_SECRET", office_portal.credentials["client_secret"])


@pytest.fixture
def outage(_own_app: None, portal_office: PortalOffice) -> Outage:
    return outage_of(portal_office)


@pytest.fixture
def ana(outage: Outage) -> str:
    """A contact that both sides agree on."""
    office = outage.office
    ana = office.in_crm("contacts", firstname="Ana", lastname="Sample", email="ana@example.com", jobtitle="Buyer")
    office.sync("contacts", ana)
    return ana


def failed(outage: Outage, record_id: str, **ask: Any) -> SyncRun:
    """A rep clicks while nobody is let in."""
    told = outage.office.sync("contacts", record_id, **ask)
    assert (told.status, told.code) == ("failed", "CONNECTION_BROKEN")
    return told.run


def is_noted(outage: Outage) -> bool:
    return outage.office.connection.interrupted_at is not None


def test_a_click_that_failed_is_done_after_the_sign_in(outage: Outage, ana: str) -> None:
    office = outage.office
    office.change(office.linked("contacts", ana), job_title="Owner")
    outage.begins()
    failed(outage, ana)
    page = outage.sign_in.admin.get(f"/admin/connections/{office.connection_id}").text
    assert "Waiting for it: 1 record." in page
    assert "synced by themselves" in page
    assert "1 record had to wait for the connection. What waited is being synced now." in outage.ends()
    [run] = outage.tick()
    assert (run.trigger, run.requested_by, run.crm_record_id) == ("schedule", "Riley Rep", ana)
    outage.work()
    assert outage.run(run.id).status == "succeeded"
    assert office.shown_in_crm(ana, "jobtitle") == {"jobtitle": "Owner"}
    assert (outage.tick(), is_noted(outage)) == ([], False)


def test_what_was_told_meanwhile_is_looked_at(outage: Outage, ana: str) -> None:
    office = outage.office
    outage.begins()
    office.edit(ana, jobtitle="Director")
    outage.hint(ana)
    assert office.connection.state == BROKEN
    outage.ends()
    [run] = outage.tick()
    assert (run.trigger, run.requested_by, run.readable_fields) == ("schedule", "", None)
    outage.work()
    assert office.values(office.linked("contacts", ana), "job_title") == {"job_title": "Director"}


def test_a_record_that_many_asked_for_is_synced_once(outage: Outage, ana: str) -> None:
    ben = outage.office.in_crm("contacts", lastname="Sample", email="ben@example.com")
    outage.begins()
    for _ in range(2):
        failed(outage, ana)
        outage.hint(ana, ben)
    assert "2 records had to wait for the connection. What waited is being synced now." in outage.ends()
    assert sorted(each.crm_record_id for each in outage.tick()) == sorted([ana, ben])
    outage.work()
    assert (outage.tick(), outage.open_runs(), is_noted(outage)) == ([], [], False)


def test_nothing_is_asked_for_until_access_is_back(outage: Outage, ana: str) -> None:
    outage.begins()
    failed(outage, ana)
    assert (outage.tick(), is_noted(outage)) == ([], True)


def test_a_record_that_was_synced_since_is_left_alone(outage: Outage, ana: str) -> None:
    outage.begins()
    failed(outage, ana)
    outage.ends()
    assert outage.office.sync("contacts", ana).status == "succeeded"
    assert (outage.tick(), is_noted(outage)) == ([], False)


def test_any_way_back_will_do(each_office: Office) -> None:
    """The secret is put right, and somebody's click of another record finds out: on either database."""
    office = each_office
    ana, ben = (office.in_crm("Contact", LastName="Sample", Email=f"{each}@example.com") for each in ("ana", "ben"))
    secret = office.connection.client_secret_sealed
    office.set_connection(client_secret_sealed=office.runtime.vault.seal("another"), access_token_sealed="")
    assert office.sync("Contact", ana).code == "CONNECTION_BROKEN"
    assert office.sync("Contact", ana, readable_fields=["Email"], editable_fields=[]).code == "CONNECTION_BROKEN"
    assert schedule.tick(office.runtime) == []
    office.set_connection(client_secret_sealed=secret)
    assert office.sync("Contact", ben).status == "succeeded"
    [run_id] = schedule.tick(office.runtime)
    told = office.do(run_id)
    assert (told.run.crm_record_id, told.run.readable_fields, told.outcome) == (ana, None, "created")
    assert (schedule.tick(office.runtime), office.connection.interrupted_at) == ([], None)


class TestWhatDiesInBetween:
    def test_the_web_process_after_the_sign_in_and_the_queue_with_it(self, outage: Outage, ana: str) -> None:
        """It has nothing left to do: what the clock finds stands in the database."""
        outage.begins()
        failed(outage, ana)
        outage.ends()
        outage.office.runtime.redis.flushall()
        assert len(outage.tick()) == 1

    def test_the_clock_before_the_queue_hears_of_it(self, outage: Outage, ana: str) -> None:
        outage.begins()
        failed(outage, ana)
        outage.ends()
        [run_id] = interrupted.resume(outage.office.runtime)  # and it is gone
        assert outage.tick() == []
        with outage.office.runtime.database.write() as session:
            session.get_one(SyncRun, run_id).enqueue_at = utc_now()  # some seconds later
        assert [each.id for each in outage.tick()] == [run_id]

    def test_the_access_once_more(self, outage: Outage, ana: str) -> None:
        outage.begins()
        failed(outage, ana)
        outage.ends()
        outage.tick()
        outage.begins()
        outage.work()
        assert (outage.office.connection.state, is_noted(outage)) == (BROKEN, True)


class TestRights:
    """A run that a rep started does no more than it might have done then."""

    def test_they_are_those_of_the_run_that_failed(self, outage: Outage, ana: str) -> None:
        office = outage.office
        linked = office.linked("contacts", ana)
        office.set_field("contacts", "phone", direction="two_way")
        office.change(linked, phone="+1 555 0100", job_title="Owner")
        outage.begins()
        failed(outage, ana, readable_fields=READABLE, editable_fields=EDITABLE)
        outage.ends()
        [run] = outage.tick()
        assert (run.readable_fields, run.editable_fields) == (READABLE, EDITABLE)
        outage.work()
        assert office.shown_in_crm(ana, "jobtitle", "phone") == {"jobtitle": "Owner", "phone": None}

    def test_of_two_people_each_has_a_run_one_after_the_other(self, outage: Outage, ana: str) -> None:
        outage.begins()
        failed(outage, ana, readable_fields=READABLE, editable_fields=EDITABLE)
        failed(outage, ana, readable_fields=["email"], editable_fields=[])
        failed(outage, ana, readable_fields=["email"], editable_fields=[])
        outage.ends()
        asked = []
        while runs := outage.tick():
            asked += [each.readable_fields for each in runs]
            outage.work()
        assert asked == [READABLE, ["email"]]
        assert not is_noted(outage)

    @pytest.mark.parametrize("hint_first", [True, False])
    def test_what_the_crm_told_of_is_looked_at_whole_and_in_nobodys_name(
        self, outage: Outage, ana: str, *, hint_first: bool
    ) -> None:
        outage.begins()
        if hint_first:
            outage.hint(ana)
        failed(outage, ana, readable_fields=READABLE, editable_fields=EDITABLE)
        if not hint_first:
            outage.hint(ana)
        outage.ends()
        [run] = outage.tick()
        assert (run.requested_by, run.readable_fields) == ("", None)
        outage.work()
        assert outage.tick() == []

    def test_what_was_chosen_between_two_values_is_chosen_anew(self, outage: Outage, ana: str) -> None:
        outage.begins()
        failed(outage, ana, choices={"job_title": "local"}, previewed="a stamp")
        outage.ends()
        [run] = outage.tick()
        assert (run.choices, run.previewed) == (None, "")


class TestBounds:
    def test_many_come_in_portions(self, outage: Outage, ana: str, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(interrupted, "PORTION", 2)
        people = [outage.office.in_crm("contacts", lastname="S", email=f"p{n}@example.com") for n in range(5)]
        outage.begins()
        outage.hint(*people)
        outage.ends()
        assert [len(outage.tick()), len(outage.tick())] == [2, 0]
        outage.work()
        assert len(outage.tick()) == 2
        outage.work()
        assert len(outage.tick()) == 1

    def test_a_connection_that_is_let_in_and_refused_again_is_not_asked_all_the_time(
        self, outage: Outage, ana: str
    ) -> None:
        outage.begins()
        failed(outage, ana)
        for _ in range(2):
            # As the token endpoint lets us in while every call is refused.
            outage.office.set_connection(state=ACTIVE)
            runs = outage.tick()
            outage.work()
        assert (runs, is_noted(outage)) == ([], True)
        with outage.office.runtime.database.write() as session:
            for run in session.scalars(select(SyncRun).where(SyncRun.trigger == "schedule")):
                run.finished_at = utc_now() - timedelta(minutes=6)
            session.get_one(Connection, outage.office.connection_id).interrupted_at = utc_now() - timedelta(hours=1)
        outage.ends()
        assert len(outage.tick()) == 1

    def test_switched_off_it_waits_and_an_object_that_is_off_is_passed_over(self, outage: Outage, ana: str) -> None:
        outage.begins()
        failed(outage, ana)
        outage.office.set_connection(syncs_enabled=False)
        assert "What waited is synced once syncs are turned on." in outage.ends()
        assert (outage.tick(), is_noted(outage)) == ([], True)
        outage.office.set_connection(syncs_enabled=True)
        outage.office.set_object("contacts", enabled=False)
        assert (outage.tick(), is_noted(outage)) == ([], False)


class TestImports:
    @pytest.fixture
    def stopped(self, outage: Outage, monkeypatch: pytest.MonkeyPatch) -> SyncRun:
        """Access ended when one member of four was done."""
        monkeypatch.setattr(importing, "PORTION_SECONDS", 0)
        shop = in_hubspot(outage.office)
        list_id = shop.lists.save("Sample list", shop.people("Ana", "Ben", "Cleo", "Dana"))
        run_id = shop.import_(list_id).run.id
        outage.begins()
        told = outage.office.do(run_id)
        assert (told.run.status, told.run.code, counts(told.run)) == ("failed", "CONNECTION_BROKEN", (1, 0, 0, 0, 0))
        return told.run

    def rest(self, outage: Outage) -> SyncRun:
        assert outage.tick() == []  # nothing for the queue of single runs
        [run] = outage.open_runs()
        return run

    def test_one_that_stopped_goes_on_where_it_was(self, outage: Outage, stopped: SyncRun) -> None:
        shop = in_hubspot(outage.office)
        page = outage.sign_in.admin.get(f"/admin/connections/{outage.office.connection_id}").text
        assert "Waiting for it: 1 import." in page
        assert "1 import had to wait for the connection. What waited is being synced now." in outage.ends()
        run = self.rest(outage)
        assert (run.kind, run.trigger, run.requested_by) == ("import", "schedule", stopped.requested_by)
        for _ in range(4):
            told = outage.office.do(run.id)
        assert (told.run.status, counts(told.run)) == ("succeeded", (3, 0, 0, 0, 0))
        place = shop.place(run.id)
        assert (place.list_name, place.done, place.total) == ("Sample list", 4, 4)
        assert (outage.tick(), outage.open_runs(), is_noted(outage)) == ([], [], False)

    def test_one_that_somebody_started_again_is_left_alone(self, outage: Outage, stopped: SyncRun) -> None:
        shop = in_hubspot(outage.office)
        list_id = shop.place(stopped.id).list_id
        outage.ends()
        again = shop.ask(list_id)
        assert outage.tick() == []
        assert [run.id for run in outage.open_runs()] == [again]

    def test_one_that_somebody_stopped_is_left_alone(self, outage: Outage, stopped: SyncRun) -> None:
        with outage.office.runtime.database.write() as session:
            session.get_one(ListImport, stopped.id).cancelled_by = "Ada Admin"
        outage.ends()
        assert (outage.tick(), outage.open_runs(), is_noted(outage)) == ([], [], False)

    def test_one_that_is_refused_again_is_not_tried_all_the_time(self, outage: Outage, stopped: SyncRun) -> None:
        outage.office.set_connection(state=ACTIVE)  # while the app is still out
        outage.office.do(self.rest(outage).id)
        outage.office.set_connection(state=ACTIVE)
        assert (outage.tick(), outage.open_runs(), is_noted(outage)) == ([], [], True)
