"""Values that break careless software: they arrive whole, or they are told apart, and nothing is half written."""

from __future__ import annotations

from datetime import timedelta

import pytest

from jobs.records import RecordError
from tests.support.office import Office

SCRIPTS = [
    "🎉👩‍👩‍👧‍👦 family",
    "מנהלת رئيسة קניות",
    "\u202eright to left\u202c",
    "e\u0301 is not é",
    "'; DROP TABLE contact; --",
    "<script>alert(1)</script>",
    "{{ 7 * 7 }} @{before.records}",
    'a\\b "quoted" %s {0}',
    "𝕊𝕒𝕞𝕡𝕝𝕖",
]


@pytest.fixture
def ana(each_office: Office) -> str:
    office = each_office
    office.map_field("Contact", "Lead_Score__c", "lead_score")
    office.map_field("Contact", "Description", "notes")
    ana = office.in_crm("Contact", FirstName="Ana", LastName="Sample", Email="ana@example.com", Title="Buyer")
    office.sync("Contact", ana)
    return ana


def test_every_script_and_sign_travels_both_ways(each_office: Office, ana: str) -> None:
    office = each_office
    local_id = office.linked("Contact", ana)
    office.edit(ana, Description="\n".join(SCRIPTS))
    office.sync("Contact", ana)
    assert office.values(local_id, "notes") == {"notes": "\n".join(SCRIPTS)}
    office.change(local_id, notes="\n".join(reversed(SCRIPTS)))
    told = office.sync("Contact", ana)
    assert office.shown_in_crm(ana, "Description") == {"Description": "\n".join(reversed(SCRIPTS))}
    assert told.changes == {("notes", "crm", "\n".join(SCRIPTS), "\n".join(reversed(SCRIPTS)))}
    assert office.sync("Contact", ana).outcome == "unchanged"


@pytest.mark.parametrize("unstorable", ["half \ud83d a pair", "nothing \x00 here"])
def test_what_no_database_stores_is_replaced_before_it_is_kept_or_sent(
    each_office: Office, ana: str, unstorable: str
) -> None:
    office = each_office
    office.change(office.linked("Contact", ana), job_title=unstorable)
    told = office.sync("Contact", ana)
    assert told.status == "succeeded"
    title = office.shown_in_crm(ana, "Title")["Title"]
    assert title == office.values(office.linked("Contact", ana))["job_title"]
    assert "\ufffd" in title
    assert office.sync("Contact", ana).outcome == "unchanged"


def test_a_nul_from_the_crm_is_replaced_too(each_office: Office, ana: str) -> None:
    office = each_office
    office.edit(ana, Title="nothing \x00 here", LastName="Sam\x00ple")
    told = office.sync("Contact", ana)
    assert told.outcome == "updated"
    assert office.values(office.linked("Contact", ana), "job_title") == {"job_title": "nothing \ufffd here"}
    assert told.entry.record_name == "Ana Sam\ufffdple"


def test_a_long_text_of_the_crm_arrives_whole(each_office: Office, ana: str) -> None:
    text = "ü€😀 " * 6_000
    each_office.edit(ana, Description=text)
    each_office.sync("Contact", ana)
    assert each_office.values(each_office.linked("Contact", ana), "notes") == {"notes": text.strip()}


def test_300_kilobytes_of_ours_are_refused_and_everything_else_goes(each_office: Office, ana: str) -> None:
    office = each_office
    local_id = office.linked("Contact", ana)
    office.change(local_id, notes="x" * 300_000, job_title="Owner")
    told = office.sync("Contact", ana)
    assert (told.status, told.left_alone) == ("partial", {"notes": "STRING_TOO_LONG"})
    assert told.written == {"Title": "Owner"}
    assert len(office.values(local_id)["notes"]) == 300_000


@pytest.mark.parametrize("number", ["1e400", "-1e400", "nan", "inf", "twelve", True])
def test_a_number_that_is_none_is_not_let_in_here(each_office: Office, ana: str, number: object) -> None:
    with pytest.raises(RecordError, match="Lead score"):
        each_office.change(each_office.linked("Contact", ana), lead_score=number)


def test_a_number_too_big_for_the_field_is_refused_by_name(each_office: Office, ana: str) -> None:
    office = each_office
    office.change(office.linked("Contact", ana), lead_score=1e300, job_title="Owner")
    told = office.sync("Contact", ana)
    assert (told.status, told.written) == ("partial", {"Title": "Owner"})
    assert list(told.left_alone) == ["lead_score"]


