"""Many operations in one call: composite and collections."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.org_server import BASE, Api, OrgServer, error_of


def part(method: str, url: str, reference: str, **more: Any) -> dict[str, Any]:
    return {"method": method, "url": url, "referenceId": reference, **more}


class TestComposite:
    def test_later_parts_refer_to_earlier_answers(self, api: Api) -> None:
        answers = api.composite(
            part("POST", "/sobjects/Account", "acc", body={"Name": "Composite Foods"}),
            part("POST", "/sobjects/Contact", "con", body={"LastName": "Ref", "AccountId": "@{acc.id}"}),
            part("GET", "/sobjects/Contact/@{con.id}?fields=AccountId", "read"),
            part("GET", "/query?q=SELECT+Id+FROM+Contact+WHERE+AccountId='@{read.AccountId}'", "find"),
            part("PATCH", "/sobjects/Contact/@{find.records[0].Id}", "last", body={"Title": "x"}),
        )
        assert [each["httpStatusCode"] for each in answers] == [201, 201, 200, 200, 204]
        assert [each["referenceId"] for each in answers] == ["acc", "con", "read", "find", "last"]
        assert answers[0]["httpHeaders"]["Location"].startswith(f"{BASE}/sobjects/Account/001")
        assert answers[2]["body"]["AccountId"] == answers[0]["body"]["id"]
        assert answers[4]["body"] is None

    def test_it_counts_as_one_call_and_the_journal_lists_its_parts(self, org_server: OrgServer, api: Api) -> None:
        before = api.get("/limits").json()["DailyApiRequests"]["Remaining"]
        api.composite(part("GET", "/limits", "a"), part("GET", "/sobjects", "b"), part("GET", "/nothing", "c"))
        assert api.get("/limits").json()["DailyApiRequests"]["Remaining"] == before - 2
        call = next(entry for entry in org_server.journal("call") if entry["path"].endswith("/composite"))
        assert [each["status"] for each in call["subrequests"]] == [200, 200, 404]

    def test_a_failed_part_fails_alone_and_halts_what_refers_to_it(self, org_server: OrgServer, api: Api) -> None:
        answers = api.composite(
            part("POST", "/sobjects/Account", "bad", body={}),
            part("POST", "/sobjects/Contact", "child", body={"LastName": "C", "AccountId": "@{bad.id}"}),
            part("POST", "/sobjects/Contact", "grandchild", body={"LastName": "G", "ReportsToId": "@{child.id}"}),
            part("POST", "/sobjects/Account", "good", body={"Name": "Good"}),
        )
        assert [each["httpStatusCode"] for each in answers] == [400, 400, 400, 201]
        codes = [each["body"][0]["errorCode"] for each in answers[:3]]
        assert codes == ["REQUIRED_FIELD_MISSING", "PROCESSING_HALTED", "PROCESSING_HALTED"]
        assert [write["object"] for write in org_server.writes()] == ["Account"]

    def test_a_reference_to_no_place_at_all_halts_its_own_part_only(self, api: Api) -> None:
        answers = api.composite(
            part("GET", "/query?q=SELECT+Id+FROM+Contact+LIMIT+1", "a"),
            part("GET", f"/sobjects/Contact/@{{a.records[{'9' * 5000}].Id}}", "b"),
            part("GET", f"/query?q=SELECT+Id+FROM+Contact+LIMIT+{'9' * 5000}", "c"),
            part("GET", "/limits", "d"),
        )
        assert [each["httpStatusCode"] for each in answers] == [200, 400, 400, 200]
        assert [each["body"][0]["errorCode"] for each in answers[1:3]] == ["PROCESSING_HALTED", "MALFORMED_QUERY"]

    def test_all_or_none_undoes_everything(self, org_server: OrgServer, api: Api) -> None:
        answers = api.composite(
            part("POST", "/sobjects/Account", "first", body={"Name": "First", "CRM_Sync_Id__c": "undone"}),
            part("POST", "/sobjects/Contact", "bad", body={}),
            part("POST", "/sobjects/Account", "never", body={"Name": "Never"}),
            allOrNone=True,
        )
        assert [each["httpStatusCode"] for each in answers] == [400, 400, 400]
        codes = [each["body"][0]["errorCode"] for each in answers]
        assert codes == ["PROCESSING_HALTED", "REQUIRED_FIELD_MISSING", "PROCESSING_HALTED"]
        assert org_server.writes() == []
        assert error_of(api.get("/sobjects/Account/CRM_Sync_Id__c/undone")) == (404, "NOT_FOUND")
        assert api.rows("SELECT Id FROM Account WHERE CRM_Sync_Id__c = 'undone'") == []

    def test_headers_work_per_part_and_only_there(self, org_server: OrgServer, api: Api) -> None:
        lead = {"LastName": "L", "Company": "Sample", "LeadSource": "Web"}
        answers = api.composite(
            part("POST", "/sobjects/Lead", "a", body=lead, httpHeaders={"Sforce-Auto-Assign": "FALSE"}),
            part("POST", "/sobjects/Lead", "b", body={**lead, "LastName": "M"}),
        )
        owners = [api.read("Lead", each["body"]["id"], "OwnerId")["OwnerId"][:3] for each in answers]
        assert owners == ["005", "00G"]

    @pytest.mark.parametrize("url", ["//[", "", "https://other.example.com/", "/services/data", "/sobjects"])
    def test_a_part_may_only_go_to_the_api(self, api: Api, url: str) -> None:
        answer = api.post("/composite", {"compositeRequest": [part("GET", url, "r")]})
        assert answer.json()["compositeResponse"][0]["httpStatusCode"] == 404

    @pytest.mark.parametrize(
        "parts",
        [
            [part("GET", "/limits", f"r{number}") for number in range(26)],
            [part("GET", "/query?q=SELECT+Id+FROM+User", f"r{number}") for number in range(6)],
            [part("GET", "/limits", "same"), part("GET", "/limits", "same")],
            [part("GET", "/limits", "not ok")],
            [part("BREW", "/limits", "r")],
            [part("GET", "/limits", "r", httpHeaders={"Authorization": "Bearer other"})],
            [part("GET", "/limits", "r", httpHeaders={"accept": "text/html"})],
            [part("GET", "/limits", "r", httpHeaders={"Content-Type": "text/csv"})],
            [],
        ],
        ids=["26 parts", "6 queries", "same reference", "bad reference", "method", "auth", "accept", "type", "empty"],
    )
    def test_what_makes_the_whole_call_invalid(self, api: Api, parts: list[dict[str, Any]]) -> None:
        full = [{**each, "url": BASE + each["url"]} for each in parts]
        assert api.post("/composite", {"compositeRequest": full}).status_code == 400

    def test_twenty_five_parts_are_fine(self, api: Api) -> None:
        answers = api.composite(*[part("GET", "/limits", f"r{number}") for number in range(25)])
        assert {each["httpStatusCode"] for each in answers} == {200}

    def test_a_composite_in_a_composite_does_not_exist(self, api: Api) -> None:
        [answer] = api.composite(part("POST", "/composite", "r", body={"compositeRequest": []}))
        assert answer["httpStatusCode"] == 404

    @pytest.mark.parametrize("path", ["/composite/batch", "/composite/tree/Account", "/jobs/ingest"])
    def test_what_is_not_offered_is_not_found(self, api: Api, path: str) -> None:
        assert error_of(api.post(path, {})) == (404, "NOT_FOUND")


def contact(**fields: Any) -> dict[str, Any]:
    return {"attributes": {"type": "Contact"}, **fields}


class TestCollections:
    def test_creating_gives_a_result_for_each_record_in_order(self, org_server: OrgServer, api: Api) -> None:
        records = [contact(LastName="A"), contact(), {"attributes": {"type": "Account"}, "Name": "B"}]
        results = api.post("/composite/sobjects", {"records": records}).json()
        assert [each["success"] for each in results] == [True, False, True]
        assert results[0]["id"].startswith("003")
        assert results[1]["errors"] == [
            {
                "statusCode": "REQUIRED_FIELD_MISSING",
                "message": "Required fields are missing: [LastName]",
                "fields": ["LastName"],
            }
        ]
        assert len(org_server.writes()) == 2

    def test_all_or_none_rolls_back_what_was_good(self, org_server: OrgServer, api: Api) -> None:
        records = [contact(LastName="A"), contact(Email="bad", LastName="B")]
        results = api.post("/composite/sobjects", {"allOrNone": True, "records": records}).json()
        codes = [each["errors"][0]["statusCode"] for each in results]
        assert codes == ["ALL_OR_NONE_OPERATION_ROLLED_BACK", "INVALID_EMAIL_ADDRESS"]
        assert org_server.writes() == []

    def test_updating_and_deleting(self, org_server: OrgServer, api: Api) -> None:
        ana, gone = org_server.record("Contact"), api.create("Contact", LastName="Gone")
        results = api.patch("/composite/sobjects", {"records": [contact(id=ana, Title="X"), contact(id="003")]}).json()
        assert results[0] == {"id": ana, "success": True, "errors": []}
        assert results[1]["errors"][0]["statusCode"] == "MALFORMED_ID"
        results = api.delete(f"/composite/sobjects?ids={gone},{gone}").json()
        assert [each["success"] for each in results] == [True, False]
        assert results[1]["errors"][0]["statusCode"] == "ENTITY_IS_DELETED"

    def test_upserting_says_what_was_created(self, api: Api) -> None:
        api.create("Contact", LastName="Known", CRM_Sync_Id__c="known")
        records = [contact(LastName="K", CRM_Sync_Id__c="known"), contact(LastName="N", CRM_Sync_Id__c="new")]
        results = api.patch("/composite/sobjects/Contact/CRM_Sync_Id__c", {"records": records}).json()
        assert [each["created"] for each in results] == [False, True]

    @pytest.mark.parametrize("method", ["GET", "POST"])
    def test_retrieving_keeps_the_order_and_has_null_for_missing_ones(
        self, org_server: OrgServer, api: Api, method: str
    ) -> None:
        ana, missing = org_server.record("Contact"), "003Wz00000zzzzz"
        if method == "GET":
            answer = api.get(f"/composite/sobjects/Contact?ids={missing},{ana}&fields=Name")
        else:
            answer = api.post("/composite/sobjects/Contact", {"ids": [missing, ana], "fields": ["Name"]})
        assert answer.json()[0] is None
        assert answer.json()[1]["Name"] == "Ana Sample"

    def test_limits(self, org_server: OrgServer, api: Api) -> None:
        too_many = [contact(LastName=str(number)) for number in range(201)]
        assert api.post("/composite/sobjects", {"records": too_many}).status_code == 400
        mixed = [
            {"attributes": {"type": "Account"}, "Name": "A"} if number % 2 else contact(LastName="C")
            for number in range(11)
        ]
        assert api.post("/composite/sobjects", {"records": mixed}).status_code == 400
        ids = {"ids": [org_server.record("Contact")] * 2001, "fields": ["Id"]}
        assert api.post("/composite/sobjects/Contact", ids).status_code == 400
        assert org_server.writes() == []

    def test_a_value_of_the_wrong_json_type_spoils_the_whole_body(self, org_server: OrgServer, api: Api) -> None:
        records = [contact(LastName="Fine"), contact(LastName="Bad", Lead_Score__c="7")]
        answer = api.post("/composite/sobjects", {"records": records})
        assert error_of(answer) == (400, "JSON_PARSER_ERROR")
        assert org_server.writes() == []

    def test_an_unknown_type_fails_its_record_only(self, api: Api) -> None:
        results = api.post("/composite/sobjects", {"records": [{"attributes": {"type": "Unicorn"}}]}).json()
        assert results[0]["errors"][0]["statusCode"] == "INVALID_TYPE"
