"""List views: which there are, what each asks for, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.org_server import BASE, Api, OrgServer, error_of

VIEW = {"object": "Contact", "label": "Sample view", "developer_name": "Sample_View"}


def save(org: OrgServer, **more: Any) -> str:
    return str(org.control("list_views", VIEW | more)["id"])


def test_the_list_views_of_an_object_page_by_page(org_server: OrgServer, api: Api) -> None:
    made = {save(org_server, label=f"View {number}") for number in range(30)}
    first = api.get("/sobjects/Contact/listviews").json()
    assert (first["done"], first["size"], first["sobjectType"]) == (False, 25, "Contact")
    rest = api.get(first["nextRecordsUrl"].removeprefix(BASE)).json()
    assert (rest["done"], rest["nextRecordsUrl"]) == (True, None)
    shown = [each["id"] for each in [*first["listviews"], *rest["listviews"]]]
    assert made < set(shown)
    assert len(shown) == len(set(shown))


def test_one_of_them_with_the_addresses_of_what_it_is(org_server: OrgServer, api: Api) -> None:
    view = save(org_server)
    shown = api.get(f"/sobjects/Contact/listviews/{view}").json()
    assert (shown["label"], shown["developerName"], shown["soqlCompatible"]) == ("Sample view", "Sample_View", True)
    assert api.get(shown["describeUrl"].removeprefix(BASE)).status_code == 200
    assert api.get(f"/sobjects/Contact/listviews/{view[:15]}").json()["id"] == view


def test_its_query_finds_what_it_shows(org_server: OrgServer, api: Api) -> None:
    ana = api.create("Contact", LastName="O'Nobody")
    described = api.get(f"/sobjects/Contact/listviews/{save(org_server, where=WHERE)}/describe").json()
    assert described["scope"] == "everything"
    assert [each["Id"] for each in api.rows(described["query"])] == [ana]


WHERE = "LastName = 'O\\'Nobody'"


def test_a_view_of_ones_own_records_is_another_one_for_everybody(org_server: OrgServer, api: Api) -> None:
    query = api.get(f"/sobjects/Contact/listviews/{save(org_server, scope='mine')}/describe").json()["query"]
    assert "FROM Contact USING SCOPE mine ORDER BY" in query
    ours = api.create("Contact", LastName="Sample")
    theirs = org_server.api("rep").create("Contact", LastName="Sample")
    assert ours in [each["Id"] for each in api.rows(query)]
    assert theirs not in [each["Id"] for each in api.rows(query)]
    assert theirs in [each["Id"] for each in org_server.api("rep").rows(query)]


def test_a_scope_there_is_not_is_no_query(api: Api) -> None:
    assert error_of(api.query("SELECT Id FROM Contact USING SCOPE nonsense")) == (400, "MALFORMED_QUERY")


def test_one_without_a_query_has_no_describe(org_server: OrgServer, api: Api) -> None:
    view = save(org_server, soql_compatible=False)
    assert api.get(f"/sobjects/Contact/listviews/{view}").json()["soqlCompatible"] is False
    assert api.get(f"/sobjects/Contact/listviews/{view}/describe").status_code == 400


@pytest.mark.parametrize("path", ["Contact/listviews/00B000000000001AAA", "Contact/listviews/x", "Nothing/listviews"])
def test_what_is_not_there_is_not_found(api: Api, path: str) -> None:
    assert error_of(api.get(f"/sobjects/{path}")) == (404, "NOT_FOUND")


def test_a_deleted_one_and_one_of_another_object_are_not_found(org_server: OrgServer, api: Api) -> None:
    view = save(org_server)
    assert api.get(f"/sobjects/Account/listviews/{view}").status_code == 404
    org_server.control("list_views", {"delete": view})
    assert api.get(f"/sobjects/Contact/listviews/{view}").status_code == 404


def test_who_may_not_see_the_object_sees_none_of_its_list_views(org_server: OrgServer, api: Api) -> None:
    org_server.control("permissions", {"user": "integration", "objects": {"Contact": "none"}})
    assert error_of(api.get("/sobjects/Contact/listviews")) == (404, "NOT_FOUND")
