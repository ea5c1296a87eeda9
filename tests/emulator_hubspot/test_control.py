"""The controls: faults on the real socket, the journal, edits by people, data loads, the clock."""

from __future__ import annotations

import threading
import time

import pytest
import requests

from tests.support.portal_server import PortalApi, PortalServer, problems, refusal


class TestFaults:
    def test_a_status_has_the_apis_own_envelope(self, portal: PortalServer, api: PortalApi, ana: str) -> None:
        portal.fault("status", "/contacts/", status=502, count=2)
        answers = [api.get("contacts", ana) for _ in range(3)]
        assert [answer.status_code for answer in answers] == [502, 502, 200]
        assert answers[0].json()["correlationId"] == answers[0].headers["X-HubSpot-Correlation-Id"]
        assert [call["fault"] for call in portal.journal("call")] == ["status", "status", None]

    def test_a_general_rate_limit_names_a_policy_and_no_time_to_wait(
        self, portal: PortalServer, api: PortalApi, ana: str
    ) -> None:
        portal.fault("rate_limit")
        portal.fault("rate_limit", limit="daily")
        burst, daily = api.get("contacts", ana), api.get("contacts", ana)
        assert (burst.status_code, burst.json()["errorType"]) == (429, "RATE_LIMIT")
        assert burst.json()["policyName"] == "TEN_SECONDLY_ROLLING"
        assert daily.json()["policyName"] == "DAILY"
        assert "category" not in burst.json()
        assert "Retry-After" not in burst.headers

    def test_a_search_rate_limit_has_another_shape(self, portal: PortalServer, api: PortalApi) -> None:
        portal.fault("rate_limit", "/search", limit="search")
        answer = api.search("contacts")
        assert refusal(answer) == (429, "RATE_LIMITS")
        assert "policyName" not in answer.json()
        assert "Retry-After" not in answer.headers

    def test_a_migration_says_how_long_to_wait(self, portal: PortalServer, api: PortalApi, ana: str) -> None:
        portal.fault("status", status=477, seconds=7)
        assert api.get("contacts", ana).headers["Retry-After"] == "7"

    def test_a_lost_response_has_been_written(self, portal: PortalServer, api: PortalApi, ana: str) -> None:
        portal.fault("lose_response", "/contacts/", method="PATCH")
        with pytest.raises(requests.ConnectionError):
            api.patch("contacts", ana, {"jobtitle": "Written"})
        assert api.values("contacts", ana, "jobtitle") == ["Written"]
        [write] = portal.writes()
        assert write["new"] == {"jobtitle": "Written"}

    def test_a_drop_happens_before_anything_is_done(self, portal: PortalServer, api: PortalApi, ana: str) -> None:
        portal.fault("drop", "/contacts/")
        with pytest.raises(requests.ConnectionError):
            api.patch("contacts", ana, {"jobtitle": "X"})
        assert portal.writes() == []

    def test_half_a_body_ends_in_the_middle(self, portal: PortalServer, api: PortalApi, ana: str) -> None:
        portal.fault("half_body", "/contacts/")
        with pytest.raises((requests.ConnectionError, requests.exceptions.ChunkedEncodingError)):
            api.get("contacts", ana)

    def test_a_hang_answers_nothing_in_time(self, portal: PortalServer, api: PortalApi, ana: str) -> None:
        portal.fault("hang", "/contacts/", seconds=0.6)
        with pytest.raises(requests.Timeout):
            api.get("contacts", ana, timeout=0.2)

    def test_latency_holds_until_it_is_cleared(self, portal: PortalServer, api: PortalApi, ana: str) -> None:
        portal.control("latency", {"seconds": 0.4})
        for _ in range(2):
            with pytest.raises(requests.Timeout):
                api.get("contacts", ana, timeout=0.15)
        portal.control("faults", method="DELETE")
        assert api.get("contacts", ana).status_code == 200

    def test_expired_tokens_are_told_from_unknown_ones(self, portal: PortalServer, ana: str) -> None:
        api = portal.api(portal.token("rep"))
        portal.fault("expire_tokens", "/contacts/")
        assert refusal(api.get("contacts", ana)) == (401, "EXPIRED_AUTHENTICATION")
        assert refusal(portal.api("nonsense").get("contacts", ana)) == (401, "INVALID_AUTHENTICATION")
        assert portal.api().get("contacts", ana).status_code == 200

    def test_a_locked_record_cannot_be_written_for_a_while(
        self, portal: PortalServer, api: PortalApi, ana: str
    ) -> None:
        portal.fault("lock_rows", ids=[ana], seconds=600)
        assert api.patch("contacts", ana, {"jobtitle": "X"}).status_code == 423
        assert api.get("contacts", ana).status_code == 200
        portal.control("faults", method="DELETE")
        assert api.patch("contacts", ana, {"jobtitle": "X"}).status_code == 200

    def test_a_late_commit_appears_under_its_early_stamp(self, portal: PortalServer, api: PortalApi, ana: str) -> None:
        portal.fault("late_commit", f"/contacts/{ana}$", method="PATCH", seconds=1)
        writing = threading.Thread(target=lambda: portal.api().patch("contacts", ana, {"jobtitle": "Late"}))
        writing.start()
        while not portal.journal("call"):
            time.sleep(0.02)
        early = api.patch("contacts", str(int(ana) + 1), {"jobtitle": "Early"}).json()["updatedAt"]
        writing.join()
        late = api.read("contacts", ana, "jobtitle")
        assert late["properties"]["jobtitle"] == "Late"
        assert late["updatedAt"] < early


