"""Several CRM records for one person, and several workers at once: one record of ours, no duplicate, nothing lost."""

from __future__ import annotations

from collections import Counter

import pytest

from jobs import tasks, worker
from jobs.models.run import QUEUED
from tests.support.office import Office
from tests.support.together import together
from tests.support.told import Told

WORKERS = 4


def at_once(office: Office, *asked: tuple[str, str]) -> list[Told]:
    """One worker for each record, all at the same moment; whoever has to wait goes on afterwards."""
    worker.use(office.runtime)
    run_ids = [office.ask(object_name, record_id) for object_name, record_id in asked]
    start = office.next_seq()
    together(*(lambda run_id=run_id: tasks.sync_single(run_id) for run_id in run_ids))
    told = [office.told(run_id, since=start) for run_id in run_ids]
    return [office.again(each) if each.status == QUEUED else each for each in told]


def twins(office: Office, count: int, email: str = "ana@example.com") -> list[tuple[str, str]]:
    return [("Contact", office.in_crm("Contact", LastName=f"Twin {n}", Email=email)) for n in range(count)]


def test_two_records_with_one_address_one_after_the_other(each_office: Office) -> None:
    office = each_office
    (_, first), (_, second) = twins(office, 2)
    assert office.sync("Contact", first).outcome == "created"
    told = office.sync("Contact", second)
    assert (told.outcome, told.code) == ("skipped", "ALREADY_LINKED")
    assert "another Contact" in told.entry.message
    assert office.how_many("contact") == 1
    assert office.sync("Contact", first).outcome == "unchanged"


def test_the_same_at_the_same_moment_makes_one_record(each_office: Office) -> None:
    office = each_office
    office.warm("Contact")
    outcomes = Counter(told.outcome for told in at_once(office, *twins(office, WORKERS)))
    assert outcomes == {"created": 1, "skipped": WORKERS - 1}
    assert office.how_many("contact") == 1


def test_a_lead_and_a_contact_at_the_same_moment_become_one_person(each_office: Office) -> None:
    office = each_office
    for name in ("Lead", "Contact"):
        office.warm(name)
    lead = office.in_crm("Lead", LastName="Sample", Email="ana@example.com", Company="Sample Mill")
    [(_, contact)] = twins(office, 1)
    told = at_once(office, ("Lead", lead), ("Contact", contact))
    assert {each.status for each in told} == {"succeeded"}
    assert office.linked("Lead", lead) == office.linked("Contact", contact)
    assert office.how_many("contact") == 1


def test_strangers_at_the_same_moment_are_all_made(each_office: Office) -> None:
    office = each_office
    office.warm("Contact")
    strangers = [twins(office, 1, f"person-{n}@example.com")[0] for n in range(WORKERS)]
    assert Counter(told.outcome for told in at_once(office, *strangers)) == {"created": WORKERS}
    assert office.how_many("contact") == WORKERS


def test_one_person_of_ours_wanted_by_two_at_the_same_moment(each_office: Office) -> None:
    """The record exists here: one of the two gets it, the other is told."""
    office = each_office
    office.warm("Contact")
    office.here("contact", email="ana@example.com", last_name="Sample")
    outcomes = Counter(told.outcome for told in at_once(office, *twins(office, 2)))
    assert outcomes == {"updated": 1, "skipped": 1}
    assert office.how_many("contact") == 1


def test_two_sides_of_one_person_written_at_the_same_moment_lose_nothing(each_office: Office) -> None:
    """A lead and a contact are linked to the same record of ours, and a rep changed another field in each."""
    office = each_office
    lead = office.in_crm("Lead", LastName="Sample", Email="ana@example.com", Company="Sample Mill", Title="Buyer")
    [(_, contact)] = twins(office, 1)
    office.sync("Lead", lead)
    office.sync("Contact", contact)
    office.sync("Lead", lead)
    office.time_passes()
    office.edit(lead, FirstName="Anna")
    office.edit(contact, Title="Owner")
    at_once(office, ("Lead", lead), ("Contact", contact))
    local_id = office.linked("Lead", lead)
    assert office.values(local_id, "first_name", "job_title") == {"first_name": "Anna", "job_title": "Owner"}


def test_one_run_is_done_by_one_worker_however_many_are_told(each_office: Office) -> None:
    office = each_office
    office.warm("Contact")
    [(_, ana)] = twins(office, 1)
    worker.use(office.runtime)
    run_id, start = office.ask("Contact", ana), office.next_seq()
    together(*(lambda: tasks.sync_single(run_id) for _ in range(WORKERS)))
    told = office.told(run_id, since=start)
    assert (told.run.attempts, told.outcome, told.calls) == (1, "created", ["GET queryAll"])


@pytest.mark.parametrize("clicks", [2, 10])
def test_clicks_on_one_record_join_one_run(office: Office, clicks: int) -> None:
    [(_, ana)] = twins(office, 1)
    asked = set(together(*(lambda: office.ask("Contact", ana) for _ in range(clicks))))
    assert len(asked) == 1
