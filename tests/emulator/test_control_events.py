"""What happens inside the org without the REST API, and what the journal tells of it."""

from __future__ import annotations

import json
import threading
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
import requests

from emulator.salesforce.org import DEMO_ORG
from tests.support.org_server import BASE, Api, OrgServer, error_of


def refused(org: OrgServer, path: str, body: Any) -> Any:
    answer = requests.post(f"{org.url}/_emulator/{path}", json=body, timeout=10)
    assert answer.status_code == 400, answer.text
    return answer.json()["error"]


class TestEdits:
    def test_an_edit_is_made_by_the_user_and_moves_the_stamps(self, org_server: OrgServer, api: Api) -> None:
        ana, rep = org_server.record("Contact"), org_server.user("rep")["id"]
        before = api.read("Contact", ana, "SystemModstamp")
        org_server.edit("Contact", ana, {"Title": "By Riley"}, user="rep")
        after = api.read("Contact", ana, "Title", "LastModifiedById", "SystemModstamp")
        assert (after["Title"], after["LastModifiedById"]) == ("By Riley", rep)
        assert after["SystemModstamp"] > before["SystemModstamp"]
        [write] = org_server.writes()
        assert (write["user_id"], write["call_seq"], write["net"]) == (rep, None, True)
        assert (write["old"], write["new"]) == ({"Title": "Chief of Staff"}, {"Title": "By Riley"})

    def test_validation_applies(self, org_server: OrgServer) -> None:
        body = {"object": "Contact", "id": org_server.record("Contact"), "fields": {"Lead_Score__c": 500}}
        assert refused(org_server, "edit", body)[0]["errorCode"] == "FIELD_CUSTOM_VALIDATION_EXCEPTION"

    def test_without_an_id_a_record_is_created(self, org_server: OrgServer, api: Api) -> None:
        made = org_server.control("edit", {"object": "Contact", "fields": {"LastName": "Fresh"}, "user": "rep"})
        assert api.read("Contact", made["id"], "LastName")["LastName"] == "Fresh"

    @pytest.mark.parametrize(
        "body",
        [
            {},
            {"object": "Unicorn"},
            {"object": "Contact", "id": "x", "fields": {}},
            {"object": "Contact", "user": "nobody"},
        ],
    )
    def test_a_senseless_edit_is_refused(self, org_server: OrgServer, body: dict[str, Any]) -> None:
        assert refused(org_server, "edit", body)


class TestJournal:
    def test_a_call_is_told_with_who_what_and_how_long(self, org_server: OrgServer, api: Api) -> None:
        api.get("/limits?x=1", headers={"Sforce-Call-Options": "client=sync-widget"})
        [call] = org_server.journal("call")
        assert (call["method"], call["path"], call["query"], call["status"]) == ("GET", f"{BASE}/limits", "x=1", 200)
        assert call["user_id"] == org_server.user("integration")["id"]
        assert call["client"] == org_server.credentials["client_id"]
        assert call["client_name"] == "sync-widget"
        assert call["counted"] is True
        assert call["duration_ms"] >= 0

    def test_it_holds_no_secret(self, org_server: OrgServer, api: Api) -> None:
        token = org_server.token()
        requests.get(f"{org_server.url}/services/oauth2/userinfo?access_token={token}", timeout=10)
        [call] = org_server.journal("call")
        assert token not in str(call)
        assert "access_token=sha256:" in call["query"]

    def test_a_write_that_changes_nothing_is_told_as_such(self, org_server: OrgServer, api: Api) -> None:
        api.patch(f"/sobjects/Contact/{org_server.record('Contact')}", {"Title": "Chief of Staff"})
        [write] = org_server.writes()
        assert (write["op"], write["net"], write["old"], write["new"]) == ("update", False, {}, {})

    def test_refused_writes_are_not_in_it(self, org_server: OrgServer, api: Api) -> None:
        api.patch(f"/sobjects/Contact/{org_server.record('Contact')}", {"Nope": 1})
        assert org_server.writes() == []

    def test_it_can_be_read_in_pieces(self, org_server: OrgServer, api: Api) -> None:
        for _ in range(5):
            api.get("/limits")
        start = org_server.journal()[0]["seq"]
        first = org_server.control(f"journal?since={start}&limit=2", method="GET")
        second = org_server.control(f"journal?since={first['next']}", method="GET")
        numbers = [entry["seq"] for entry in first["entries"] + second["entries"]]
        assert numbers == list(range(start, start + 5))
        assert second["next"] == start + 5

    def test_controls_are_not_in_it(self, org_server: OrgServer) -> None:
        org_server.control("users", method="GET")
        assert org_server.journal() == []


