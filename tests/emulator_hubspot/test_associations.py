"""Which records belong together: types, labels, directions, and how each version tells of them."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.portal_server import PortalApi, PortalServer, refusal

PLAIN = {"category": "HUBSPOT_DEFINED", "typeId": 279, "label": None}
PRIMARY = {"category": "HUBSPOT_DEFINED", "typeId": 1, "label": "Primary"}
BILLING = {"associationCategory": "USER_DEFINED", "associationTypeId": 21}


@pytest.fixture
def company(portal: PortalServer) -> str:
    return portal.record("companies")


@pytest.fixture
def other(company: str) -> str:
    """Another company."""
    return str(int(company) + 5)


def linked(api: PortalApi, contact: str, to: str = "companies") -> dict[str, list[int]]:
    """Type ids by the id of the other record."""
    answer = api.objects("GET", f"/contacts/{contact}/associations/{to}")
    assert answer.status_code == 200, answer.text
    return {
        str(each["toObjectId"]): [kind["typeId"] for kind in each["associationTypes"]]
        for each in answer.json()["results"]
    }


def put(api: PortalApi, path: str, body: Any = None) -> tuple[int, Any]:
    answer = api.objects("PUT", path, body)
    return answer.status_code, answer.json()


class TestReading:
    def test_ids_are_texts_in_dated_versions_and_numbers_in_version_4(
        self, api: PortalApi, ana: str, company: str
    ) -> None:
        dated = api.objects("GET", f"/contacts/{ana}/associations/companies").json()
        fourth = api.at("v4").objects("GET", f"/contacts/{ana}/associations/companies").json()
        assert dated == {"results": [{"toObjectId": company, "associationTypes": [PRIMARY, PLAIN]}]}
        assert fourth == {"results": [{"toObjectId": int(company), "associationTypes": [PRIMARY, PLAIN]}]}

    def test_version_3_has_a_line_for_each_type(self, api: PortalApi, ana: str, company: str) -> None:
        answer = api.at("v3").objects("GET", f"/contacts/{ana}/associations/companies").json()
        assert {each["type"] for each in answer["results"]} == {"contact_to_company", "contact_to_company_unlabeled"}

    def test_both_sides_see_it(self, api: PortalApi, ana: str, company: str) -> None:
        seen = api.objects("GET", f"/companies/{company}/associations/contacts").json()["results"]
        mine = next(each for each in seen if each["toObjectId"] == ana)
        assert [kind["typeId"] for kind in mine["associationTypes"]] == [2, 280]

    def test_many_are_read_by_pages(self, api: PortalApi, portal: PortalServer, company: str) -> None:
        path = f"/companies/{company}/associations/contacts"
        first = api.objects("GET", path, params={"limit": 2}).json()
        after = first["paging"]["next"]["after"]
        second = api.objects("GET", path, params={"limit": 2, "after": after}).json()
        ids = [each["toObjectId"] for each in first["results"] + second["results"]]
        assert len(set(ids)) == len(ids) == 3

    def test_an_archived_record_is_not_among_them(self, api: PortalApi, ana: str, company: str) -> None:
        api.delete("companies", company)
        assert linked(api, ana) == {}

    def test_objects_that_cannot_be_associated_are_refused(self, api: PortalApi, ana: str) -> None:
        assert refusal(api.objects("GET", f"/contacts/{ana}/associations/contacts")) == (400, "VALIDATION_ERROR")

    def test_the_labels_between_two_objects_are_listed(self, api: PortalApi) -> None:
        answer = api.call("GET", api.path("associations", "/contacts/companies/labels")).json()
        assert answer["results"] == [
            PLAIN,
            PRIMARY,
            {"category": "USER_DEFINED", "typeId": 21, "label": "Sample billing contact"},
        ]


class TestChanging:
    def test_the_first_company_is_the_primary_one(self, api: PortalApi, company: str) -> None:
        contact = api.create("contacts", email="x@example.com")
        status, body = put(api, f"/contacts/{contact}/associations/default/companies/{company}")
        assert (status, body["status"]) == (200, "COMPLETE")
        assert [each["associationSpec"]["associationTypeId"] for each in body["results"]] == [279, 280]
        assert linked(api, contact) == {company: [1, 279]}
        assert api.values("contacts", contact, "associatedcompanyid") == [company]

    def test_a_new_primary_company_takes_the_label(self, api: PortalApi, ana: str, company: str, other: str) -> None:
        path = f"/contacts/{ana}/associations/companies/{other}"
        status, body = put(api, path, [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 1}])
        assert (status, body["labels"]) == (201, ["Primary"])
        assert linked(api, ana) == {company: [279], other: [1, 279]}

    def test_a_label_is_set_beside_what_is_there(self, api: PortalApi, ana: str, company: str) -> None:
        status, body = put(api, f"/contacts/{ana}/associations/companies/{company}", [BILLING])
        assert (status, body["toObjectId"]) == (201, company)
        assert linked(api, ana) == {company: [1, 21, 279]}

    @pytest.mark.parametrize(
        "body",
        [
            [],
            {},
            [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 341}],
            [{"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 21}],
        ],
    )
    def test_a_type_has_to_exist_between_the_two(self, api: PortalApi, ana: str, company: str, body: object) -> None:
        answer = api.objects("PUT", f"/contacts/{ana}/associations/companies/{company}", body)
        assert answer.status_code == 400

    def test_an_association_ends_as_a_whole(self, api: PortalApi, ana: str, company: str) -> None:
        path = f"/contacts/{ana}/associations/companies/{company}"
        assert [api.objects("DELETE", path).status_code for _ in range(2)] == [204, 204]
        assert linked(api, ana) == {}
        assert api.values("contacts", ana, "associatedcompanyid") == [None]

    def test_no_stamp_moves(self, portal: PortalServer, api: PortalApi, ana: str, company: str, other: str) -> None:
        before = api.read("contacts", ana)["updatedAt"], api.read("companies", other)["updatedAt"]
        put(api, f"/contacts/{ana}/associations/default/companies/{other}")
        assert (api.read("contacts", ana)["updatedAt"], api.read("companies", other)["updatedAt"]) == before
        [write] = portal.writes()
        assert (write["op"], write["new"]) == ("associate", {"to": f"companies/{other}", "types": [279]})

    def test_a_record_that_is_not_there_cannot_be_associated(self, api: PortalApi, ana: str) -> None:
        answer = api.objects("PUT", f"/contacts/{ana}/associations/default/companies/1")
        assert refusal(answer) == (404, "OBJECT_NOT_FOUND")

    def test_a_new_record_can_come_with_its_associations(self, api: PortalApi, company: str) -> None:
        spec = {"associationCategory": "HUBSPOT_DEFINED", "associationTypeId": 279}
        answer = api.post(
            "contacts", {"email": "x@example.com"}, associations=[{"to": {"id": company}, "types": [spec]}]
        )
        assert linked(api, answer.json()["id"]) == {company: [1, 279]}
        wrong = api.post("contacts", {"email": "y@example.com"}, associations=[{"to": {"id": "1"}, "types": [spec]}])
        assert wrong.status_code == 404
        assert api.get("contacts", "y@example.com", idProperty="email").status_code == 404

    def test_a_type_of_a_new_record_is_known_by_number_and_category(
        self, portal: PortalServer, api: PortalApi, company: str
    ) -> None:
        def post(category: str, number: int) -> int:
            spec = {"associationCategory": category, "associationTypeId": number}
            given = [{"to": {"id": company}, "types": [spec]}]
            return api.post("contacts", {"lastname": "Sample"}, associations=given).status_code

        assert [post("USER_DEFINED", 1), post("HUBSPOT_DEFINED", 21), post("HUBSPOT_DEFINED", 341)] == [400, 400, 400]
        portal.fault("lock_rows", ids=[company], seconds=600)
        assert post("HUBSPOT_DEFINED", 1) == 423
        assert portal.writes() == []

    def test_a_label_of_the_portals_own_can_be_made(self, api: PortalApi, ana: str, company: str) -> None:
        body = {"name": "sample_sponsor", "label": "Sponsor", "inverseLabel": "Sponsored by"}
        [made] = api.call("POST", api.path("associations", "/contacts/companies/labels"), json=body).json()["results"]
        spec = {"associationCategory": made["category"], "associationTypeId": made["typeId"]}
        put(api, f"/contacts/{ana}/associations/companies/{company}", [spec])
        assert made["typeId"] in linked(api, ana)[company]

    def test_people_associate_records_too(self, portal: PortalServer, api: PortalApi, ana: str, other: str) -> None:
        ends = {"object": "contacts", "id": ana, "to_object": "companies", "to_id": other}
        portal.control("associate", {**ends, "user": "rep"})
        assert linked(api, ana)[other] == [279]
        portal.control("disassociate", ends)
        assert other not in linked(api, ana)


class TestBatches:
    def batch(self, api: PortalApi, action: str, *inputs: Any) -> tuple[int, Any]:
        path = api.path("associations", f"/contacts/companies/batch/{action}")
        answer = api.call("POST", path, json={"inputs": list(inputs)})
        return answer.status_code, answer.json() if answer.content else None

    def test_a_record_without_any_is_an_error_of_its_own(self, api: PortalApi, ana: str, company: str) -> None:
        alone = api.create("contacts", email="x@example.com")
        status, body = self.batch(api, "read", {"id": ana}, {"id": alone})
        [result], [error] = body["results"], body["errors"]
        assert (status, body["numErrors"]) == (207, 1)
        assert (result["from"]["id"], result["to"][0]["toObjectId"]) == (ana, company)
        assert error["subCategory"] == "crm.associations.NO_ASSOCIATIONS_FOUND"
        assert error["context"]["fromObjectId"] == [alone]

    @pytest.mark.parametrize(
        ("version", "created", "ended"), [("2026-09", 200, 200), ("2026-03", 201, 200), ("v4", 201, 204)]
    )
    def test_each_version_has_its_own_status(
        self, api: PortalApi, ana: str, other: str, version: str, created: int, ended: int
    ) -> None:
        pair = {"from": {"id": ana}, "to": {"id": other}}
        status, body = self.batch(api.at(version), "create", {**pair, "types": [BILLING]})
        assert (status, str(body["results"][0]["toObjectId"])) == (created, other)
        assert linked(api, ana)[other] == [21, 279]
        assert self.batch(api.at(version), "labels/archive", {**pair, "types": [BILLING]})[0] == ended
        assert linked(api, ana)[other] == [279]
        assert self.batch(api.at(version), "archive", {"from": {"id": ana}, "to": [{"id": other}]})[0] == ended
        assert other not in linked(api, ana)

    def test_what_cannot_be_associated_is_told_apart(self, api: PortalApi, ana: str, other: str) -> None:
        good, bad = {"from": {"id": ana}, "to": {"id": other}}, {"from": {"id": ana}, "to": {"id": "1"}}
        status, body = self.batch(api, "associate/default", good, bad)
        assert (status, len(body["results"]), body["numErrors"]) == (207, 2, 1)
        assert other in linked(api, ana)

    def test_version_3_names_types(self, api: PortalApi, ana: str, other: str) -> None:
        third = api.at("v3")
        pair = {"from": {"id": ana}, "to": {"id": other}, "type": "contact_to_company"}
        assert self.batch(third, "create", pair)[0] == 201
        status, body = self.batch(third, "read", {"id": ana})
        assert (status, {"id": other, "type": "contact_to_company"} in body["results"][0]["to"]) == (200, True)
        assert self.batch(third, "archive", pair)[0] == 204
        types = third.call("GET", "/crm/v3/associations/contacts/companies/types").json()["results"]
        assert {"id": "1", "name": "contact_to_company"} in types
