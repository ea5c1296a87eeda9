"""A choice that the CRM has lost and that is still needed here: its field waits, alone, until it is back or let go."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import pytest
from sqlalchemy import event, select

from jobs.asking import Ask
from jobs.models import CustomField, FieldMapping, ObjectMapping
from jobs.runtime import utc_now
from jobs.sync.drift import let_go
from jobs.sync.preview import preview
from tests.support.office import Office
from tests.support.portal_office import PortalOffice

MINING, FARMING, FISHING = ("S1", "Mining"), ("S2", "Farming"), ("S3", "Fishing")


@dataclass
class Mill:
    """A company there and here, in step, whose industry is a choice of the CRM's own making."""

    office: Office
    object: str
    field: str
    name: str  # of the CRM field that its name is in
    record_id: str = ""

    @property
    def ours(self) -> int:
        return self.office.linked(self.object, self.record_id)

    @property
    def reason(self) -> str:
        """Why the industry waits."""
        return self.mapping().paused_reason

    def mapping(self) -> FieldMapping:
        query = select(FieldMapping).join(ObjectMapping).where(ObjectMapping.object == self.object)
        with self.office.runtime.database.read() as session:
            return session.scalars(query.where(FieldMapping.crm_field == self.field)).one()

    def offer(self, *options: tuple[str, str], kind: str = "", **more: bool) -> None:
        """An admin there changes the choices, some minutes ago."""
        self.office.time_passes()  # a describe is told from an older one by the second
        values = [{"value": value, "label": label, **more} for value, label in options]
        if self.object == "Account":
            made = {"name": self.field, "label": "Sector", "type": kind or "picklist", "restricted": True}
            self.office.org.control("objects", {"object": self.object, "fields": [made | {"values": values}]})
        else:
            made = {"name": self.field, "label": "Sector", "type": "enumeration", "fieldType": "select"}
            self.office.org.control("objects", {"object": self.object, "properties": [made | {"options": values}]})
        self.office.forget_fields()

    def found(self, **fields: str) -> str:
        """One more company, synced."""
        record_id = self.office.in_crm(self.object, **fields)
        self.office.sync(self.object, record_id)
        return record_id


def _built(mill: Mill, kind: str = "", value: str = "S1") -> Mill:
    mill.offer(MINING, FARMING, kind=kind)
    mill.office.set_field(mill.object, "industry", crm_field=mill.field, direction="two_way")
    mill.record_id = mill.found(**{mill.name: "Sample Mill", mill.field: value})
    return mill


@pytest.fixture(params=["salesforce", "hubspot"])
def each_mill(request: pytest.FixtureRequest) -> Mill:
    if request.param == "salesforce":
        return _built(Mill(request.getfixturevalue("office"), "Account", "Sector__c", "Name"))
    return _built(Mill(request.getfixturevalue("portal_office"), "companies", "sector", "name"))


@pytest.fixture
def mill(office: Office) -> Mill:
    return _built(Mill(office, "Account", "Sector__c", "Name"))


def test_a_field_waits_alone_while_a_choice_that_we_hold_is_lost(each_mill: Mill) -> None:
    mill, office = each_mill, each_mill.office
    other = mill.found(**{mill.name: "Other Mill", mill.field: "S2"})
    mill.offer(FARMING, FISHING)
    office.change(office.linked(mill.object, other), industry="S3", name="Other Mill and Sons")
    told = office.sync(mill.object, other)
    assert told.written == {mill.name: "Other Mill and Sons"}
    [left] = told.entry.left_alone
    assert (left["field"], left["code"], left["reason"]) == ("industry", "OPTION_LOST", mill.reason)
    assert "no choice Mining (S1) for Sector any more" in mill.reason


def test_it_goes_on_by_itself_when_the_choice_is_back(each_mill: Mill) -> None:
    mill, office = each_mill, each_mill.office
    other = mill.found(**{mill.name: "Other Mill", mill.field: "S2"})
    mill.offer(FARMING, FISHING)
    office.change(office.linked(mill.object, other), industry="S3")
    assert office.sync(mill.object, other).writes == []
    mill.offer(MINING, FARMING, FISHING)
    assert office.sync(mill.object, other).written == {mill.field: "S3"}
    assert mill.reason == ""


def test_the_reason_says_where_to_put_it_back(mill: Mill) -> None:
    mill.offer(FARMING)
    mill.office.sync("Account", mill.record_id)
    assert mill.reason == (
        "Salesforce has no choice Mining (S1) for Sector any more, and it is still used here. Put it back in "
        "Salesforce: Setup under Object Manager, Account, Fields & Relationships, Sector. If it is not needed, an "
        "admin can let it go under Objects."
    )


def test_it_goes_on_by_itself_when_nothing_here_needs_the_choice_any_more(mill: Mill) -> None:
    office = mill.office
    mill.offer(FARMING)
    office.sync("Account", mill.record_id)
    assert mill.reason
    office.change(mill.ours, industry="S2")
    office.forget_fields()  # as some minutes later
    assert office.sync("Account", mill.record_id).written == {"Sector__c": "S2"}
    assert mill.reason == ""