class TestLeads:
    def test_a_conversion_makes_a_contact_and_closes_the_lead(self, org_server: OrgServer, api: Api) -> None:
        lead = org_server.record("Lead")
        before = api.get(f"/sobjects/Lead/{lead}").json()
        made = org_server.control("convert_lead", {"id": lead, "user": "rep"})
        after = api.get(f"/sobjects/Lead/{lead}").json()
        assert after["IsConverted"] is True
        assert (after["ConvertedContactId"], after["ConvertedAccountId"]) == (made["contact_id"], made["account_id"])
        contact = api.read("Contact", made["contact_id"], "Email", "LastName", "AccountId")
        assert (contact["Email"], contact["LastName"]) == (before["Email"], before["LastName"])
        assert api.read("Account", made["account_id"], "Name")["Name"] == before["Company"]
        assert [write["op"] for write in org_server.writes()] == ["insert", "insert", "convert"]

    def test_a_lead_of_a_queue_becomes_a_contact_of_who_converts_it(self, org_server: OrgServer, api: Api) -> None:
        lead = api.create("Lead", LastName="Queued", Company="Sample", LeadSource="Web")
        made = org_server.control("convert_lead", {"id": lead, "user": "rep"})
        assert api.read("Contact", made["contact_id"], "OwnerId")["OwnerId"] == org_server.user("rep")["id"]

    def test_a_converted_lead_can_only_be_read(self, org_server: OrgServer, api: Api) -> None:
        lead = org_server.record("Lead")
        org_server.control("convert_lead", {"id": lead})
        answer = api.patch(f"/sobjects/Lead/{lead}", {"Title": "X"})
        assert error_of(answer) == (400, "CANNOT_UPDATE_CONVERTED_LEAD")
        assert refused(org_server, "convert_lead", {"id": lead})


class TestMerges:
    def test_the_loser_is_deleted_and_names_its_master(self, org_server: OrgServer, api: Api) -> None:
        master, loser = org_server.record("Account"), api.create("Account", Name="Loser")
        child = api.create("Contact", LastName="Child", AccountId=loser)
        org_server.control(
            "merge", {"object": "Account", "master": master, "losers": [loser], "fields": {"Phone": "9"}}
        )
        [row] = api.rows(f"SELECT IsDeleted, MasterRecordId FROM Account WHERE Id = '{loser}'", every=True)
        assert (row["IsDeleted"], row["MasterRecordId"]) == (True, master)
        assert error_of(api.get(f"/sobjects/Account/{loser}")) == (404, "ENTITY_IS_DELETED")
        assert api.read("Contact", child, "AccountId")["AccountId"] == master
        assert api.read("Account", master, "Phone")["Phone"] == "9"

    def test_what_cannot_be_merged_is_refused(self, org_server: OrgServer) -> None:
        deal = org_server.record("Opportunity")
        assert refused(org_server, "merge", {"object": "Opportunity", "master": deal, "losers": [deal]})


