"""A mapped field that changes in the CRM is left alone, alone, with the reason kept where people can read it."""

from __future__ import annotations

import io
import json

import pytest
from sqlalchemy import select

from jobs.models import FieldMapping, ObjectMapping
from tests.support.office import Office
from tests.support.product_log import listening


@pytest.fixture
def ana(office: Office) -> str:
    return office.in_crm("Contact", FirstName="Ana", LastName="Sample", Email="ana@example.com", Title="Buyer")


@pytest.fixture(autouse=True)
def _linked(office: Office, ana: str) -> None:
    office.sync("Contact", ana)


def reasons(office: Office) -> dict[str, str]:
    query = select(FieldMapping).join(ObjectMapping).where(ObjectMapping.object == "Contact")
    with office.runtime.database.read() as session:
        return {each.local_field: each.paused_reason for each in session.scalars(query) if each.paused_reason}


def told_in(log: io.StringIO, event: str) -> list[dict[str, str]]:
    """The lines of the product's log that tell of that event."""
    lines = [json.loads(line) for line in log.getvalue().splitlines()]
    return [line for line in lines if line["event"] == event]


def test_nothing_is_said_of_fields_that_are_as_they_were(office: Office, ana: str) -> None:
    assert reasons(office) == {}


def test_a_field_that_is_hidden_from_us_waits_alone(office: Office, ana: str) -> None:
    office.permit(fields={"Contact.Title": "hidden"})
    office.forget_fields()
    office.edit(ana, FirstName="Anna")
    told = office.sync("Contact", ana)
    assert told.changes == {("first_name", "here", "Ana", "Anna")}
    assert told.left_alone == {"job_title": "FIELD_GONE"}
    assert reasons(office) == {"job_title": "Salesforce has no field Title any more, or hides it from us."}


def test_it_goes_on_by_itself_when_the_field_is_back(office: Office, ana: str) -> None:
    office.permit(fields={"Contact.Title": "hidden"})
    office.forget_fields()
    office.sync("Contact", ana)
    office.time_passes()  # a describe is told from an older one by the second
    office.permit(fields={"Contact.Title": "edit"})
    office.forget_fields()
    office.edit(ana, Title="Owner")
    assert office.sync("Contact", ana).changes == {("job_title", "here", "Buyer", "Owner")}
    assert reasons(office) == {}


