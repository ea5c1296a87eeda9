"""Before a record is made the CRM is asked whether it is there: a free one is linked, all else is for a person."""

from __future__ import annotations

import pytest

from jobs.models import MatchRule, ObjectMapping
from tests.push.pushing import Place, made


def test_one_that_is_there_is_linked_and_none_is_made(place: Place) -> None:
    theirs = place.theirs(place.person, email="Ana@Mill.example", last_name="Sample", job_title="Buyer")
    ana = place.ana()
    told = place.push(place.person, ana)
    assert (told.status, told.outcome, made(told)) == ("succeeded", "updated", [])
    assert place.links(ana) == {place.person: theirs}
    link = place.office.link(place.person, theirs)
    assert link is not None
    assert link.matched_by == "email"
    assert {("job_title", "here", None, "Buyer"), ("first_name", "crm", None, "Ana")} <= told.changes
    assert told.run.crm_record_id == theirs
    assert place.claims() == 0


def test_what_a_first_meeting_does_is_what_the_object_says(place: Place) -> None:
    theirs = place.theirs(place.person, email="ana@mill.example", last_name="Sampler")
    ana = place.ana()
    place.office.set_object(place.person, duplicate_handling="skip")
    told = place.push(place.person, ana)
    assert (told.outcome, told.code, made(told), place.links(ana)) == ("skipped", "EXISTING_SKIPPED", [], {})
    place.office.set_object(place.person, duplicate_handling="update_missing")
    place.push(place.person, ana)
    assert place.office.values(ana, "last_name") == {"last_name": "Sample"}
    assert place.office.shown_in_crm(theirs, place.names["last_name"]) == {place.names["last_name"]: "Sampler"}


def test_an_account_is_found_by_its_domain_and_then_by_its_name(place: Place) -> None:
    by_domain = place.theirs(place.account, name="The Mill", domain="https://www.mill.example/about")
    by_name = place.theirs(place.account, name="Sample Bakery Ltd.")
    mill = place.ours("account", name="Sample Mill", domain="mill.example")
    bakery = place.ours("account", name="SAMPLE BAKERY", domain="bakery.example")
    assert made(place.push(place.account, mill)) == made(place.push(place.account, bakery)) == []
    assert (place.links(mill), place.links(bakery)) == ({place.account: by_domain}, {place.account: by_name})


def test_several_are_listed_and_none_is_guessed(place: Place) -> None:
    ids = {place.theirs(place.account, name="Sample Mill", domain="mill.example") for _ in range(2)}
    mill = place.ours("account", name="Sample Mill", domain="mill.example")
    told = place.push(place.account, mill)
    assert (told.outcome, told.code, made(told), place.links(mill)) == ("skipped", "AMBIGUOUS_THERE", [], {})
    assert {each["crm_record_id"] for each in told.entry.candidates} == ids
    assert {each["name"] for each in told.entry.candidates} == {"Sample Mill"}


def test_one_that_is_another_record_of_ours_is_named_and_left(place: Place) -> None:
    ana, twin = place.ana(), place.ana(first_name="Anna")
    place.push(place.person, ana)
    told = place.push(place.person, twin)
    assert (told.outcome, told.code, made(told)) == ("skipped", "COUNTERPART_TAKEN", [])
    assert "Ana Sample" in told.entry.message
    assert place.links(twin) == {}


def test_what_was_made_a_moment_ago_is_known_before_the_crm_finds_it(portal: Place) -> None:
    """HubSpot's search lags behind, and companies of one domain it takes any number of."""
    portal.office.org.control("limits", {"search_lag_seconds": 60})
    first, twin = (portal.ours("account", name=name, domain="mill.example") for name in ("Sample Mill", "The Mill"))
    portal.push("companies", first)
    told = portal.push("companies", twin)
    assert (told.code, made(told)) == ("COUNTERPART_TAKEN", [])


def test_what_somebody_kept_apart_is_no_candidate(place: Place) -> None:
    theirs = place.theirs(place.account, name="Sample Mill", domain="mill.example")
    mill = place.ours("account", name="Sample Mill", domain="mill.example")
    place.keep_apart(place.account, theirs, mill)
    told = place.push(place.account, mill)
    if place.account == "companies":  # Salesforce's own rule says that it has the record already
        assert len(made(told)) == 1
    else:
        assert (told.status, told.code, made(told)) == ("failed", "DUPLICATES_DETECTED", [])
    assert theirs not in place.links(mill).values()


def test_one_of_the_same_name_with_another_domain_is_another_company(portal: Place) -> None:
    theirs = portal.theirs("companies", name="Sample Mill Ltd.", domain="other-mill.example")
    mill = portal.ours("account", name="Sample Mill", domain="mill.example")
    told = portal.push("companies", mill)
    assert (told.outcome, len(made(told))) == ("created", 1)
    assert theirs not in portal.links(mill).values()


def test_nor_is_another_of_ours_with_that_name_and_another_domain_taken_for_it(portal: Place) -> None:
    first, other = (portal.ours("account", name="Sample Mill", domain=f"{each}.example") for each in ("one", "two"))
    portal.push("companies", first)
    assert portal.push("companies", other).outcome == "created"
    assert portal.links(first) != portal.links(other)


def test_one_that_was_kept_apart_as_a_lead_is_no_candidate_as_a_contact(org: Place) -> None:
    ana = org.ana()
    lead = org.office.in_crm("Lead", LastName="Sample", Email="ana@mill.example", Company="Sample Mill")
    org.keep_apart("Lead", lead, ana)
    contact = str(org.office.org.control("convert_lead", {"id": lead})["contact_id"])
    told = org.push("Contact", ana)
    assert contact not in org.links(ana).values()
    assert made(told) == []


class TestWhatTheCrmItselfSays:
    """No rule of ours finds the record, and the CRM refuses to make another."""

    @pytest.fixture(autouse=True)
    def no_rules(self, place: Place) -> None:
        with place.office.runtime.database.write() as session:
            for rule in session.query(MatchRule).join(ObjectMapping).where(ObjectMapping.object == place.person):
                session.delete(rule)

    def test_the_one_it_names_becomes_the_link(self, place: Place) -> None:
        theirs = place.theirs(place.person, email="ana@mill.example", last_name="Sample")
        ana = place.ana()
        told = place.push(place.person, ana)
        assert (told.status, told.outcome, made(told)) == ("succeeded", "updated", [])
        assert place.links(ana) == {place.person: theirs}
        assert told.changes == {("first_name", "crm", None, "Ana")}

    def test_one_that_is_another_record_of_ours_is_named_and_left(self, place: Place) -> None:
        ana, twin = place.ana(), place.ana(first_name="Anna")
        place.push(place.person, ana)
        told = place.push(place.person, twin)
        assert (told.outcome, told.code, made(told)) == ("skipped", "COUNTERPART_TAKEN", [])
        assert told.entry.changes == []

    def test_one_that_was_kept_apart_stays_so(self, place: Place) -> None:
        theirs = place.theirs(place.person, email="ana@mill.example", last_name="Sample")
        ana = place.ana()
        place.keep_apart(place.person, theirs, ana)
        told = place.push(place.person, ana)
        assert (told.status, told.outcome, made(told), place.links(ana)) == ("failed", "failed", [], {})
        assert "has this record already" in told.entry.message
