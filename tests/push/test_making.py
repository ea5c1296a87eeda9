"""A record of ours that no CRM knows becomes one of the CRM's: once, with what is ours, and linked from then on."""

from __future__ import annotations

import pytest

from jobs.sync.push_ask import PushRefused
from tests.push.pushing import Place, made


def test_it_is_made_with_our_values_and_linked(place: Place) -> None:
    ana = place.ana(job_title="Buyer")
    told = place.push(place.person, ana)
    assert (told.status, told.outcome, told.entry.direction) == ("succeeded", "created", "outbound")
    [record] = made(told)
    assert place.links(ana) == {place.person: record["id"]}
    assert told.run.crm_record_id == told.entry.crm_record_id == record["id"]
    assert (told.entry.local_record_id, told.entry.record_name) == (ana, "Ana Sample")
    assert told.changes == {
        ("email", "crm", None, "ana@mill.example"),
        ("first_name", "crm", None, "Ana"),
        ("last_name", "crm", None, "Sample"),
        ("job_title", "crm", None, "Buyer"),
    }
    assert place.claims() == 0


def test_afterwards_both_are_in_step_and_silent(place: Place) -> None:
    ana = place.ana()
    place.push(place.person, ana)
    told = place.office.sync(place.person, place.links(ana)[place.person])
    assert (told.outcome, told.writes) == ("unchanged", [])


def test_a_later_change_of_theirs_comes_here(org: Place) -> None:
    ana = org.ana(job_title="Buyer")
    record_id = org.push("Contact", ana).run.crm_record_id
    org.office.edit(record_id, Title="Head of Buying")
    org.office.time_passes()
    assert org.office.sync("Contact", record_id).changes == {("job_title", "here", "Buyer", "Head of Buying")}


def test_what_goes_from_the_crm_to_us_only_is_not_sent(org: Place) -> None:
    ana = org.ana()
    org.office.put_raw(ana, phone="+1 555 0100")
    [record] = made(org.push("Contact", ana))
    assert record["new"].get("Phone") is None


def test_pushing_it_again_syncs_the_two_and_makes_nothing(place: Place) -> None:
    ana = place.ana()
    place.push(place.person, ana)
    told = place.push(place.person, ana)
    assert (told.outcome, made(told)) == ("unchanged", [])
    assert told.entry.crm_record_id == place.links(ana)[place.person]


def test_it_may_become_a_lead_instead(org: Place) -> None:
    told = org.push("Lead", org.ana(company="Sample Mill"))
    [record] = made(told)
    assert (record["object"], record["new"]["Company"]) == ("Lead", "Sample Mill")


def test_an_opportunity_is_made_though_no_rule_could_find_it(org: Place) -> None:
    deal = org.ours("opportunity", name="Mill order", stage="Prospecting", close_date="2027-01-31")
    [record] = made(org.push("Opportunity", deal))
    assert org.links(deal) == {"Opportunity": record["id"]}
    assert org.office.how_many("opportunity") == 1


def test_no_assignment_rule_gives_it_to_somebody_else(org: Place) -> None:
    """A rule of the sample org gives every bank that is saved to its admin."""
    org.office.set_field("Account", "industry", direction="two_way")
    bank = org.ours("account", name="Sample Bank", industry="Banking")
    record_id = org.push("Account", bank).run.crm_record_id
    assert org.office.shown_in_crm(record_id, "Industry", "OwnerId") == {
        "Industry": "Banking",
        "OwnerId": org.office.org.user("integration")["id"],
    }


def test_what_stands_on_the_object_page_counts_at_once(place: Place) -> None:
    """Each switch stops it before anything is asked of the CRM."""
    ana = place.ana()
    place.office.warm(place.person)
    for switch, code in [
        ({"may_create_there": False}, "CREATE_THERE_OFF"),
        ({"outbound": False}, "OUTBOUND_OFF"),
        ({"enabled": False}, "OBJECT_OFF"),
    ]:
        place.office.set_object(place.person, **switch)
        told = place.push(place.person, ana)
        assert (told.outcome, told.code, told.calls) == ("skipped", code, [])
    place.office.set_connection(syncs_enabled=False)
    told = place.push(place.person, ana)
    assert (told.code, told.calls) == ("SYNCS_OFF", [])


def test_a_person_who_is_a_lead_there_does_not_become_a_contact_too(org: Place) -> None:
    lead = org.theirs("Lead", email="ana@mill.example", last_name="Sample", company="Sample Mill")
    org.office.sync("Lead", lead)
    told = org.push("Contact", org.office.linked("Lead", lead))
    assert (told.outcome, told.code, made(told)) == ("skipped", "LINKED_AS_OTHER", [])
    assert f"the Lead Sample ({lead})" in told.entry.message


