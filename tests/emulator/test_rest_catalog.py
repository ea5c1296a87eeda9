"""Versions, login, limits, encodings, describe: what surrounds the records."""

from __future__ import annotations

import gzip
import json

import pytest
import requests

from tests.support.org_server import BASE, Api, OrgServer, error_of


class TestVersions:
    def test_they_are_listed_without_login_and_without_a_limit(self, org_server: OrgServer) -> None:
        answer = requests.get(f"{org_server.url}/services/data", timeout=10)
        assert answer.json()[-1] == {"label": "Summer '26", "url": "/services/data/v67.0", "version": "67.0"}
        assert "Sforce-Limit-Info" not in answer.headers

    def test_the_resource_map_has_the_identity(self, org_server: OrgServer, api: Api) -> None:
        resources = api.get("/").json()
        assert resources["sobjects"] == f"{BASE}/sobjects"
        assert resources["identity"].startswith(f"{org_server.url}/id/{org_server.credentials['org_id']}/005")

    @pytest.mark.parametrize(("version", "status"), [("v20.0", 410), ("v99.0", 404), ("vx", 404)])
    def test_old_and_unknown_versions(self, org_server: OrgServer, api: Api, version: str, status: int) -> None:
        assert api.session.get(f"{org_server.url}/services/data/{version}/limits", timeout=10).status_code == status


class TestLogin:
    @pytest.mark.parametrize("header", [None, "Bearer nonsense", "Basic abc", "Bearer "])
    def test_without_a_live_token_the_session_is_invalid(self, org_server: OrgServer, header: str | None) -> None:
        headers = {"Authorization": header} if header else {}
        answer = requests.get(f"{org_server.url}{BASE}/limits", headers=headers, timeout=10)
        assert error_of(answer) == (401, "INVALID_SESSION_ID")
        assert answer.json()[0]["message"] == "Session expired or invalid"

    def test_a_token_ends_with_its_time(self, org_server: OrgServer) -> None:
        api = org_server.api()
        assert api.get("/limits").status_code == 200
        org_server.control("clock", {"offset_seconds": 3 * 3600})
        assert error_of(api.get("/limits")) == (401, "INVALID_SESSION_ID")

    def test_a_deactivated_user_is_out(self, org_server: OrgServer) -> None:
        rep = org_server.api("rep")
        org_server.edit("User", org_server.user("rep")["id"], {"IsActive": False})
        assert error_of(rep.get("/limits")) == (401, "INVALID_SESSION_ID")


class TestLimits:
    def test_every_answer_tells_the_usage(self, api: Api) -> None:
        first, second = api.get("/limits"), api.get("/nowhere")
        assert first.headers["Sforce-Limit-Info"] == "api-usage=1/1100000"
        assert second.headers["Sforce-Limit-Info"] == "api-usage=2/1100000"

    def test_a_used_up_limit_is_403_without_retry_after(self, org_server: OrgServer, api: Api) -> None:
        org_server.control("limits", {"daily_api_requests": 5, "used": 4})
        assert api.get("/limits").json()["DailyApiRequests"] == {"Max": 5, "Remaining": 0}
        answer = api.get("/limits")
        assert error_of(answer) == (403, "REQUEST_LIMIT_EXCEEDED")
        assert answer.json()[0]["message"] == "TotalRequests Limit exceeded."
        assert "Retry-After" not in answer.headers

    def test_it_recovers_within_a_day(self, org_server: OrgServer, api: Api) -> None:
        org_server.control("limits", {"daily_api_requests": 5, "used": 5})
        org_server.control("clock", {"offset_seconds": 86_500})
        assert org_server.api().get("/limits").status_code == 200


