"""A Canvas launch over HTTP: what opens a panel, and each thing that does not."""

from __future__ import annotations

from typing import Any

import pytest

from tests.support.answers import policy_of
from tests.support.proofs import Json, encoded, signed
from tests.support.screen import Screen
from tests.support.stage import CANVAS, FORM, Stage


def refused(stage: Stage, signed_request: str) -> tuple[int, str]:
    """Status and code of a launch that opens nothing, and asks the CRM nothing."""
    response = stage.post_canvas(signed_request)
    assert stage.org.journal() == []
    assert "proof" not in response.text
    return response.status_code, Screen(response.text).refusal


class TestOpens:
    def test_from_a_lightning_component(self, stage: Stage) -> None:
        panel = stage.open_panel()
        assert panel.screen.name == "Ana Sample"
        assert panel.screen.can_sync

    def test_from_a_page_layout(self, stage: Stage) -> None:
        response = stage.post_canvas(stage.sign(stage.envelope(location="PageLayout")))
        assert stage.opened(response).screen.name == "Ana Sample"

    @pytest.mark.parametrize("object_name", ["Account", "Contact", "Lead", "Opportunity"])
    def test_for_each_object(self, stage: Stage, object_name: str) -> None:
        assert object_name in stage.open_panel("rep", object_name).screen.text

    def test_with_a_15_character_id_as_older_pages_give_it(self, stage: Stage) -> None:
        panel = stage.open_panel("rep", "Contact", stage.org.record("Contact")[:15])
        assert panel.screen.name == "Ana Sample"

    def test_with_an_id_alone_the_object_is_told_by_its_prefix(self, stage: Stage) -> None:
        envelope = stage.envelope("rep", "Lead")
        del envelope["context"]["environment"]["parameters"]["objectApiName"]
        assert "Lead" in stage.opened(stage.post_canvas(stage.sign(envelope))).screen.text

    def test_with_a_charset_in_the_content_type(self, stage: Stage) -> None:
        response = stage.client.post(
            CANVAS, data={"signed_request": stage.canvas_request()}, content_type=f"{FORM}; charset=UTF-8"
        )
        assert response.status_code == 200

    def test_one_call_to_the_crm_shows_the_whole_panel(self, stage: Stage) -> None:
        stage.open_panel()
        assert len(stage.org.journal("call")) == 1

    def test_it_knows_the_page_around_it(self, stage: Stage) -> None:
        envelope = stage.envelope()
        host = stage.opened(stage.post_canvas(stage.sign(envelope))).screen.host
        assert host == {"protocol": "canvas", "origin": stage.org.url, "instance": envelope["client"]["instanceId"]}


class TestTheRequestItself:
    def test_get_instead_of_post(self, stage: Stage) -> None:
        response = stage.client.get(CANVAS, query_string={"signed_request": stage.canvas_request()})
        assert (response.status_code, Screen(response.text).refusal) == (405, "GET_INSTEAD_OF_POST")

    def test_a_get_because_the_app_is_not_approved_says_what_an_admin_has_to_set(self, stage: Stage) -> None:
        response = stage.client.get(CANVAS, query_string={"_sfdc_canvas_authvalue": "user_approval_required"})
        assert response.status_code == 403
        assert "admin-approved users are pre-authorized" in Screen(response.text).told

    @pytest.mark.parametrize("kind", ["application/json", "multipart/form-data; boundary=x", "text/plain", ""])
    def test_not_form_encoded(self, stage: Stage, kind: str) -> None:
        response = stage.client.post(CANVAS, data=f"signed_request={stage.canvas_request()}", content_type=kind)
        assert (response.status_code, Screen(response.text).refusal) == (415, "NOT_A_FORM")

    def test_no_signed_request(self, stage: Stage) -> None:
        response = stage.client.post(CANVAS, data={"other": "field"})
        assert (response.status_code, Screen(response.text).refusal) == (400, "MALFORMED_ENVELOPE")

    def test_a_signed_request_in_the_query_string_only(self, stage: Stage) -> None:
        response = stage.client.post(CANVAS, query_string={"signed_request": stage.canvas_request()}, content_type=FORM)
        assert response.status_code == 400

    def test_two_signed_requests(self, stage: Stage) -> None:
        response = stage.client.post(CANVAS, data={"signed_request": [stage.canvas_request(), stage.canvas_request()]})
        assert (response.status_code, Screen(response.text).refusal) == (400, "MALFORMED_ENVELOPE")

    def test_an_oversized_body(self, stage: Stage) -> None:
        response = stage.client.post(CANVAS, data={"signed_request": "a" * 600_000})
        assert response.status_code == 413
        assert "too large" in Screen(response.text).told

    @pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
    def test_any_other_method(self, stage: Stage, method: str) -> None:
        assert stage.client.open(CANVAS, method=method).status_code == 405


