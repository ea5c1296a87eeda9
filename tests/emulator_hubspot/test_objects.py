"""Records one by one: what a read shows, what a write takes and refuses."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from tests.support.portal_server import PortalApi, PortalServer, problems, refusal

SAMPLE_PORTAL = Path(__file__).parents[2] / "emulator" / "hubspot" / "portals" / "demo.json"


class TestReading:
    def test_ids_and_values_are_texts_and_unset_properties_are_null(self, api: PortalApi, ana: str) -> None:
        record = api.read("contacts", ana, "sample_lead_score", "fax", "no_such_property")
        properties = record["properties"]
        assert (record["id"], properties["hs_object_id"]) == (ana, ana)
        assert (properties["sample_lead_score"], properties["fax"]) == ("0", None)
        assert "no_such_property" not in properties
        assert record["archived"] is False
        assert record["createdAt"].endswith("Z")
        assert record["updatedAt"] == properties["lastmodifieddate"]

    def test_every_object_has_its_own_default_properties_and_stamp(self, portal: PortalServer, api: PortalApi) -> None:
        company = api.get("companies", portal.record("companies")).json()["properties"]
        deal = api.get("deals", portal.record("deals")).json()["properties"]
        assert set(company) == {"createdate", "domain", "hs_lastmodifieddate", "hs_object_id", "name"}
        assert {"amount", "closedate", "dealname", "dealstage", "pipeline", "hs_lastmodifieddate"} < set(deal)

    @pytest.mark.parametrize("name", ["contacts", "contact", "CONTACT", "0-1"])
    @pytest.mark.parametrize("version", ["2026-09", "2026-03", "v3"])
    def test_an_object_answers_to_each_of_its_names_and_versions(
        self, api: PortalApi, ana: str, name: str, version: str
    ) -> None:
        assert api.at(version).get(name, ana).json()["id"] == ana

    def test_a_unique_property_leads_to_the_record_too(self, api: PortalApi, ana: str) -> None:
        assert api.get("contacts", "ANA.sample@example.com", idProperty="email").json()["id"] == ana
        assert refusal(api.get("contacts", "Ana", idProperty="firstname")) == (400, "VALIDATION_ERROR")

    def test_a_unique_property_leads_a_change_to_its_record(self, api: PortalApi, ana: str) -> None:
        answer = api.patch("contacts", "ana.sample@example.com", {"fax": "1"}, idProperty="email")
        assert (answer.status_code, answer.json()["id"]) == (200, ana)
        assert api.values("contacts", ana, "fax") == ["1"]

    def test_what_is_not_there_is_not_found(self, api: PortalApi) -> None:
        for answer in (api.get("contacts", "1"), api.patch("contacts", "1", {}), api.get("contacts", "x")):
            assert refusal(answer) == (404, "OBJECT_NOT_FOUND")

    def test_associations_are_listed_with_a_line_for_each_type(self, portal: PortalServer, api: PortalApi) -> None:
        record = api.read("contacts", portal.record("contacts"), associations="companies,sample_projects")
        company = portal.record("companies")
        assert record["associations"] == {
            "companies": {
                "results": [
                    {"id": company, "type": "contact_to_company"},
                    {"id": company, "type": "contact_to_company_unlabeled"},
                ]
            }
        }

    def test_a_list_is_walked_by_id(self, api: PortalApi) -> None:
        seen: list[str] = []
        after = "0"
        while after:
            page = api.objects("GET", "/contacts", params={"limit": 30, "after": after}).json()
            seen += [record["id"] for record in page["results"]]
            after = page.get("paging", {}).get("next", {}).get("after")
        assert len(seen) == 80
        assert seen == sorted(set(seen), key=int)

    @pytest.mark.parametrize("params", [{"limit": 101}, {"limit": 51, "propertiesWithHistory": "email"}, {"limit": 0}])
    def test_a_page_has_its_limits(self, api: PortalApi, params: dict[str, object]) -> None:
        assert api.objects("GET", "/contacts", params=params).status_code == 400


class TestWriting:
    def test_a_new_record_answers_what_was_written_and_201(self, api: PortalApi) -> None:
        answer = api.post("contacts", {"email": "New@Example.com", "sample_lead_score": 7, "sample_newsletter": True})
        assert answer.status_code == 201
        properties = answer.json()["properties"]
        assert properties["email"] == "new@example.com"
        assert (properties["sample_lead_score"], properties["sample_newsletter"]) == ("7", "true")

    def test_a_change_moves_the_stamp_and_leaves_other_properties_alone(self, api: PortalApi, ana: str) -> None:
        before = api.read("contacts", ana, "lastname", "jobtitle")
        answer = api.patch("contacts", ana, {"jobtitle": "Inspector"})
        after = api.read("contacts", ana, "lastname", "jobtitle")
        assert answer.status_code == 200
        assert after["properties"]["jobtitle"] == "Inspector"
        assert after["properties"]["lastname"] == before["properties"]["lastname"]
        assert after["updatedAt"] > before["updatedAt"]

    def test_an_empty_text_clears_a_value(self, api: PortalApi, ana: str) -> None:
        assert api.patch("contacts", ana, {"jobtitle": ""}).json()["properties"]["jobtitle"] == ""
        assert api.values("contacts", ana, "jobtitle") == [None]

    def test_a_leading_semicolon_adds_to_a_list(self, api: PortalApi, ana: str) -> None:
        api.patch("contacts", ana, {"sample_languages": "English"})
        api.patch("contacts", ana, {"sample_languages": ";German;English"})
        assert api.values("contacts", ana, "sample_languages") == ["English;German"]

    def test_everything_wrong_with_a_record_is_told_at_once(self, api: PortalApi, ana: str) -> None:
        answer = api.patch(
            "contacts",
            ana,
            {
                "no_such_property": "x",
                "createdate": "2026-01-01",
                "associatedcompanyid": "1",
                "num_associated_deals": "1",
                "email": "nobody",
                "lifecyclestage": "Customer",
                "sample_languages": "English;Latin",
                "sample_lead_score": "1,000",
                "sample_newsletter": "maybe",
                "sample_birthday": "yesterday",
                "sample_last_call": "noon",
                "hubspot_owner_id": "1",
            },
        )
        assert refusal(answer) == (400, "VALIDATION_ERROR")
        assert problems(answer) == {
            "no_such_property": "PROPERTY_DOESNT_EXIST",
            "createdate": "READ_ONLY_VALUE",
            "associatedcompanyid": "READ_ONLY_VALUE",
            "num_associated_deals": "READ_ONLY_VALUE",
            "email": "INVALID_EMAIL",
            "lifecyclestage": "INVALID_OPTION",
            "sample_languages": "INVALID_OPTION",
            "sample_lead_score": "INVALID_LONG",
            "sample_newsletter": "INVALID_OPTION",
            "sample_birthday": "INVALID_DATE",
            "sample_last_call": "INVALID_LONG",
            "hubspot_owner_id": "INVALID_OWNER_ID",
        }
        text, listed = answer.json()["message"].split(": ", 1)
        assert text == "Property values were not valid"
        assert {each["name"]: each["error"] for each in json.loads(listed)} == problems(answer)

    def test_the_refusal_of_an_option_names_the_allowed_ones(self, api: PortalApi, ana: str) -> None:
        message = api.patch("contacts", ana, {"sample_level": "top"}).json()["errors"][0]["message"]
        assert message == "top was not one of the allowed options: [primary, secondary, tertiary]"

    def test_an_email_that_is_taken_is_a_conflict_with_the_id_in_the_text_only(self, api: PortalApi, ana: str) -> None:
        for answer in (
            api.post("contacts", {"email": "Ana.Sample@example.com"}),
            api.patch("contacts", str(int(ana) + 1), {"email": "ana.sample@example.com"}),
        ):
            body = answer.json()
            assert (answer.status_code, body["category"]) == (409, "CONFLICT")
            assert body["message"] == f"Contact already exists. Existing ID: {ana}"
            assert "errors" not in body
            assert "context" not in body

    def test_a_domain_may_be_shared_and_fills_the_website(self, portal: PortalServer, api: PortalApi) -> None:
        twin = api.create("companies", name="Sample twin", domain="Example.com")
        assert api.values("companies", twin, "domain", "website") == ["example.com", "example.com"]
        assert api.values("companies", portal.record("companies"), "domain") == ["example.com"]

    def test_a_unique_property_of_the_portals_own_is_kept_unique(self, api: PortalApi, ana: str) -> None:
        api.patch("contacts", ana, {"crm_sync_id": "abc"})
        answer = api.post("contacts", {"crm_sync_id": "ABC"})
        assert (answer.status_code, problems(answer)) == (400, {"crm_sync_id": "CONFLICTING_UNIQUE_VALUE"})

    def test_a_stage_has_to_belong_to_its_pipeline(self, portal: PortalServer, api: PortalApi) -> None:
        deal = portal.record("deals")
        assert problems(api.patch("deals", deal, {"dealstage": "9010011"})) == {"dealstage": "INVALID_OPTION"}
        assert api.patch("deals", deal, {"dealstage": "9010012", "pipeline": "9010001"}).status_code == 200
        assert api.values("deals", deal, "hs_is_closed", "hs_is_closed_won", "hs_deal_stage_probability") == [
            "true",
            "true",
            "1.0",
        ]

    def test_a_deal_without_a_pipeline_gets_that_of_its_stage(self, api: PortalApi) -> None:
        deal = api.create("deals", dealname="Sample", dealstage="9010011")
        assert api.values("deals", deal, "pipeline") == ["9010001"]

    @pytest.mark.parametrize("text", ["", "{", "[]", '{"properties": 1}', "{}", '{"properties": {"email": {}}}'])
    def test_a_body_that_is_no_record_is_invalid_input(self, api: PortalApi, text: str) -> None:
        headers = {"Content-Type": "application/json"}
        answer = api.objects("POST", "/contacts", data=text, headers=headers)
        assert answer.status_code == 400
        assert answer.json()["message"].startswith("Invalid input JSON on line 1, column ")


class TestSomebodyToSpeakOf:
    """A contact is made with an email address, a first name or a last name; which, nobody minds."""

    def test_one_without_any_is_refused_in_every_version(self, api: PortalApi) -> None:
        for version in ("2026-09", "2026-03", "v3"):
            for given in ({}, {"phone": "+1 555 0100"}, {"email": "", "firstname": " "}):
                answer = api.at(version).post("contacts", given)
                assert refusal(answer) == (400, "VALIDATION_ERROR")
                assert answer.json()["message"] == "Error creating CONTACT. Some required properties were not set."
                assert answer.json()["context"] == {"properties": ["email", "firstname", "lastname"]}

    def test_any_of_them_will_do(self, api: PortalApi) -> None:
        for name in ("email", "firstname", "lastname"):
            assert api.post("contacts", {name: "x@example.com"}).status_code == 201

    def test_so_it_is_in_batches(self, api: PortalApi) -> None:
        inputs = [{"properties": {"lastname": "Sample"}}, {"properties": {"phone": "1"}}]
        answer = api.objects("POST", "/contacts/batch/create", json={"inputs": inputs})
        assert refusal(answer) == (400, "VALIDATION_ERROR")
        kept = [{"id": "new@example.com", "idProperty": "email", "properties": {"phone": "1"}}]
        assert api.objects("POST", "/contacts/batch/upsert", json={"inputs": kept}).status_code == 200

    def test_a_change_may_leave_none(self, api: PortalApi, ana: str) -> None:
        """Nothing is documented that would refuse it."""
        assert api.patch("contacts", ana, {"email": "", "firstname": "", "lastname": ""}).status_code == 200

    def test_companies_and_deals_are_not_people(self, api: PortalApi) -> None:
        assert api.at("v3").post("companies", {"phone": "1"}).status_code == 201


class TestAdminRules:
    def test_the_newest_version_demands_what_the_admin_requires(self, api: PortalApi) -> None:
        answer = api.post("companies", {"domain": "example.com"})
        [error] = answer.json()["errors"]
        assert refusal(answer) == (400, "VALIDATION_ERROR")
        assert error == {
            "message": "A value for name must be provided",
            "code": "MISSING_REQUIRED_PROPERTY",
            "context": {"propertyName": ["name"]},
        }

    def test_older_versions_do_not(self, api: PortalApi) -> None:
        for version in ("2026-03", "v3"):
            assert api.at(version).post("companies", {"domain": "example.com"}).status_code == 201

    def test_a_required_value_cannot_be_cleared(self, portal: PortalServer, api: PortalApi) -> None:
        company = portal.record("companies")
        assert problems(api.patch("companies", company, {"name": ""})) == {"name": "MISSING_REQUIRED_PROPERTY"}
        assert api.patch("companies", company, {"phone": "1"}).status_code == 200

    def test_one_value_can_require_another(self, portal: PortalServer, api: PortalApi) -> None:
        deal = portal.record("deals")
        answer = api.patch("deals", deal, {"dealstage": "closedlost"})
        assert problems(answer) == {"closed_lost_reason": "MISSING_CONDITIONAL_REQUIRED_PROPERTY"}
        assert api.patch("deals", deal, {"dealstage": "closedlost", "closed_lost_reason": "x"}).status_code == 200

    def test_rules_can_be_changed_while_the_portal_runs(self, portal: PortalServer, api: PortalApi) -> None:
        portal.control("rules", {"object": "contacts", "required": ["lastname"]})
        assert problems(api.post("contacts", {"email": "x@example.com"})) == {"lastname": "MISSING_REQUIRED_PROPERTY"}

    def test_a_moment_becomes_a_day_with_a_warning_in_the_newest_version_only(self, api: PortalApi, ana: str) -> None:
        given = {"sample_birthday": "1990-02-03T10:00:00Z"}
        [warning] = api.patch("contacts", ana, given).json()["warnings"]
        assert warning["category"] == "PROPERTY_VALUE_NORMALIZED"
        assert warning["context"]["normalizedValue"] == ["1990-02-03"]
        assert problems(api.at("v3").patch("contacts", ana, given)) == {"sample_birthday": "INVALID_DATE"}

    @pytest.mark.parametrize("version", ["2026-09", "v3"])
    def test_a_day_may_come_as_milliseconds_at_midnight(self, api: PortalApi, ana: str, version: str) -> None:
        assert api.at(version).patch("contacts", ana, {"sample_birthday": "633830400000"}).status_code == 200
        assert api.values("contacts", ana, "sample_birthday") == ["1990-02-01"]


class TestHistory:
    def test_each_property_knows_who_changed_it_when_newest_first(
        self, portal: PortalServer, api: PortalApi, ana: str
    ) -> None:
        api.patch("contacts", ana, {"jobtitle": "From outside"})
        portal.edit("contacts", ana, {"jobtitle": "From inside"}, user="rep")
        versions = api.read("contacts", ana, propertiesWithHistory="jobtitle")["propertiesWithHistory"]["jobtitle"]
        rep, app = portal.user("rep")["id"], str(portal.credentials["app_id"])
        assert [(each["value"], each["sourceType"], each["sourceId"]) for each in versions[:2]] == [
            ("From inside", "CRM_UI", f"userId:{rep}"),
            ("From outside", "INTEGRATION", app),
        ]
        assert versions[0]["updatedByUserId"] == int(rep)
        assert versions[0]["timestamp"] > versions[1]["timestamp"] > versions[2]["timestamp"]

    def test_the_same_value_again_makes_no_history_but_moves_the_stamp(self, api: PortalApi, ana: str) -> None:
        api.patch("contacts", ana, {"jobtitle": "Same"})
        first = api.read("contacts", ana, propertiesWithHistory="jobtitle")
        api.patch("contacts", ana, {"jobtitle": "Same"})
        second = api.read("contacts", ana, propertiesWithHistory="jobtitle")
        assert second["propertiesWithHistory"] == first["propertiesWithHistory"]
        assert second["updatedAt"] > first["updatedAt"]

    def test_history_does_not_grow_for_ever(self, portal: PortalServer, api: PortalApi) -> None:
        company = portal.record("companies")
        for number in range(25):
            api.patch("companies", company, {"phone": str(number)})
        versions = api.read("companies", company, propertiesWithHistory="phone")["propertiesWithHistory"]["phone"]
        assert len(versions) == 20


class TestArchiving:
    def test_an_archived_record_is_seen_only_when_asked_for(self, api: PortalApi, ana: str) -> None:
        assert api.delete("contacts", ana).status_code == 204
        assert api.get("contacts", ana).status_code == 404
        assert api.patch("contacts", ana, {"jobtitle": "X"}).status_code == 404
        gone = api.get("contacts", ana, archived="true").json()
        assert gone["archived"] is True
        assert gone["archivedAt"] == gone["updatedAt"]

    def test_archiving_again_is_fine(self, api: PortalApi, ana: str) -> None:
        assert [api.delete("contacts", each).status_code for each in (ana, ana, "1")] == [204, 204, 204]

    def test_a_restored_record_is_back(self, portal: PortalServer, api: PortalApi, ana: str) -> None:
        api.delete("contacts", ana)
        portal.control("restore", {"object": "contacts", "id": ana})
        assert api.values("contacts", ana, "lastname") == ["Sample"]

    def test_the_email_of_an_archived_contact_is_free(self, api: PortalApi, ana: str) -> None:
        api.delete("contacts", ana)
        assert api.post("contacts", {"email": "ana.sample@example.com"}).status_code == 201


class TestMerging:
    def test_two_records_become_a_new_one_and_both_ids_lead_to_it(self, api: PortalApi, ana: str) -> None:
        ben = str(int(ana) + 1)
        api.patch("contacts", ana, {"fax": ""})
        api.patch("contacts", ben, {"fax": "12"})
        merged = api.objects("POST", "/contacts/merge", {"primaryObjectId": ana, "objectIdToMerge": ben})
        new_id = merged.json()["id"]
        assert merged.status_code == 200
        assert new_id not in (ana, ben)
        assert [api.read("contacts", each)["id"] for each in (ana, ben, new_id)] == [new_id] * 3
        assert api.values("contacts", new_id, "firstname", "fax", "hs_merged_object_ids") == [
            "Ana",
            "12",
            f"{ana};{ben}",
        ]

    def test_a_change_of_an_old_id_reaches_the_new_record(self, api: PortalApi, ana: str) -> None:
        ben = str(int(ana) + 1)
        new_id = api.objects("POST", "/contacts/merge", {"primaryObjectId": ana, "objectIdToMerge": ben}).json()["id"]
        assert api.patch("contacts", ben, {"fax": "1"}).json()["id"] == new_id

    def test_the_other_address_stays_taken(self, api: PortalApi, ana: str) -> None:
        ben = str(int(ana) + 1)
        address = api.values("contacts", ben, "email")[0]
        new_id = api.objects("POST", "/contacts/merge", {"primaryObjectId": ana, "objectIdToMerge": ben}).json()["id"]
        assert api.values("contacts", new_id, "hs_additional_emails") == [address]
        assert api.post("contacts", {"email": address}).json()["message"].endswith(f"Existing ID: {new_id}")

    def test_the_new_record_has_the_associations_of_both(self, api: PortalApi, ana: str) -> None:
        ben = str(int(ana) + 1)
        new_id = api.objects("POST", "/contacts/merge", {"primaryObjectId": ana, "objectIdToMerge": ben}).json()["id"]
        linked = api.read("contacts", new_id, associations="companies")["associations"]["companies"]["results"]
        assert len({each["id"] for each in linked}) == 2
        assert [each["type"] for each in linked].count("contact_to_company") == 1


def test_a_reset_brings_the_seed_back(portal: PortalServer, api: PortalApi, ana: str) -> None:
    api.patch("contacts", ana, {"jobtitle": "X"})
    portal.reset()
    assert api.values("contacts", ana, "jobtitle") == ["Chief of Staff"]


def test_a_second_start_keeps_everything(own_portal: PortalServer) -> None:
    before, ana = own_portal.credentials, own_portal.record("contacts")
    api = own_portal.api()
    property_ = {"name": "kept", "label": "K", "type": "string", "fieldType": "text", "groupName": "sample_sync"}
    api.call("POST", api.path("properties", "/contacts"), json=property_)
    label = {"name": "sample_sponsor", "label": "Sponsor"}
    api.call("POST", api.path("associations", "/contacts/companies/labels"), json=label)
    own_portal.control("objects", {"name": "sample_cars", "properties": [{"name": "title"}]})
    api.patch("contacts", ana, {"jobtitle": "Kept", "kept": "yes"})
    api.delete("contacts", str(int(ana) + 1))
    own_portal.stop()
    own_portal.start()
    assert api.values("contacts", ana, "kept", "associatedcompanyid") == ["yes", own_portal.record("companies")]
    assert api.get("contacts", str(int(ana) + 1)).status_code == 404
    assert api.create("sample_cars", title="A")
    labels = api.call("GET", api.path("associations", "/contacts/companies/labels")).json()["results"]
    assert "Sponsor" in {each["label"] for each in labels}
    assert api.create("contacts", lastname="Next") == str(int(ana) + 80)
    versions = own_portal.api().read("contacts", ana, propertiesWithHistory="jobtitle")["propertiesWithHistory"]
    assert [each["value"] for each in versions["jobtitle"]] == ["Kept", "Chief of Staff"]
    assert own_portal.credentials["access_token"] == before["access_token"]
    assert own_portal.credentials["records"] == before["records"]


def test_a_portal_of_ones_own_comes_from_a_file(tmp_path: Path) -> None:
    definition = json.loads(SAMPLE_PORTAL.read_text("utf-8"))
    definition["portal"]["portal_id"] = 77
    definition["seed"] = {"companies": 2, "contacts": 1, "deals": 0, "projects": 0}
    definition["token_lifetime_seconds"] = 60
    file = tmp_path / "own.json"
    file.write_text(json.dumps(definition), "utf-8")
    server = PortalServer(tmp_path / "portal", file=file)
    try:
        assert (server.credentials["portal_id"], set(server.credentials["records"])) == (77, {"companies", "contacts"})
        assert server.api().search("companies").json()["total"] == 2
        api = server.api(server.token())
        server.control("clock", {"offset_seconds": 61})
        assert refusal(api.get("contacts", server.record("contacts"))) == (401, "EXPIRED_AUTHENTICATION")
    finally:
        server.stop()


def test_of_two_at_the_same_time_one_gets_the_address(portal: PortalServer) -> None:
    clients = [portal.api() for _ in range(6)]
    with ThreadPoolExecutor(len(clients)) as pool:
        answers = list(pool.map(lambda client: client.post("contacts", {"email": "race@example.com"}), clients))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 5


def test_changes_at_the_same_time_are_all_kept(portal: PortalServer, ana: str) -> None:
    clients = {name: portal.api() for name in ("fax", "website", "message", "industry")}
    with ThreadPoolExecutor(len(clients)) as pool:
        list(pool.map(lambda name: clients[name].patch("contacts", ana, {name: "kept"}), clients))
    assert portal.api().values("contacts", ana, *clients) == ["kept"] * 4
