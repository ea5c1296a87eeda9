"""Whatever dies between the asking and the booking: one record in the CRM, one entry in the log, one link."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from jobs import tasks, worker
from jobs.models import LocalRecord, SyncLogEntry, SyncRun
from jobs.models.run import QUEUED
from jobs.runtime import utc_now
from tests.push.pushing import Place, made, salesforce
from tests.support.office import Office
from tests.support.together import together
from tests.support.told import Told


def require_one(place: Place, object_name: str, local_id: int, *told: Told) -> None:
    """Made once in all these attempts, linked, and told once in the log."""
    [record] = [each for attempt in told for each in made(attempt) if each["object"] == object_name]
    assert place.links(local_id)[object_name] == record["id"]
    last = told[-1]
    assert last.status == "succeeded"
    entries = [each for each in last.entries if each.object == object_name]
    assert [(each.outcome, each.crm_record_id) for each in entries] == [("created", record["id"])]
    assert all(each.finished_at is not None for each in last.entries)
    assert place.claims() == 0


TROUBLES: dict[str, tuple[str, dict[str, Any]]] = {
    "made, and the answer lost": ("lose_response", {}),
    "made, and half an answer": ("half_body", {}),
    "never arrived": ("drop", {}),
    "failed": ("status", {"status": 503}),
}


@pytest.mark.parametrize("trouble", TROUBLES)
def test_an_answer_that_never_came_makes_no_second_record(place: Place, trouble: str) -> None:
    kind, parameters = TROUBLES[trouble]
    ana = place.ana(job_title="Buyer")
    place.trouble(kind, place.person, **parameters)
    first = place.push(place.person, ana)
    assert (first.status, first.entry.finished_at) == (QUEUED, None)
    require_one(place, place.person, ana, first, place.office.again(first))
    assert place.office.sync(place.person, place.links(ana)[place.person]).outcome == "unchanged"


def test_the_account_too_is_made_once(place: Place) -> None:
    place.office.set_object(place.person, makes_accounts=True)
    ana = place.ana(company="Sample Mill")
    place.trouble("lose_response", place.account)
    first = place.push(place.person, ana)
    second = place.office.again(first)
    assert [each["object"] for each in [*made(first), *made(second)]] == [place.account, place.person]
    require_one(place, place.person, ana, first, second)
    assert {each.object: each.outcome for each in second.entries} == {place.account: "created", place.person: "created"}
    assert place.office.how_many("account") == 1


def test_what_was_made_is_booked_though_all_was_switched_off_meanwhile(org: Place) -> None:
    ana = org.ana()
    org.trouble("lose_response", "Contact")
    first = org.push("Contact", ana)
    org.office.set_connection(syncs_enabled=False)
    require_one(org, "Contact", ana, first, org.office.again(first))


def test_what_changed_here_meanwhile_goes_with_the_next_sync(org: Place) -> None:
    ana = org.ana(job_title="Buyer")
    org.trouble("lose_response", "Contact")
    first = org.push("Contact", ana)
    org.office.change(ana, job_title="Owner")
    require_one(org, "Contact", ana, first, org.office.again(first))
    org.office.time_passes()
    assert org.office.sync("Contact", org.links(ana)["Contact"]).changes == {("job_title", "crm", "Buyer", "Owner")}


def test_a_push_that_was_given_up_is_gone_on_with_by_the_next_one(org: Place) -> None:
    """Nothing but the key could find an opportunity again."""
    deal = org.ours("opportunity", name="Mill order", stage="Prospecting", close_date="2027-01-31")
    org.trouble("lose_response", "Opportunity")
    first = org.push("Opportunity", deal)
    org.office.org.fault("status", "", status=503, count=20)
    given_up = org.hour_passes(first)
    assert (given_up.status, given_up.code) == ("failed", "WRITE_UNKNOWN")
    org.office.org.control("faults", method="DELETE")
    told = org.push("Opportunity", deal)
    [record] = made(first)
    assert (told.status, made(told), org.links(deal)) == ("succeeded", [], {"Opportunity": record["id"]})


def test_word_of_the_new_record_makes_no_second_one_here(org: Place) -> None:
    """A webhook is quicker than our own booking: it waits until the record is linked."""
    deal = org.ours("opportunity", name="Mill order", stage="Prospecting", close_date="2027-01-31")
    org.trouble("lose_response", "Opportunity")
    first = org.push("Opportunity", deal)
    [record] = made(first)
    heard = org.office.sync("Opportunity", record["id"])
    assert (heard.status, heard.run.code) == (QUEUED, "CREATING_ALREADY")
    org.office.again(first)
    assert org.office.again(heard).outcome == "unchanged"
    assert org.office.how_many("opportunity") == 1


def test_word_that_finds_ours_by_a_rule_links_it_and_the_push_books_the_rest(org: Place) -> None:
    ana = org.ana()
    org.trouble("lose_response", "Contact")
    first = org.push("Contact", ana)
    [record] = made(first)
    org.office.sync("Contact", record["id"])
    assert org.links(ana) == {"Contact": record["id"]}
    require_one(org, "Contact", ana, first, org.office.again(first))


def test_what_was_found_there_and_being_written_to_is_gone_on_with(place: Place) -> None:
    theirs = place.theirs(place.person, email="ana@mill.example", last_name="Sample")
    ana = place.ana()
    place.office.warm(place.person)
    place.office.org.fault("lose_response", theirs, method="PATCH")
    first = place.push(place.person, ana)
    told = place.office.again(first)
    assert (first.status, told.status, told.outcome) == (QUEUED, "succeeded", "updated")
    assert [len(each.writes) for each in (first, told)] == [1, 0]
    assert told.changes == {("first_name", "crm", None, "Ana")}
    assert (place.links(ana), place.claims()) == ({place.person: theirs}, 0)


def test_what_somebody_linked_elsewhere_while_it_was_made_is_told(org: Place) -> None:
    """It is there, and it is in the log; which of the two is right a person decides."""
    ana = org.ana()
    other = org.theirs("Contact", email="other@mill.example", last_name="Other")
    org.office.warm("Contact")
    with org.office.while_waiting("/composite", lambda: org.link("Contact", other, ana), method="POST"):
        told = org.push("Contact", ana)
    assert (told.status, told.outcome, told.code) == ("succeeded", "created", "MADE_UNLINKED")
    [record] = made(told)
    assert (told.entry.crm_record_id, org.links(ana)) == (record["id"], {"Contact": other})


class TestAtTheSameMoment:
    """Several workers, each with a run of its own."""

    def at_once(self, place: Place, *asked: tuple[str, int]) -> list[Told]:
        office = place.office
        worker.use(office.runtime)
        run_ids = [place.ask(object_name, local_id) for object_name, local_id in asked]
        start = office.next_seq()
        together(*(lambda run_id=run_id: tasks.push_one(run_id) for run_id in run_ids))
        told = [office.told(run_id, since=start) for run_id in run_ids]
        return [office.again(each) if each.status == QUEUED else each for each in told]

    def codes(self, told: list[Told]) -> list[str]:
        return sorted(each.entries[-1].code for each in told)

    def records(self, place: Place) -> int:
        return len([each for each in place.office.org.journal("write") if each["op"] in ("insert", "create")])

    def test_two_of_ours_with_one_address_make_one_contact(self, place: Place) -> None:
        place.office.warm(place.person)
        twins = [place.ana(), place.ana(first_name="Anna")]
        told = self.at_once(place, *((place.person, each) for each in twins))
        assert self.codes(told) == ["", "COUNTERPART_TAKEN"]
        assert self.records(place) == 1

    def test_the_same_on_either_database(self, each_office: Office) -> None:
        place = salesforce(each_office)
        place.office.warm("Contact")
        twins = [place.ana(first_name=f"Ana {number}") for number in range(4)]
        told = self.at_once(place, *(("Contact", each) for each in twins))
        assert self.codes(told) == ["", *3 * ["COUNTERPART_TAKEN"]]
        assert (self.records(place), place.claims()) == (1, 0)

    def test_one_of_ours_does_not_become_a_lead_and_a_contact(self, org: Place) -> None:
        for name in ("Lead", "Contact"):
            org.office.warm(name)
        ana = org.ana(company="Sample Mill")
        assert self.codes(self.at_once(org, ("Lead", ana), ("Contact", ana))) == ["", "LINKED_AS_OTHER"]
        assert self.records(org) == 1

    def test_colleagues_make_one_account(self, org: Place) -> None:
        org.office.set_object("Contact", makes_accounts=True)
        for name in ("Contact", "Account"):
            org.office.warm(name)
        people = [org.ana(), org.ana(first_name="Ben", email="ben@mill.example")]
        told = self.at_once(org, *(("Contact", each) for each in people))
        assert {each.status for each in told} == {"succeeded"}
        assert self.records(org) == 3
        assert org.office.how_many("account") == 1

    def test_one_that_several_people_ask_for_is_one_run(self, each_office: Office) -> None:
        place = salesforce(each_office)
        ana = place.ana()
        assert len(set(together(*(lambda: place.ask("Contact", ana) for _ in range(5))))) == 1

    def test_one_run_is_done_by_one_worker(self, org: Place) -> None:
        ana = org.ana()
        worker.use(org.office.runtime)
        run_id, start = org.ask("Contact", ana), org.office.next_seq()
        together(*(lambda: tasks.push_one(run_id) for _ in range(3)))
        require_one(org, "Contact", ana, org.office.told(run_id, since=start))


def test_a_worker_that_lost_its_run_books_nothing(org: Place) -> None:
    """It was taken for dead while the CRM made the record; the next one asks for the record and books it."""
    ana = org.ana()
    org.office.warm("Contact")
    run_id = org.ask("Contact", ana)
    start = org.office.next_seq()

    def taken_for_dead() -> None:
        past = utc_now() - timedelta(seconds=1)
        with org.office.runtime.database.write() as session:
            session.get_one(SyncRun, run_id).lease_until = past
        with org.office.runtime.database.write() as session:
            session.get_one(SyncRun, run_id).fence += 1

    with org.office.while_waiting("/composite", taken_for_dead, method="POST"):
        org.office.do(run_id)
    assert org.links(ana) == {}
    org.office.do(run_id)
    require_one(org, "Contact", ana, org.office.told(run_id, since=start))
    with org.office.runtime.database.read() as session:
        assert len(session.scalars(select(SyncLogEntry).where(SyncLogEntry.local_record_id == ana)).all()) == 1
        assert session.get_one(LocalRecord, ana).deleted_at is None