@pytest.mark.parametrize("stray", ["twelve", 10**400, [1]])
def test_a_stray_value_of_ours_leaves_only_its_own_field_alone(office: Office, stray: object) -> None:
    """An import may have put anything there. The field says so; the record goes on."""
    office.map_field("Contact", "Lead_Score__c", "lead_score")
    ana = office.in_crm("Contact", LastName="Sample", Email="ana@example.com", Lead_Score__c=5)
    office.sync("Contact", ana)
    local_id = office.linked("Contact", ana)
    office.put_raw(local_id, lead_score=stray, job_title="Owner")
    told = office.sync("Contact", ana)
    assert told.written == {"Title": "Owner"}
    assert told.left_alone == {"lead_score": "VALUE_REFUSED"}
    assert office.shown_in_crm(ana, "Lead_Score__c") == {"Lead_Score__c": 5}


def test_a_value_of_theirs_that_is_not_of_our_type_leaves_only_its_own_field_alone(office: Office) -> None:
    """A text field of theirs was mapped to a number of ours."""
    office.map_field("Contact", "Department", "lead_score", "inbound")
    ana = office.in_crm("Contact", LastName="Sample", Email="ana@example.com", Department="12")
    office.sync("Contact", ana)
    local_id = office.linked("Contact", ana)
    assert office.values(local_id, "lead_score") == {"lead_score": 12}
    office.edit(ana, Department="Twelve", Title="Owner")
    told = office.sync("Contact", ana)
    assert told.changes == {("job_title", "here", None, "Owner")}
    assert told.left_alone == {"lead_score": "VALUE_REFUSED"}
    assert office.values(local_id, "lead_score") == {"lead_score": 12}


def test_a_very_long_name_is_cut_where_names_are_shown(each_office: Office) -> None:
    office = each_office
    deal = office.in_crm("Opportunity", Name="😀" * 60, StageName="Qualification", CloseDate="2027-01-01")
    told = office.sync("Opportunity", deal)
    assert told.outcome == "created"
    assert told.entry.record_name == "😀" * 60


def test_dates_at_the_edge_of_the_calendar(each_office: Office) -> None:
    office = each_office
    deal = office.in_crm("Opportunity", Name="Old", StageName="Qualification", CloseDate="1700-01-01")
    office.sync("Opportunity", deal)
    local_id = office.linked("Opportunity", deal)
    assert office.values(local_id, "close_date") == {"close_date": "1700-01-01"}
    office.change(local_id, close_date="4000-12-31")
    assert office.sync("Opportunity", deal).written == {"CloseDate": "4000-12-31"}


@pytest.mark.parametrize("record_id", ["", "x", "003' OR Id != '", "003000000000001AA!", "../../../limits", "ÄÖÜ" * 5])
def test_a_malformed_id_never_reaches_the_org(office: Office, record_id: str) -> None:
    office.warm("Contact")
    told = office.sync("Contact", record_id)
    assert (told.outcome, told.code, told.calls) == ("failed", "MALFORMED_ID", [])
    assert told.entry.remedy


@pytest.mark.parametrize("day", ["1699-12-31", "4001-01-01"])
def test_a_date_the_crm_does_not_know_is_not_sent(office: Office, day: str) -> None:
    deal = office.in_crm("Opportunity", Name="Old", StageName="Qualification", CloseDate="2027-01-01")
    office.sync("Opportunity", deal)
    office.change(office.linked("Opportunity", deal), close_date=day, name="Older")
    told = office.sync("Opportunity", deal)
    assert told.written == {"Name": "Older"}
    assert told.left_alone == {"close_date": "DATE_OUT_OF_RANGE"}


def test_255_characters_fit_and_256_do_not(office: Office) -> None:
    mill = office.in_crm("Account", Name="Sample Mill", Website="sample-mill.example")
    office.sync("Account", mill)
    ours = office.linked("Account", mill)
    office.change(ours, name="ü" * 255)
    assert office.sync("Account", mill).written == {"Name": "ü" * 255}
    office.change(ours, name="ü" * 256)
    assert office.sync("Account", mill).left_alone == {"name": "STRING_TOO_LONG"}


def test_an_address_with_signs_nobody_sees_finds_its_person(office: Office) -> None:
    ours = office.here("contact", email="\u200bana@example.com\ufeff", last_name="Sample")
    ana = office.in_crm("Contact", LastName="Sample", Email="ana@example.com")
    told = office.sync("Contact", ana)
    assert (office.linked("Contact", ana), told.writes) == (ours, [])


def test_an_account_above_itself_is_refused_by_name_and_everything_else_goes(office: Office) -> None:
    office.map_own_field("Account", "ParentId", "above", "reference")
    mill = office.in_crm("Account", Name="Sample Mill")
    works = office.in_crm("Account", Name="Sample Works", ParentId=mill)
    for each in (mill, works):
        office.sync("Account", each)
    assert office.values(office.linked("Account", works), "above") == {"above": mill}
    assert office.sync("Account", works).outcome == "unchanged"
    for above in (mill, works):  # itself, and one that is below it
        office.change(office.linked("Account", mill), above=above, name=f"Under {above}")
        told = office.sync("Account", mill)
        assert (told.status, told.written) == ("partial", {"Name": f"Under {above}"})
        assert told.left_alone == {"above": "CIRCULAR_DEPENDENCY"}
        assert told.entry.remedy
        office.time_passes()
    assert office.shown_in_crm(mill, "ParentId") == {"ParentId": None}


