"""One record at a time: read, create, change, delete, and every way to be refused."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.org_server import BASE, Api, OrgServer, error_of

MISSING = "003Wz0000000zzzAAA"


class TestReading:
    def test_a_row_has_attributes_and_the_fields_asked_for(self, org_server: OrgServer, api: Api) -> None:
        ana = org_server.record("Contact")
        assert api.read("Contact", ana, "FirstName", "LastName", "Title") == {
            "attributes": {"type": "Contact", "url": f"{BASE}/sobjects/Contact/{ana}"},
            "FirstName": "Ana",
            "LastName": "Sample",
            "Title": "Chief of Staff",
            "Id": ana,
        }

    def test_without_fields_every_field_is_there_and_blanks_are_null(self, org_server: OrgServer, api: Api) -> None:
        row = api.get(f"/sobjects/Contact/{org_server.record('Contact')}").json()
        assert row["Name"] == "Ana Sample"
        assert row["Fax"] is None
        assert row["DoNotCall"] is False
        assert row["MailingAddress"]["city"] == "Springfield"
        assert row["Account_Industry__c"] == "Retail"

    def test_object_and_field_names_are_case_insensitive_and_answered_properly(
        self, org_server: OrgServer, api: Api
    ) -> None:
        row = api.get(f"/sobjects/contact/{org_server.record('Contact')}?fields=tItLe").json()
        assert row["attributes"]["type"] == "Contact"
        assert row["Title"] == "Chief of Staff"

    def test_a_15_character_id_is_understood_and_answered_with_18(self, org_server: OrgServer, api: Api) -> None:
        ana = org_server.record("Contact")
        assert api.read("Contact", ana[:15], "Id")["Id"] == ana

    @pytest.mark.parametrize("bad", ["nonsense", "003Wz00000", "003Wz0000000001ZZZ", "003Wz00000000_1"])
    def test_a_broken_id_is_malformed(self, api: Api, bad: str) -> None:
        assert error_of(api.get(f"/sobjects/Contact/{bad}")) == (400, "MALFORMED_ID")

    def test_an_id_of_another_object_is_of_the_wrong_type(self, org_server: OrgServer, api: Api) -> None:
        answer = api.get(f"/sobjects/Account/{org_server.record('Contact')}")
        assert error_of(answer) == (400, "MALFORMED_ID")
        assert "id value of incorrect type" in answer.json()[0]["message"]

    def test_a_missing_record_is_not_found(self, api: Api) -> None:
        assert error_of(api.get("/sobjects/Contact/003Wz00000zzzzz")) == (404, "NOT_FOUND")

    def test_an_unknown_field_is_named(self, org_server: OrgServer, api: Api) -> None:
        answer = api.get(f"/sobjects/Contact/{org_server.record('Contact')}?fields=Id,Nope")
        assert error_of(answer) == (400, "INVALID_FIELD")
        assert "No such column 'Nope'" in answer.json()[0]["message"]

    def test_an_unknown_object_is_not_found(self, api: Api) -> None:
        assert error_of(api.get("/sobjects/Unicorn/003Wz0000000001")) == (404, "NOT_FOUND")


class TestCreating:
    def test_it_answers_201_with_the_place_of_the_record(self, api: Api) -> None:
        answer = api.post("/sobjects/Contact", {"LastName": "New"})
        assert answer.status_code == 201
        record_id = answer.json()["id"]
        assert answer.json() == {"id": record_id, "success": True, "errors": []}
        assert len(record_id) == 18
        assert answer.headers["Location"] == f"{BASE}/sobjects/Contact/{record_id}"

    def test_defaults_owner_and_stamps_are_set(self, org_server: OrgServer, api: Api) -> None:
        row = api.get(f"/sobjects/Sample_Project__c/{api.create('Sample_Project__c', Name='P')}").json()
        me = org_server.user("integration")["id"]
        assert row["Status__c"] == "Planned"
        assert row["Approved__c"] is False
        assert row["OwnerId"] == row["CreatedById"] == row["LastModifiedById"] == me
        assert row["CreatedDate"] == row["LastModifiedDate"] == row["SystemModstamp"]
        assert row["CreatedDate"].endswith("+0000")
        assert row["Project_Number__c"].startswith("S-")

    def test_a_missing_required_field_is_named(self, api: Api) -> None:
        answer = api.post("/sobjects/Opportunity", {"Name": "Deal"})
        assert error_of(answer) == (400, "REQUIRED_FIELD_MISSING")
        assert answer.json()[0]["fields"] == ["StageName", "CloseDate"]
        assert answer.json()[0]["message"] == "Required fields are missing: [StageName, CloseDate]"

    def test_a_blank_text_is_a_missing_one(self, api: Api) -> None:
        assert error_of(api.post("/sobjects/Contact", {"LastName": "  "})) == (400, "REQUIRED_FIELD_MISSING")

    @pytest.mark.parametrize("name", ["Organization", "Profile"])
    def test_system_objects_cannot_be_created(self, api: Api, name: str) -> None:
        answer = api.post(f"/sobjects/{name}", {"Name": "X"})
        assert error_of(answer) == (400, "CANNOT_INSERT_UPDATE_ACTIVATE_ENTITY")

    def test_null_in_a_field_with_a_default_means_the_default(self, org_server: OrgServer, api: Api) -> None:
        lead = api.post(
            "/sobjects/Lead",
            {"LastName": "N", "Company": "Sample", "Status": None, "OwnerId": None},
            headers={"Sforce-Auto-Assign": "FALSE"},
        ).json()["id"]
        row = api.read("Lead", lead, "Status", "OwnerId")
        assert (row["Status"], row["OwnerId"]) == ("Open - Not Contacted", org_server.user("integration")["id"])

    def test_the_parent_may_be_given_by_its_external_id(self, org_server: OrgServer, api: Api) -> None:
        contact = api.create("Contact", LastName="Child", Account={"Legacy_Id__c": "L-0003"})
        [account] = api.rows("SELECT Id FROM Account WHERE Legacy_Id__c = 'L-0003'")
        assert api.read("Contact", contact, "AccountId")["AccountId"] == account["Id"]

    def test_an_unknown_parent_by_external_id_is_refused(self, api: Api) -> None:
        body = {"LastName": "Child", "Account": {"Legacy_Id__c": "nobody"}}
        assert error_of(api.post("/sobjects/Contact", body)) == (400, "INVALID_FIELD")


class TestChanging:
    def test_it_answers_204_with_an_empty_body(self, org_server: OrgServer, api: Api) -> None:
        answer = api.patch(f"/sobjects/Contact/{org_server.record('Contact')}", {"Title": "Boss"})
        assert (answer.status_code, answer.content) == (204, b"")

    def test_texts_are_trimmed_and_empty_ones_are_null(self, org_server: OrgServer, api: Api) -> None:
        ana = org_server.record("Contact")
        api.patch(f"/sobjects/Contact/{ana}", {"Title": "  Boss \n", "Department": ""})
        row = api.read("Contact", ana, "Title", "Department")
        assert (row["Title"], row["Department"]) == ("Boss", None)

    def test_a_checkbox_is_never_null(self, org_server: OrgServer, api: Api) -> None:
        ana = org_server.record("Contact")
        api.patch(f"/sobjects/Contact/{ana}", {"DoNotCall": True})
        api.patch(f"/sobjects/Contact/{ana}", {"DoNotCall": None})
        assert api.read("Contact", ana, "DoNotCall")["DoNotCall"] is False

    def test_the_stamps_move_even_when_nothing_changes(self, org_server: OrgServer, api: Api) -> None:
        ana = org_server.record("Contact")
        before = api.read("Contact", ana, "SystemModstamp")["SystemModstamp"]
        api.patch(f"/sobjects/Contact/{ana}", {"Title": "Chief of Staff"})
        after = api.read("Contact", ana, "SystemModstamp", "LastModifiedDate", "LastModifiedById")
        assert after["SystemModstamp"] == after["LastModifiedDate"] > before
        assert after["LastModifiedById"] == org_server.user("integration")["id"]

    def test_post_with_a_method_override_is_a_patch(self, org_server: OrgServer, api: Api) -> None:
        ana = org_server.record("Contact")
        assert api.post(f"/sobjects/Contact/{ana}?_HttpMethod=PATCH", {"Title": "Over"}).status_code == 204
        assert api.read("Contact", ana, "Title")["Title"] == "Over"

    def test_emoji_and_right_to_left_text_come_back_as_they_were(self, org_server: OrgServer, api: Api) -> None:
        ana = org_server.record("Contact")
        text = "🚀 שלום مرحبا"
        api.patch(f"/sobjects/Contact/{ana}", {"Description": text})
        assert api.read("Contact", ana, "Description")["Description"] == text

    @pytest.mark.parametrize(
        ("fields", "code"),
        [
            ({"Nope": 1}, "INVALID_FIELD"),
            ({"Name": "X"}, "INVALID_FIELD_FOR_INSERT_UPDATE"),
            ({"SystemModstamp": "2026-01-01T00:00:00Z"}, "INVALID_FIELD_FOR_INSERT_UPDATE"),
            ({"Account_Industry__c": "X"}, "INVALID_FIELD_FOR_INSERT_UPDATE"),
            ({"MailingAddress": {"city": "X"}}, "INVALID_FIELD_FOR_INSERT_UPDATE"),
            ({"Id": "003Wz0000000001IAA"}, "INVALID_FIELD"),
            ({"LastName": None}, "REQUIRED_FIELD_MISSING"),
            ({"OwnerId": None}, "REQUIRED_FIELD_MISSING"),
            ({"Title": "x" * 129}, "STRING_TOO_LONG"),
            ({"Title": "🚀" * 65}, "STRING_TOO_LONG"),
            ({"Title": 7}, "JSON_PARSER_ERROR"),
            ({"Title": ["a"]}, "JSON_PARSER_ERROR"),
            ({"Title": "\ud800"}, "JSON_PARSER_ERROR"),
            ({"Lead_Score__c": "7"}, "JSON_PARSER_ERROR"),
            ({"Lead_Score__c": True}, "JSON_PARSER_ERROR"),
            ({"Lead_Score__c": 123456}, "NUMBER_OUTSIDE_VALID_RANGE"),
            ({"DoNotCall": "true"}, "JSON_PARSER_ERROR"),
            ({"Birthdate": "2026-02-30"}, "JSON_PARSER_ERROR"),
            ({"Birthdate": "01.02.2026"}, "JSON_PARSER_ERROR"),
            ({"Last_Visit__c": "2026-01-01"}, "JSON_PARSER_ERROR"),
            ({"Last_Visit__c": "2026-01-01T00:00:00"}, "JSON_PARSER_ERROR"),
            ({"Email": "nobody"}, "INVALID_EMAIL_ADDRESS"),
            ({"Email": "a@b"}, "INVALID_EMAIL_ADDRESS"),
            ({"Email": "a..b@example.com"}, "INVALID_EMAIL_ADDRESS"),
            ({"Level__c": "Quaternary"}, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST"),
            ({"AccountId": "nonsense"}, "MALFORMED_ID"),
            ({"AccountId": "003Wz0000000001IAA"}, "MALFORMED_ID"),
            ({"AccountId": "001Wz00000zzzzz"}, "INVALID_CROSS_REFERENCE_KEY"),
            ({"Lead_Score__c": 101}, "FIELD_CUSTOM_VALIDATION_EXCEPTION"),
        ],
    )
    def test_what_the_real_api_refuses_is_refused(
        self, org_server: OrgServer, api: Api, fields: dict[str, Any], code: str
    ) -> None:
        answer = api.patch(f"/sobjects/Contact/{org_server.record('Contact')}", fields)
        assert error_of(answer) == (400, code)
        assert org_server.writes() == []

    def test_an_unrestricted_picklist_takes_new_values_and_a_restricted_one_its_own_spelling(
        self, org_server: OrgServer, api: Api
    ) -> None:
        ana = org_server.record("Contact")
        assert (
            api.patch(f"/sobjects/Contact/{ana}", {"LeadSource": "Podcast", "Level__c": "tertiary"}).status_code == 204
        )
        row = api.read("Contact", ana, "LeadSource", "Level__c")
        assert (row["LeadSource"], row["Level__c"]) == ("Podcast", "Tertiary")

    def test_a_multipicklist_is_joined_by_semicolons_in_the_order_of_its_values(self, api: Api) -> None:
        account = api.create("Account", Name="Regions", Service_Regions__c="West;North;West")
        assert api.read("Account", account, "Service_Regions__c")["Service_Regions__c"] == "North;West"
        answer = api.patch(f"/sobjects/Account/{account}", {"Service_Regions__c": "North;Mars"})
        assert error_of(answer) == (400, "INVALID_OR_NULL_FOR_RESTRICTED_PICKLIST")

    def test_numbers_are_rounded_to_the_scale_of_the_field(self, org_server: OrgServer, api: Api) -> None:
        ana = org_server.record("Contact")
        api.patch(f"/sobjects/Contact/{ana}", {"Lead_Score__c": 12.25})
        assert api.read("Contact", ana, "Lead_Score__c")["Lead_Score__c"] == 12.3

    def test_every_violated_validation_rule_is_told(self, api: Api) -> None:
        answer = api.post("/sobjects/Account", {"Name": "Bad", "Tier__c": "Gold", "NumberOfEmployees": -1})
        assert [entry["fields"] for entry in answer.json()] == [["AnnualRevenue"], ["NumberOfEmployees"]]
        assert {entry["errorCode"] for entry in answer.json()} == {"FIELD_CUSTOM_VALIDATION_EXCEPTION"}

    def test_a_rule_may_look_at_the_value_before(self, api: Api) -> None:
        deal = api.create("Opportunity", Name="Won", StageName="Closed Won", CloseDate="2026-01-01", Amount=1)
        answer = api.patch(f"/sobjects/Opportunity/{deal}", {"StageName": "Prospecting"})
        assert error_of(answer) == (400, "FIELD_CUSTOM_VALIDATION_EXCEPTION")

    def test_an_inactive_user_cannot_own_a_record(self, org_server: OrgServer, api: Api) -> None:
        body = {"OwnerId": org_server.user("inactive")["id"]}
        answer = api.patch(f"/sobjects/Contact/{org_server.record('Contact')}", body)
        assert error_of(answer) == (400, "INACTIVE_OWNER_OR_USER")

    def test_no_account_is_above_itself(self, api: Api) -> None:
        top = api.create("Account", Name="Top")
        below = api.create("Account", Name="Below", ParentId=top)
        for above in (top, below):
            answer = api.patch(f"/sobjects/Account/{top}", {"ParentId": above})
            assert error_of(answer) == (400, "CIRCULAR_DEPENDENCY")
        assert api.patch(f"/sobjects/Account/{below}", {"ParentId": None}).status_code == 204
        assert api.patch(f"/sobjects/Account/{top}", {"ParentId": below}).status_code == 204

    def test_no_contact_reports_to_itself(self, api: Api) -> None:
        head = api.create("Contact", LastName="Head")
        hand = api.create("Contact", LastName="Hand", ReportsToId=head)
        for above in (head, hand):
            answer = api.patch(f"/sobjects/Contact/{head}", {"ReportsToId": above})
            assert error_of(answer) == (400, "CIRCULAR_DEPENDENCY")
        assert api.patch(f"/sobjects/Contact/{hand}", {"ReportsToId": None}).status_code == 204

    @pytest.mark.parametrize(
        ("day", "taken"), [("1700-01-01", True), ("4000-12-31", True), ("1699-12-31", False), ("4001-01-01", False)]
    )
    def test_dates_and_times_have_the_orgs_first_and_last_day(
        self, org_server: OrgServer, api: Api, day: str, taken: bool
    ) -> None:
        contact = org_server.record("Contact")
        for name, value in (("Birthdate", day), ("Last_Visit__c", f"{day}T00:00:00Z")):
            answer = api.patch(f"/sobjects/Contact/{contact}", {name: value})
            assert (answer.status_code == 204) is taken, answer.text
            if not taken:
                assert error_of(answer) == (400, "FIELD_INTEGRITY_EXCEPTION")
                assert answer.json()[0]["fields"] == [name]

    def test_a_clock_shows_no_more_than_it_can(self, org_server: OrgServer, api: Api) -> None:
        org_server.control("objects", {"object": "Contact", "fields": [{"name": "Rings__c", "type": "time"}]})
        contact = f"/sobjects/Contact/{org_server.record('Contact')}"
        assert api.patch(contact, {"Rings__c": "23:59:59.999Z"}).status_code == 204
        for clock in ("99:99:99", "24:00:00", "23:60:00", "23:59:60Z"):
            assert error_of(api.patch(contact, {"Rings__c": clock})) == (400, "JSON_PARSER_ERROR")

    def test_a_missing_record_is_an_invalid_reference(self, api: Api) -> None:
        answer = api.patch("/sobjects/Contact/003Wz00000zzzzz", {"Title": "X"})
        assert error_of(answer) == (404, "INVALID_CROSS_REFERENCE_KEY")


class TestUniqueAndDuplicate:
    def test_a_unique_external_id_is_kept_unique_without_regard_to_case(self, org_server: OrgServer, api: Api) -> None:
        first = api.create("Contact", LastName="One", CRM_Sync_Id__c="abc")
        answer = api.post("/sobjects/Contact", {"LastName": "Two", "CRM_Sync_Id__c": "ABC"})
        assert error_of(answer) == (400, "DUPLICATE_VALUE")
        assert answer.json()[0]["message"] == (
            f"duplicate value found: CRM_Sync_Id__c duplicates value on record with id: {first[:15]}"
        )

    def test_a_duplicate_is_detected_with_the_misspelled_key(self, org_server: OrgServer, api: Api) -> None:
        answer = api.post("/sobjects/Contact", {"LastName": "Again", "Email": "ana.sample@example.com"})
        assert error_of(answer) == (400, "DUPLICATES_DETECTED")
        details = answer.json()[0]["duplicateResut"]
        assert details["allowSave"] is True
        [match] = details["matchResults"][0]["matchRecords"]
        assert match["record"]["Id"] == org_server.record("Contact")
        assert "Email" not in match["record"]

    def test_the_header_shows_details_and_saves_past_an_alert(self, api: Api) -> None:
        body = {"LastName": "Again", "Email": "ana.sample@example.com"}
        details = api.post(
            "/sobjects/Contact", body, headers={"Sforce-Duplicate-Rule-Header": "includeRecordDetails=true"}
        )
        match = details.json()[0]["duplicateResut"]["matchResults"][0]["matchRecords"][0]
        assert match["record"]["Email"] == "ana.sample@example.com"
        saved = api.post("/sobjects/Contact", body, headers={"Sforce-Duplicate-Rule-Header": "allowSave=true"})
        assert saved.status_code == 201

    def test_the_header_does_not_pass_a_blocking_rule(self, api: Api) -> None:
        body = {"LastName": "Twice", "FirstName": "Tom", "Company": "Sample Twins"}
        api.post("/sobjects/Lead", body)
        answer = api.post("/sobjects/Lead", body, headers={"Sforce-Duplicate-Rule-Header": "allowSave=true"})
        assert error_of(answer) == (400, "DUPLICATES_DETECTED")
        assert answer.json()[0]["duplicateResut"]["allowSave"] is False

    def test_a_rule_may_look_into_another_object(self, org_server: OrgServer, api: Api) -> None:
        rule = {
            "name": "Lead_is_contact",
            "action": "block",
            "fields": ["Email"],
            "also": [{"object": "Contact", "fields": ["Email"]}],
            "matching_rule": "By_email",
            "message": "This person is a contact.",
        }
        org_server.control("objects", {"object": "Lead", "duplicate_rules": [rule]})
        answer = api.post("/sobjects/Lead", {"LastName": "A", "Company": "S", "Email": "ana.sample@example.com"})
        assert error_of(answer) == (400, "DUPLICATES_DETECTED")
        results = answer.json()[0]["duplicateResut"]["matchResults"]
        assert [(each["entityType"], each["size"]) for each in results] == [("Lead", 0), ("Contact", 1)]
        record = results[1]["matchRecords"][0]["record"]
        assert (record["attributes"]["type"], record["Id"]) == ("Contact", org_server.record("Contact"))

    def test_a_new_child_waits_for_the_lock_on_its_parent(self, org_server: OrgServer, api: Api) -> None:
        account = org_server.record("Account")
        org_server.fault("lock_rows", ids=[account], seconds=600)
        answer = api.post("/sobjects/Contact", {"LastName": "Child", "AccountId": account})
        assert error_of(answer) == (400, "UNABLE_TO_LOCK_ROW")
        assert api.post("/sobjects/Contact", {"LastName": "Alone"}).status_code == 201

    def test_an_update_of_other_fields_does_not_look_for_duplicates(self, org_server: OrgServer, api: Api) -> None:
        allow = {"Sforce-Duplicate-Rule-Header": "allowSave=true"}
        twin = api.post("/sobjects/Contact", {"LastName": "T", "Email": "ana.sample@example.com"}, headers=allow)
        assert api.patch(f"/sobjects/Contact/{twin.json()['id']}", {"Title": "X"}).status_code == 204


class TestAssignment:
    def test_a_lead_changes_its_owner_unless_told_not_to(self, org_server: OrgServer, api: Api) -> None:
        lead = {"LastName": "Jump", "Company": "Sample", "LeadSource": "Web"}
        jumped = api.read("Lead", api.create("Lead", **lead), "OwnerId")["OwnerId"]
        kept = api.post("/sobjects/Lead", {**lead, "LastName": "Stay"}, headers={"Sforce-Auto-Assign": "FALSE"})
        assert jumped.startswith("00G")
        assert api.read("Lead", kept.json()["id"], "OwnerId")["OwnerId"] == org_server.user("integration")["id"]

    def test_an_update_moves_the_owner_too(self, org_server: OrgServer, api: Api) -> None:
        account = org_server.record("Account")
        api.patch(f"/sobjects/Account/{account}", {"Industry": "Banking"}, headers={"Sforce-Auto-Assign": "FALSE"})
        assert api.read("Account", account, "OwnerId")["OwnerId"] == org_server.user("rep")["id"]
        api.patch(f"/sobjects/Account/{account}", {"Phone": "1"})
        assert api.read("Account", account, "OwnerId")["OwnerId"] == org_server.user("admin")["id"]

    def test_a_value_that_is_no_rule_is_refused(self, api: Api) -> None:
        answer = api.post(
            "/sobjects/Lead", {"LastName": "A", "Company": "B"}, headers={"Sforce-Auto-Assign": "perhaps"}
        )
        assert answer.status_code == 400


class TestDeleting:
    def test_a_deleted_record_is_known_to_be_deleted(self, org_server: OrgServer, api: Api) -> None:
        ana = org_server.record("Contact")
        assert api.delete(f"/sobjects/Contact/{ana}").status_code == 204
        for answer in (
            api.get(f"/sobjects/Contact/{ana}"),
            api.patch(f"/sobjects/Contact/{ana}", {"Title": "X"}),
            api.delete(f"/sobjects/Contact/{ana}"),
        ):
            assert error_of(answer) == (404, "ENTITY_IS_DELETED")

    def test_contacts_go_with_their_account(self, org_server: OrgServer, api: Api) -> None:
        api.delete(f"/sobjects/Account/{org_server.record('Account')}")
        answer = api.get(f"/sobjects/Contact/{org_server.record('Contact')}")
        assert error_of(answer) == (404, "ENTITY_IS_DELETED")

    def test_a_deleted_record_comes_back(self, org_server: OrgServer, api: Api) -> None:
        ana = org_server.record("Contact")
        api.delete(f"/sobjects/Contact/{ana}")
        org_server.control("undelete", {"object": "Contact", "id": ana})
        assert api.read("Contact", ana, "Name")["Name"] == "Ana Sample"


class TestExternalIds:
    def test_an_upsert_creates_and_then_updates(self, api: Api) -> None:
        path = "/sobjects/Contact/CRM_Sync_Id__c/k%2F1"
        first = api.patch(path, {"LastName": "Up"})
        second = api.patch(path, {"LastName": "Down"})
        assert (first.status_code, first.json()["created"]) == (201, True)
        assert (second.status_code, second.json()["created"]) == (200, False)
        assert first.json()["id"] == second.json()["id"]
        assert api.get(path).json()["LastName"] == "Down"
        assert api.get(path).json()["CRM_Sync_Id__c"] == "k/1"

    def test_update_only_creates_nothing(self, org_server: OrgServer, api: Api) -> None:
        answer = api.patch("/sobjects/Contact/CRM_Sync_Id__c/none?updateOnly=true", {"LastName": "Up"})
        assert error_of(answer) == (404, "NOT_FOUND")
        assert org_server.writes() == []

    def test_several_matches_are_listed_with_300(self, api: Api) -> None:
        ids = {api.create("Account", Name=name, Legacy_Id__c="same") for name in ("A", "B")}
        answer = api.patch("/sobjects/Account/Legacy_Id__c/same", {"Phone": "1"})
        assert answer.status_code == 300
        assert set(answer.json()) == {f"{BASE}/sobjects/Account/{each}" for each in ids}
        assert api.get("/sobjects/Account/Legacy_Id__c/same").status_code == 300

    def test_a_key_that_is_not_unique_needs_view_all(self, org_server: OrgServer) -> None:
        answer = org_server.api("rep").get("/sobjects/Account/Legacy_Id__c/L-0000")
        assert error_of(answer) == (404, "NOT_FOUND")

    def test_the_key_may_not_be_in_the_body_as_well(self, api: Api) -> None:
        answer = api.patch("/sobjects/Contact/CRM_Sync_Id__c/k", {"LastName": "Up", "CRM_Sync_Id__c": "k"})
        assert error_of(answer) == (400, "INVALID_FIELD")

    def test_a_field_that_is_no_external_id_is_not_found(self, api: Api) -> None:
        assert error_of(api.patch("/sobjects/Contact/Title/x", {"LastName": "Up"})) == (404, "NOT_FOUND")

    def test_deleting_by_key(self, api: Api) -> None:
        api.create("Contact", LastName="Gone", CRM_Sync_Id__c="gone")
        assert api.delete("/sobjects/Contact/CRM_Sync_Id__c/gone").status_code == 204
        assert error_of(api.get("/sobjects/Contact/CRM_Sync_Id__c/gone")) == (404, "NOT_FOUND")