class TestTheEnvelope:
    """`test_canvas_envelope.py` goes through every broken form; here is what the frame then shows."""

    def test_a_malformed_one(self, stage: Stage) -> None:
        assert refused(stage, stage.canvas_request().replace(".", "")) == (400, "MALFORMED_ENVELOPE")

    def test_a_wrong_secret(self, stage: Stage) -> None:
        assert refused(stage, signed(encoded(stage.envelope()), "another secret")) == (401, "WRONG_SIGNATURE")

    def test_the_client_secret_is_not_the_canvas_secret(self, stage: Stage) -> None:
        made = signed(encoded(stage.envelope()), stage.org.credentials["client_secret"])
        assert refused(stage, made) == (401, "WRONG_SIGNATURE")

    def test_a_payload_changed_by_one_byte(self, stage: Stage) -> None:
        made = stage.canvas_request()
        assert refused(stage, made[:-9] + ("A" if made[-9] != "A" else "B") + made[-8:]) == (401, "WRONG_SIGNATURE")

    def test_no_client(self, stage: Stage) -> None:
        envelope = stage.envelope()
        del envelope["client"]
        assert refused(stage, stage.sign(envelope)) == (400, "INCOMPLETE_ENVELOPE")

    def test_algorithm_none(self, stage: Stage) -> None:
        assert refused(stage, stage.sign(stage.envelope() | {"algorithm": "none"})) == (400, "WRONG_ALGORITHM")

    def test_no_refusal_says_more_than_a_code(self, stage: Stage) -> None:
        screen = Screen(stage.post_canvas("x.y").text)
        assert screen.told == (
            "This panel can only be opened from a record page of a connected CRM. "
            "Reload the page. If that does not help, tell your admin the code below."
        )
        assert not screen.offers_relaunch


class TestTheOrg:
    def test_another_organization_under_a_good_signature(self, stage: Stage) -> None:
        envelope = stage.envelope()
        envelope["context"]["organization"]["organizationId"] = "00D000000000009EAA"
        assert refused(stage, stage.sign(envelope)) == (403, "FOREIGN_ORG")

    def test_the_15_character_id_of_the_organization(self, stage: Stage) -> None:
        envelope = stage.envelope()
        envelope["context"]["organization"]["organizationId"] = stage.org.credentials["org_id"][:15]
        assert stage.post_canvas(stage.sign(envelope)).status_code == 200

    def test_an_organization_id_that_is_none(self, stage: Stage) -> None:
        envelope = stage.envelope()
        envelope["context"]["organization"]["organizationId"] = "'; DROP TABLE connection; --"
        assert refused(stage, stage.sign(envelope)) == (400, "MALFORMED_ID")

    def test_two_orgs_that_installed_one_app_share_its_secret_and_each_opens_its_own(self, stage: Stage) -> None:
        stage.add_connection(org_id="00D000000000009EAA")
        panel = stage.open_panel()
        assert panel.screen.name == "Ana Sample"
        envelope = stage.envelope()
        envelope["context"]["organization"]["organizationId"] = "00D000000000008EAA"
        assert stage.post_canvas(stage.sign(envelope)).status_code == 403


FOREIGN_HOSTS = [
    "https://sample.my.salesforce.com.evil.example",
    "https://evil.example/.my.salesforce.com",
    "https://evil.example?.my.salesforce.com",
    "https://evil.example#.my.salesforce.com",
    "https://evil.example\\.my.salesforce.com",
    "https://evilmy.salesforce.com.example",
    "https://my.salesforce.com@evil.example",
    "https://evil.example@sample.my.salesforce.com",
    "https://evilsalesforce.com",
    "https://sample.my.salesforce.com:8443",
    "http://sample.my.salesforce.com",
    "ftp://sample.my.salesforce.com",
    "//sample.my.salesforce.com",
    "sample.my.salesforce.com",
    "https://",
    "https://[::1",
    "https://[::1]",
    "http://169.254.169.254",
    "http://127.0.0.1:1",
    "https://sample.my.salesforce.com ; script-src *",
    "https://sample\n.my.salesforce.com",
    "javascript:alert(1)//.my.salesforce.com",
    "https://ѕample.my.salesforce.com",
]