class TestItsTypeIsChangedInTheCrm:
    """A code with leading zeros: read as a number, they are gone."""

    CODE = ("Code__c", "notes")
    REASON = "Code is a number in Salesforce now; ours is a long text."

    @pytest.fixture
    def ben(self, office: Office) -> str:
        self.is_now(office, type="string", length=100)
        office.map_field("Contact", *self.CODE)
        ben = office.in_crm("Contact", LastName="Example", Email="ben@example.com", Title="Buyer", Code__c="007")
        office.sync("Contact", ben)
        return ben

    def is_now(self, office: Office, **described: object) -> None:
        office.time_passes()  # a describe is told from an older one by the second
        office.org.control(
            "objects", {"object": "Contact", "fields": [{"name": "Code__c", "label": "Code"} | described]}
        )
        office.forget_fields()

    def becomes_a_number(self, office: Office, ben: str) -> None:
        self.is_now(office, type="double", precision=18, scale=2)
        office.edit(ben, Code__c=7.0)

    @pytest.mark.parametrize("direction", ["two_way", "outbound"])
    def test_a_field_that_goes_out_waits_alone(self, office: Office, ben: str, direction: str) -> None:
        office.set_field("Contact", "notes", direction=direction)
        self.becomes_a_number(office, ben)
        office.edit(ben, Title="Owner")
        with listening(office.runtime.settings) as log:
            told = office.sync("Contact", ben)
        assert told.changes == {("job_title", "here", "Buyer", "Owner")}
        assert told.left_alone == {"notes": "TYPE_MISMATCH"}
        assert office.values(office.linked("Contact", ben), "notes") == {"notes": "007"}
        assert reasons(office) == {"notes": self.REASON}
        assert [line["reason"] for line in told_in(log, "field_paused")] == [self.REASON]

    def test_it_goes_on_by_itself_once_the_type_is_back(self, office: Office, ben: str) -> None:
        self.becomes_a_number(office, ben)
        office.sync("Contact", ben)
        self.is_now(office, type="string", length=100)
        office.edit(ben, Code__c="008")
        with listening(office.runtime.settings) as log:
            told = office.sync("Contact", ben)
        assert told.changes == {("notes", "here", "007", "008")}
        assert reasons(office) == {}
        assert len(told_in(log, "field_resumed")) == 1

    def test_what_only_comes_in_is_taken_as_it_is_now(self, office: Office, ben: str) -> None:
        office.set_field("Contact", "notes", direction="inbound")
        self.becomes_a_number(office, ben)
        assert office.sync("Contact", ben).changes == {("notes", "here", "007", "7")}
        assert reasons(office) == {}

    def test_so_is_what_the_object_does_not_let_out(self, office: Office, ben: str) -> None:
        office.set_object("Contact", outbound=False)
        self.becomes_a_number(office, ben)
        assert office.sync("Contact", ben).changes == {("notes", "here", "007", "7")}
        assert reasons(office) == {}

    def test_a_type_that_not_even_comes_in_waits_in_every_direction(self, office: Office, ben: str) -> None:
        office.set_field("Contact", "notes", direction="inbound")
        self.is_now(office, type="boolean")
        office.edit(ben, Code__c=True)
        told = office.sync("Contact", ben)
        assert (told.changes, told.left_alone) == (set(), {"notes": "TYPE_MISMATCH"})
        assert reasons(office) == {"notes": "Code is a checkbox in Salesforce now; ours is a long text."}


class TestTheCrmLetsUsWriteItNoMore:
    @pytest.fixture(autouse=True)
    def _read_only(self, office: Office, _linked: None) -> None:
        office.time_passes()
        office.permit(fields={"Contact.Title": "read"})
        office.forget_fields()

    def test_an_outward_field_is_named(self, office: Office, ana: str) -> None:
        office.set_field("Contact", "job_title", direction="outbound")
        office.sync("Contact", ana)
        assert reasons(office) == {"job_title": "Salesforce does not let us write Title any more."}

    def test_a_two_way_field_is_named_too_and_still_comes_in(self, office: Office, ana: str) -> None:
        reason = "Salesforce does not let us write Title any more. What changes there still comes in."
        with listening(office.runtime.settings) as log:
            office.sync("Contact", ana)
        assert reasons(office) == {"job_title": reason}
        assert [line["reason"] for line in told_in(log, "field_paused")] == [reason]
        office.edit(ana, Title="Owner")
        assert office.sync("Contact", ana).changes == {("job_title", "here", "Buyer", "Owner")}

    def test_what_changes_here_waits_and_goes_out_by_itself_once_it_may(self, office: Office, ana: str) -> None:
        office.change(office.linked("Contact", ana), job_title="Owner", first_name="Anna")
        told = office.sync("Contact", ana)
        assert (told.written, told.left_alone) == ({"FirstName": "Anna"}, {"job_title": "READ_ONLY_IN_CRM"})
        office.time_passes()
        office.permit(fields={"Contact.Title": "edit"})
        office.forget_fields()
        assert office.sync("Contact", ana).written == {"Title": "Owner"}
        assert reasons(office) == {}

    def test_of_what_is_not_written_anyway_nothing_is_said(self, office: Office, ana: str) -> None:
        office.set_field("Contact", "job_title", direction="inbound")
        office.sync("Contact", ana)
        assert reasons(office) == {}


def test_an_object_that_is_off_is_not_asked_and_nothing_is_said(office: Office, ana: str) -> None:
    office.permit(fields={"Contact.Title": "hidden"})
    office.forget_fields()
    office.set_object("Contact", enabled=False)
    assert office.sync("Contact", ana).calls == []
    assert reasons(office) == {}
