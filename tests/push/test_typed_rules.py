"""Match rules on a number or a date that no field mapping reads: compared as what it is, in both directions."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from jobs.models import MatchRule, ObjectMapping
from tests.push.pushing import Place, made

FIELDS = {
    "Opportunity": {"name": "Name", "stage": "StageName", "close_date": "CloseDate", "amount": "Amount"},
    "deals": {"name": "dealname", "stage": "dealstage", "close_date": "closedate", "amount": "amount"},
}
STAGES = {"Opportunity": "Prospecting", "deals": "appointmentscheduled"}


@pytest.fixture
def deals(place: Place) -> str:
    return "Opportunity" if place.person == "Contact" else "deals"


def match_by(place: Place, object_name: str, name: str) -> None:
    """The only rule of the object is on this field of ours, and no mapping reads the CRM's."""
    place.office.set_field(object_name, name, enabled=False)
    with place.office.runtime.database.write() as session:
        mapping = session.scalars(select(ObjectMapping).where(ObjectMapping.object == object_name)).one()
        rule = MatchRule(crm_field=FIELDS[object_name][name], local_field=name, compare_as="text", position=0)
        mapping.match_rules = [rule]


def theirs(place: Place, object_name: str, amount: str) -> str:
    values = {"name": "The mill's order", "stage": STAGES[object_name], "close_date": "2027-01-31"}
    named = {FIELDS[object_name][name]: value for name, value in values.items()}
    number: float | str = float(amount) if object_name == "Opportunity" else amount
    return place.office.in_crm(object_name, **named, **{FIELDS[object_name]["amount"]: number})


def ours(place: Place, object_name: str) -> int:
    return place.ours("opportunity", name="Mill order", stage=STAGES[object_name], close_date="2027-01-31", amount=1200)


def test_a_push_asks_for_a_number_as_a_number(place: Place, deals: str) -> None:
    match_by(place, deals, "amount")
    known, deal = theirs(place, deals, "1200.00"), ours(place, deals)
    told = place.push(deals, deal)
    assert (told.status, made(told), place.links(deal)) == ("succeeded", [], {deals: known})


def test_a_sync_finds_ours_however_the_crm_writes_the_number(place: Place, deals: str) -> None:
    match_by(place, deals, "amount")
    known, deal = theirs(place, deals, "1200.00"), ours(place, deals)
    told = place.office.sync(deals, known)
    assert (told.status, place.links(deal)) == ("succeeded", {deals: known})


def test_a_push_asks_for_a_date_as_a_date(org: Place) -> None:
    match_by(org, "Opportunity", "close_date")
    known, deal = theirs(org, "Opportunity", "7"), ours(org, "Opportunity")
    told = org.push("Opportunity", deal)
    assert (told.status, made(told), org.links(deal)) == ("succeeded", [], {"Opportunity": known})
