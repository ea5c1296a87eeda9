"""Asked about a record: why is it (not) synced, why is this field what it is, why so late."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from jobs.mappings import FieldFacts
from jobs.runtime import utc_now
from jobs.sync.explain import explain_record, first_stop
from jobs.sync.explain_field import explain_field
from jobs.sync.explain_steps import Step
from jobs.sync.history import entries_of, field_history
from jobs.sync.inquiry import Asker, look_into
from jobs.sync.rows import RecordKey
from tests.support.office import Office

Case = tuple[dict[str, Any], dict[str, Any], dict[str, Any], str, str]


@pytest.fixture
def ana(office: Office) -> str:
    ana = office.in_crm("Contact", FirstName="Ana", LastName="Sample", Email="ana@example.com", Title="Buyer")
    office.sync("Contact", ana)
    return ana


def walk(office: Office, record_id: str, object_name: str = "Contact", **asker: Any) -> dict[str, Step]:
    key = RecordKey(office.connection_id, object_name, record_id)
    steps = explain_record(look_into(office.runtime, key, Asker(**asker)))
    assert len({each.topic for each in steps}) == len(steps)
    return {each.topic: each for each in steps}


def reason(office: Office, record_id: str, object_name: str = "Contact") -> tuple[str, str]:
    stop = first_stop(tuple(walk(office, record_id, object_name).values()))
    return (stop.topic, stop.code) if stop else ("", "")


def field_walk(office: Office, record_id: str, field: str, **asker: Any) -> dict[str, Step]:
    key = RecordKey(office.connection_id, "Contact", record_id)
    look = look_into(office.runtime, key, Asker(**asker))
    assert look.mapping is not None
    mapping: FieldFacts = next(each for each in look.mapping.fields if each.local_field == field)
    with office.runtime.database.look() as database:
        history = field_history(entries_of(database, key), field)
    return {each.topic: each for each in explain_field(look, mapping, history)}


class TestWhyIsItNotSynced:
    def test_nothing_stands_in_the_way(self, office: Office, ana: str) -> None:
        steps = walk(office, ana)
        assert {each.state for each in steps.values()} == {"ok"}
        assert list(steps) == ["Syncs", "Object", "Direction", "Record", "Email", "Match", "Fields", "Last sync"]
        assert steps["Fields"].sentence == "Both sides hold the same values."

    def test_the_master_switch(self, office: Office, ana: str) -> None:
        office.set_connection(syncs_enabled=False)
        step = walk(office, ana)["Syncs"]
        assert (step.state, step.code, step.remedy) == (
            "stops",
            "SYNCS_OFF",
            "An admin can turn them on under Connections.",
        )

    def test_the_objects_switch(self, office: Office, ana: str) -> None:
        office.set_object("Contact", enabled=False)
        assert reason(office, ana) == ("Object", "OBJECT_OFF")

    def test_both_directions(self, office: Office, ana: str) -> None:
        office.set_object("Contact", inbound=False, outbound=False)
        assert reason(office, ana) == ("Direction", "INBOUND_OFF")

    def test_one_direction_is_worth_a_note(self, office: Office, ana: str) -> None:
        office.set_object("Contact", outbound=False)
        assert walk(office, ana)["Direction"].state == "note"
        assert reason(office, ana) == ("", "")

    def test_an_object_nobody_set_up(self, office: Office) -> None:
        assert reason(office, "500000000000001AAA", "Case") == ("Object", "NOT_MAPPED")

    def test_a_record_without_an_address(self, office: Office) -> None:
        office.set_object("Contact", needs_email=True)
        assert reason(office, office.in_crm("Contact", LastName="Sample")) == ("Email", "NO_EMAIL")

    def test_a_record_that_is_gone(self, office: Office, ana: str) -> None:
        office.org.api("admin").delete(f"/sobjects/Contact/{ana}")
        assert reason(office, ana) == ("Record", "RECORD_DELETED")

    def test_several_of_ours_that_could_be_it(self, office: Office) -> None:
        for name in ("Sample", "Sampel"):
            office.here("contact", last_name=name, email="ben@example.com")
        ben = office.in_crm("Contact", LastName="Sample", Email="ben@example.com")
        assert reason(office, ben) == ("Match", "AMBIGUOUS_MATCH")

    def test_creating_is_not_allowed(self, office: Office) -> None:
        office.set_object("Contact", may_create_here=False)
        assert reason(office, office.in_crm("Contact", LastName="New", Email="new@example.com")) == (
            "Match",
            "CREATE_OFF",
        )

    def test_the_filter_clause_by_clause(self, office: Office, ana: str) -> None:
        clauses = [
            {"field": "LastName", "operator": "is", "value": "Sample"},
            {"field": "Title", "operator": "is", "value": "Owner"},
        ]
        office.set_object("Contact", filter={"all": clauses})
        step = walk(office, ana)["Filter"]
        assert (step.state, step.code) == ("stops", "FILTERED_OUT")
        assert [(each.state, each.sentence[-4:]) for each in step.parts] == [("ok", "yes."), ("note", " no.")]

    def test_it_says_what_the_sync_then_says(self, office: Office, ana: str) -> None:
        """The walk and the engine decide by the same functions."""
        office.set_object("Contact", filter={"all": [{"field": "Title", "operator": "is", "value": "Owner"}]})
        assert reason(office, ana)[1] == office.sync("Contact", ana).code
        office.set_object("Contact", filter=None, needs_email=True)
        office.edit(ana, Email=None)
        assert reason(office, ana)[1] == office.sync("Contact", ana).code


class TestWhySoLate:
    def test_the_daily_limit_is_spent(self, office: Office, ana: str) -> None:
        until = utc_now() + timedelta(hours=2)
        office.set_connection(paused_until=until)
        step = walk(office, ana)["Connection"]
        assert (step.code, step.at) == ("REQUEST_LIMIT_EXCEEDED", until)

    def test_the_crm_does_not_answer_and_the_rest_is_told_of_what_we_saw(self, office: Office, ana: str) -> None:
        office.org.fault("status", "queryAll", count=None, status=503)
        steps = walk(office, ana)
        assert (steps["Record"].state, steps["Record"].at is not None) == ("note", True)
        assert "Match" in steps

    def test_a_run_waits_for_a_worker(self, office: Office, ana: str) -> None:
        office.ask("Contact", ana)
        assert walk(office, ana)["Running"].sentence.startswith("A sync is waiting for its turn")

    def test_it_was_never_asked_for(self, office: Office) -> None:
        ben = office.in_crm("Contact", LastName="Example", Email="ben@example.com")
        assert walk(office, ben)["Last sync"].sentence == "It has never been synced."


class TestWhyThisValue:
    def test_a_difference_says_what_a_sync_would_do_and_by_which_rule(self, office: Office, ana: str) -> None:
        office.edit(ana, Title="Owner")
        assert field_walk(office, ana, "job_title")["Now"].sentence == (
            "Ours would take Salesforce’s value. Only Salesforce had changed it."
        )

    def test_an_undone_sync_leaves_them_apart_and_says_by_whom(self, office: Office, ana: str) -> None:
        office.edit(ana, Title="Owner")
        office.undo(office.sync("Contact", ana))
        assert "because a sync was undone by Riley Rep" in field_walk(office, ana, "job_title")["Now"].sentence

    def test_where_our_value_came_from(self, office: Office, ana: str) -> None:
        office.edit(ana, user="rep", Title="Owner")
        office.sync("Contact", ana)
        assert field_walk(office, ana, "job_title")["Our value"].sentence == (
            "It was last changed in Salesforce by Riley Rep."
        )
        office.change(office.linked("Contact", ana), job_title="Director")
        assert field_walk(office, ana, "job_title")["Our value"].sentence == "It was last changed here by a colleague."

    def test_what_the_mapping_says(self, office: Office, ana: str) -> None:
        office.set_field("Contact", "job_title", conflict_rule="ask", write_rule="fill_blank")
        assert field_walk(office, ana, "job_title")["Mapping"].sentence == (
            "It goes both ways. When both sides change it, a person decides. Only what is empty is filled."
        )

    def test_a_field_that_is_gone_from_the_crm(self, office: Office, ana: str) -> None:
        office.permit(fields={"Contact.Title": "hidden"})
        office.forget_fields()
        assert field_walk(office, ana, "job_title")["Mapping"].code == "FIELD_GONE"


class TestAsSeenLast:
    """Without asking the CRM: for the pages of admins, and for the history of a field."""

    def steps(self, office: Office, record_id: str) -> dict[str, Step]:
        start = office.next_seq()
        key = RecordKey(office.connection_id, "Contact", record_id)
        steps = explain_record(look_into(office.runtime, key, live=False))
        assert office.org.control(f"journal?since={start}&kind=call", method="GET")["entries"] == []
        return {each.topic: each for each in steps}

    def test_it_says_since_when_it_knows_the_record(self, office: Office, ana: str) -> None:
        step = self.steps(office, ana)["Record"]
        assert (step.state, step.sentence, step.at is not None) == ("ok", "Salesforce showed us the record.", True)

    def test_a_record_nobody_has_looked_at_is_no_mystery(self, office: Office, ana: str) -> None:
        ben = office.in_crm("Contact", LastName="Example", Email="ben@example.com")
        assert self.steps(office, ben)["Record"].sentence == "We have not seen it in Salesforce yet."


class TestWhoAsks:
    def test_nothing_is_said_of_a_field_this_person_may_not_see(self, office: Office, ana: str) -> None:
        office.set_object("Contact", filter={"all": [{"field": "Title", "operator": "is", "value": "Owner"}]})
        office.edit(ana, Title="Director")
        steps = walk(office, ana, readable=("FirstName", "LastName", "Email"), editable=("FirstName",))
        everything = repr(steps)
        assert "Title" not in everything
        assert "Owner" not in everything
        assert "Director" not in everything
        assert steps["Your rights"].sentence.startswith("2 fields are hidden from you")
        assert "You may not edit Email, Last name" in steps["Your rights"].sentence

    def test_it_costs_one_call_and_writes_nothing(self, office: Office, ana: str) -> None:
        start = office.next_seq()
        office.edit(ana, Title="Owner")
        before = office.local(office.linked("Contact", ana)).version
        walk(office, ana)
        journal = office.org.control(f"journal?since={start}&kind=call", method="GET")["entries"]
        assert len([each for each in journal if each["path"].endswith("queryAll")]) == 1
        assert office.local(office.linked("Contact", ana)).version == before
