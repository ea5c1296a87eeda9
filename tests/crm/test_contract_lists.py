"""The contract of `ListReader`: which lists there are, and everybody in them exactly once."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from jobs.crm import lists
from jobs.crm.errors import CrmError, NotAllowed, NotFound, Rejected
from jobs.crm.list_readers import lists_of
from jobs.crm.lists import ListReader
from jobs.crm.salesforce_lists import selecting
from tests.crm.adapter_case import AdapterCase, SalesforceCase
from tests.crm.hubspot_case import HubSpotCase
from tests.support.crm_lists import KeptLists, ListViews, StaticLists
from tests.support.office import Office
from tests.support.portal_office import PortalOffice

MORE_THAN_A_PAGE = 205


@dataclass
class Desk:
    case: AdapterCase
    kept: KeptLists
    reader: ListReader
    office: Office

    def people(self, count: int) -> list[str]:
        field = {"Contact": "LastName", "contacts": "lastname"}[self.kept.object]
        body = {"object": self.kept.object, "records": [{field: f"Sample {number}"} for number in range(count)]}
        return [str(each) for each in self.office.org.control("records", body)["ids"]]

    def everybody(self, list_id: str) -> list[str]:
        found: list[str] = []
        after = ""
        while True:
            page = self.reader.members(self.kept.object, list_id, after=after)
            found += page.record_ids
            after = page.after
            if not after:
                return found


@pytest.fixture
def desk(case: AdapterCase) -> Desk:
    assert isinstance(case, SalesforceCase | HubSpotCase)
    office = case.office
    kept: KeptLists = StaticLists(office) if isinstance(office, PortalOffice) else ListViews(office)
    return Desk(case, kept, lists_of(office.connection, case.adapter()), office)


def test_the_lists_of_an_object_by_name(desk: Desk) -> None:
    second, first = desk.kept.save("Zebra sample", []), desk.kept.save("aardvark sample", [])
    found = [each.list_id for each in desk.reader.lists(desk.kept.object)]
    assert [each for each in found if each in (first, second)] == [first, second]
    assert found[0] == first
    assert not {first, second} & {each.list_id for each in desk.reader.lists(desk.kept.other_object)}


def test_a_list_by_a_part_of_its_name(desk: Desk) -> None:
    zebra = desk.kept.save("Zebra sample", [])
    assert [each.list_id for each in desk.reader.lists(desk.kept.object, containing="zEBRa")] == [zebra]
    assert desk.reader.lists(desk.kept.object, containing="no such list") == []


def test_a_list_says_how_many_are_in_it(desk: Desk) -> None:
    zebra = desk.kept.save("Zebra sample", desk.people(3))
    found = desk.reader.list_of(desk.kept.object, zebra)
    assert (found.list_id, found.name, found.size, found.is_usable) == (zebra, "Zebra sample", 3, True)
    assert "list" in found.kind.lower()


def test_everybody_in_a_long_list_is_met_once_and_read_in_few_calls(desk: Desk) -> None:
    people = desk.people(MORE_THAN_A_PAGE)
    long_list = desk.kept.save("Long sample", people)
    found = desk.everybody(long_list)
    assert sorted(found) == sorted(people)
    before = len(desk.case.calls())
    rows = desk.reader.read_many(desk.kept.object, people, desk.case.fields)
    assert set(rows) == set(people)
    assert len(desk.case.calls()) - before <= 7  # with two for the owners
    ana = people[17]
    fresh = desk.case.adapter().read(desk.kept.object, ana, desk.case.fields)
    assert rows[ana] == replace(fresh, read_at=rows[ana].read_at)


def test_a_place_in_the_list_holds_when_its_record_is_gone(desk: Desk) -> None:
    people = desk.people(MORE_THAN_A_PAGE)
    long_list = desk.kept.save("Long sample", people)
    page = desk.reader.members(desk.kept.object, long_list)
    desk.case.delete(page.record_ids[-1])
    rest = desk.reader.members(desk.kept.object, long_list, after=page.after)
    assert not set(page.record_ids) & set(rest.record_ids)
    assert rest.record_ids


def test_the_deleted_are_in_no_list(desk: Desk) -> None:
    ana, ben = desk.people(2)
    both = desk.kept.save("Both", [ana, ben])
    desk.case.delete(ana)
    assert desk.everybody(both) == [ben]


def test_an_empty_list(desk: Desk) -> None:
    assert desk.everybody(desk.kept.save("Nobody", [])) == []


@pytest.mark.parametrize("list_id", ["dropped", "00B000000000001AAA", "987654321", "../1", "x'--", ""])
def test_a_list_that_is_not_there_is_said_to_be_so(desk: Desk, list_id: str) -> None:
    if list_id == "dropped":
        list_id = desk.kept.save("Dropped", desk.people(1))
        desk.kept.drop(list_id)
    for ask in (desk.reader.list_of, desk.reader.members):
        with pytest.raises(NotFound) as caught:
            ask(desk.kept.object, list_id)
        assert caught.value.code == lists.NOT_FOUND


def test_a_list_of_another_object_is_not_this_ones(desk: Desk) -> None:
    zebra = desk.kept.save("Zebra sample", [])
    with pytest.raises(NotFound) as caught:
        desk.reader.list_of(desk.kept.other_object, zebra)
    assert caught.value.code == lists.NOT_FOUND


def test_a_connection_that_may_not_see_lists_is_told_so(portal_office: PortalOffice) -> None:
    portal_office.org.fault("status", "/crm/lists", status=403, category="MISSING_SCOPES", count=None)
    reader = lists_of(portal_office.connection, portal_office.adapter())
    with pytest.raises(NotAllowed) as caught:
        reader.lists("contacts")
    assert caught.value.code == lists.NOT_ALLOWED


class TestListViews:
    def test_the_owners_own_are_the_connections(self, office: Office) -> None:
        ours = office.org.user("integration")["id"]
        mine, _other = office.in_crm("Contact", LastName="A", OwnerId=ours), office.in_crm("Contact", LastName="B")
        kept = ListViews(office).save("Mine", [mine, _other], scope="mine")
        assert lists_of(office.connection, office.adapter()).members("Contact", kept).record_ids == (mine,)

    def test_one_that_has_no_query_is_shown_and_cannot_be_used(self, office: Office) -> None:
        viewed = ListViews(office).save("Recently viewed", [], soql_compatible=False)
        reader = lists_of(office.connection, office.adapter())
        found = reader.list_of("Contact", viewed)
        assert (found.is_usable, found.size) == (False, None)
        with pytest.raises(CrmError) as caught:
            reader.members("Contact", viewed)
        assert caught.value.code == lists.NOT_USABLE

    def test_all_pages_of_an_objects_list_views(self, office: Office) -> None:
        made = {ListViews(office).save(f"View {number:02}", []) for number in range(30)}
        found = lists_of(office.connection, office.adapter()).lists("Contact", containing="view ")
        assert {each.list_id for each in found} == made

    @pytest.mark.parametrize(
        ("query", "asked"),
        [
            ("SELECT Name FROM Contact", "FROM Contact WHERE Id > 'x'"),
            ("select name from Contact order by Name", "FROM Contact WHERE Id > 'x'"),
            (
                "SELECT toLabel(Type), (SELECT Id FROM B) FROM A USING SCOPE mine WHERE N='it\\'s FROM (' ORDER BY N",
                "FROM A USING SCOPE mine WHERE (N='it\\'s FROM (') AND Id > 'x'",
            ),
        ],
    )
    def test_of_a_query_only_what_selects_is_kept(self, query: str, asked: str) -> None:
        assert selecting(query, "Id > 'x'") == asked

    @pytest.mark.parametrize("query", ["", "SELECT Name", "SELECT Name FROM A LIMIT 5", "SELECT Name FROM a b; c"])
    def test_a_query_that_says_more_is_refused(self, query: str) -> None:
        with pytest.raises(Rejected):
            selecting(query)
