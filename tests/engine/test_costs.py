"""What a sync costs, counted by the org: one call to read, one more when something is written, and nothing else."""

from __future__ import annotations

import pytest

from tests.support.office import Office

READ = "GET queryAll"
WRITE = "POST composite"


@pytest.fixture
def ana(office: Office) -> str:
    """A contact that both sides know and agree on. Token and fields are known, as in any process at work."""
    ana = office.in_crm("Contact", FirstName="Ana", LastName="Sample", Email="ana@example.com", Title="Buyer")
    office.warm("Contact")
    assert office.sync("Contact", ana).outcome == "created"
    return ana


def test_nothing_to_do_costs_one_call(office: Office, ana: str) -> None:
    told = office.sync("Contact", ana)
    assert (told.outcome, told.calls, told.run.calls) == ("unchanged", [READ], 1)


def test_taking_a_change_over_costs_one_call(office: Office, ana: str) -> None:
    office.edit(ana, Title="Head of Buying")
    told = office.sync("Contact", ana)
    assert (told.outcome, told.calls, told.run.calls) == ("updated", [READ], 1)


def test_writing_a_change_costs_two_calls(office: Office, ana: str) -> None:
    office.change(office.linked("Contact", ana), job_title="Head of Buying")
    told = office.sync("Contact", ana)
    assert (told.outcome, told.calls, told.run.calls) == ("updated", [READ, WRITE], 2)


def test_changes_both_ways_cost_two_calls(office: Office, ana: str) -> None:
    office.change(office.linked("Contact", ana), job_title="Head of Buying")
    office.edit(ana, FirstName="Anna")
    told = office.sync("Contact", ana)
    assert (told.outcome, told.calls, told.run.calls) == ("updated", [READ, WRITE], 2)
    assert told.entry.direction == "two_way"


def test_the_first_sync_of_all_also_asks_for_a_token_and_for_the_fields(office: Office) -> None:
    told = office.sync("Contact", office.in_crm("Contact", LastName="Sample", Email="ana@example.com"))
    assert told.calls == ["POST token", "GET describe", READ]


def test_fields_are_asked_for_once_per_object_not_per_process(office: Office, ana: str) -> None:
    """Another process finds token and fields in the database."""
    office.runtime.describes.clear()
    assert office.sync("Contact", ana).calls == [READ]


def test_every_call_is_counted_for_the_day(office: Office, ana: str) -> None:
    before = office.calls_today()
    office.change(office.linked("Contact", ana), job_title="Head of Buying")
    office.sync("Contact", ana)
    office.sync("Contact", ana)
    assert office.calls_today() == before + 3


@pytest.mark.parametrize("side", ["connection", "object"])
def test_what_is_switched_off_costs_nothing(office: Office, ana: str, side: str) -> None:
    if side == "connection":
        office.set_connection(syncs_enabled=False)
    else:
        office.set_object("Contact", enabled=False)
    assert office.sync("Contact", ana).calls == []


def test_a_crm_that_moved_on_between_read_and_write_costs_one_more_round(office: Office, ana: str) -> None:
    """Our own CRM write is refused by the CRM, and everything is read again; no third kind of call is ever made."""
    office.change(office.linked("Contact", ana), job_title="Head of Buying")
    with office.while_waiting("composite", lambda: office.edit(ana, FirstName="Anna")):
        told = office.sync("Contact", ana)
    assert told.calls == [READ, WRITE, READ, WRITE]
    assert office.shown_in_crm(ana, "FirstName", "Title") == {"FirstName": "Anna", "Title": "Head of Buying"}