class TestSetUp:
    def test_a_new_object_is_there_at_once(self, org_server: OrgServer, api: Api) -> None:
        fields = [
            {"name": "Name", "type": "string", "name_field": True, "nillable": False},
            {"name": "Weight__c", "type": "double", "precision": 6, "scale": 2},
            {"name": "Account__c", "type": "reference", "to": ["Account"]},
        ]
        org_server.control(
            "objects", {"name": "Parcel__c", "label": "Parcel", "label_plural": "Parcels", "fields": fields}
        )
        parcel = api.create("Parcel__c", Name="P1", Weight__c=2.5, Account__c=org_server.record("Account"))
        [row] = api.rows("SELECT Name, Weight__c, Account__r.Name FROM Parcel__c")
        assert (row["Name"], row["Weight__c"], row["Account__r"]["Name"]) == ("P1", 2.5, "Sample Foods")
        assert "Parcel__c" in {each["name"] for each in api.get("/sobjects").json()["sobjects"]}
        assert api.get(f"/sobjects/Parcel__c/{parcel}").status_code == 200

    def test_a_new_field_moves_the_describe(self, org_server: OrgServer, api: Api) -> None:
        seen = api.get("/sobjects/Contact/describe").headers["Last-Modified"]
        field = {"name": "Shoe_Size__c", "type": "int"}
        org_server.control("objects", {"object": "Contact", "fields": [field]})
        describe = api.get("/sobjects/Contact/describe", headers={"If-Modified-Since": seen})
        assert "Shoe_Size__c" in {each["name"] for each in describe.json()["fields"]}
        assert api.patch(f"/sobjects/Contact/{org_server.record('Contact')}", {"Shoe_Size__c": 39}).status_code == 204

    @pytest.mark.parametrize(
        "body",
        [
            {"name": "X__c", "fields": []},
            {"name": "X__c"},
            {"name": "X__c", "fields": [{"name": "Name", "type": "blob", "name_field": True}]},
            {"name": "X__c", "key_prefix": "001", "fields": [{"name": "Name", "type": "string", "name_field": True}]},
        ],
    )
    def test_an_impossible_object_is_refused(self, org_server: OrgServer, body: dict[str, Any]) -> None:
        assert refused(org_server, "objects", body)

    def test_thousands_of_records_are_loaded_in_one_go(self, org_server: OrgServer, api: Api) -> None:
        records = [{"LastName": f"L{number}", "Email": f"l{number}@example.com"} for number in range(3000)]
        assert len(org_server.control("records", {"object": "Contact", "records": records})["ids"]) == 3000
        assert api.query("SELECT COUNT() FROM Contact").json()["totalSize"] == 3080
        assert org_server.writes() == []

    def test_a_load_may_set_stamps_and_is_all_or_nothing(self, org_server: OrgServer, api: Api) -> None:
        stamp = "2026-01-02T03:04:05.000+0000"
        [made] = org_server.control(
            "records", {"object": "Contact", "records": [{"LastName": "Old", "SystemModstamp": stamp}]}
        )["ids"]
        assert api.read("Contact", made, "SystemModstamp")["SystemModstamp"] == stamp
        bad = {"object": "Contact", "records": [{"LastName": "Fine"}, {"LastName": "Bad", "Email": "x"}]}
        assert refused(org_server, "records", bad)[0]["errorCode"] == "INVALID_EMAIL_ADDRESS"
        assert api.rows("SELECT Id FROM Contact WHERE LastName = 'Fine'") == []

    def test_a_formula_changes_without_a_stamp(self, org_server: OrgServer, api: Api) -> None:
        ana = org_server.record("Contact")
        before = api.read("Contact", ana, "Account_Industry__c", "SystemModstamp")
        org_server.edit("Account", org_server.record("Account"), {"Industry": "Energy"})
        after = api.read("Contact", ana, "Account_Industry__c", "SystemModstamp")
        assert (before["Account_Industry__c"], after["Account_Industry__c"]) == ("Retail", "Energy")
        assert before["SystemModstamp"] == after["SystemModstamp"]


