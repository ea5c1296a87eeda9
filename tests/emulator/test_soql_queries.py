"""SOQL: what is found, in which order and shape, and what is refused."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.org_server import BASE, Api, OrgServer, error_of


@pytest.fixture
def accounts(api: Api) -> dict[str, str]:
    """Four accounts with known values, by name."""
    rows: list[dict[str, Any]] = [
        {"Name": "Zz Alpha", "AnnualRevenue": 10, "Rating": "Hot", "Site": "it's", "SLA_Expires__c": "2026-01-15"},
        {"Name": "Zz beta", "AnnualRevenue": 20, "Rating": "Cold", "Site": "a_b", "Active__c": True},
        {"Name": "Zz Gamma", "Rating": None, "Site": "a%b", "Service_Regions__c": "North;East"},
        {"Name": "Zz Delta", "AnnualRevenue": 20, "Service_Regions__c": "East;West", "SLA_Expires__c": "2026-02-01"},
    ]
    return {row["Name"]: api.create("Account", **row) for row in rows}


def names(api: Api, condition: str) -> set[str]:
    """The names that a condition finds among the four, without their prefix."""
    rows = api.rows(f"SELECT Name FROM Account WHERE Name LIKE 'Zz %' AND ({condition})")
    return {row["Name"].removeprefix("Zz ") for row in rows}


@pytest.mark.parametrize(
    ("condition", "found"),
    [
        ("Name = 'ZZ ALPHA'", {"Alpha"}),
        ("Name != 'Zz Alpha'", {"beta", "Gamma", "Delta"}),
        ("AnnualRevenue = 20", {"beta", "Delta"}),
        ("AnnualRevenue > 10", {"beta", "Delta"}),
        ("AnnualRevenue <= 10", {"Alpha"}),
        ("AnnualRevenue = null", {"Gamma"}),
        ("AnnualRevenue != null", {"Alpha", "beta", "Delta"}),
        ("AnnualRevenue != 20", {"Alpha", "Gamma"}),
        ("AnnualRevenue IN (10, 30)", {"Alpha"}),
        ("Rating IN ('hot', 'cold')", {"Alpha", "beta"}),
        ("Rating NOT IN ('Hot')", {"beta", "Gamma", "Delta"}),
        ("Rating = ''", {"Gamma", "Delta"}),
        ("Name LIKE '%ta'", {"beta", "Delta"}),
        ("Name LIKE 'zz _eta'", {"beta"}),
        ("Site = 'it\\'s'", {"Alpha"}),
        ("Site LIKE 'a\\_b'", {"beta"}),
        ("Site LIKE 'a\\%b'", {"Gamma"}),
        ("Active__c = TRUE", {"beta"}),
        ("Active__c != true", {"Alpha", "Gamma", "Delta"}),
        ("Service_Regions__c INCLUDES ('North;East', 'West')", {"Gamma", "Delta"}),
        ("Service_Regions__c INCLUDES ('East')", {"Gamma", "Delta"}),
        ("Service_Regions__c EXCLUDES ('North')", {"Alpha", "beta", "Delta"}),
        ("SLA_Expires__c >= 2026-02-01", {"Delta"}),
        ("SLA_Expires__c < 2026-02-01", {"Alpha"}),
        ("NOT (AnnualRevenue = 20)", {"Alpha", "Gamma"}),
        ("NOT AnnualRevenue = 20", {"Alpha", "Gamma"}),
        ("(Rating = 'Hot' OR Rating = 'Cold') AND AnnualRevenue = 20", {"beta"}),
        ("CreatedDate = TODAY AND CreatedDate >= LAST_N_DAYS:1", {"Alpha", "beta", "Gamma", "Delta"}),
        ("CreatedDate < TODAY OR CreatedDate > TODAY", set()),
        ("CreatedDate = YESTERDAY", set()),
        (
            "CreatedDate > 2026-01-01T00:00:00Z AND CreatedDate > 2026-01-01T01:00:00+01:00",
            {"Alpha", "beta", "Gamma", "Delta"},
        ),
        ("Owner.Name = 'sync integration'", {"Alpha", "beta", "Gamma", "Delta"}),
        ("Parent.Name = null", {"Alpha", "beta", "Gamma", "Delta"}),
        ("Id IN (SELECT AccountId FROM Contact)", set()),
        ("Id NOT IN (SELECT AccountId FROM Contact WHERE AccountId != null)", {"Alpha", "beta", "Gamma", "Delta"}),
        (r"Name = 'Zz \u0041lph\u0061'", {"Alpha"}),
        (r"Name LIKE 'Zz \u0041%'", {"Alpha"}),
    ],
)
@pytest.mark.usefixtures("accounts")
def test_conditions_find_what_they_say(api: Api, condition: str, found: set[str]) -> None:
    assert names(api, condition) == found


@pytest.mark.parametrize(
    ("order", "expected"),
    [
        ("Name", ["Alpha", "beta", "Delta", "Gamma"]),
        ("Name DESC", ["Gamma", "Delta", "beta", "Alpha"]),
        ("AnnualRevenue, Name", ["Gamma", "Alpha", "beta", "Delta"]),
        ("AnnualRevenue NULLS LAST, Name DESC", ["Alpha", "Delta", "beta", "Gamma"]),
        ("AnnualRevenue DESC, Name", ["Gamma", "beta", "Delta", "Alpha"]),
        ("AnnualRevenue DESC NULLS LAST, Name", ["beta", "Delta", "Alpha", "Gamma"]),
        ("Name LIMIT 2", ["Alpha", "beta"]),
        ("Name LIMIT 2 OFFSET 1", ["beta", "Delta"]),
        ("Name LIMIT 0", []),
    ],
)
@pytest.mark.usefixtures("accounts")
def test_rows_come_in_order(api: Api, order: str, expected: list[str]) -> None:
    rows = api.rows(f"SELECT Name FROM Account WHERE Name LIKE 'Zz %' ORDER BY {order}")
    assert [row["Name"].removeprefix("Zz ") for row in rows] == expected


class TestShape:
    def test_a_record_has_attributes_and_its_parents_nested(self, org_server: OrgServer, api: Api) -> None:
        ana, account = org_server.record("Contact"), org_server.record("Account")
        answer = api.query(f"select id, Account.Owner.Name, Account.Name from Contact where Id = '{ana[:15]}'")
        assert answer.json() == {
            "totalSize": 1,
            "done": True,
            "records": [
                {
                    "attributes": {"type": "Contact", "url": f"{BASE}/sobjects/Contact/{ana}"},
                    "Id": ana,
                    "Account": {
                        "attributes": {"type": "Account", "url": f"{BASE}/sobjects/Account/{account}"},
                        "Owner": {
                            "attributes": {
                                "type": "User",
                                "url": f"{BASE}/sobjects/User/{org_server.user('rep')['id']}",
                            },
                            "Name": "Riley Rep",
                        },
                        "Name": "Sample Foods",
                    },
                }
            ],
        }

    def test_a_missing_parent_is_null(self, api: Api) -> None:
        lonely = api.create("Contact", LastName="Lonely")
        [row] = api.rows(f"SELECT Account.Name FROM Contact WHERE Id = '{lonely}'")
        assert row["Account"] is None

    def test_an_owner_that_may_be_a_queue_is_a_name(self, api: Api) -> None:
        lead = api.create("Lead", LastName="Q", Company="Sample", LeadSource="Web")
        [row] = api.rows(f"SELECT Owner.Name FROM Lead WHERE Id = '{lead}'")
        assert row["Owner"]["attributes"]["type"] == "Name"
        assert row["Owner"]["Name"] == "Web Leads"

    def test_children_are_results_of_their_own(self, org_server: OrgServer, api: Api) -> None:
        account = org_server.record("Account")
        [row] = api.rows(
            f"SELECT Id, (SELECT Name FROM Contacts ORDER BY Name LIMIT 1) FROM Account WHERE Id = '{account}'"
        )
        assert row["Contacts"]["totalSize"] == 1
        assert row["Contacts"]["records"][0]["Name"] == "Ana Sample"

    def test_counting(self, api: Api) -> None:
        whole = api.query("SELECT COUNT() FROM Contact").json()
        assert whole == {"totalSize": 80, "done": True, "records": []}
        [row] = api.rows("SELECT COUNT(Email) filled FROM Contact")
        assert row == {"attributes": {"type": "AggregateResult"}, "filled": 77}

    def test_a_quoted_text_may_spell_its_characters(self, api: Api) -> None:
        titles = ['Line\nbreak "quoted"', "It's é \U0001f600", "50% of a_b\\c"]
        ids = [api.create("Contact", LastName="Spelled", Title=title) for title in titles]
        spelled = [r"'Line\Nbreak \"quoted\"'", r"'It\'s \u00e9 \ud83d\uDE00'", r"'50% of a_b\\c'"]
        for record_id, text in zip(ids, spelled, strict=True):
            assert [row["Id"] for row in api.rows(f"SELECT Id FROM Contact WHERE Title = {text}")] == [record_id]
        like = r"SELECT Id FROM Contact WHERE Title LIKE '50\% of a\_b\\%'"
        assert [row["Id"] for row in api.rows(like)] == [ids[2]]

    def test_fields_all_needs_a_limit(self, api: Api) -> None:
        [row] = api.rows("SELECT FIELDS(ALL) FROM Contact LIMIT 1")
        assert "MailingAddress" in row
        assert error_of(api.query("SELECT FIELDS(ALL) FROM Contact")) == (400, "MALFORMED_QUERY")

    def test_an_alias_and_the_objects_own_name_may_lead_a_field(self, api: Api) -> None:
        assert api.rows("SELECT c.Id, Contact.Name FROM Contact c WHERE c.Name != null LIMIT 1")

    def test_extra_parameters_are_tolerated(self, api: Api) -> None:
        answer = api.get("/query", params={"q": "SELECT Id FROM User LIMIT 1", "columns": "true"})
        assert answer.status_code == 200


@pytest.mark.parametrize(
    ("condition", "why"),
    [
        ("Name = 'x' OR Id IN (SELECT AccountId FROM Contact)", "not allowed with the 'OR' operator"),
        ("Name = 'x' AND (Name = 'y' OR Id IN (SELECT AccountId FROM Contact))", "not in nested WHERE expressions"),
        ("NOT Id IN (SELECT AccountId FROM Contact)", "not in nested WHERE expressions"),
        ("ParentId IN (SELECT Id FROM Account WHERE Name != null)", "should not be on the same object type"),
        ("Id IN (SELECT AccountId FROM Contact ORDER BY Name)", "cannot be ordered or limited"),
        ("Id IN (SELECT AccountId FROM Contact LIMIT 1)", "cannot be ordered or limited"),
        (
            "Id IN (SELECT AccountId FROM Contact WHERE Id IN (SELECT ContactId FROM Opportunity))",
            "Nesting of semi join sub-selects is not supported",
        ),
        (
            " AND ".join(f"Id IN (SELECT AccountId FROM {each})" for each in ("Contact", "Opportunity", "Contact")),
            "Maximum 2",
        ),
    ],
)
def test_sub_selects_have_bounds(api: Api, condition: str, why: str) -> None:
    answer = api.query(f"SELECT Id FROM Account WHERE {condition}")
    assert error_of(answer) == (400, "MALFORMED_QUERY")
    assert why in answer.json()[0]["message"]


@pytest.mark.parametrize(
    ("soql", "code"),
    [
        ("", "MALFORMED_QUERY"),
        ("SELEC Id FROM Contact", "MALFORMED_QUERY"),
        ("SELECT Id FROM Contact WHERE", "MALFORMED_QUERY"),
        ("SELECT Id FROM Contact WHERE Name = 'open", "MALFORMED_QUERY"),
        ('SELECT Id FROM Contact WHERE Name = "double"', "MALFORMED_QUERY"),
        ("SELECT Id FROM Contact WHERE Name = 'a' AND Title = 'b' OR Title = 'c'", "MALFORMED_QUERY"),
        ("SELECT Id FROM Contact WHERE CreatedDate > 2026-01-01T00:00:00.123Z", "MALFORMED_QUERY"),
        ("SELECT Id FROM Contact WHERE CreatedDate > SOMEDAY", "MALFORMED_QUERY"),
        ("SELECT Id FROM Contact WHERE Birthdate > 2026-02-30", "MALFORMED_QUERY"),
        ("SELECT * FROM Contact", "MALFORMED_QUERY"),
        ("SELECT COUNT() FROM Contact ORDER BY Name", "MALFORMED_QUERY"),
        ("SELECT COUNT(Id) FROM Contact ORDER BY Name", "MALFORMED_QUERY"),
        (r"SELECT Id FROM Contact WHERE Title = 'C:\path'", "MALFORMED_QUERY"),
        (r"SELECT Id FROM Contact WHERE Title = '100\%'", "MALFORMED_QUERY"),
        (r"SELECT Id FROM Contact WHERE Title IN ('a', 'b\_c')", "MALFORMED_QUERY"),
        (r"SELECT Id FROM Contact WHERE Title = '\u00e'", "MALFORMED_QUERY"),
        ("SELECT Id FROM Contact; DROP TABLE Contact", "MALFORMED_QUERY"),
        ("SELECT Id FROM Unicorn", "INVALID_TYPE"),
        ("SELECT Id, Id FROM Contact", "INVALID_FIELD"),
        ("SELECT Nope FROM Contact", "INVALID_FIELD"),
        ("SELECT Nope.Name FROM Contact", "INVALID_FIELD"),
        ("SELECT Id FROM Contact WHERE Name = 5", "INVALID_FIELD"),
        ("SELECT Id FROM Contact WHERE Lead_Score__c = '5'", "INVALID_FIELD"),
        ("SELECT Id FROM Contact WHERE DoNotCall = 'true'", "INVALID_FIELD"),
        ("SELECT Id FROM Contact WHERE CreatedDate = 2026-01-01", "INVALID_FIELD"),
        ("SELECT Id FROM Contact WHERE Birthdate = 2026-01-01T00:00:00Z", "INVALID_FIELD"),
        ("SELECT Id FROM Contact WHERE Description = 'x'", "INVALID_FIELD"),
        ("SELECT Id FROM Contact WHERE MailingAddress = 'x'", "INVALID_FIELD"),
        ("SELECT Id FROM Contact ORDER BY Description", "INVALID_FIELD"),
        ("SELECT Id FROM Contact WHERE Id = 'nonsense'", "INVALID_QUERY_FILTER_OPERATOR"),
        ("SELECT Id FROM Contact WHERE Id LIKE '003%'", "INVALID_QUERY_FILTER_OPERATOR"),
        ("SELECT Id FROM Contact WHERE DoNotCall > true", "INVALID_QUERY_FILTER_OPERATOR"),
        ("SELECT Id FROM Contact WHERE Title INCLUDES ('x')", "INVALID_QUERY_FILTER_OPERATOR"),
        ("SELECT Id FROM Contact LIMIT 1 OFFSET 2001", "NUMBER_OUTSIDE_VALID_RANGE"),
        (f"SELECT Id FROM Contact LIMIT {'9' * 5000}", "MALFORMED_QUERY"),
        (f"SELECT Id FROM Contact LIMIT 1 OFFSET {'9' * 5000}", "MALFORMED_QUERY"),
        (f"SELECT Id FROM Contact WHERE CreatedDate = LAST_N_DAYS:{'9' * 5000}", "MALFORMED_QUERY"),
        ("SELECT Id FROM Contact WHERE CreatedDate = LAST_N_DAYS:999999999999", "MALFORMED_QUERY"),
        ("SELECT Id, (SELECT Id FROM Unicorns) FROM Account", "INVALID_TYPE"),
        ("SELECT Id FROM Contact WHERE CreatedDate = LAST_N_DAYS:99999999999", "MALFORMED_QUERY"),
        ("SELECT Id FROM Contact WHERE CreatedDate = LAST_N_YEARS:5000", "MALFORMED_QUERY"),
        ("SELECT Id FROM Contact WHERE CreatedDate > 0001-01-01T00:00:00+12:00", "MALFORMED_QUERY"),
        ("SELECT Id FROM Contact WHERE " + "NOT " * 3000 + "Name = 'x'", "MALFORMED_QUERY"),
    ],
)
def test_what_is_no_query_is_refused(api: Api, soql: str, code: str) -> None:
    assert error_of(api.query(soql)) == (400, code)


def test_a_refusal_points_at_the_place(api: Api) -> None:
    message = api.query("SELECT Id, Nope FROM Contact").json()[0]["message"]
    assert "ERROR at Row:1:Column:12" in message
    assert "No such column 'Nope' on entity 'Contact'" in message


def test_a_query_without_text_is_refused(api: Api) -> None:
    assert error_of(api.get("/query")) == (400, "MALFORMED_QUERY")


class TestPaging:
    @pytest.fixture
    def many(self, org_server: OrgServer) -> int:
        records = [{"Name": f"Bulk {number:04d}"} for number in range(450)]
        org_server.control("records", {"object": "Sample_Project__c", "records": records})
        return 450 + 12

    def test_pages_follow_their_locators_to_the_end(self, api: Api, many: int) -> None:
        hint = {"Sforce-Query-Options": "batchSize=200"}
        page = api.query("SELECT Id FROM Sample_Project__c", headers=hint).json()
        sizes, ids = [], set()
        while True:
            assert page["totalSize"] == many
            sizes.append(len(page["records"]))
            ids |= {row["Id"] for row in page["records"]}
            if page["done"]:
                break
            assert page["nextRecordsUrl"].startswith(f"{BASE}/query/0r8")
            page = api.get(page["nextRecordsUrl"].removeprefix(BASE)).json()
        assert sizes == [200, 200, 62]
        assert "nextRecordsUrl" not in page
        assert len(ids) == many

    def test_wide_rows_make_small_pages(self, org_server: OrgServer, api: Api) -> None:
        records = [{"Name": f"Wide {number}"} for number in range(500)]
        org_server.control("records", {"object": "Account", "records": records})
        page = api.query("SELECT FIELDS(STANDARD) FROM Account").json()
        assert page["done"] is True or len(page["records"]) < 2000
        wide = ", ".join(
            field["name"] for field in api.get("/sobjects/Account/describe").json()["fields"] if field["length"]
        )
        assert len(api.query(f"SELECT {wide} FROM Account").json()["records"]) < 530

    def test_what_changes_meanwhile_does_not_move_the_pages(self, org_server: OrgServer, api: Api, many: int) -> None:
        hint = {"Sforce-Query-Options": "batchSize=200"}
        page = api.query("SELECT Id, Name FROM Sample_Project__c ORDER BY Name", headers=hint).json()
        org_server.edit("Sample_Project__c", page["records"][0]["Id"], {"Name": "Zzz"})
        seen = [row["Name"] for row in page["records"]]
        while not page["done"]:
            page = api.get(page["nextRecordsUrl"].removeprefix(BASE)).json()
            seen += [row["Name"] for row in page["records"]]
        assert len(seen) == many
        assert "Zzz" not in seen

    @pytest.mark.parametrize("locator", ["0r8000000000000AAA-200", "nonsense"])
    def test_an_unknown_locator_is_refused(self, api: Api, locator: str) -> None:
        assert error_of(api.get(f"/query/{locator}")) == (400, "INVALID_QUERY_LOCATOR")

    @pytest.mark.usefixtures("many")
    def test_a_locator_lives_two_days_and_belongs_to_its_user(self, org_server: OrgServer, api: Api) -> None:
        hint = {"Sforce-Query-Options": "batchSize=200"}
        page = api.query("SELECT Id FROM Sample_Project__c", headers=hint).json()
        path = page["nextRecordsUrl"].removeprefix(BASE)
        assert error_of(org_server.api("rep").get(path)) == (400, "INVALID_QUERY_LOCATOR")
        org_server.control("clock", {"offset_seconds": 2 * 86400 + 5})
        assert error_of(org_server.api().get(path)) == (400, "INVALID_QUERY_LOCATOR")

    def test_a_page_size_out_of_range_is_refused(self, api: Api) -> None:
        answer = api.query("SELECT Id FROM Contact", headers={"Sforce-Query-Options": "batchSize=100"})
        assert answer.status_code == 400


class TestDeletedRows:
    def test_query_leaves_them_out_and_query_all_shows_them(self, org_server: OrgServer, api: Api) -> None:
        ana = org_server.record("Contact")
        api.delete(f"/sobjects/Contact/{ana}")
        soql = f"SELECT Id, IsDeleted FROM Contact WHERE Id = '{ana}'"
        assert api.rows(soql) == []
        assert api.rows(soql, every=True)[0]["IsDeleted"] is True
        assert [row["Id"] for row in api.rows("SELECT Id FROM Contact WHERE IsDeleted = true", every=True)] == [ana]

    def test_what_is_purged_is_gone_from_both(self, org_server: OrgServer, api: Api) -> None:
        ana = org_server.record("Contact")
        api.delete(f"/sobjects/Contact/{ana}")
        org_server.control("purge", {"object": "Contact", "id": ana})
        assert api.rows(f"SELECT Id FROM Contact WHERE Id = '{ana}'", every=True) == []


def test_keyset_paging_by_stamp_and_id_sees_every_row_once(api: Api) -> None:
    seen: list[str] = []
    condition = ""
    while True:
        rows = api.rows(f"SELECT Id, SystemModstamp FROM Contact {condition} ORDER BY SystemModstamp, Id LIMIT 7")
        if not rows:
            break
        seen += [row["Id"] for row in rows]
        stamp, last = rows[-1]["SystemModstamp"][:19] + "Z", rows[-1]["Id"]
        condition = f"WHERE SystemModstamp > {stamp} OR (SystemModstamp = {stamp} AND Id > '{last}')"
    assert len(set(seen)) == 80