class TestTransport:
    def test_a_gzipped_body_is_understood(self, org_server: OrgServer, api: Api) -> None:
        answer = api.call(
            "PATCH",
            f"/sobjects/Contact/{org_server.record('Contact')}",
            data=gzip.compress(json.dumps({"Title": "Packed"}).encode()),
            headers={"Content-Encoding": "gzip", "Content-Type": "application/json"},
        )
        assert answer.status_code == 204

    def test_large_answers_are_gzipped_for_who_wants_it(self, api: Api) -> None:
        packed = api.get("/sobjects/Contact/describe")
        plain = api.get("/sobjects/Contact/describe", headers={"Accept-Encoding": "identity"})
        assert packed.headers["Content-Encoding"] == "gzip"
        assert "Content-Encoding" not in plain.headers
        assert packed.json() == plain.json()

    @pytest.mark.parametrize(
        "body", [b"{", b"", b"[1]", b'{"Title": NaN}', b"\xff\xfe", b"nonsense", b'{"\\ud800": 1}']
    )
    def test_a_broken_body_is_a_parser_error(self, org_server: OrgServer, api: Api, body: bytes) -> None:
        path = f"/sobjects/Contact/{org_server.record('Contact')}"
        answer = api.call("PATCH", path, data=body, headers={"Content-Type": "application/json"})
        assert error_of(answer) == (400, "JSON_PARSER_ERROR")

    def test_other_content_types_are_415(self, org_server: OrgServer, api: Api) -> None:
        path = f"/sobjects/Contact/{org_server.record('Contact')}"
        answer = api.call("PATCH", path, data=b"Title=X", headers={"Content-Type": "text/plain"})
        assert error_of(answer) == (415, "UNSUPPORTED_MEDIA_TYPE")

    @pytest.mark.parametrize("path", ["/sobjects//Contact", "/sobjects/Contact//003Wz0000000001IAA", "//limits"])
    def test_a_doubled_slash_leads_nowhere(self, api: Api, path: str) -> None:
        assert api.get(path, allow_redirects=False).status_code == 404

    @pytest.mark.parametrize(
        ("method", "path"), [("PUT", "/sobjects/Contact/003Wz0000000001IAA"), ("DELETE", "/query"), ("POST", "/limits")]
    )
    def test_other_methods_are_405(self, api: Api, method: str, path: str) -> None:
        assert error_of(api.call(method, path)) == (405, "METHOD_NOT_ALLOWED")

    def test_an_overlong_uri_is_414(self, api: Api) -> None:
        assert api.query("SELECT Id FROM Contact WHERE Name = '" + "x" * 16_400 + "'").status_code == 414
        assert api.query("SELECT Id FROM Contact WHERE Name = '" + "x" * 16_000 + "'").status_code == 200

    def test_an_oversize_body_is_refused(self, org_server: OrgServer, api: Api) -> None:
        path = f"/sobjects/Contact/{org_server.record('Contact')}"
        packed = gzip.compress(b'{"Description": "' + b"x" * (60 * 1024 * 1024) + b'"}')
        headers = {"Content-Encoding": "gzip", "Content-Type": "application/json"}
        assert api.call("PATCH", path, data=packed, headers=headers).status_code == 413

    def test_a_300_kb_text_is_too_long_and_not_a_crash(self, org_server: OrgServer, api: Api) -> None:
        path = f"/sobjects/Contact/{org_server.record('Contact')}"
        assert error_of(api.patch(path, {"Description": "x" * 300_000})) == (400, "STRING_TOO_LONG")


class TestDescribe:
    def test_global_describe_lists_the_objects(self, api: Api) -> None:
        body = api.get("/sobjects").json()
        assert (body["encoding"], body["maxBatchSize"]) == ("UTF-8", 200)
        names = {each["name"]: each for each in body["sobjects"]}
        wanted = {"Account", "Contact", "Lead", "Opportunity", "User", "Group", "Organization", "Sample_Project__c"}
        assert wanted <= set(names)
        assert names["Contact"]["keyPrefix"] == "003"
        assert names["Sample_Project__c"]["custom"] is True

    def test_required_on_create_can_be_derived(self, api: Api) -> None:
        def required(name: str) -> set[str]:
            return {
                field["name"]
                for field in api.get(f"/sobjects/{name}/describe").json()["fields"]
                if field["createable"] and not field["nillable"] and not field["defaultedOnCreate"]
            }

        assert required("Account") == {"Name"}
        assert required("Contact") == {"LastName"}
        assert required("Lead") == {"LastName", "Company"}
        assert required("Opportunity") == {"Name", "StageName", "CloseDate"}

    def test_fields_have_their_types_and_flags(self, api: Api) -> None:
        fields = {field["name"]: field for field in api.get("/sobjects/Contact/describe").json()["fields"]}
        assert fields["Email"]["type"] == "email"
        assert fields["Email"]["idLookup"] is True
        assert fields["AccountId"]["referenceTo"] == ["Account"]
        assert fields["AccountId"]["relationshipName"] == "Account"
        assert fields["Account_Industry__c"]["calculated"] is True
        assert fields["Account_Industry__c"]["createable"] is False
        assert fields["Level__c"]["restrictedPicklist"] is True
        assert [each["value"] for each in fields["Level__c"]["picklistValues"]] == ["Primary", "Secondary", "Tertiary"]
        assert (fields["CRM_Sync_Id__c"]["externalId"], fields["CRM_Sync_Id__c"]["unique"]) == (True, True)
        assert (fields["MailingAddress"]["type"], fields["MailingCity"]["compoundFieldName"]) == (
            "address",
            "MailingAddress",
        )
        assert fields["Name"]["nameField"] is True
        assert (fields["Lead_Score__c"]["precision"], fields["Lead_Score__c"]["scale"]) == (5, 1)

    def test_every_headline_object_has_the_external_id(self, api: Api) -> None:
        for name in ("Account", "Contact", "Lead", "Opportunity"):
            fields = {field["name"] for field in api.get(f"/sobjects/{name}/describe").json()["fields"]}
            assert "CRM_Sync_Id__c" in fields
            assert 15 <= len(fields) <= 60

    def test_children_are_named(self, api: Api) -> None:
        children = api.get("/sobjects/Account/describe").json()["childRelationships"]
        named = {(each["childSObject"], each["field"], each["relationshipName"]) for each in children}
        assert ("Contact", "AccountId", "Contacts") in named
        assert ("Sample_Project__c", "Account__c", "Sample_Projects__r") in named

    def test_an_unknown_object_is_not_found(self, api: Api) -> None:
        assert error_of(api.get("/sobjects/Unicorn/describe")) == (404, "NOT_FOUND")