class TestReset:
    def test_it_brings_the_seed_back(self, org_server: OrgServer, api: Api) -> None:
        ana = org_server.record("Contact")
        org_server.edit("Contact", ana, {"Title": "Late"}, commit_after=0.5)
        org_server.control("permissions", {"user": "rep", "records": {ana: "none"}})
        org_server.control("objects", {"object": "Contact", "fields": [{"name": "Extra__c", "type": "string"}]})
        org_server.fault("status", status=500, count=None)
        org_server.control("clock", {"offset_seconds": 999})
        org_server.reset()
        assert org_server.control("faults", method="GET")["faults"] == []
        assert org_server.control("clock", method="GET")["offset_seconds"] == 0
        assert org_server.api("rep").get(f"/sobjects/Contact/{ana}").json()["Title"] == "Chief of Staff"
        assert "Extra__c" not in org_server.api().get(f"/sobjects/Contact/{ana}").json()

    def test_a_long_transaction_ends_with_it(self, org_server: OrgServer) -> None:
        ana = org_server.record("Contact")
        org_server.edit("Contact", ana, {"Title": "From before"}, commit_after=0.3)
        org_server.reset()
        org_server.edit("Contact", ana, {"Title": "From after"}, commit_after=0.6)
        deadline = time.monotonic() + 30
        while not org_server.writes() and time.monotonic() < deadline:
            time.sleep(0.05)
        assert [write["new"] for write in org_server.writes()] == [{"Title": "From after"}]


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("permissions", {"user": "rep", "fields": {"Contact": "hidden"}}),
        ("permissions", {"user": "rep", "fields": {"Contact.Phone": "perhaps"}}),
        ("permissions", {"user": "rep", "records": {"nonsense": "none"}}),
        ("records", {"object": "Contact", "records": [{"LastName": "X", "SystemModstamp": 5}]}),
        ("records", {"object": "Contact", "records": "many"}),
        ("clock", {"offset_seconds": "soon"}),
        ("undelete", {"object": "Contact", "id": "003Wz0000000001IAA"}),
        ("purge", {"object": "Contact", "id": "003Wz0000000001IAA"}),
        ("convert_lead", {"id": "003Wz0000000001IAA"}),
        ("token", {"user": "nobody"}),
    ],
)
def test_senseless_controls_are_refused(org_server: OrgServer, path: str, body: dict[str, Any]) -> None:
    assert refused(org_server, path, body)


class TestClock:
    def test_it_moves_the_date_header_and_the_stamps(self, org_server: OrgServer, api: Api) -> None:
        told = org_server.control("clock", {"offset_seconds": -86_400 * 365})
        api.patch(f"/sobjects/Contact/{org_server.record('Contact')}", {"Title": "Past"})
        answer = api.get(f"/sobjects/Contact/{org_server.record('Contact')}")
        assert answer.json()["LastModifiedDate"][:10] == told["now"][:10]
        assert answer.headers["Date"].split(" ")[3] == told["now"][:4]
        assert answer.headers.get("Date").count("GMT") == 1


class TestHost:
    def test_controls_answer_loopback_names_only(self, org_server: OrgServer) -> None:
        for host, status in (("evil.example.com", 403), ("localhost:1", 200), ("crm.localhost", 200), ("[::1]:8", 200)):
            answer = requests.get(f"{org_server.url}/_emulator/users", headers={"Host": host}, timeout=10)
            assert answer.status_code == status, host


class TestUsers:
    def test_each_part_of_the_org_file_is_played(self, org_server: OrgServer) -> None:
        users = {user["role"]: user for user in org_server.control("users", method="GET")["users"]}
        assert set(users) == {"admin", "integration", "rep", "limited_rep", "inactive"}
        assert users["inactive"]["active"] is False
        assert users["limited_rep"]["fields"]["Contact.Phone"] == "hidden"

    def test_the_credentials_name_four_good_records(self, org_server: OrgServer) -> None:
        admin = Api(org_server.url, org_server.credentials["access_token"])
        for name in ("Contact", "Account", "Lead", "Opportunity"):
            assert admin.get(f"/sobjects/{name}/{org_server.record(name)}").status_code == 200
        ana = admin.read("Contact", org_server.record("Contact"), "Name", "Title", "Phone", "Email", "AccountId")
        assert (ana["Name"], ana["Title"]) == ("Ana Sample", "Chief of Staff")
        assert all(ana.values())

    def test_they_are_for_their_owner_only(self, org_server: OrgServer) -> None:
        for name in ("credentials.json", "secrets.json", "lwc_private_key.pem"):
            assert (org_server.data / name).stat().st_mode & 0o777 == 0o600


