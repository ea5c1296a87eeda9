"""Both sides come to agree and then fall silent, also where the CRM makes something else of what it is given."""

from __future__ import annotations

from datetime import timedelta

import pytest

from tests.support.office import Office

ROUNDS = 20


def assert_silent(office: Office, object_name: str, record_id: str) -> None:
    """Twenty rounds in which nobody changes anything make no write on either side."""
    local = office.local(office.linked(object_name, record_id))
    for _ in range(ROUNDS):
        told = office.sync(object_name, record_id)
        assert (told.outcome, told.writes, told.calls) == ("unchanged", [], ["GET queryAll"])
    assert office.local(local.id).version == local.version


@pytest.fixture
def ana(office: Office) -> str:
    office.map_field("Contact", "Lead_Score__c", "lead_score")
    office.map_field("Contact", "LeadSource", "notes", label="Lead source")
    ana = office.in_crm("Contact", FirstName="Ana", LastName="Sample", Email="ana@example.com", Title="Buyer")
    office.sync("Contact", ana)
    return ana


@pytest.mark.parametrize(
    ("local_field", "ours", "crm_field", "theirs"),
    [
        ("job_title", "  Owner \n", "Title", "Owner"),  # blanks at the ends
        ("job_title", "Ünïcode 🎉 كتاب", "Title", "Ünïcode 🎉 كتاب"),
        ("lead_score", 12.345, "Lead_Score__c", 12.3),  # fewer digits
        ("notes", "partner referral", "LeadSource", "Partner Referral"),  # its own capitals
        ("email", "Ana.New@Example.COM", "Email", "ana.new@example.com"),  # sent as it is compared
    ],
)
def test_what_the_crm_makes_of_a_value_is_taken_over_at_once(
    office: Office, ana: str, local_field: str, ours: object, crm_field: str, theirs: object
) -> None:
    local_id = office.linked("Contact", ana)
    office.put_raw(local_id, **{local_field: ours})
    told = office.sync("Contact", ana)
    assert told.written[crm_field] == theirs
    assert office.shown_in_crm(ana, crm_field) == {crm_field: theirs}
    office.sync("Contact", ana)
    assert_silent(office, "Contact", ana)


def test_its_rounding_comes_back_within_the_same_run(office: Office, ana: str) -> None:
    local_id = office.linked("Contact", ana)
    office.change(local_id, lead_score=12.345)
    told = office.sync("Contact", ana)
    assert told.changes == {("lead_score", "crm", None, 12.345), ("lead_score", "here", 12.345, 12.3)}
    assert office.values(local_id, "lead_score") == {"lead_score": 12.3}


def test_an_outbound_value_the_crm_rounds_is_left_as_it_is_here(office: Office) -> None:
    office.map_field("Contact", "Lead_Score__c", "lead_score", "outbound")
    ben = office.in_crm("Contact", LastName="Example", Email="ben@example.com")
    local_id = office.here("contact", email="ben@example.com", last_name="Example", lead_score=12.345)
    office.sync("Contact", ben)
    assert_silent(office, "Contact", ben)
    assert office.values(local_id, "lead_score") == {"lead_score": 12.345}
    assert office.shown_in_crm(ben, "Lead_Score__c") == {"Lead_Score__c": 12.3}


def test_several_choices_in_any_order_are_the_same(office: Office) -> None:
    """The CRM keeps them in its own order, we in ours."""
    office.map_field("Contact", "Languages__c", "notes", field_type="multi_select")
    ben = office.in_crm("Contact", LastName="Example", Email="ben@example.com", Languages__c="Spanish;English")
    office.sync("Contact", ben)
    assert office.values(office.linked("Contact", ben), "notes") == {"notes": ["English", "Spanish"]}
    assert_silent(office, "Contact", ben)


