"""What a run leaves in the books: one entry, each change with its old and new value, and a row that agrees with it."""

from __future__ import annotations

from datetime import timedelta

import pytest

from jobs.runtime import utc_now
from jobs.sync.words import known_codes, words
from tests.support.office import Office
from tests.support.told import Told

COUNTS = ("created_count", "updated_count", "unchanged_count", "skipped_count", "failed_count")


@pytest.fixture
def ana(each_office: Office) -> str:
    return each_office.in_crm("Contact", FirstName="Ana", LastName="Sample", Email="ana@example.com", Title="Buyer")


def counts(told: Told) -> dict[str, int]:
    return {name.removesuffix("_count"): getattr(told.run, name) for name in COUNTS if getattr(told.run, name)}


def test_each_outcome_is_counted_once(each_office: Office, ana: str) -> None:
    office = each_office
    assert counts(office.sync("Contact", ana)) == {"created": 1}
    assert counts(office.sync("Contact", ana)) == {"unchanged": 1}
    office.edit(ana, Title="Owner")
    assert counts(office.sync("Contact", ana)) == {"updated": 1}
    office.set_object("Contact", enabled=False)
    assert counts(office.sync("Contact", ana)) == {"skipped": 1}


def test_an_entry_says_which_record_whose_click_and_when(each_office: Office, ana: str) -> None:
    office = each_office
    entry = office.sync("Contact", ana).entry
    assert (entry.object, entry.crm_record_id, entry.record_name) == ("Contact", ana, "Ana Sample")
    assert (entry.local_record_id, entry.by) == (office.linked("Contact", ana), "Riley Rep")
    assert entry.finished_at is not None
    assert utc_now() - timedelta(minutes=2) < entry.created_at <= entry.finished_at <= utc_now()


def test_each_change_has_its_field_side_old_and_new_value_and_rule(each_office: Office, ana: str) -> None:
    office = each_office
    office.sync("Contact", ana)
    office.edit(ana, FirstName="Anna")
    office.change(office.linked("Contact", ana), job_title="Owner")
    changes = {each["field"]: each for each in office.sync("Contact", ana).entry.changes}
    first_name, job_title = changes["first_name"], changes["job_title"]
    assert first_name == {
        "field": "first_name",
        "crm_field": "FirstName",
        "label": "First name",
        "type": "text",
        "side": "here",
        "old": "Ana",
        "new": "Anna",
        "rule": "CHANGED_IN_CRM",
    }
    assert (job_title["side"], job_title["old"], job_title["new"]) == ("crm", "Buyer", "Owner")
    assert (job_title["crm_field"], job_title["rule"]) == ("Title", "CHANGED_HERE")


@pytest.mark.parametrize(
    ("there", "here", "direction"),
    [
        ({"FirstName": "Anna"}, {}, "inbound"),
        ({}, {"job_title": "Owner"}, "outbound"),
        ({"FirstName": "Anna"}, {"job_title": "Owner"}, "two_way"),
        ({}, {}, ""),
    ],
)
def test_the_direction_is_that_of_what_moved(
    each_office: Office, ana: str, there: dict[str, str], here: dict[str, str], direction: str
) -> None:
    office, now = each_office, timedelta(minutes=1)
    office.sync("Contact", ana)
    if there:
        office.edit(ana, user="rep", ago=now, **there)
    if here:
        office.change(office.linked("Contact", ana), ago=now, **here)
    assert office.sync("Contact", ana).entry.direction == direction


def test_every_write_the_org_saw_is_in_the_log_with_the_orgs_old_value(each_office: Office, ana: str) -> None:
    office = each_office
    office.sync("Contact", ana)
    local_id = office.linked("Contact", ana)
    for title in ("Owner", "Director", None, "Buyer"):
        office.time_passes()
        office.change(local_id, job_title=title)
        told = office.sync("Contact", ana)
        [write] = told.writes
        [change] = told.entry.changes
        assert (change["side"], change["old"], change["new"]) == ("crm", write["old"]["Title"], write["new"]["Title"])
        assert told.run.calls == len(told.calls) == 2


def test_the_row_tells_its_own_life(each_office: Office, ana: str) -> None:
    office = each_office
    run_id = office.ask("Contact", ana, requested_by_id="005000000000003AAA")
    run = office.do(run_id).run
    assert (run.kind, run.trigger, run.status, run.step) == ("single", "panel", "succeeded", "")
    assert (run.requested_by, run.requested_by_id) == ("Riley Rep", "005000000000003AAA")
    assert run.started_at is not None
    assert run.finished_at is not None
    assert run.created_at <= run.started_at <= run.finished_at
    assert (run.lease_until, run.attempts) == (None, 1)


def test_a_finished_run_is_not_done_again(each_office: Office, ana: str) -> None:
    office = each_office
    told = office.sync("Contact", ana)
    again = office.do(told.run.id)
    assert (again.calls, len(again.entries), again.run.version) == ([], 1, told.run.version)


def test_where_a_value_came_from_is_kept_beside_it(each_office: Office, ana: str) -> None:
    office = each_office
    office.sync("Contact", ana)
    office.edit(ana, Title="Owner")
    office.sync("Contact", ana)
    local_id = office.linked("Contact", ana)
    office.change(local_id, first_name="Anna")
    said = office.local(local_id).provenance
    assert (said["job_title"]["by"], said["job_title"]["source"]) == ("Riley Rep", "salesforce")
    assert (said["first_name"]["by"], said["first_name"]["source"]) == ("a colleague", "here")


def test_a_failure_leaves_one_entry_with_cause_remedy_and_code(each_office: Office, ana: str) -> None:
    office = each_office
    office.sync("Contact", ana)
    office.change(office.linked("Contact", ana), job_title="x" * 200)
    told = office.sync("Contact", ana)
    assert counts(told) == {"failed": 1}
    assert (told.entry.code, told.run.code) == ("STRING_TOO_LONG", "STRING_TOO_LONG")
    assert told.entry.message == told.run.message == "Salesforce refused Job title: the text is too long."
    assert told.entry.remedy == "Shorten it, then sync again."


def test_a_run_that_had_to_wait_still_ends_with_one_entry(each_office: Office, ana: str) -> None:
    office = each_office
    office.sync("Contact", ana)
    office.change(office.linked("Contact", ana), job_title="Owner")
    office.org.fault("lose_response", "composite")
    waiting = office.sync("Contact", ana)
    assert waiting.entry.finished_at is None  # the intent
    done = office.again(waiting)
    assert len(done.entries) == 1
    assert done.run.calls == len(waiting.calls) + len(done.calls)
    assert counts(done) == {"updated": 1}


def test_every_code_reads_as_a_sentence_with_a_remedy() -> None:
    for code in known_codes():
        said = words(code, crm="Salesforce", object_label="Contact", fields="Job title", detail="As told")
        assert said.message.endswith("."), code
        assert said.remedy.endswith("."), code
        assert "{" not in said.message + said.remedy, code