class TestTheHost:
    @pytest.mark.parametrize("name", ["instanceUrl", "targetOrigin"])
    def test_a_foreign_or_look_alike_host_is_refused_before_any_call(self, stage: Stage, name: str) -> None:
        answers = {url: refused(stage, stage.canvas_request(**{name: url})) for url in FOREIGN_HOSTS}
        assert answers == dict.fromkeys(FOREIGN_HOSTS, (403, "FOREIGN_HOST"))

    @pytest.mark.parametrize("name", ["instanceUrl", "targetOrigin"])
    def test_no_host(self, stage: Stage, name: str) -> None:
        values: list[Any] = [None, "", 7, {}]
        for value in values:
            assert refused(stage, stage.canvas_request(**{name: value})) == (400, "INCOMPLETE_ENVELOPE")

    def test_the_reps_token_goes_to_the_connections_host_whatever_the_envelope_says(self, stage: Stage) -> None:
        panel = stage.open_panel(instanceUrl="https://other.my.salesforce.com")
        assert panel.screen.name == "Ana Sample"
        assert [call["status"] for call in stage.org.journal("call")] == [200]

    def test_a_verified_host_of_the_org_may_frame_the_panel(self, stage: Stage) -> None:
        panel = stage.open_panel(targetOrigin="https://Sample.My.Salesforce.com")
        assert panel.screen.host["origin"] == "https://sample.my.salesforce.com"
        assert policy_of(panel.response)["frame-ancestors"] == f"{stage.org.url} https://sample.my.salesforce.com"


MALFORMED_IDS = [
    "003",
    "003Wz0000000001ZZZ",
    "003Wz00000000_1",
    "../../../services",
    "003Wz0000000001' OR Id != '",
    "0" * 5000,
    "003Wz000000000\u0661",
    "003Wz00000\ud80001",
]


def with_record(stage: Stage, parameters: Json, record: Any = None) -> str:
    envelope = stage.envelope()
    envelope["context"]["environment"] |= {"parameters": parameters, "record": record or {}}
    return stage.sign(envelope)


class TestTheRecord:
    def test_no_record_at_all(self, stage: Stage) -> None:
        assert refused(stage, with_record(stage, {})) == (400, "NO_RECORD")

    def test_a_malformed_id(self, stage: Stage) -> None:
        answers = {
            each: refused(stage, with_record(stage, {"recordId": each, "objectApiName": "Contact"}))
            for each in MALFORMED_IDS
        }
        assert answers == dict.fromkeys(MALFORMED_IDS, (400, "MALFORMED_ID"))

    def test_an_object_that_cannot_be(self, stage: Stage) -> None:
        record_id = stage.org.record("Contact")
        for name in ("Contact/../User", "a b", "1x", "x" * 81, "Contact\n", "Конtact"):
            made = with_record(stage, {"recordId": record_id, "objectApiName": name})
            assert refused(stage, made) == (400, "UNKNOWN_OBJECT"), name

    def test_an_id_whose_prefix_tells_no_object(self, stage: Stage) -> None:
        assert refused(stage, with_record(stage, {"recordId": "a00Wz0000000001AAA"[:15]})) == (400, "UNKNOWN_OBJECT")

    def test_an_object_the_org_does_not_have(self, stage: Stage) -> None:
        made = with_record(stage, {"recordId": stage.org.record("Contact"), "objectApiName": "Unicorn__c"})
        response = stage.post_canvas(made)
        assert (response.status_code, Screen(response.text).refusal) == (403, "NO_ACCESS")

    def test_an_id_of_another_object(self, stage: Stage) -> None:
        made = with_record(stage, {"recordId": stage.org.record("Account"), "objectApiName": "Contact"})
        response = stage.post_canvas(made)
        assert (response.status_code, Screen(response.text).refusal) == (403, "NO_ACCESS")

    def test_a_record_of_the_wrong_shape_counts_as_none(self, stage: Stage) -> None:
        records: list[Any] = [{"Id": 7}, {"Id": None}, {"attributes": []}, [], "x"]
        for record in records:
            assert refused(stage, with_record(stage, {}, record)) == (400, "NO_RECORD"), record
