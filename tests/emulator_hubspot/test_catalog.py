"""What the portal is made of: account, properties, groups, owners, pipelines, lists, object definitions."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from tests.support.portal_server import PortalApi, PortalServer, refusal

SIZE = {
    "name": "sample_size",
    "label": "Sample size",
    "type": "enumeration",
    "fieldType": "select",
    "groupName": "sample_sync",
    "options": [{"label": "Small", "value": "s"}, {"label": "Large", "value": "l"}],
}


def family(
    api: PortalApi, method: str, name: str, path: str = "", body: Any = None, **params: Any
) -> requests.Response:
    return api.call(method, api.path(name, path), json=body, params=params)


class TestAccount:
    @pytest.mark.parametrize("version", ["2026-09", "2026-03", "v3"])
    def test_it_tells_the_portal_and_where_people_see_it(
        self, portal: PortalServer, api: PortalApi, version: str
    ) -> None:
        details = api.call("GET", f"/account-info/{version}/details").json()
        assert details["portalId"] == portal.credentials["portal_id"]
        assert details["uiDomain"] == f"127.0.0.1:{portal.port}"
        assert (details["timeZone"], details["companyCurrency"]) == ("US/Eastern", "USD")

    def test_it_tells_what_the_day_has_used(self, portal: PortalServer, api: PortalApi) -> None:
        portal.control("limits", {"used": 41})
        [usage] = api.call("GET", "/account-info/2026-09/api-usage/daily/private-apps").json()["results"]
        assert (usage["currentUsage"], usage["usageLimit"]) == (42, 1_000_000)


class TestProperties:
    def test_all_are_listed_at_once_with_what_an_integration_may_do(self, api: PortalApi) -> None:
        listed = {each["name"]: each for each in family(api, "GET", "properties", "/contacts").json()["results"]}
        assert listed["email"]["hasUniqueValue"] is True
        assert listed["lastmodifieddate"]["modificationMetadata"]["readOnlyValue"] is True
        assert listed["num_associated_deals"]["calculated"] is True
        assert (listed["hubspot_owner_id"]["externalOptions"], listed["hubspot_owner_id"]["options"]) == (True, [])
        assert [option["value"] for option in listed["sample_newsletter"]["options"]] == ["true", "false"]
        assert listed["sample_level"]["options"][0] == {
            "label": "Primary",
            "value": "primary",
            "description": "",
            "displayOrder": 0,
            "hidden": False,
        }
        required = {"name", "label", "type", "fieldType", "groupName", "description", "options"}
        assert all(required <= set(each) for each in listed.values())
        assert "hs_lastmodifieddate" not in listed

    def test_older_paths_still_answer(self, api: PortalApi) -> None:
        assert "email" in {each["name"] for each in api.call("GET", "/properties/v2/contacts/properties").json()}
        assert family(api.at("v3"), "GET", "properties", "/contact/email").json()["name"] == "email"

    def test_a_property_lives_from_creation_to_archive(self, api: PortalApi, ana: str) -> None:
        made = family(api, "POST", "properties", "/contacts", SIZE)
        assert (made.status_code, made.json()["modificationMetadata"]["archivable"]) == (201, True)
        assert api.patch("contacts", ana, {"sample_size": "l"}).status_code == 200
        assert family(api, "DELETE", "properties", "/contacts/sample_size").status_code == 204
        assert family(api, "GET", "properties", "/contacts/sample_size").status_code == 404
        assert family(api, "GET", "properties", "/contacts/sample_size", archived="true").json()["archived"] is True
        assert "sample_size" not in api.read("contacts", ana, "sample_size")["properties"]
        assert api.patch("contacts", ana, {"sample_size": "l"}).status_code == 400

    def test_the_name_of_an_archived_property_brings_it_back(self, api: PortalApi, ana: str) -> None:
        family(api, "POST", "properties", "/contacts", SIZE)
        api.patch("contacts", ana, {"sample_size": "l"})
        family(api, "DELETE", "properties", "/contacts/sample_size")
        assert family(api, "POST", "properties", "/contacts", SIZE).status_code == 201
        assert api.values("contacts", ana, "sample_size") == ["l"]

    def test_options_are_replaced_as_a_whole(self, api: PortalApi) -> None:
        family(api, "POST", "properties", "/contacts", SIZE)
        change = {"label": "Size", "options": [{"label": "Medium", "value": "m"}]}
        changed = family(api, "PATCH", "properties", "/contacts/sample_size", change).json()
        assert (changed["label"], [option["value"] for option in changed["options"]]) == ("Size", ["m"])

    @pytest.mark.parametrize(
        ("change", "expected"),
        [
            ({"name": "email"}, (409, "OBJECT_ALREADY_EXISTS")),
            ({"name": "Sample Size"}, (400, "VALIDATION_ERROR")),
            ({"groupName": "nowhere"}, (400, "VALIDATION_ERROR")),
            ({"type": "json"}, (400, "VALIDATION_ERROR")),
            ({"fieldType": "date"}, (400, "VALIDATION_ERROR")),
            ({"options": []}, (400, "VALIDATION_ERROR")),
            ({"options": [{"label": "A", "value": "a"}, {"label": "B", "value": "a"}]}, (400, "VALIDATION_ERROR")),
            ({"label": None}, (400, "VALIDATION_ERROR")),
        ],
    )
    def test_a_senseless_property_is_refused(
        self, api: PortalApi, change: dict[str, Any], expected: tuple[int, str]
    ) -> None:
        assert refusal(family(api, "POST", "properties", "/contacts", {**SIZE, **change})) == expected

    def test_hubspots_own_stay_as_they_are(self, api: PortalApi) -> None:
        assert family(api, "DELETE", "properties", "/contacts/email").status_code == 400
        assert family(api, "PATCH", "properties", "/contacts/email", {"label": "Post"}).status_code == 400

    def test_an_object_has_ten_unique_properties_at_most(self, api: PortalApi) -> None:
        unique = {**SIZE, "type": "string", "fieldType": "text", "options": [], "hasUniqueValue": True}
        made = [family(api, "POST", "properties", "/contacts", {**unique, "name": f"u{n}"}) for n in range(10)]
        assert [answer.status_code for answer in made] == [201] * 9 + [400]

    def test_batches(self, api: PortalApi) -> None:
        made = family(api, "POST", "properties", "/contacts/batch/create", {"inputs": [SIZE, {"name": "email"}]})
        assert (made.status_code, len(made.json()["results"]), made.json()["numErrors"]) == (207, 1, 1)
        inputs = {"inputs": [{"name": "sample_size"}]}
        assert family(api, "POST", "properties", "/contacts/batch/read", inputs).status_code == 200
        assert family(api, "POST", "properties", "/contacts/batch/archive", inputs).status_code == 204
        assert family(api, "POST", "properties", "/contacts/batch/read", inputs).status_code == 207

    def test_groups_can_be_made_renamed_and_archived_when_empty(self, api: PortalApi) -> None:
        group = {"name": "sample_more", "label": "More"}
        assert family(api, "POST", "properties", "/contacts/groups", group).status_code == 201
        assert family(api, "POST", "properties", "/contacts/groups", group).status_code == 409
        renamed = family(api, "PATCH", "properties", "/contacts/groups/sample_more", {"label": "Most"}).json()
        assert renamed["label"] == "Most"
        assert family(api, "DELETE", "properties", "/contacts/groups/sample_sync").status_code == 400
        assert family(api, "DELETE", "properties", "/contacts/groups/sample_more").status_code == 204
        names = [each["name"] for each in family(api, "GET", "properties", "/contacts/groups").json()["results"]]
        assert "sample_more" not in names

    def test_definitions_need_a_scope_of_their_own_for_writing(self, portal: PortalServer) -> None:
        api = portal.api(portal.token(scopes=["crm.objects.contacts.read", "crm.objects.contacts.write"]))
        assert family(api, "GET", "properties", "/contacts").status_code == 200
        assert refusal(family(api, "POST", "properties", "/contacts", SIZE)) == (403, "MISSING_SCOPES")


class TestOwners:
    def test_users_are_owners_under_another_number(self, portal: PortalServer, api: PortalApi) -> None:
        rep = portal.user("rep")
        [owner] = family(api, "GET", "owners", email="RILEY@example.com").json()["results"]
        assert (owner["id"], owner["userId"], owner["type"]) == (rep["owner_id"], int(rep["id"]), "PERSON")
        assert owner["teams"][0]["name"] == "Sales"
        assert family(api, "GET", "owners", f"/{rep['id']}", idProperty="userId").json()["id"] == rep["owner_id"]

    def test_a_deactivated_user_is_an_archived_owner(self, portal: PortalServer, api: PortalApi) -> None:
        ira = portal.user("inactive")["owner_id"]
        assert ira not in {each["id"] for each in family(api, "GET", "owners").json()["results"]}
        assert family(api, "GET", "owners", f"/{ira}").status_code == 404
        assert family(api, "GET", "owners", f"/{ira}", archived="true").json()["archived"] is True

    def test_owners_come_by_pages(self, api: PortalApi) -> None:
        first = family(api.at("v3"), "GET", "owners", "/", limit=2).json()
        after = first["paging"]["next"]["after"]
        second = family(api, "GET", "owners", limit=2, after=after).json()
        assert [each["type"] for each in first["results"] + second["results"]] == ["PERSON"] * 3 + ["QUEUE"]

    def test_a_queue_is_an_owner_without_user_or_address(self, portal: PortalServer, api: PortalApi) -> None:
        [known] = portal.credentials["queues"]
        queue = family(api, "GET", "owners", f"/{known['owner_id']}").json()
        assert (queue["type"], queue["firstName"]) == ("QUEUE", known["name"])
        assert queue.keys().isdisjoint({"email", "userId", "userIdIncludingInactive"})


class TestPipelines:
    def test_stages_say_whether_they_close(self, api: PortalApi) -> None:
        [sales, renewals] = family(api, "GET", "pipelines", "/deals").json()["results"]
        closed = [each["id"] for each in sales["stages"] if each["metadata"]["isClosed"] == "true"]
        assert closed == ["closedwon", "closedlost"]
        stage = family(api, "GET", "pipelines", f"/deals/{renewals['id']}/stages/9010012").json()
        assert stage["metadata"]["probability"] == "1.0"
        assert family(api, "GET", "pipelines", "/deals/default/stages").json()["results"] == sales["stages"]
        assert family(api, "GET", "pipelines", "/deals/none").status_code == 404
        assert family(api, "GET", "pipelines", "/contacts").json() == {"results": []}

    def test_an_admin_can_replace_them(self, portal: PortalServer, api: PortalApi) -> None:
        stages = [{"id": "s1", "label": "One", "probability": "0.1"}]
        portal.control("pipelines", {"object": "deals", "pipelines": [{"id": "p", "label": "P", "stages": stages}]})
        deal = api.create("deals", dealname="Sample", dealstage="s1")
        assert api.values("deals", deal, "pipeline") == ["p"]
        assert api.post("deals", {"dealname": "Sample", "dealstage": "closedwon"}).status_code == 400


class TestLists:
    def found(self, api: PortalApi, name: str) -> str:
        body = family(api, "POST", "lists", "/search", {"query": name}).json()
        [entry] = body["lists"]
        return str(entry["listId"])

    def members(self, api: PortalApi, list_id: str) -> list[str]:
        answer = family(api, "GET", "lists", f"/{list_id}/memberships", limit=250).json()
        return [each["recordId"] for each in answer["results"]]

    def test_members_are_walked_by_record_id(self, api: PortalApi) -> None:
        readers = self.found(api, "newsletter")
        first = family(api, "GET", "lists", f"/{readers}/memberships", limit=15).json()
        after = first["paging"]["next"]["after"]
        rest = family(api, "GET", "lists", f"/{readers}/memberships", limit=15, after=after).json()
        ids = [each["recordId"] for each in first["results"] + rest["results"]]
        assert ids == self.members(api, readers) == sorted(ids, key=int)
        assert len(ids) == 20
        assert "paging" not in rest

    def test_records_are_added_and_removed(self, api: PortalApi, ana: str) -> None:
        readers = self.found(api, "newsletter")
        ben = str(int(ana) + 1)
        added = family(api, "PUT", "lists", f"/{readers}/memberships/add", [ben, ana, "1"]).json()
        assert added == {"recordsIdsAdded": [ben], "recordIdsRemoved": [], "recordIdsMissing": ["1"]}
        removed = family(api, "PUT", "lists", f"/{readers}/memberships/remove", [int(ana)]).json()
        assert removed["recordIdsRemoved"] == [ana]
        both = {"recordIdsToAdd": [ana], "recordIdsToRemove": [ben]}
        family(api, "PUT", "lists", f"/{readers}/memberships/add-and-remove", both)
        assert (ana in self.members(api, readers), ben in self.members(api, readers)) == (True, False)
        latest = family(api, "GET", "lists", f"/{readers}/memberships/join-order", limit=250).json()["results"][-1]
        assert latest["recordId"] == ana

    def test_a_dynamic_list_follows_the_records_and_is_not_written(self, api: PortalApi, ana: str) -> None:
        customers = self.found(api, "customers")
        assert ana in self.members(api, customers)
        api.patch("contacts", ana, {"lifecyclestage": "lead"})
        assert ana not in self.members(api, customers)
        assert family(api, "PUT", "lists", f"/{customers}/memberships/add", [ana]).status_code == 400

    def test_a_page_begins_behind_the_id_it_names_also_when_that_is_in_the_list_no_more(self, api: PortalApi) -> None:
        path = f"/{self.found(api, 'newsletter')}/memberships"
        ids = self.members(api, self.found(api, "newsletter"))
        middle = int(ids[len(ids) // 2])
        for after in (middle, middle + 1):
            page = family(api, "GET", "lists", f"{path}?after={after}").json()["results"]
            assert [each["recordId"] for each in page] == [each for each in ids if int(each) > after]
        assert family(api, "GET", "lists", f"{path}?after={'9' * 18}").json()["results"] == []
        for senseless in ("x", "²", "-1", "9" * 5_000):
            assert refusal(family(api, "GET", "lists", f"{path}?after={senseless}")) == (400, "VALIDATION_ERROR")

    def test_a_record_knows_its_lists(self, api: PortalApi, ana: str) -> None:
        answer = family(api, "GET", "lists", f"/records/0-1/{ana}/memberships").json()
        assert {each["listId"] for each in answer["results"]} == {
            self.found(api, "newsletter"),
            self.found(api, "customers"),
        }

    def test_a_list_can_be_made_found_and_deleted(self, api: PortalApi, ana: str) -> None:
        order = {"name": "Sample own", "objectTypeId": "0-1", "processingType": "MANUAL"}
        made = family(api, "POST", "lists", "", order).json()["list"]
        family(api, "PUT", "lists", f"/{made['listId']}/memberships/add", [ana])
        read = family(api, "GET", "lists", f"/{made['listId']}").json()["list"]
        assert (read["name"], read["size"], read["objectTypeId"]) == ("Sample own", 1, "0-1")
        named = family(api, "GET", "lists", "/object-type-id/0-1/name/sample%20own").json()["list"]
        assert named["listId"] == made["listId"]
        assert family(api, "POST", "lists", "", order).status_code == 400
        assert family(api, "DELETE", "lists", f"/{made['listId']}/memberships").status_code == 204
        assert self.members(api, made["listId"]) == []
        assert family(api, "DELETE", "lists", f"/{made['listId']}").status_code == 204
        assert family(api, "GET", "lists", f"/{made['listId']}").status_code == 404

    def test_a_merged_record_is_in_no_list(self, api: PortalApi, ana: str) -> None:
        readers = self.found(api, "newsletter")
        api.objects("POST", "/contacts/merge", {"primaryObjectId": ana, "objectIdToMerge": str(int(ana) + 1)})
        assert ana not in self.members(api, readers)


class TestRoom:
    def test_an_account_tells_how_much_it_holds_and_may_hold(self, api: PortalApi) -> None:
        def contacts() -> dict[str, Any]:
            told = family(api, "GET", "limits", "/records").json()
            [found] = [each for each in told["hubspotDefinedObjectTypes"] if each["objectTypeId"] == "0-1"]
            assert told["customObjectTypes"]["overallUsage"] == 12
            return dict(found)

        before = contacts()
        api.create("contacts", lastname="Sample")
        assert contacts()["usage"] == before["usage"] + 1
        assert before["percentage"] == round(100 * before["usage"] / before["limit"], 2)

    def test_properties_that_were_made_in_the_account_count(self, api: PortalApi) -> None:
        path = "/custom-properties"
        before = family(api, "GET", "limits", path).json()
        made = {"name": "room", "label": "Room", "type": "string", "fieldType": "text", "groupName": "sample_sync"}
        assert family(api, "POST", "properties", "/contacts", made).status_code == 201
        assert family(api, "GET", "limits", path).json()["overallUsage"] == before["overallUsage"] + 1

    def test_who_may_read_no_object_is_told_of_none(self, portal: PortalServer) -> None:
        blind = portal.api(portal.token(scopes=["oauth"]))
        told = family(blind, "GET", "limits", "/records").json()
        assert told["hubspotDefinedObjectTypes"] == []
        assert told["customObjectTypes"]["byObjectType"] == []


class TestDefinitions:
    @pytest.mark.parametrize("path", ["/crm-object-schemas/2026-09/schemas", "/crm/v3/schemas"])
    def test_custom_objects_are_listed(self, portal: PortalServer, api: PortalApi, path: str) -> None:
        [project] = api.call("GET", path).json()["results"]
        assert project["objectTypeId"] == "2-140001"
        assert project["fullyQualifiedName"] == f"p{portal.credentials['portal_id']}_sample_projects"
        assert "project_code" in {each["name"] for each in project["properties"]}

    def test_a_custom_object_that_was_deleted_is_nobodys_until_it_is_back(
        self, portal: PortalServer, api: PortalApi
    ) -> None:
        path = "/crm-object-schemas/2026-09/schemas"
        portal.control("archive_object", {"object": "sample_projects"})
        assert api.call("GET", path).json()["results"] == []
        assert api.objects("GET", "/2-140001").status_code == 400
        [project] = api.call("GET", f"{path}?archived=true").json()["results"]
        assert project["archived"]
        portal.control("archive_object", {"object": "sample_projects", "archived": False})
        assert api.objects("GET", "/2-140001").status_code == 200

    def test_every_object_can_be_looked_into(self, api: PortalApi) -> None:
        contact = api.call("GET", "/crm-object-schemas/2026-09/schemas/contacts").json()
        assert {each["toObjectTypeId"] for each in contact["associations"]} >= {"0-2", "0-3"}
        assert api.call("GET", "/crm-object-schemas/2026-09/schemas/nothing").status_code == 404


@pytest.mark.parametrize(
    "path",
    [
        "/crm/v9/objects/contacts",
        "/crm/objects/2025-09/contacts",
        "/crm/objects/v3/contacts",
        "/crm/v4/objects/contacts",
        "/crm/2026-09/objects/contacts",
        "/crm/v3/account-info/details",
        "/crm/nothing/2026-09/x",
        "/crm/limits/2026-09/nothing",
        "/marketing/v3/emails",
        "/webhooks-journal/journal/2026-03/earliest",
        "/engagements/v1/engagements/1",
        "/nothing",
    ],
)
def test_a_path_that_does_not_exist_is_not_found(api: PortalApi, path: str) -> None:
    answer = api.call("GET", path)
    assert refusal(answer) == (404, "OBJECT_NOT_FOUND")
    assert answer.json()["correlationId"] == answer.headers["X-HubSpot-Correlation-Id"]


def test_a_method_that_a_path_does_not_know_is_refused(api: PortalApi, ana: str) -> None:
    assert api.objects("PUT", f"/contacts/{ana}", {}).status_code == 405


def test_an_unknown_object_is_a_bad_request(api: PortalApi) -> None:
    assert refusal(api.get("nothings", "1")) == (400, "VALIDATION_ERROR")


def test_a_uri_may_not_be_endless(api: PortalApi, ana: str) -> None:
    assert api.get("contacts", ana, properties="x" * 17_000).status_code == 414


def test_a_body_that_is_not_json_is_refused(api: PortalApi) -> None:
    assert api.objects("POST", "/contacts", data="a=b", headers={"Content-Type": "text/plain"}).status_code == 415