def test_a_moment_beyond_the_crms_calendar_is_not_sent_and_an_hour_that_is_there_twice_is(office: Office) -> None:
    office.map_own_field("Contact", "Last_Visit__c", "last_visit", "datetime")
    ana = office.in_crm(
        "Contact", LastName="Sample", Email="ana@example.com", Last_Visit__c="2026-10-25T02:30:00+01:00"
    )
    office.sync("Contact", ana)
    ours = office.linked("Contact", ana)
    assert office.values(ours, "last_visit") == {"last_visit": "2026-10-25T01:30:00Z"}
    assert office.sync("Contact", ana).outcome == "unchanged"
    for moment in ("1699-12-31T23:59:59Z", "4001-01-01T00:00:00Z"):
        office.change(ours, last_visit=moment)
        told = office.sync("Contact", ana)
        assert (told.writes, told.left_alone) == ([], {"last_visit": "DATE_OUT_OF_RANGE"})
    office.change(ours, last_visit="2026-10-25T00:30:00Z")
    assert len(office.sync("Contact", ana).written) == 1
    assert office.sync("Contact", ana).outcome == "unchanged"


def test_a_day_here_is_midnight_of_it_where_the_crm_holds_moments(office: Office) -> None:
    office.map_own_field("Contact", "Last_Visit__c", "visit_day", "date")
    ana = office.in_crm("Contact", LastName="Sample", Email="ana@example.com", Last_Visit__c="2026-03-01T15:30:00Z")
    office.sync("Contact", ana)
    ours = office.linked("Contact", ana)
    assert office.values(ours, "visit_day") == {"visit_day": "2026-03-01"}
    assert office.sync("Contact", ana).outcome == "unchanged"
    office.change(ours, visit_day="2026-03-02", job_title="Buyer")
    told = office.sync("Contact", ana)
    assert (told.status, told.written["Title"]) == ("succeeded", "Buyer")
    assert office.shown_in_crm(ana, "Last_Visit__c")["Last_Visit__c"].startswith("2026-03-02T00:00:00")
    assert office.sync("Contact", ana).outcome == "unchanged"
    office.edit(ana, Last_Visit__c="2026-03-02T09:15:00Z")  # another hour of the same day
    assert office.sync("Contact", ana).outcome == "unchanged"
    office.edit(ana, Last_Visit__c="2026-03-03T09:15:00Z")
    assert office.sync("Contact", ana).changes == {("visit_day", "here", "2026-03-02", "2026-03-03")}
    office.change(ours, visit_day="")
    assert office.sync("Contact", ana).written == {"Last_Visit__c": None}


class TestAnAddressWhoseDomainHasOtherLetters:
    """Salesforce takes its ASCII spelling only; the two are one address."""

    def test_it_is_written_in_ascii_however_it_was_typed(self, office: Office) -> None:
        ana = office.in_crm("Contact", LastName="Sample", Email="ana@example.com")
        office.sync("Contact", ana)
        office.change(office.linked("Contact", ana), email="Ana@Bücher.example")
        assert office.sync("Contact", ana).written == {"Email": "ana@xn--bcher-kva.example"}
        office.change(office.linked("Contact", ana), email="ana@bücher.example", ago=timedelta())
        assert office.sync("Contact", ana).outcome == "unchanged"

    def test_an_undo_brings_it_back(self, office: Office) -> None:
        ben = office.in_crm("Contact", LastName="Sample", Email="ben@xn--bcher-kva.example")
        office.sync("Contact", ben)
        office.change(office.linked("Contact", ben), email="ben@example.com")
        told = office.sync("Contact", ben)
        office.time_passes()
        assert office.undo(told).status == "succeeded"
        assert office.shown_in_crm(ben, "Email") == {"Email": "ben@xn--bcher-kva.example"}


def test_of_a_thousand_choices_each_arrives_and_one_that_is_none_is_named(office: Office) -> None:
    values = [{"value": f"v{number}", "label": f"Choice {number}"} for number in range(1_000)]
    sector = {"name": "Sector__c", "label": "Sector", "type": "picklist", "restricted": True, "values": values}
    office.org.control("objects", {"object": "Account", "fields": [sector]})
    office.set_field("Account", "industry", crm_field="Sector__c", direction="two_way")
    mill = office.in_crm("Account", Name="Sample Mill", Sector__c="v500")
    office.sync("Account", mill)
    ours = office.linked("Account", mill)
    assert office.values(ours, "industry") == {"industry": "v500"}
    office.change(ours, industry="choice 999")
    assert office.sync("Account", mill).written == {"Sector__c": "v999"}
    office.change(ours, industry="v1000")
    told = office.sync("Account", mill)
    assert (told.writes, list(told.left_alone)) == ([], ["industry"])
    assert len(told.entry.message) < 500
