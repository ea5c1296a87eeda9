"""Where the rule is `ask`, a conflict opens; a person's choice settles it by the same checked path as any write."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

import pytest

from jobs.models import Conflict
from jobs.runtime import utc_now
from jobs.shown import shown_stamp
from jobs.sync.conflicts import set_rule
from tests.support.office import Office
from tests.support.portal_office import PortalOffice
from tests.support.told import Told


@pytest.fixture
def ana(office: Office) -> str:
    return office.in_crm("Contact", FirstName="Ana", LastName="Sample", Email="ana@example.com", Title="Buyer")


@pytest.fixture
def linked(office: Office, ana: str) -> int:
    office.sync("Contact", ana)
    return office.linked("Contact", ana)


@pytest.fixture
def asked(office: Office, ana: str, linked: int) -> Conflict:
    """Both sides have changed the title, and a sync has looked."""
    office.set_field("Contact", "job_title", conflict_rule="ask")
    office.edit(ana, Title="Theirs")
    office.change(linked, job_title="Ours")
    office.sync("Contact", ana)
    [conflict] = office.conflicts()
    return conflict


def test_it_holds_both_values_with_their_times_and_authors(office: Office, linked: int, asked: Conflict) -> None:
    assert (asked.base, asked.ours, asked.theirs) == ("Buyer", "Ours", "Theirs")
    assert (asked.ours_by, asked.theirs_by) == ("a colleague", office.org.user("rep")["name"])
    assert asked.ours_at is not None
    assert asked.theirs_at is not None
    assert asked.local_record_id == linked


def test_theirs_is_as_old_as_the_field_where_the_crm_tells(portal_office: PortalOffice) -> None:
    """And not as its record, which somebody has touched since."""
    office = portal_office
    ana = office.in_crm("contacts", lastname="Sample", email="ana@example.com", jobtitle="Buyer")
    office.sync("contacts", ana)
    office.set_field("contacts", "job_title", conflict_rule="ask")
    office.edit(ana, jobtitle="Theirs", ago=timedelta(minutes=20))
    office.change(office.linked("contacts", ana), job_title="Ours")
    office.edit(ana, firstname="Ana", ago=timedelta(minutes=1))
    office.sync("contacts", ana)
    [conflict] = office.conflicts()
    assert conflict.theirs_at is not None
    assert conflict.theirs_at < utc_now() - timedelta(minutes=15)


def test_it_is_opened_once_and_kept_up_to_date(office: Office, ana: str, linked: int, asked: Conflict) -> None:
    office.change(linked, job_title="Ours anew")
    assert office.sync("Contact", ana).outcome == "conflict"
    [still] = office.conflicts()
    assert (still.id, still.ours, still.opened_at) == (asked.id, "Ours anew", asked.opened_at)


def test_keeping_theirs_brings_it_here(office: Office, ana: str, linked: int, asked: Conflict) -> None:
    told = office.sync("Contact", ana, choices={"job_title": "crm"})
    assert told.changes == {("job_title", "here", "Ours", "Theirs")}
    assert office.values(linked, "job_title") == {"job_title": "Theirs"}
    assert office.conflicts() == []
    [settled] = office.conflicts(settled=True)
    assert (settled.choice, settled.settled_by) == ("crm", "Riley Rep")


def test_keeping_ours_writes_it_to_the_crm(office: Office, ana: str, asked: Conflict) -> None:
    told = office.sync("Contact", ana, choices={"job_title": "local"})
    assert told.written == {"Title": "Ours"}
    assert told.changes == {("job_title", "crm", "Theirs", "Ours")}
    assert office.conflicts() == []


def test_after_it_is_settled_the_two_are_silent(office: Office, ana: str, asked: Conflict) -> None:
    office.sync("Contact", ana, choices={"job_title": "local"})
    office.time_passes()
    told = office.sync("Contact", ana)
    assert (told.outcome, told.writes) == ("unchanged", [])


def test_the_choice_is_for_one_run_only(office: Office, ana: str, linked: int, asked: Conflict) -> None:
    office.sync("Contact", ana, choices={"job_title": "crm"})
    office.edit(ana, Title="Theirs again")
    office.change(linked, job_title="Ours again")
    assert office.sync("Contact", ana).outcome == "conflict"


def test_always_changes_the_rule_of_the_field(office: Office, ana: str, linked: int, asked: Conflict) -> None:
    with office.runtime.database.write() as session:
        assert set_rule(session, session.get_one(Conflict, asked.id), "crm", by_rep=False)
    office.sync("Contact", ana)
    assert office.conflicts() == []
    office.edit(ana, Title="Theirs again")
    office.change(linked, job_title="Ours again")
    assert office.sync("Contact", ana).changes == {("job_title", "here", "Ours again", "Theirs again")}


def test_it_closes_by_itself_when_one_side_gives_in(office: Office, ana: str, linked: int, asked: Conflict) -> None:
    office.change(linked, job_title="Theirs")
    assert office.sync("Contact", ana).outcome == "unchanged"
    [settled] = office.conflicts(settled=True)
    assert (settled.choice, settled.settled_by) == ("", "")


def test_a_person_who_may_not_write_the_field_does_not_settle_it(office: Office, ana: str, asked: Conflict) -> None:
    told = office.sync("Contact", ana, choices={"job_title": "local"}, readable_fields=["Title"], editable_fields=[])
    assert told.writes == []
    assert told.left_alone == {"job_title": "NOT_YOURS_TO_EDIT"}
    assert len(office.conflicts()) == 1


def test_keeping_theirs_never_writes_ours(office: Office, ana: str, asked: Conflict) -> None:
    """They took it back since: of the two values now, nobody has chosen one."""
    office.edit(ana, Title="Buyer", ago=timedelta(seconds=30))
    require_asked_anew(office, office.sync("Contact", ana, choices={"job_title": "crm"}), ours="Ours", theirs="Buyer")


def test_keeping_ours_overwrites_nothing_that_nobody_was_shown(office: Office, ana: str, asked: Conflict) -> None:
    office.edit(ana, Title="Newer", ago=timedelta(seconds=30))
    require_asked_anew(office, office.sync("Contact", ana, choices={"job_title": "local"}), ours="Ours", theirs="Newer")
    assert office.sync("Contact", ana, choices={"job_title": "local"}).written == {"Title": "Ours"}


def test_keeping_theirs_overwrites_nothing_that_nobody_was_shown(
    office: Office, ana: str, linked: int, asked: Conflict
) -> None:
    office.change(linked, job_title="Ours anew")
    told = office.sync("Contact", ana, choices={"job_title": "crm"})
    require_asked_anew(office, told, ours="Ours anew", theirs="Theirs")


@pytest.mark.parametrize(("direction", "keep"), [("outbound", "crm"), ("inbound", "local")])
def test_a_choice_never_does_the_opposite_though_the_rules_have_changed(
    office: Office, ana: str, asked: Conflict, direction: str, keep: str
) -> None:
    office.set_field("Contact", "job_title", direction=direction)
    told = office.sync("Contact", ana, choices={"job_title": keep})
    assert (told.changes, told.left_alone) == (set(), {"job_title": "CHANGED_SINCE_SHOWN"})


def test_a_choice_holds_for_what_was_shown_though_the_conflict_has_moved_on(
    office: Office, ana: str, asked: Conflict
) -> None:
    office.edit(ana, Title="Newer", ago=timedelta(seconds=30))
    office.sync("Contact", ana)
    for then, moved in ((("Ours", "Theirs"), True), (("Ours", "Newer"), False)):
        shown = {"job_title": shown_stamp(*then)}
        told = office.sync("Contact", ana, choices={"job_title": "local"}, shown=shown)
        assert (told.writes == []) is moved, then


ONE_WAY = [
    ("INBOUND_OFF", {"inbound": False}),
    ("UPDATE_HERE_OFF", {"may_update_here": False}),
    ("OUTBOUND_OFF", {"outbound": False}),
    ("UPDATE_THERE_OFF", {"may_update_there": False}),
]


@pytest.mark.parametrize(("code", "switches"), ONE_WAY, ids=[code for code, _ in ONE_WAY])
def test_where_a_side_may_not_be_written_nobody_is_asked(
    office: Office, ana: str, asked: Conflict, code: str, switches: dict[str, bool]
) -> None:
    """Both values stay: a question with one answer is none."""
    office.set_object("Contact", **switches)
    told = office.sync("Contact", ana)
    assert (told.outcome, told.writes, office.conflicts()) == ("unchanged", [], [])
    [settled] = office.conflicts(settled=True)
    assert (settled.choice, settled.settled_by) == ("", "")
    office.set_object("Contact", **dict.fromkeys(switches, True))
    assert office.sync("Contact", ana).outcome == "conflict"


@pytest.mark.parametrize(("keep", "code", "switches"), [("crm", *ONE_WAY[0]), ("local", *ONE_WAY[2])])
def test_a_choice_that_a_switch_holds_back_is_told_so_and_the_conflict_is_over(
    office: Office, ana: str, asked: Conflict, keep: str, code: str, switches: dict[str, bool]
) -> None:
    office.set_object("Contact", **switches)
    told = office.sync("Contact", ana, choices={"job_title": keep})
    assert (told.changes, told.left_alone, told.code) == (set(), {"job_title": code}, code)
    assert "switched off" in told.entry.message
    assert office.conflicts() == []
    assert [each.choice for each in office.conflicts(settled=True)] == [""]


@pytest.mark.parametrize("keep", ["", "crm", "local"])
def test_where_only_blanks_are_filled_two_filled_values_ask_nobody(
    office: Office, ana: str, asked: Conflict, keep: str
) -> None:
    office.set_field("Contact", "job_title", write_rule="fill_blank")
    if not keep:
        assert (office.sync("Contact", ana).outcome, office.conflicts()) == ("unchanged", [])
        return
    told = office.sync("Contact", ana, choices={"job_title": keep})
    assert (told.left_alone, told.code) == ({"job_title": "FILLS_BLANK_ONLY"}, "FILLS_BLANK_ONLY")
    assert office.conflicts() == []


def test_a_blank_that_is_not_taken_is_told_so_and_the_other_answer_settles_it(
    office: Office, ana: str, linked: int, asked: Conflict
) -> None:
    office.set_field("Contact", "job_title", may_clear_crm=False)
    office.change(linked, job_title=None)
    assert office.sync("Contact", ana).outcome == "conflict"
    told = office.sync("Contact", ana, choices={"job_title": "local"})
    assert (told.writes, told.left_alone) == ([], {"job_title": "MAY_NOT_CLEAR"})
    assert len(office.conflicts()) == 1
    office.sync("Contact", ana, choices={"job_title": "crm"})
    assert (office.values(linked, "job_title"), office.conflicts()) == ({"job_title": "Theirs"}, [])


def require_asked_anew(office: Office, told: Told, *, ours: str, theirs: str) -> None:
    assert (told.changes, told.outcome, told.code) == (set(), "conflict", "CHANGED_SINCE_SHOWN")
    assert told.left_alone == {"job_title": "CHANGED_SINCE_SHOWN"}
    assert "changed since they were shown" in told.entry.message
    [still] = office.conflicts()
    assert (still.ours, still.theirs) == (ours, theirs)


@pytest.mark.parametrize("kept", ["12", "12.0", "1e20", "1.5e300"])
def test_a_number_is_the_one_that_was_shown_in_whatever_form_a_database_gives_it_back(kept: str) -> None:
    as_whole = int(Decimal(kept))
    assert shown_stamp(float(kept), None) == shown_stamp(as_whole, None)
    assert shown_stamp(float(kept), None) != shown_stamp(None, as_whole)
    assert shown_stamp(1, "1") != shown_stamp(True, "1")


def test_a_killed_worker_does_not_settle_half(office: Office, ana: str, asked: Conflict) -> None:
    """The choice is on the run's row: whoever takes the run over decides alike."""
    run_id = office.ask("Contact", ana, choices={"job_title": "local"})
    office.org.fault("status", "/composite", status=503, count=4)
    told = office.do(run_id)
    assert told.status == "queued"
    office.org.control("faults", method="DELETE")
    told = office.again(told)
    assert told.written == {"Title": "Ours"}
    assert office.conflicts() == []
