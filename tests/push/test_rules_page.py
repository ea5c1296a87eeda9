"""“Is a record created there?” of docs/sync-rules.md, run from its last line to its first.

Each line is made true on top of all those below it, so that the order of the page is tested with it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.push.pushing import Place, made
from tests.support.told import Told
from tests.sync.rules_document import table


@dataclass
class Case:
    """What is so by now: the values of the record that is pushed next, and what is done to it before."""

    place: Place
    values: dict[str, Any] = field(default_factory=lambda: {"email": "nobody@mill.example", "job_title": "Buyer"})
    pushed: int | None = None  # a record that is there already
    deleted: bool = False

    def told(self) -> Told:
        local_id = self.pushed or self.place.ana(**self.values)
        if self.deleted:
            self.place.office.delete_here(local_id)
        return self.place.push("Contact", local_id)


def there(case: Case, email: str, count: int = 1) -> list[str]:
    """The next one that is pushed has this address, and so have that many in the CRM."""
    case.values["email"] = email
    return [case.place.theirs("Contact", email=email, last_name="Sample") for _ in range(count)]


def one_matches(case: Case) -> None:
    there(case, "one@mill.example")


def several_match(case: Case) -> None:
    there(case, "several@mill.example", 2)


def another_of_ours_matches(case: Case) -> None:
    [theirs] = there(case, "taken@mill.example")
    case.place.office.sync("Contact", theirs)


def does_not_pass(case: Case) -> None:
    clause = {"field": "Title", "operator": "is", "value": "Owner"}
    case.place.office.set_object("Contact", filter={"all": [clause]})


def field_gone(case: Case) -> None:
    case.place.office.permit(fields={"Contact.Email": "hidden"})
    case.place.office.forget_fields()


def a_lead(case: Case) -> None:
    lead = case.place.theirs("Lead", email="lead@mill.example", last_name="Sample", company="Sample Mill")
    case.place.office.sync("Lead", lead)
    case.pushed = case.place.office.linked("Lead", lead)


def linked(case: Case) -> None:
    theirs = case.place.theirs("Contact", email="lead@mill.example", last_name="Sample")
    assert case.pushed is not None
    case.place.link("Contact", theirs, case.pushed)


def filter_gone(case: Case) -> None:
    clause = {"field": "Shoe_Size__c", "operator": "is_empty"}
    case.place.office.set_object("Contact", filter={"all": [clause]})


NEEDS = "the object needs an email address, and"
STATES: dict[str, Callable[[Case], Any]] = {
    "syncs of the connection are off": lambda case: case.place.office.set_connection(syncs_enabled=False),
    "the object is off": lambda case: case.place.office.set_object("Contact", enabled=False),
    "a field of the object's [filter](filters.md) is gone": filter_gone,
    "ours was deleted": lambda case: setattr(case, "deleted", True),
    "ours is linked to a record of this object": linked,
    "ours is a person, and linked to the CRM's other object for people": a_lead,
    "outbound is off": lambda case: case.place.office.set_object("Contact", outbound=False),
    "create there is off": lambda case: case.place.office.set_object("Contact", may_create_there=False),
    f"{NEEDS} the CRM field for it is gone": field_gone,
    f"{NEEDS} ours is blank": lambda case: case.values.update(email=None),
    f"{NEEDS} ours is not written there": lambda case: case.place.office.set_field(
        "Contact", "email", direction="inbound"
    ),
    f"{NEEDS} ours is not one": lambda case: case.values.update(email="ana at mill"),
    "the values it would be made with do not pass the object's filter": does_not_pass,
    "the CRM has one that matches, linked to nobody": one_matches,
    "the CRM has several that match, linked to nobody": several_match,
    "the CRM has one that matches, and it is another record of ours": another_of_ours_matches,
    "a field that the CRM requires would be blank": lambda case: case.values.update(
        email="blank@mill.example", last_name=None
    ),
    "none of these": lambda case: None,
}


def test_the_page_says_what_happens(org: Place) -> None:
    case = Case(org)
    for line in reversed(table("Is a record created there?")):
        STATES[line.facts["what is so"]](case)
        assert outcome(case.told()) == line.outcome[0], line.facts


def outcome(told: Told) -> str:
    if made(told):
        return told.outcome
    # A sync of the two may have found a reason of its own to leave them as they are.
    return "synced" if told.entry.crm_record_id else told.code
