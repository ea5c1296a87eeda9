"""When both sides changed the same field: the later change wins, however wrong the CRM's clock is."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tests.support.office import Office

A_MOMENT_AGO = timedelta(minutes=1)
EARLIER = timedelta(minutes=20)


@pytest.fixture(
    params=[0, 1, -1], ids=["clocks agree", "their clock is an hour ahead", "their clock is an hour behind"]
)
def ana(request: pytest.FixtureRequest, office: Office) -> str:
    """A linked contact of a CRM whose clock may be wrong."""
    office.shift_crm_clock(hours=request.param)
    ana = office.in_crm("Contact", FirstName="Ana", LastName="Sample", Email="ana@example.com", Title="Buyer")
    office.sync("Contact", ana)
    return ana


def test_the_crm_changed_last_and_wins(office: Office, ana: str) -> None:
    local_id = office.linked("Contact", ana)
    office.change(local_id, job_title="Ours", ago=EARLIER)
    office.edit(ana, Title="Theirs", ago=A_MOMENT_AGO)
    told = office.sync("Contact", ana)
    assert told.changes == {("job_title", "here", "Ours", "Theirs")}
    assert [each["rule"] for each in told.entry.changes] == ["MOST_RECENT"]
    assert told.writes == []
    assert office.values(local_id, "job_title") == {"job_title": "Theirs"}


def test_we_changed_last_and_win(office: Office, ana: str) -> None:
    office.edit(ana, Title="Theirs", ago=EARLIER)
    office.change(office.linked("Contact", ana), job_title="Ours", ago=A_MOMENT_AGO)
    told = office.sync("Contact", ana)
    assert told.changes == {("job_title", "crm", "Theirs", "Ours")}
    assert office.shown_in_crm(ana, "Title") == {"Title": "Ours"}


def test_each_field_goes_its_own_way(office: Office, ana: str) -> None:
    """One changed here alone, one there alone, one on both sides."""
    local_id = office.linked("Contact", ana)
    office.edit(ana, Title="Theirs", FirstName="Anna", ago=EARLIER)
    office.change(local_id, job_title="Ours", last_name="Samples", ago=A_MOMENT_AGO)
    told = office.sync("Contact", ana)
    assert told.changes == {
        ("first_name", "here", "Ana", "Anna"),
        ("last_name", "crm", "Sample", "Samples"),
        ("job_title", "crm", "Theirs", "Ours"),
    }
    assert told.entry.direction == "two_way"


def test_a_value_that_came_from_the_crm_is_as_old_as_it_was_there(office: Office, ana: str) -> None:
    """What we pulled now but they changed long ago must not look like a change of ours."""
    local_id = office.linked("Contact", ana)
    office.edit(ana, Title="Theirs", ago=EARLIER)
    office.sync("Contact", ana)
    said = office.local(local_id).provenance["job_title"]
    assert (said["source"], said["by"]) == ("salesforce", "Riley Rep")
    age = office.crm_now() - timedelta(seconds=office.crm_clock_seconds) - datetime.fromisoformat(said["at"])
    assert EARLIER - timedelta(minutes=1) < age < EARLIER + timedelta(minutes=2)


def test_both_changed_to_the_same_is_agreement(office: Office, ana: str) -> None:
    office.change(office.linked("Contact", ana), job_title="Owner")
    office.edit(ana, Title="Owner")
    told = office.sync("Contact", ana)
    assert (told.outcome, told.writes) == ("unchanged", [])
    office.edit(ana, Title="Buyer", ago=timedelta())
    assert office.sync("Contact", ana).changes == {("job_title", "here", "Owner", "Buyer")}
