"""Nobody sees or writes what the org does not show them."""

from __future__ import annotations

import pytest

from tests.support.org_server import Api, OrgServer, error_of


@pytest.fixture
def limited(org_server: OrgServer) -> Api:
    """A rep from whom Contact.Phone is hidden, and who may only read Contact.Title."""
    return org_server.api("limited_rep")


def ids(api: Api, object_name: str) -> set[str]:
    return {row["Id"] for row in api.rows(f"SELECT Id FROM {object_name}")}


class TestHiddenFields:
    def test_describe_does_not_know_them(self, limited: Api, api: Api) -> None:
        def names(who: Api) -> set[str]:
            return {field["name"] for field in who.get("/sobjects/Contact/describe").json()["fields"]}

        assert names(api) - names(limited) == {"Phone"}

    def test_a_query_does_not_know_them(self, limited: Api) -> None:
        for soql in (
            "SELECT Phone FROM Contact",
            "SELECT Id FROM Contact WHERE Phone = '1'",
            "SELECT Id FROM Contact ORDER BY Phone",
            "SELECT Account.AnnualRevenue FROM Contact",
        ):
            assert error_of(limited.query(soql)) == (400, "INVALID_FIELD")

    def test_a_row_does_not_show_them(self, org_server: OrgServer, limited: Api) -> None:
        row = f"/sobjects/Contact/{org_server.record('Contact')}"
        assert "Phone" not in limited.get(row).json()
        assert error_of(limited.get(row + "?fields=Phone")) == (400, "INVALID_FIELD")

    def test_they_cannot_be_written(self, org_server: OrgServer, limited: Api) -> None:
        answer = limited.patch(f"/sobjects/Contact/{org_server.record('Contact')}", {"Phone": "1"})
        assert error_of(answer) == (400, "INVALID_FIELD")

    def test_a_field_hidden_later_disappears(self, org_server: OrgServer, limited: Api) -> None:
        org_server.control("permissions", {"user": "limited_rep", "fields": {"Contact.Email": "hidden"}})
        assert error_of(limited.query("SELECT Email FROM Contact")) == (400, "INVALID_FIELD")
        org_server.control("permissions", {"user": "limited_rep", "fields": {"Contact.Email": "edit"}})
        assert limited.query("SELECT Email FROM Contact").status_code == 200


class TestReadOnlyFields:
    def test_describe_says_so(self, limited: Api) -> None:
        fields = {field["name"]: field for field in limited.get("/sobjects/Contact/describe").json()["fields"]}
        assert (fields["Title"]["createable"], fields["Title"]["updateable"]) == (False, False)
        assert fields["Department"]["updateable"] is True

    def test_writing_one_is_refused_with_a_hint_at_security(self, org_server: OrgServer, limited: Api) -> None:
        answer = limited.patch(f"/sobjects/Contact/{org_server.record('Contact')}", {"Title": "X", "Department": "Y"})
        assert error_of(answer) == (400, "INVALID_FIELD_FOR_INSERT_UPDATE")
        assert answer.json()[0]["message"].startswith("Unable to create/update fields: Title.")
        assert "security settings" in answer.json()[0]["message"]
        assert org_server.writes() == []


