"""A mapped field that changes in the CRM is left alone, alone, with the reason kept where people can read it."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from jobs.models import FieldMapping, ObjectMapping
from tests.support.office import Office


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


def test_a_type_that_does_not_fit_any_more_is_named(office: Office, ana: str) -> None:
    office.set_field("Contact", "job_title", field_type="boolean")
    told = office.sync("Contact", ana)
    assert told.left_alone == {"job_title": "VALUE_REFUSED"}
    assert reasons(office) == {"job_title": "Title is a text in Salesforce now; ours is a checkbox."}
    office.set_field("Contact", "job_title", field_type="text")
    office.sync("Contact", ana)
    assert reasons(office) == {}


def test_an_outward_field_that_we_may_not_write_any_more_is_named(office: Office, ana: str) -> None:
    office.set_field("Contact", "job_title", direction="outbound")
    office.permit(fields={"Contact.Title": "read"})
    office.forget_fields()
    office.sync("Contact", ana)
    assert reasons(office) == {"job_title": "Salesforce does not let us write Title any more."}


def test_an_object_that_is_off_is_not_asked_and_nothing_is_said(office: Office, ana: str) -> None:
    office.permit(fields={"Contact.Title": "hidden"})
    office.forget_fields()
    office.set_object("Contact", enabled=False)
    assert office.sync("Contact", ana).calls == []
    assert reasons(office) == {}
