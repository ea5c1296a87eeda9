"""Who gets in by HubSpot's signature, over HTTP: each thing that opens the door and each that does not."""

from __future__ import annotations

import json
import time
from datetime import timedelta
from typing import Any

import pytest
from werkzeug.test import TestResponse

from jobs.models.connection import BROKEN, DISCONNECTED
from jobs.runtime import utc_now
from tests.support import portal_proofs
from tests.support.portal_proofs import TWELVE, now_ms, v1_headers, v2_headers, v3_headers
from tests.support.portal_stage import CARD, PUBLIC_URL, SYNC, PortalStage, portal_connection

MINUTE_MS = 60_000
NO_REQUESTS = [
    b"",
    b"null",
    b"[]",
    b"{",
    b'"text"',
    b"[" * 4000,
    b"\xff\xfe",
    b'{"object_type_id": "0-1"}',
    b'{"object_type_id": "0-1", "object_id": 501, "key": "12345678"}',
    b'{"object_type_id": "0-1", "object_id": "501x", "key": "12345678"}',
    b'{"object_type_id": "0-1", "object_id": "../502", "key": "12345678"}',
    b'{"object_type_id": "contacts", "object_id": "501", "key": "12345678"}',
    b'{"object_type_id": "0-1", "object_id": "501", "key": "short"}',
    b'{"object_type_id": "0-1", "object_id": "501", "key": "12345678", "run_id": "1"}',
    b'{"object_type_id": "0-1", "object_id": "501", "key": "12345678", "run_id": true}',
    b'{"object_type_id": "0-1", "object_id": "501", "key": "12345678", "locale": ["en"]}',
]


def body_of(stage: PortalStage, **more: Any) -> bytes:
    return json.dumps(stage.asked(**more)).encode()


def refusal(stage: PortalStage, response: TestResponse) -> str:
    """The code of a refused call: 401, JSON, nothing of the record, and HubSpot was not asked."""
    assert response.status_code == 401, response.text
    assert response.mimetype == "application/json"
    assert stage.org.journal("call") == []
    body = response.get_json()
    assert set(body) == {"error", "message"}
    return str(body["error"])


def is_let_in(response: TestResponse) -> bool:
    return response.status_code == 200 and response.get_json()["status"] == "ok"


class TestLetIn:
    def test_a_call_that_hubspot_signed(self, portal_stage: PortalStage) -> None:
        assert portal_stage.card()["record"] == {"name": "Ana Sample", "object_label": "Contact"}

    def test_the_email_in_the_address_comes_encoded_and_is_signed_decoded(self, portal_stage: PortalStage) -> None:
        url = portal_stage.called()
        assert "userEmail=riley%40example.com" in url
        assert is_let_in(portal_stage.send(url, body_of(portal_stage)))

    def test_the_same_call_with_the_email_decoded_on_the_way_is_as_good(self, portal_stage: PortalStage) -> None:
        url, body = portal_stage.called(), body_of(portal_stage)
        headers = v3_headers(portal_stage.app_secret, "POST", url, body)
        assert is_let_in(portal_stage.send(url.replace("%40", "@"), body, headers=headers))

    def test_each_of_the_twelve_codes_in_the_address(self, portal_stage: PortalStage) -> None:
        for code in TWELVE:
            url = portal_stage.called(f"{CARD}?note=a{code}b")
            assert is_let_in(portal_stage.send(url, body_of(portal_stage))), code

    def test_codes_that_are_signed_as_they_are(self, portal_stage: PortalStage) -> None:
        for code in ("%20", "%2B", "%26", "%3D", "%25", "%23", "%2540", "%C3%A9", "%3a"):
            url = portal_stage.called(f"{CARD}?note=a{code}b")
            assert is_let_in(portal_stage.send(url, body_of(portal_stage))), code

    def test_names_in_other_scripts_in_the_body(self, portal_stage: PortalStage) -> None:
        body = json.dumps(portal_stage.asked() | {"note": "Ζωή 日本"}, ensure_ascii=False).encode()
        assert is_let_in(portal_stage.send(portal_stage.called(), body))

    def test_with_the_older_signatures_beside_it(self, portal_stage: PortalStage) -> None:
        url, body, secret = portal_stage.called(), body_of(portal_stage), portal_stage.app_secret
        headers = v2_headers(secret, "POST", url, body) | v3_headers(secret, "POST", url, body)
        assert is_let_in(portal_stage.send(url, body, headers=headers))

    def test_almost_five_minutes_old_or_a_little_ahead(self, portal_stage: PortalStage) -> None:
        url, body, now = portal_stage.called(), body_of(portal_stage), int(now_ms())
        for timestamp in (now - 5 * MINUTE_MS + 20_000, now + 50_000):
            headers = v3_headers(portal_stage.app_secret, "POST", url, body, str(timestamp))
            assert is_let_in(portal_stage.send(url, body, headers=headers))

    def test_with_this_installations_app_where_the_connection_keeps_no_secret(self, portal_stage: PortalStage) -> None:
        stage = portal_stage
        stage.change_connection(client_secret_sealed="")
        assert refusal(stage, stage.send(stage.called(), body_of(stage))) == "WRONG_SIGNATURE"
        known = stage.org.credentials
        app = {"hubspot_client_id": known["client_id"], "hubspot_client_secret": known["client_secret"]}
        after = stage.restarted(**app)
        assert is_let_in(after.send(after.called(), body_of(after)))
        stage.change_connection(broken_code=DISCONNECTED, state=BROKEN)
        assert after.card()["code"] == "FOREIGN_ORG"