def test_a_change_that_lands_in_the_moment_of_our_write_is_kept(office: Office, ana: str) -> None:
    """As a flow or a quick colleague does: another field moves between our read and our write."""
    office.change(office.linked("Contact", ana), job_title="Owner")
    with office.while_waiting("composite", lambda: office.edit(ana, FirstName="Anna", Lead_Score__c=7)):
        told = office.sync("Contact", ana)
    assert told.changes == {
        ("job_title", "crm", "Buyer", "Owner"),
        ("first_name", "here", "Ana", "Anna"),
        ("lead_score", "here", None, 7),
    }
    assert_silent(office, "Contact", ana)


def test_the_same_field_changed_in_that_moment_is_not_overwritten_unseen(office: Office, ana: str) -> None:
    local_id = office.linked("Contact", ana)
    office.change(local_id, job_title="Ours")
    with office.while_waiting("composite", lambda: office.edit(ana, Title="Theirs", ago=timedelta())):
        told = office.sync("Contact", ana)
    assert told.changes == {("job_title", "here", "Ours", "Theirs")}
    assert told.writes == []
    assert_silent(office, "Contact", ana)


def test_our_record_changed_while_the_crm_was_asked(office: Office, ana: str) -> None:
    """A colleague saves ours between our look and our commit: their value goes out, nothing is lost."""
    local_id = office.linked("Contact", ana)
    office.change(local_id, job_title="First")
    with office.while_waiting("composite", lambda: office.change(local_id, first_name="Anna")):
        office.sync("Contact", ana)
    office.sync("Contact", ana)
    assert office.shown_in_crm(ana, "FirstName", "Title") == {"FirstName": "Anna", "Title": "First"}
    assert office.values(local_id, "first_name", "job_title") == {"first_name": "Anna", "job_title": "First"}


def test_what_the_crm_made_of_our_older_value_does_not_win_over_the_newer(office: Office, ana: str) -> None:
    """It rounds what we sent, and meanwhile a colleague clears ours."""
    local_id = office.linked("Contact", ana)
    office.change(local_id, lead_score=12.345)
    with office.while_waiting("composite", lambda: office.change(local_id, lead_score=None)):
        told = office.sync("Contact", ana)
    assert told.changes == {("lead_score", "crm", None, 12.345), ("lead_score", "crm", 12.3, None)}
    assert_silent(office, "Contact", ana)


def test_our_own_write_coming_back_is_nothing_new(office: Office, ana: str) -> None:
    office.change(office.linked("Contact", ana), job_title="Owner")
    office.sync("Contact", ana)
    assert_silent(office, "Contact", ana)


def test_somebody_setting_our_value_in_the_crm_is_nothing_new_either(office: Office, ana: str) -> None:
    office.edit(ana, Title="Owner")
    office.change(office.linked("Contact", ana), job_title="Owner")
    assert_silent(office, "Contact", ana)


@pytest.mark.parametrize("conflict_rule", ["ask", "prefer_crm", "most_recent"])
@pytest.mark.parametrize(
    "off", [{"inbound": False}, {"may_update_here": False}, {}], ids=["inbound off", "update here off", "fill blanks"]
)
def test_its_rounding_is_no_change_of_its_own_where_nothing_of_it_may_come_back(
    office: Office, ana: str, off: dict[str, bool], conflict_rule: str
) -> None:
    rules = {"conflict_rule": conflict_rule} | ({} if off else {"write_rule": "fill_blank"})
    office.set_field("Contact", "lead_score", **rules)
    office.set_object("Contact", **off)
    ours = office.linked("Contact", ana)
    office.change(ours, lead_score=12.345)
    assert office.sync("Contact", ana).changes == {("lead_score", "crm", None, 12.345)}
    assert_silent(office, "Contact", ana)
    office.time_passes()
    office.change(ours, lead_score=20)
    told = office.sync("Contact", ana)
    assert told.outcome == ("updated" if off else "unchanged")
    assert [each["new"] for each in told.writes] == ([{"Lead_Score__c": 20}] if off else [])
    assert office.conflicts() == []