class TestRestart:
    def test_a_second_start_goes_on_with_data_permissions_journal_and_clock(self, own_org_server: OrgServer) -> None:
        org = own_org_server
        ana = org.record("Contact")
        org.edit("Contact", ana, {"Title": "Kept"})
        org.control("permissions", {"user": "rep", "records": {ana: "none"}})
        org.control("objects", {"object": "Contact", "fields": [{"name": "Extra__c", "type": "string"}]})
        org.control("clock", {"offset_seconds": 120})
        org.api().get("/limits")
        before, credentials = org.journal(), org.credentials
        org.stop()
        org.start()
        assert org.credentials == credentials
        assert org.journal()[: len(before)] == before
        admin = Api(org.url, credentials["access_token"])
        assert admin.read("Contact", ana, "Title", "Extra__c")["Title"] == "Kept"
        assert org.api("rep").get(f"/sobjects/Contact/{ana}").status_code == 404
        assert org.control("clock", method="GET")["offset_seconds"] == 120
        assert admin.get("/limits").headers["Sforce-Limit-Info"].startswith("api-usage=4/")

    def test_the_same_org_file_gives_the_same_ids(self, own_org_server: OrgServer, org_server: OrgServer) -> None:
        def records(org: OrgServer) -> Any:
            return {name: org.record(name) for name in org.credentials["records"]}

        assert records(own_org_server) == records(org_server)

    def test_an_org_may_come_from_a_file(self, tmp_path: Path) -> None:
        definition = json.loads(DEMO_ORG.read_text("utf-8"))
        definition["organization"]["name"] = "Other Org"
        definition["daily_api_requests"] = 10
        (tmp_path / "other.json").write_text(json.dumps(definition), "utf-8")
        org = OrgServer(tmp_path / "data", file=tmp_path / "other.json")
        try:
            api = org.api()
            assert api.rows("SELECT Name FROM Organization")[0]["Name"] == "Other Org"
            assert api.get("/limits").json()["DailyApiRequests"]["Max"] == 10
        finally:
            org.stop()


def test_many_writers_on_one_record_lose_nothing(org_server: OrgServer) -> None:
    """Sixteen clients write at once: every answer, every journal entry and the record agree."""
    ana = org_server.record("Contact")
    answers: list[int] = []

    def write(number: int) -> None:
        api = org_server.api()
        for turn in range(5):
            answers.append(api.patch(f"/sobjects/Contact/{ana}", {"Title": f"T{number}.{turn}"}).status_code)

    writers = [threading.Thread(target=write, args=(number,)) for number in range(16)]
    for writer in writers:
        writer.start()
    for writer in writers:
        writer.join()
    assert answers == [204] * 80
    writes = org_server.writes()
    assert len(writes) == 80
    for earlier, later in pairwise(writes):
        assert later["old"]["Title"] == earlier["new"]["Title"]
    assert org_server.api().read("Contact", ana, "Title")["Title"] == writes[-1]["new"]["Title"]


def test_many_upserts_of_one_key_make_one_record(org_server: OrgServer) -> None:
    answers: list[int] = []

    def upsert(number: int) -> None:
        answer = org_server.api().patch("/sobjects/Contact/CRM_Sync_Id__c/race", {"LastName": f"L{number}"})
        answers.append(answer.status_code)

    racers = [threading.Thread(target=upsert, args=(number,)) for number in range(12)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()
    assert sorted(answers) == [200] * 11 + [201]
