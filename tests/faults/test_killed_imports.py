"""Workers are killed in the midst of an import: another one goes on where it was, and nothing is done twice."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from sqlalchemy import select

from jobs.crm.lists import CrmList
from jobs.models import ListImport, ObjectMapping
from jobs.sync.import_ask import ImportAsk
from jobs.tasks import request_import
from tests.faults.conftest import RECOVERY
from tests.faults.installation import Installation, until
from tests.faults.people import Person, new_person
from tests.faults.test_killed_workers import PROMISED_SECONDS


@pytest.fixture(scope="module")
def people(shared_installation: Installation) -> list[Person]:
    """In the order in which an import comes to them."""
    return sorted((new_person(shared_installation) for _ in range(3)), key=lambda each: each.record_id)


@pytest.mark.parametrize("is_written", [False, True], ids=["before the write", "after the write"])
def test_an_import_whose_worker_was_killed_is_finished_once(
    here: Installation, people: list[Person], is_written: bool, record_property: Callable[[str, object], None]
) -> None:
    """One of three is done, the second is being written, and the org has taken that or not."""
    for person in people:
        person.change_both_sides()
    since = here.mark()
    for person in people:
        person.since = since
    second = people[1]
    fault = here.org.fault("hang", f"sobjects/.*{second.record_id}", seconds=3, apply=is_written)
    run_id = ask(here, people)
    until(lambda: bool(second.our_writes()) if is_written else here.has_struck(fault), what="the second is at hand")
    here.kill(*here.workers)
    assert len(second.our_writes()) == is_written
    assert (here.run(run_id).updated_count, place(here, run_id).done) == (1, 1)
    killed_at = time.monotonic()
    here.restart(*here.workers)
    until(lambda: here.is_over(run_id), what="the import completes by itself")
    taken = time.monotonic() - killed_at
    run = here.run(run_id)
    assert (run.status, run.updated_count, place(here, run_id).done) == ("succeeded", 3, 3)
    entries = here.entries_of(run_id)
    assert [each.crm_record_id for each in entries] == [each.record_id for each in people]
    assert all(each.finished_at is not None for each in entries)
    for person in people:
        assert person.change is not None
        old, new = person.change.score
        assert [(each["old"], each["new"]) for each in person.our_writes()] == [
            ({"Lead_Score__c": old}, {"Lead_Score__c": new})
        ]
        person.require_in_step()
    record_property(RECOVERY, [taken])
    assert taken <= PROMISED_SECONDS


def ask(here: Installation, people: list[Person]) -> int:
    """An admin imports a list view with just these people."""
    ids = ", ".join(f"'{each.record_id}'" for each in people)
    name = f"Sample {next(here.numbers)}"
    body = {"object": "Contact", "label": name, "developer_name": name.replace(" ", "_"), "where": f"Id IN ({ids})"}
    found = CrmList(str(here.org.control("list_views", body)["id"]), name, "List view", len(people))
    query = select(ObjectMapping.id).where(ObjectMapping.object == "Contact")
    with here.runtime.database.read() as session:
        mapping_id = session.scalars(query).one()
    return request_import(here.runtime, ImportAsk(mapping_id, found, "admin", "Ada Admin")).run.id


def place(here: Installation, run_id: int) -> ListImport:
    with here.runtime.database.read() as session:
        return session.get_one(ListImport, run_id)