def test_only_what_is_set_up_for_that_kind_can_be_asked_for(org: Place) -> None:
    mill = org.ours("account", name="Sample Mill")
    for wrong in ("Contact", "Project__c"):
        with pytest.raises(PushRefused):
            org.ask(wrong, mill)
    with pytest.raises(PushRefused):
        org.ask("Contact", 4711)


def test_asking_twice_is_asking_once(org: Place) -> None:
    ana = org.ana()
    assert org.ask("Contact", ana) == org.ask("Contact", ana)
    assert org.ask("Lead", ana) != org.ask("Contact", ana)


class TestWhatItWouldLack:
    def test_a_required_field_that_is_blank_here_is_named_before_anything_is_sent(self, org: Place) -> None:
        told = org.push("Contact", org.ana(last_name=None))
        assert (told.outcome, told.code, made(told)) == ("skipped", "REQUIRED_FIELD_MISSING", [])
        assert "Last Name" in told.entry.message
        assert "Fill in Last name here" in told.entry.remedy
        assert "POST composite" not in told.calls

    def test_a_required_field_that_is_not_mapped_is_named_with_who_can_map_it(self, org: Place) -> None:
        org.office.set_field("Lead", "company", direction="inbound")
        told = org.push("Lead", org.ana(company="Sample Mill"))
        assert (told.code, made(told)) == ("REQUIRED_FIELD_MISSING", [])
        assert "An admin can map Company under Objects" in told.entry.remedy

    def test_what_would_not_pass_the_filter_is_not_made(self, place: Place) -> None:
        clause = {"field": place.names["job_title"], "operator": "is", "value": "Owner"}
        place.office.set_object(place.person, filter={"all": [clause]})
        told = place.push(place.person, place.ana(job_title="Buyer"))
        assert (told.outcome, told.code, made(told)) == ("skipped", "FILTERED_OUT_HERE", [])
        assert "Owner" in told.entry.message
        assert len(made(place.push(place.person, place.ana(email="ben@mill.example", job_title="Owner")))) == 1

    def test_a_filter_on_what_only_the_crm_knows_lets_it_through(self, org: Place) -> None:
        unknown = {"field": "LeadSource", "operator": "is", "value": "Web"}
        org.office.set_object("Contact", filter={"all": [unknown]})
        assert len(made(org.push("Contact", org.ana()))) == 1

    def test_what_the_crm_refuses_is_named_and_nothing_is_half_made(self, org: Place) -> None:
        org.office.map_field("Contact", "Lead_Score__c", "lead_score")
        told = org.push("Contact", org.ana(lead_score=500))
        assert (told.status, told.outcome, made(told)) == ("failed", "failed", [])
        assert told.code == "FIELD_CUSTOM_VALIDATION_EXCEPTION"
        assert "between 0 and 100" in told.entry.message
        assert told.entry.changes == []
        assert org.claims() == 0

    def test_a_required_field_that_only_the_refusal_tells_of_is_named(self, portal: Place) -> None:
        """It became required since we last asked for the fields."""
        portal.push("contacts", portal.ana())
        portal.office.org.control("rules", {"object": "contacts", "required": ["lastname"]})
        told = portal.push("contacts", portal.ana(email="ben@mill.example", last_name=None))
        assert (told.status, told.code, made(told)) == ("failed", "MISSING_REQUIRED_PROPERTY", [])
        assert "Last name" in told.entry.message

    def test_a_person_with_neither_name_nor_address_is_not_made_in_hubspot(self, portal: Place) -> None:
        portal.office.set_object("contacts", needs_email=False)
        told = portal.push("contacts", portal.ours(company="Sample Mill", job_title="Buyer"))
        assert (told.status, told.code, made(told)) == ("failed", "MISSING_REQUIRED_PROPERTY", [])
        assert "Email" in told.entry.message
        assert "Last name" in told.entry.message


class TestUndo:
    def test_what_was_made_there_stays_and_the_undo_says_so(self, org: Place) -> None:
        ana = org.ana(job_title="Buyer")
        told = org.push("Contact", ana)
        undone = org.office.undo(told, trigger="admin")
        assert (undone.outcome, undone.code, undone.writes) == ("skipped", "MADE_THERE", [])
        assert "undo deletes nothing in Salesforce" in undone.entry.message
        assert org.office.shown_in_crm(told.run.crm_record_id, "Title") == {"Title": "Buyer"}
        assert org.office.sync("Contact", told.run.crm_record_id).outcome == "unchanged"