@pytest.mark.parametrize("path", [CARD, SYNC])
class TestNotLetIn:
    def test_forged(self, portal_stage: PortalStage, path: str) -> None:
        url, body = portal_stage.called(path), body_of(portal_stage)
        headers = v3_headers("another secret", "POST", url, body)
        assert refusal(portal_stage, portal_stage.send(url, body, headers=headers)) == "WRONG_SIGNATURE"

    def test_late(self, portal_stage: PortalStage, path: str) -> None:
        url, body, late = portal_stage.called(path), body_of(portal_stage), str(int(now_ms()) - 5 * MINUTE_MS - 1000)
        headers = v3_headers(portal_stage.app_secret, "POST", url, body, late)
        assert refusal(portal_stage, portal_stage.send(url, body, headers=headers)) == "EXPIRED_PROOF"

    def test_future(self, portal_stage: PortalStage, path: str) -> None:
        url, body, future = portal_stage.called(path), body_of(portal_stage), str(int(now_ms()) + 2 * MINUTE_MS)
        headers = v3_headers(portal_stage.app_secret, "POST", url, body, future)
        assert refusal(portal_stage, portal_stage.send(url, body, headers=headers)) == "NOT_YET_VALID"

    def test_timestamp_in_seconds(self, portal_stage: PortalStage, path: str) -> None:
        url, body = portal_stage.called(path), body_of(portal_stage)
        headers = v3_headers(portal_stage.app_secret, "POST", url, body, str(int(time.time())))
        assert refusal(portal_stage, portal_stage.send(url, body, headers=headers)) == "EXPIRED_PROOF"

    def test_body_changed(self, portal_stage: PortalStage, path: str) -> None:
        url, body = portal_stage.called(path), body_of(portal_stage)
        headers = v3_headers(portal_stage.app_secret, "POST", url, body)
        for changed in (body.replace(b"501", b"502"), body + b" ", b""):
            assert refusal(portal_stage, portal_stage.send(url, changed, headers=headers)) == "WRONG_SIGNATURE"

    def test_body_written_anew_with_the_same_meaning(self, portal_stage: PortalStage, path: str) -> None:
        url, body = portal_stage.called(path), body_of(portal_stage)
        headers = v3_headers(portal_stage.app_secret, "POST", url, body)
        anew = json.dumps(json.loads(body), separators=(",", ":")).encode()
        assert refusal(portal_stage, portal_stage.send(url, anew, headers=headers)) == "WRONG_SIGNATURE"

    def test_method_changed(self, portal_stage: PortalStage, path: str) -> None:
        url, body = portal_stage.called(path), body_of(portal_stage)
        headers = v3_headers(portal_stage.app_secret, "PUT", url, body)
        assert refusal(portal_stage, portal_stage.send(url, body, headers=headers)) == "WRONG_SIGNATURE"
        for method in ("GET", "PUT", "DELETE"):
            sent = portal_stage.send(url, body, method=method)
            assert (sent.status_code, sent.mimetype) == (405, "application/json")

    def test_url_changed(self, portal_stage: PortalStage, path: str) -> None:
        url, body = portal_stage.called(path), body_of(portal_stage)
        headers = v3_headers(portal_stage.app_secret, "POST", url, body)
        changes = {
            "riley%40": "admin%40",
            "userId=60100002": "userId=60100001",
            "portalId=": "portalid=",
            "appId=": "x=1&appId=",
            "&appId": "&&appId",
        }
        for part, other in changes.items():
            assert part in url
            sent = portal_stage.send(url.replace(part, other), body, headers=headers)
            assert refusal(portal_stage, sent) == "WRONG_SIGNATURE", part

    def test_query_sorted_by_somebody_on_the_way(self, portal_stage: PortalStage, path: str) -> None:
        url, body = portal_stage.called(path), body_of(portal_stage)
        headers = v3_headers(portal_stage.app_secret, "POST", url, body)
        base, _, query = url.partition("?")
        sent = portal_stage.send(f"{base}?{'&'.join(sorted(query.split('&')))}", body, headers=headers)
        assert refusal(portal_stage, sent) == "WRONG_SIGNATURE"

    def test_signed_for_the_other_address_of_ours(self, portal_stage: PortalStage, path: str) -> None:
        other, body = portal_stage.called(SYNC if path == CARD else CARD), body_of(portal_stage)
        headers = v3_headers(portal_stage.app_secret, "POST", other, body)
        sent = portal_stage.send(portal_stage.called(path), body, headers=headers)
        assert refusal(portal_stage, sent) == "WRONG_SIGNATURE"

    def test_signed_over_the_encoded_email(self, portal_stage: PortalStage, path: str) -> None:
        url, body, timestamp = portal_stage.called(path), body_of(portal_stage), now_ms()
        # `%` as the code that is never decoded: what stands there then is what a careless signer would sign.
        careless = portal_proofs.v3_signature(
            portal_stage.app_secret, "POST", url.replace("%40", "%2540"), body, timestamp
        )
        headers = {"X-HubSpot-Signature-v3": careless, "X-HubSpot-Request-Timestamp": timestamp}
        assert refusal(portal_stage, portal_stage.send(url, body, headers=headers)) == "WRONG_SIGNATURE"

    def test_missing_headers(self, portal_stage: PortalStage, path: str) -> None:
        url, body = portal_stage.called(path), body_of(portal_stage)
        whole = v3_headers(portal_stage.app_secret, "POST", url, body)
        expected = {"X-HubSpot-Signature-v3": "NO_SIGNATURE", "X-HubSpot-Request-Timestamp": "NO_TIMESTAMP"}
        for name, code in expected.items():
            rest = {key: value for key, value in whole.items() if key != name}
            assert refusal(portal_stage, portal_stage.send(url, body, headers=rest)) == code
        assert refusal(portal_stage, portal_stage.send(url, body, headers={})) == "NO_SIGNATURE"

    def test_doubled_headers(self, portal_stage: PortalStage, path: str) -> None:
        """A server joins what comes twice by a comma."""
        url, body = portal_stage.called(path), body_of(portal_stage)
        whole = v3_headers(portal_stage.app_secret, "POST", url, body)
        for name, value in whole.items():
            sent = portal_stage.send(url, body, headers=whole | {name: f"{value},{value}"})
            assert refusal(portal_stage, sent).startswith("MALFORMED_")

    def test_only_an_older_signature(self, portal_stage: PortalStage, path: str) -> None:
        url, body, secret = portal_stage.called(path), body_of(portal_stage), portal_stage.app_secret
        for headers in (v1_headers(secret, body), v2_headers(secret, "POST", url, body)):
            assert refusal(portal_stage, portal_stage.send(url, body, headers=headers)) == "NO_SIGNATURE"
            as_v3 = {"X-HubSpot-Signature-v3": headers["X-HubSpot-Signature"], "X-HubSpot-Request-Timestamp": now_ms()}
            assert refusal(portal_stage, portal_stage.send(url, body, headers=as_v3)) == "MALFORMED_SIGNATURE"

    def test_who_asks_said_twice_or_not_at_all(self, portal_stage: PortalStage, path: str) -> None:
        for name, value in portal_stage.caller().items():
            doubled = portal_stage.called(f"{path}?{name}={value.replace('@', '%40')}")
            missing = portal_stage.called(path).replace(f"{name}=", "other=")
            for url in (doubled, missing):
                assert refusal(portal_stage, portal_stage.send(url, body_of(portal_stage))) == "UNCLEAR_CALLER", url

    def test_oversize_body(self, portal_stage: PortalStage, path: str) -> None:
        for size in (20_000, 700_000):
            sent = portal_stage.send(portal_stage.called(path), b" " * size)
            assert (sent.status_code, sent.mimetype) == (413, "application/json")
        assert portal_stage.org.journal("call") == []

    def test_signed_but_nothing_that_a_card_would_send(self, portal_stage: PortalStage, path: str) -> None:
        for body in NO_REQUESTS:
            sent = portal_stage.send(portal_stage.called(path), body)
            assert (sent.status_code, sent.mimetype) == (400, "application/json"), body
        assert portal_stage.org.journal("call") == []