class TestJournal:
    def test_every_call_is_there_with_its_user_and_client(self, portal: PortalServer, ana: str) -> None:
        portal.api(portal.token("rep")).get("contacts", ana)
        portal.api().get("contacts", ana)
        by_user, by_app = portal.journal("call")
        assert by_user["user_id"] == portal.user("rep")["id"]
        assert by_user["client"] == portal.credentials["client_id"]
        assert (by_app["user_id"], by_app["client"], by_app["counted"]) == (None, "static", True)

    def test_a_write_says_what_changed_and_by_whom(self, portal: PortalServer, api: PortalApi, ana: str) -> None:
        api.patch("contacts", ana, {"jobtitle": "Inspector", "lastname": "Sample"})
        [write] = portal.writes()
        assert (write["object"], write["id"], write["op"], write["net"]) == ("contacts", ana, "update", True)
        assert write["old"] == {"jobtitle": "Chief of Staff", "lastname": "Sample"}
        assert write["new"] == {"jobtitle": "Inspector", "lastname": "Sample"}
        assert write["source"] == {"type": "INTEGRATION", "id": str(portal.credentials["app_id"])}

    def test_a_write_of_the_same_values_is_not_net(self, portal: PortalServer, api: PortalApi, ana: str) -> None:
        api.patch("contacts", ana, {"lastname": "Sample"})
        [write] = portal.writes()
        assert write["net"] is False

    def test_a_refused_write_is_no_write(self, portal: PortalServer, api: PortalApi, ana: str) -> None:
        api.patch("contacts", ana, {"email": "x"})
        assert portal.writes() == []


