"""Records by the hundred, and answers in part."""

from __future__ import annotations

import pytest

from tests.support.portal_server import PortalApi, refusal


@pytest.fixture
def ben(ana: str) -> str:
    return str(int(ana) + 1)


class TestReading:
    def test_what_exists_is_answered_and_what_does_not_is_told(self, api: PortalApi, ana: str, ben: str) -> None:
        answer = api.batch("contacts", "read", [{"id": ben}, {"id": ana}, {"id": "9"}], properties=["fax"])
        body = answer.json()
        [error] = body["errors"]
        assert (answer.status_code, body["status"], body["numErrors"]) == (207, "COMPLETE", 1)
        assert [record["id"] for record in body["results"]] == [ana, ben]
        assert body["results"][0]["properties"]["fax"] is None
        assert (error["category"], error["context"]) == ("OBJECT_NOT_FOUND", {"ids": ["9"]})
        assert error["message"].startswith("Could not get some CONTACT objects")

    def test_history_comes_for_fifty_at_a_time(self, api: PortalApi, ana: str) -> None:
        answer = api.batch("contacts", "read", [{"id": ana}], propertiesWithHistory=["email"])
        assert answer.status_code == 200
        assert answer.json()["results"][0]["propertiesWithHistory"]["email"][0]["value"] == "ana.sample@example.com"
        many = [{"id": str(number)} for number in range(51)]
        assert api.batch("contacts", "read", many, propertiesWithHistory=["email"]).status_code == 400

    def test_a_unique_property_is_named_once_for_all(self, api: PortalApi, ana: str) -> None:
        inputs = [{"id": "ana.sample@example.com"}]
        answer = api.batch("contacts", "read", inputs, idProperty="email")
        assert [record["id"] for record in answer.json()["results"]] == [ana]

    def test_a_merged_id_is_silently_missing(self, api: PortalApi, ana: str, ben: str) -> None:
        api.objects("POST", "/contacts/merge", {"primaryObjectId": ana, "objectIdToMerge": ben})
        for answer in (
            api.batch("contacts", "read", [{"id": ana}]),
            api.batch("contacts", "update", [{"id": ana, "properties": {"fax": "1"}}]),
        ):
            assert (answer.status_code, answer.json()["results"]) == (200, [])

    @pytest.mark.parametrize("count", [0, 101])
    def test_a_batch_has_a_hundred_inputs_at_most(self, api: PortalApi, count: int) -> None:
        assert api.batch("contacts", "read", [{"id": str(number)} for number in range(count)]).status_code == 400


class TestWriting:
    def test_all_are_created(self, api: PortalApi) -> None:
        inputs = [{"properties": {"email": f"b{number}@example.com"}} for number in range(3)]
        answer = api.batch("contacts", "create", inputs)
        assert (answer.status_code, len(answer.json()["results"])) == (201, 3)

    def test_one_bad_row_fails_them_all(self, api: PortalApi, ana: str) -> None:
        inputs = [{"properties": {"email": "good@example.com"}}, {"properties": {"email": "ana.sample@example.com"}}]
        assert refusal(api.batch("contacts", "create", inputs)) == (409, "CONFLICT")
        assert api.get("contacts", "good@example.com", idProperty="email").status_code == 404

    def test_unless_every_row_can_be_told_by_a_trace_id(self, api: PortalApi, ana: str) -> None:
        inputs = [
            {"properties": {"email": "good@example.com"}, "objectWriteTraceId": "a"},
            {"properties": {"email": "ana.sample@example.com"}, "objectWriteTraceId": "b"},
        ]
        answer = api.batch("contacts", "create", inputs)
        [result], [error] = answer.json()["results"], answer.json()["errors"]
        assert (answer.status_code, result["objectWriteTraceId"]) == (207, "a")
        assert (error["category"], error["context"]) == ("CONFLICT", {"objectWriteTraceId": ["b"]})
        assert api.get("contacts", "good@example.com", idProperty="email").status_code == 200

    def test_an_update_reaches_what_exists(self, api: PortalApi, ana: str) -> None:
        inputs = [{"id": ana, "properties": {"fax": "1"}}, {"id": "9", "properties": {"fax": "2"}}]
        answer = api.batch("contacts", "update", inputs)
        assert (answer.status_code, [each["id"] for each in answer.json()["results"]]) == (207, [ana])
        assert api.values("contacts", ana, "fax") == ["1"]

    def test_an_update_may_name_its_own_unique_property(self, api: PortalApi, ana: str) -> None:
        inputs = [{"id": "ana.sample@example.com", "idProperty": "email", "properties": {"fax": "1"}}]
        assert api.batch("contacts", "update", inputs).status_code == 200
        assert api.values("contacts", ana, "fax") == ["1"]

    def test_the_same_record_twice_is_refused(self, api: PortalApi, ana: str) -> None:
        inputs = [{"id": ana, "properties": {"fax": str(number)}} for number in range(2)]
        answer = api.batch("contacts", "update", inputs)
        assert (answer.status_code, answer.json()["context"]) == (400, {"ids": [ana]})

    def test_an_upsert_says_what_is_new(self, api: PortalApi) -> None:
        inputs = [{"id": "k-1", "idProperty": "crm_sync_id", "properties": {"lastname": "Upsert"}}]
        answers = [api.batch("contacts", "upsert", inputs) for _ in range(2)]
        first, second = (answer.json()["results"][0] for answer in answers)
        assert [answer.status_code for answer in answers] == [200, 200]
        assert (first["new"], second["new"], first["id"]) == (True, False, second["id"])
        assert api.batch("contacts", "upsert", [{"id": "1", "properties": {}}]).status_code == 400

    def test_many_are_archived_at_once(self, api: PortalApi, ana: str, ben: str) -> None:
        answer = api.batch("contacts", "archive", [{"id": ana}, {"id": ben}, {"id": "9"}])
        assert (answer.status_code, answer.content) == (204, b"")
        assert api.get("contacts", ben).status_code == 404

    def test_required_properties_hold_in_batches_too(self, api: PortalApi) -> None:
        inputs = [{"properties": {"domain": "example.com"}}]
        assert refusal(api.batch("companies", "create", inputs)) == (400, "VALIDATION_ERROR")


def test_a_forgotten_record_is_gone_for_good(api: PortalApi, ana: str) -> None:
    forget = {"objectId": "ana.sample@example.com", "idProperty": "email"}
    assert api.objects("POST", "/contacts/gdpr-delete", forget).status_code == 204
    assert api.get("contacts", ana).status_code == 404
    assert api.get("contacts", ana, archived="true").status_code == 404
    assert api.batch("contacts", "read", [{"id": ana}]).status_code == 207