class TestBehindAProxy:
    """Requests arrive over plain http, under a name of the inner network. HubSpot called and signed PUBLIC_URL."""

    def test_the_public_address_counts(self, portal_stage: PortalStage) -> None:
        sent = portal_stage.send(portal_stage.called(), body_of(portal_stage), environ_overrides={"HTTP_HOST": "inner"})
        assert is_let_in(sent)

    def test_a_forged_host_changes_nothing(self, portal_stage: PortalStage) -> None:
        """A signature for another site with the same app does not become ours by a header that says so."""
        stage = portal_stage.restarted(trusted_proxies=1)
        evil = "https://evil.example.com"
        url, body = portal_stage.called().replace(PUBLIC_URL, evil), body_of(portal_stage)
        headers = v3_headers(portal_stage.app_secret, "POST", url, body)
        forged = {"Host": "evil.example.com", "X-Forwarded-Host": "evil.example.com", "X-Forwarded-Proto": "https"}
        sent = stage.client.post(url.removeprefix(evil), data=body, headers=headers | forged)
        assert refusal(portal_stage, sent) == "WRONG_SIGNATURE"

    def test_a_path_in_another_spelling_is_another_address(self, portal_stage: PortalStage) -> None:
        url, body = portal_stage.called(), body_of(portal_stage)
        headers = v3_headers(portal_stage.app_secret, "POST", url, body)
        sent = portal_stage.send(url.replace("/hubspot?", "/hub%73pot?"), body, headers=headers)
        assert refusal(portal_stage, sent) == "WRONG_SIGNATURE"