class TestEvents:
    def test_an_edit_obeys_the_rules_of_values(self, portal: PortalServer, ana: str) -> None:
        order = {"object": "contacts", "id": ana, "fields": {"lifecyclestage": "zz"}}
        answer = requests.post(f"{portal.url}/_emulator/edit", json=order, timeout=10)
        assert answer.status_code == 400
        assert answer.json()["error"]["category"] == "VALIDATION_ERROR"

    def test_a_person_can_make_a_record(self, portal: PortalServer, api: PortalApi) -> None:
        made = portal.control("edit", {"object": "companies", "fields": {"name": "Sample new"}, "user": "rep"})
        assert api.values("companies", made["id"], "hs_created_by_user_id") == [portal.user("rep")["id"]]

    def test_a_recalculation_moves_the_stamp_alone(self, portal: PortalServer, api: PortalApi, ana: str) -> None:
        before = api.read("contacts", ana, "jobtitle")
        portal.control("system_touch", {"object": "contacts", "id": ana})
        after = api.read("contacts", ana, "jobtitle")
        assert after["updatedAt"] > before["updatedAt"]
        assert after["properties"]["jobtitle"] == before["properties"]["jobtitle"]
        assert [write["net"] for write in portal.writes()] == [False]

    def test_records_can_be_loaded_by_the_thousand_with_one_stamp(self, portal: PortalServer, api: PortalApi) -> None:
        stamp = "2026-05-01T10:00:00.000Z"
        records = [{"lastname": f"Load {n}", "email": f"load{n}@example.com"} for n in range(2_000)]
        made = portal.control("records", {"object": "contacts", "records": records, "modified_at": stamp})["ids"]
        assert len(set(made)) == 2_000
        millis = {"propertyName": "lastmodifieddate", "operator": "EQ", "value": "1777629600000"}
        assert api.search("contacts", millis, limit=1).json()["total"] == 2_000
        assert portal.writes() == []

    def test_a_custom_object_can_be_added_while_the_portal_runs(self, portal: PortalServer, api: PortalApi) -> None:
        properties = [{"name": "plate", "label": "Plate", "hasUniqueValue": True}]
        portal.control("objects", {"name": "sample_cars", "properties": properties})
        car = api.create("sample_cars", plate="S-1")
        assert api.values(f"p{portal.credentials['portal_id']}_sample_cars", car, "plate") == ["S-1"]
        assert problems(api.post("sample_cars", {"plate": "s-1"})) == {"plate": "CONFLICTING_UNIQUE_VALUE"}

    def test_an_option_can_be_taken_away(self, portal: PortalServer, api: PortalApi, ana: str) -> None:
        level = {"name": "sample_level", "type": "enumeration", "options": ["secondary"]}
        portal.control("objects", {"object": "contacts", "properties": [level]})
        assert api.values("contacts", ana, "sample_level") == ["primary"]
        assert api.patch("contacts", ana, {"sample_level": "primary"}).status_code == 400

    def test_a_new_property_leaves_an_object_as_it_was(self, portal: PortalServer, api: PortalApi, ana: str) -> None:
        before = api.read("contacts", ana)
        portal.control("objects", {"object": "contacts", "properties": [{"name": "sample_new", "type": "number"}]})
        assert api.read("contacts", ana) == before
        narrow = portal.api(portal.token(scopes=["crm.objects.contacts.read", "crm.objects.contacts.write"]))
        assert narrow.patch("contacts", ana, {"sample_new": 4}).status_code == 200

    def test_two_objects_can_be_added_at_once(self, portal: PortalServer, api: PortalApi) -> None:
        objects = [{"name": name, "properties": [{"name": "title"}]} for name in ("sample_cars", "sample_boats")]
        portal.control("objects", {"objects": objects})
        schemas = api.call("GET", "/crm-object-schemas/2026-09/schemas").json()["results"]
        assert len({each["objectTypeId"] for each in schemas}) == 3
        portal.control("associations", {"between": ["sample_cars", "sample_boats"], "label": None})
        car, boat = api.create("sample_cars", title="A"), api.create("sample_boats", title="B")
        ends = {"object": "sample_cars", "id": car, "to_object": "sample_boats", "to_id": boat}
        portal.control("associate", ends)
        [linked] = api.objects("GET", f"/sample_boats/{boat}/associations/sample_cars").json()["results"]
        assert linked["toObjectId"] == car

    @pytest.mark.parametrize(
        ("path", "order"),
        [
            ("edit", {}),
            ("edit", {"object": "contacts", "id": "1", "fields": {}}),
            ("restore", {"object": "contacts", "id": "501"}),
            ("records", {"object": "nothing", "records": []}),
            ("objects", {"object": "contacts", "properties": [{"name": "x", "type": "rocket"}]}),
            ("token", {"user": "nobody"}),
        ],
    )
    def test_a_senseless_order_is_refused(self, portal: PortalServer, path: str, order: dict[str, object]) -> None:
        answer = requests.post(f"{portal.url}/_emulator/{path}", json=order, timeout=10)
        assert answer.status_code == 400
        assert answer.json()["error"]


def test_the_clock_can_be_put_forward(portal: PortalServer, api: PortalApi, ana: str) -> None:
    portal.control("clock", {"offset_seconds": 86_400 * 365})
    stamped = api.patch("contacts", ana, {"jobtitle": "Later"}).json()["updatedAt"]
    now = portal.control("clock", method="GET")["now"]
    assert stamped[:10] == now[:10]