class TestInvisibleRecords:
    def test_some_are_missing_for_the_limited_rep_and_most_are_there(self, limited: Api, api: Api) -> None:
        for object_name in ("Account", "Contact", "Lead", "Opportunity"):
            everything, seen = ids(api, object_name), ids(limited, object_name)
            assert seen < everything
            assert len(seen) > len(everything) / 2

    def test_they_are_answered_as_if_they_did_not_exist(self, limited: Api, api: Api) -> None:
        hidden = min(ids(api, "Contact") - ids(limited, "Contact"))
        row = f"/sobjects/Contact/{hidden}"
        assert error_of(limited.get(row)) == (404, "NOT_FOUND")
        assert error_of(limited.patch(row, {"Department": "X"})) == (404, "INVALID_CROSS_REFERENCE_KEY")
        assert error_of(limited.delete(row)) == (404, "INVALID_CROSS_REFERENCE_KEY")
        assert limited.rows(f"SELECT Id FROM Contact WHERE Id = '{hidden}'") == []

    def test_a_parent_that_is_invisible_is_null(self, limited: Api, api: Api) -> None:
        hidden = min(ids(api, "Account") - ids(limited, "Account"))
        seen = limited.rows(f"SELECT Id, Account.Name FROM Contact WHERE AccountId = '{hidden}'")
        assert seen
        assert all(row["Account"] is None for row in seen)

    def test_one_cannot_refer_to_them(self, org_server: OrgServer, limited: Api, api: Api) -> None:
        hidden = min(ids(api, "Account") - ids(limited, "Account"))
        answer = limited.patch(f"/sobjects/Contact/{org_server.record('Contact')}", {"AccountId": hidden})
        assert error_of(answer) == (400, "INSUFFICIENT_ACCESS_ON_CROSS_REFERENCE_ENTITY")

    def test_get_updated_and_counts_leave_them_out(self, limited: Api, api: Api) -> None:
        count = limited.query("SELECT COUNT() FROM Contact").json()["totalSize"]
        assert count == len(ids(limited, "Contact")) < len(ids(api, "Contact"))

    def test_access_can_be_taken_away_and_given_back(self, org_server: OrgServer) -> None:
        rep, ana = org_server.api("rep"), org_server.record("Contact")
        org_server.control("permissions", {"user": "rep", "records": {ana: "none"}})
        assert rep.get(f"/sobjects/Contact/{ana}").status_code == 404
        org_server.control("permissions", {"user": "rep", "records": {ana: "edit"}})
        assert rep.get(f"/sobjects/Contact/{ana}").status_code == 200


class TestReadableRecords:
    def test_a_record_that_is_only_readable_cannot_be_written(self, org_server: OrgServer) -> None:
        rep, ana = org_server.api("rep"), org_server.record("Contact")
        org_server.control("permissions", {"user": "rep", "records": {ana: "read"}})
        assert rep.get(f"/sobjects/Contact/{ana}").status_code == 200
        for answer in (rep.patch(f"/sobjects/Contact/{ana}", {"Title": "X"}), rep.delete(f"/sobjects/Contact/{ana}")):
            assert error_of(answer) == (403, "INSUFFICIENT_ACCESS_OR_READONLY")
        assert org_server.writes() == []


class TestObjects:
    def test_an_object_without_access_does_not_exist(self, org_server: OrgServer) -> None:
        org_server.control("permissions", {"user": "rep", "objects": {"Opportunity": "none"}})
        rep = org_server.api("rep")
        assert error_of(rep.get("/sobjects/Opportunity/describe")) == (404, "NOT_FOUND")
        assert error_of(rep.query("SELECT Id FROM Opportunity")) == (400, "INVALID_TYPE")
        names = {each["name"] for each in rep.get("/sobjects").json()["sobjects"]}
        assert "Opportunity" not in names

    def test_a_readable_object_takes_no_writes(self, org_server: OrgServer) -> None:
        org_server.control("permissions", {"user": "rep", "objects": {"Contact": "read"}})
        rep = org_server.api("rep")
        assert rep.get("/sobjects/Contact/describe").json()["createable"] is False
        assert error_of(rep.post("/sobjects/Contact", {"LastName": "X"})) == (403, "INSUFFICIENT_ACCESS_OR_READONLY")


def test_the_journal_names_the_user_of_each_write(org_server: OrgServer) -> None:
    org_server.api("rep").patch(f"/sobjects/Contact/{org_server.record('Contact')}", {"Title": "X"})
    [write] = org_server.writes()
    assert write["user_id"] == org_server.user("rep")["id"]