class TestReplayed:
    """HubSpot repeats a call once; who has listened in may repeat it until it is too old."""

    def test_a_look_is_answered_as_before(self, portal_stage: PortalStage) -> None:
        url, body = portal_stage.called(), body_of(portal_stage)
        headers = v3_headers(portal_stage.app_secret, "POST", url, body)
        answers = [portal_stage.send(url, body, headers=headers).get_json() for _ in range(2)]
        assert answers[0] == answers[1]

    def test_a_call_for_details_gets_the_same_ticket_and_no_second_panel(self, portal_stage: PortalStage) -> None:
        stage = portal_stage
        url, body = stage.called(), body_of(stage, details=True)
        headers = v3_headers(stage.app_secret, "POST", url, body)
        variants = [url, url, url.replace("%40", "@")]
        addresses = [stage.secret(stage.send(each, body, headers=headers).get_json()["url"]) for each in variants]
        assert len(set(addresses)) == 1
        assert [stage.open(each).status_code for each in addresses] == [200, 409, 409]

    def test_a_click_starts_no_second_run(self, portal_stage: PortalStage, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("widget.launch.hubspot.GLANCE_SECONDS", 0.0)
        stage = portal_stage
        url, body = stage.called(SYNC), body_of(stage, key="one-click-one-key")
        headers = v3_headers(stage.app_secret, "POST", url, body)
        first = stage.send(url, body, headers=headers).get_json()
        stage.work()
        again = stage.send(url, body, headers=headers).get_json()
        assert again["run_id"] == first["run_id"]
        assert (first["state"], again["state"]) == ("queued", "done")
        stage.work()
        assert stage.card()["last"]["outcome"] == "updated"

    def test_when_it_is_too_old_it_is_refused(self, portal_stage: PortalStage, monkeypatch: pytest.MonkeyPatch) -> None:
        url, body = portal_stage.called(), body_of(portal_stage)
        headers = v3_headers(portal_stage.app_secret, "POST", url, body)
        assert is_let_in(portal_stage.send(url, body, headers=headers))
        later = utc_now() + timedelta(minutes=5, seconds=1)
        monkeypatch.setattr("widget.launch.hubspot.utc_now", lambda: later)
        sent = portal_stage.send(url, body, headers=headers)
        assert (sent.status_code, sent.get_json()["error"]) == (401, "EXPIRED_PROOF")


class TestWhosePortal:
    def test_an_unknown_portal_that_installed_the_same_app(self, portal_stage: PortalStage) -> None:
        sent = portal_stage.send(portal_stage.called(portalId="999"), body_of(portal_stage))
        answer = sent.get_json()
        assert (sent.status_code, answer["status"], answer["code"]) == (200, "refused", "FOREIGN_ORG")
        assert answer["message"] == "This HubSpot account is not connected here."
        assert portal_stage.org.journal("call") == []

    def test_of_two_portals_with_the_same_app_each_sees_its_own(self, portal_stage: PortalStage) -> None:
        stage = portal_stage
        with stage.runtime.database.write() as session:
            other = portal_connection(stage.settings, stage.org, org_id="777", name="Another Portal")
            session.add(other)
        answer = stage.call(CARD, stage.asked(), portalId="777")
        assert answer["state"] == "object_off"  # connected, and nothing is set up there
        assert stage.card()["state"] != "object_off"

    def test_the_secret_of_one_portals_app_opens_no_other_portal(self, portal_stage: PortalStage) -> None:
        stage = portal_stage
        with stage.runtime.database.write() as session:
            sealed = stage.runtime.vault.seal("the secret of another app")
            session.add(portal_connection(stage.settings, stage.org, org_id="777", client_secret_sealed=sealed))
        url, body = stage.called(portalId="777"), body_of(stage)
        answer = stage.send(url, body).get_json()
        assert (answer["status"], answer["code"]) == ("refused", "FOREIGN_ORG")

    def test_a_secret_sealed_with_a_lost_key_keeps_only_its_own_portal_out(self, portal_stage: PortalStage) -> None:
        stage = portal_stage
        with stage.runtime.database.write() as session:
            session.add(portal_connection(stage.settings, stage.org, org_id="777", client_secret_sealed="lost"))
        assert stage.card()["status"] == "ok"
        assert "client_secret_sealed_with_unknown_key" in stage.logs.getvalue()