def test_a_choice_that_nothing_here_needs_may_go(mill: Mill) -> None:
    mill.offer(MINING)
    mill.office.sync("Account", mill.record_id)
    assert (mill.reason, mill.mapping().known_options) == ("", [["S1", "Mining"]])


@pytest.mark.parametrize("options", [(MINING, FARMING, FISHING), (("S1", "Mines"), FARMING), (FARMING, MINING)])
def test_a_new_choice_another_label_and_another_order_are_no_drift(
    mill: Mill, options: tuple[tuple[str, str], ...]
) -> None:
    mill.offer(*options)
    mill.office.change(mill.ours, industry="S2")
    assert mill.office.sync("Account", mill.record_id).written == {"Sector__c": "S2"}
    assert mill.reason == ""


def test_a_choice_that_is_stored_under_another_name_now_is_found_by_its_label(mill: Mill) -> None:
    mill.office.change(mill.ours, industry="Mining")
    mill.offer(("M", "Mining"), FARMING)
    mill.office.sync("Account", mill.record_id)
    assert mill.reason == ""


def test_a_choice_that_is_only_left_out_of_forms_is_no_loss(portal_office: PortalOffice) -> None:
    mill = _built(Mill(portal_office, "companies", "sector", "name"))
    mill.offer(MINING, FARMING, hidden=True)
    portal_office.change(mill.ours, industry="S2")
    assert portal_office.sync("companies", mill.record_id).written == {"sector": "S2"}
    assert mill.reason == ""


def test_what_only_comes_in_needs_no_choice(mill: Mill) -> None:
    mill.office.set_field("Account", "industry", direction="inbound")
    mill.offer(FARMING)
    mill.office.edit(mill.record_id, Sector__c="S2")
    assert mill.office.sync("Account", mill.record_id).changes == {("industry", "here", "S1", "S2")}
    assert mill.reason == ""


def test_of_several_choices_each_is_looked_for(office: Office) -> None:
    office.set_field("Account", "industry", field_type="multi_select")
    mill = _built(Mill(office, "Account", "Sectors__c", "Name"), kind="multipicklist", value="S1;S2")
    assert office.values(mill.ours, "industry") == {"industry": ["S1", "S2"]}
    mill.offer(FARMING, kind="multipicklist")
    office.sync("Account", mill.record_id)
    assert "Mining (S1)" in mill.reason
    assert "Farming" not in mill.reason


def test_what_our_field_offers_is_needed_though_no_record_holds_it(mill: Mill) -> None:
    office = mill.office
    _offer_here(mill, MINING, FARMING)
    mill.offer(MINING)
    office.sync("Account", mill.record_id)
    assert "no choice Farming (S2)" in mill.reason


def test_an_admin_may_let_it_go_and_only_a_record_that_holds_it_is_named(mill: Mill) -> None:
    office = mill.office
    mill.offer(FARMING)
    office.sync("Account", mill.record_id)
    with office.runtime.database.write() as session:
        let_go(session.get_one(FieldMapping, mill.mapping().id))
    other = mill.found(Name="Other Mill", Sector__c="S2")
    assert mill.reason == ""
    office.change(office.linked("Account", other), industry="S1")
    told = office.sync("Account", other)
    assert told.left_alone == {"industry": "OPTION_UNKNOWN_THERE"}
    assert mill.reason == ""


def test_the_preview_knows_it_before_the_first_sync_does(mill: Mill) -> None:
    mill.office.change(mill.ours, industry="S2")
    mill.found(Name="Third Mill", Sector__c="S1")
    mill.offer(FARMING)
    seen = preview(mill.office.runtime, Ask(mill.office.connection_id, "Account", mill.record_id, "panel"))
    assert ([each.why for each in seen.left], seen.in_crm) == (["OPTION_LOST"], ())
    told = mill.office.sync("Account", mill.record_id, previewed=seen.stamp)
    assert (told.code, told.left_alone) == ("", {"industry": "OPTION_LOST"})


def test_it_costs_no_statement_and_no_call_once_it_is_known(mill: Mill) -> None:
    office = mill.office
    office.sync("Account", mill.record_id)
    with statements(office) as before:
        told = office.sync("Account", mill.record_id)
    mill.offer(FARMING)
    office.sync("Account", mill.record_id)
    office.sync("Account", mill.record_id)
    with statements(office) as after:
        assert office.sync("Account", mill.record_id).calls == told.calls
    assert len(after) == len(before)


def _offer_here(mill: Mill, *options: tuple[str, str]) -> None:
    """Our field of the mapping is one with choices of its own."""
    with mill.office.runtime.database.write() as session:
        made = CustomField(kind="account", name="sector", label="Sector", field_type="select", created_at=utc_now())
        made.options = [list(option) for option in options]
        session.add(made)
        session.get_one(FieldMapping, mill.mapping().id).local_field = "sector"


@contextmanager
def statements(office: Office) -> Iterator[list[str]]:
    """What is asked of the database inside the block."""
    said: list[str] = []

    def note(*args: object) -> None:
        said.append(str(args[2]))

    engine = office.runtime.database.engine
    event.listen(engine, "before_cursor_execute", note)
    try:
        yield said
    finally:
        event.remove(engine, "before_cursor_execute", note)
