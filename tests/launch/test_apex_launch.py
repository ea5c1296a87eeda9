"""A launch by the JWT that an org's Apex signs: what opens a panel, and each thing that does not."""

from __future__ import annotations

import hashlib
import hmac
import json
import time
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.x509.oid import NameOID

from tests.support.proofs import Json, unsigned
from tests.support.screen import Screen
from tests.support.stage import LWC, Stage
from widget.launch.apex import ProofRefused, Signer, open_proof

ANOTHER_ORG = "00D000000000009EAA"


def refused(stage: Stage, token: str) -> tuple[int, str]:
    """Status and code of a launch that opens nothing, and asks the CRM nothing."""
    response = stage.get_lwc(token)
    assert stage.org.journal() == []
    assert "proof" not in response.text
    return response.status_code, Screen(response.text).refusal


@dataclass(frozen=True)
class Signature:
    """A key pair of some org, and its certificate."""

    private_pem: str
    certificate_pem: str


def make_signature(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> Signature:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "Another_Org")])
    now = datetime.now(UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .sign(key, hashes.SHA256())
    )
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return Signature(private.decode(), certificate.public_bytes(serialization.Encoding.PEM).decode())


@pytest.fixture(scope="module")
def another_signature() -> Signature:
    return make_signature(rsa.generate_private_key(public_exponent=65537, key_size=2048))


def connect_another_org(stage: Stage, certificate: str) -> None:
    stage.add_connection(
        org_id=ANOTHER_ORG,
        launch_issuer=ANOTHER_ORG,
        launch_certificate=certificate,
        host_origins=["https://another.my.salesforce.com", "https://another.lightning.force.com"],
    )


class TestOpens:
    def test_a_token_that_apex_signed(self, stage: Stage) -> None:
        panel = stage.open_panel(by="lwc")
        assert panel.screen.name == "Ana Sample"
        assert panel.screen.host == {"protocol": "lwc", "origin": stage.org.url, "instance": ""}

    @pytest.mark.parametrize("object_name", ["Account", "Lead", "Opportunity"])
    def test_for_each_object(self, stage: Stage, object_name: str) -> None:
        assert object_name in stage.open_panel("rep", object_name, by="lwc").screen.text

    def test_a_clock_that_is_a_few_seconds_off(self, stage: Stage) -> None:
        now = int(time.time())
        assert stage.get_lwc(stage.apex_token(iat=now + 5, nbf=now + 5, exp=now + 60)).status_code == 200
        assert stage.get_lwc(stage.apex_token(iat=now - 65, nbf=now - 65, exp=now - 5)).status_code == 200

    @pytest.mark.parametrize("claims", [{"may_sync": False}, {"may_sync": "yes"}, {"may_sync": 1}, {"may_sync": []}])
    def test_a_person_who_may_only_look_has_no_button(self, stage: Stage, claims: Json) -> None:
        panel = stage.open_panel(by="lwc", **claims)
        assert not panel.screen.can_sync
        assert panel.screen.headline == "You may look at this record, but not sync it."
        assert panel.post("/panel/sync").status_code == 403

    def test_only_fields_the_token_names_are_shown(self, stage: Stage) -> None:
        panel = stage.open_panel(by="lwc", fields={"read": ["Email", "Title"], "edit": []})
        assert list(panel.screen.rows) == ["Email", "Job title"]
        assert panel.screen.rows["Job title"].note == "You may not edit this field in Salesforce"

    def test_fields_that_are_not_mapped_stay_out_of_the_panel_token(self, stage: Stage) -> None:
        panel = stage.open_panel(by="lwc", fields={"read": ["Email", "Salary__c"], "edit": ["Salary__c"]})
        assert "Salary__c" not in str(jwt.decode(panel.token, options={"verify_signature": False}))


class TestTheRequestItself:
    @pytest.mark.parametrize("query", [{}, {"token": ["a", "b"]}, {"jwt": "x"}])
    def test_one_token_is_wanted(self, stage: Stage, query: Json) -> None:
        response = stage.client.get(LWC, query_string=query)
        assert (response.status_code, Screen(response.text).refusal) == (400, "MALFORMED_PROOF")

    def test_by_post(self, stage: Stage) -> None:
        assert stage.client.post(LWC, data={"token": stage.apex_token()}).status_code == 405

    def test_what_is_no_jwt(self, stage: Stage) -> None:
        for text in ("", "x", "a.b.c", "...", "ä.ö.ü", "x" * 20_000, stage.canvas_request()):
            assert refused(stage, text) == (401, "MALFORMED_PROOF"), text[:40]

    def test_a_body_that_is_no_object(self, stage: Stage) -> None:
        head, _, signature = stage.apex_token().split(".")
        assert refused(stage, f"{head}.W10.{signature}") == (401, "MALFORMED_PROOF")

    def test_a_head_that_says_nothing(self, stage: Stage) -> None:
        assert refused(stage, "e30.e30.e30") == (401, "WRONG_ALGORITHM")


class TestTheKey:
    def test_algorithm_none(self, stage: Stage) -> None:
        assert refused(stage, unsigned(stage.apex_claims())) == (401, "WRONG_ALGORITHM")

    def test_hs256_with_the_public_certificate_as_its_secret(self, stage: Stage) -> None:
        token = _hs256(stage.apex_claims(), stage.org.credentials["lwc_certificate"])
        assert refused(stage, token) == (401, "WRONG_ALGORITHM")

    @pytest.mark.parametrize("algorithm", ["RS384", "RS512", "PS256"])
    def test_another_algorithm_with_the_right_key(self, stage: Stage, algorithm: str) -> None:
        token = jwt.encode(stage.apex_claims(), stage.private_key, algorithm=algorithm)
        assert refused(stage, token) == (401, "WRONG_ALGORITHM")

    def test_a_changed_signature(self, stage: Stage) -> None:
        head, body, signature = stage.apex_token().split(".")
        swapped = ("A" if signature[0] != "A" else "B") + signature[1:]
        assert refused(stage, f"{head}.{body}.{swapped}") == (401, "WRONG_SIGNATURE")

    def test_the_body_of_one_token_under_the_signature_of_another(self, stage: Stage) -> None:
        head, _, signature = stage.apex_token().split(".")
        body = stage.apex_token(record_id=stage.org.record("Account")).split(".")[1]
        assert refused(stage, f"{head}.{body}.{signature}") == (401, "WRONG_SIGNATURE")

    def test_the_certificate_of_another_connected_org(self, stage: Stage, another_signature: Signature) -> None:
        connect_another_org(stage, another_signature.certificate_pem)
        token = jwt.encode(stage.apex_claims(), another_signature.private_pem, algorithm="RS256")
        assert refused(stage, token) == (401, "WRONG_SIGNATURE")

    def test_another_connected_org_cannot_speak_of_this_ones_records(
        self, stage: Stage, another_signature: Signature
    ) -> None:
        connect_another_org(stage, another_signature.certificate_pem)
        claims = stage.apex_claims(iss=ANOTHER_ORG)
        token = jwt.encode(claims, another_signature.private_pem, algorithm="RS256")
        assert refused(stage, token) == (401, "FOREIGN_ORG")

    @pytest.mark.parametrize("name", ["jku", "jwk", "x5u", "x5c"])
    def test_a_header_that_brings_its_own_key(self, stage: Stage, name: str) -> None:
        token = stage.sign_apex(stage.apex_claims(), **{name: ["https://evil.example/keys"]})
        assert refused(stage, token) == (401, "KEY_IN_HEADER")

    def test_a_header_that_must_be_understood_and_is_not(self, stage: Stage) -> None:
        token = stage.sign_apex(stage.apex_claims(), crit=["b64"], b64=True)
        assert refused(stage, token)[0] == 401

    def test_a_key_id_names_nothing_here_and_is_not_asked(self, stage: Stage) -> None:
        token = stage.sign_apex(stage.apex_claims(), kid="../../../../dev/null")
        assert stage.get_lwc(token).status_code == 200

    def test_an_issuer_nobody_connected(self, stage: Stage) -> None:
        assert refused(stage, stage.apex_token(iss=ANOTHER_ORG)) == (401, "UNKNOWN_ISSUER")

    @pytest.mark.parametrize("issuer", [None, "", "0"])
    def test_an_issuer_that_is_none(self, stage: Stage, issuer: Any) -> None:
        assert refused(stage, stage.apex_token(iss=issuer)) == (401, "UNKNOWN_ISSUER")

    def test_a_connection_without_a_certificate(self, stage: Stage) -> None:
        stage.change_connection(launch_certificate="")
        assert refused(stage, stage.apex_token()) == (401, "WRONG_CERTIFICATE")

    def test_a_certificate_of_another_kind_of_key(self, stage: Stage) -> None:
        stage.change_connection(
            launch_certificate=make_signature(ec.generate_private_key(ec.SECP256R1())).certificate_pem
        )
        assert refused(stage, stage.apex_token()) == (401, "WRONG_CERTIFICATE")


class TestTheClaims:
    def test_a_wrong_audience(self, stage: Stage) -> None:
        base = stage.settings.public_url
        for audience in ("https://evil.example", base, f"{base}/launch/salesforce/canvas", f"{base}/panel", "panel"):
            assert refused(stage, stage.apex_token(aud=audience)) == (401, "WRONG_AUDIENCE"), audience

    def test_an_expired_token_offers_a_reload(self, stage: Stage) -> None:
        now = int(time.time())
        response = stage.get_lwc(stage.apex_token(iat=now - 120, nbf=now - 120, exp=now - 60))
        screen = Screen(response.text)
        assert (response.status_code, screen.refusal) == (401, "EXPIRED_PROOF")
        assert screen.offers_relaunch
        assert screen.host == {"protocol": "lwc", "origin": stage.org.url, "instance": ""}

    def test_the_reload_is_asked_of_the_page_whose_org_signed(self, stage: Stage, another_signature: Signature) -> None:
        connect_another_org(stage, another_signature.certificate_pem)
        now = int(time.time())
        claims = stage.apex_claims(iss=ANOTHER_ORG, org_id=ANOTHER_ORG, iat=now - 120, nbf=now - 120, exp=now - 60)
        token = jwt.encode(claims, another_signature.private_pem, algorithm="RS256")
        screen = Screen(stage.get_lwc(token).text)
        assert screen.refusal == "EXPIRED_PROOF"
        assert screen.host["origin"] == "https://another.lightning.force.com"

    def test_an_expired_token_of_nobody_we_know_is_told_no_host(self, stage: Stage) -> None:
        now = int(time.time())
        key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        claims = stage.apex_claims(iat=now - 120, nbf=now - 120, exp=now - 60)
        screen = Screen(stage.get_lwc(jwt.encode(claims, key, algorithm="RS256")).text)
        assert screen.refusal == "WRONG_SIGNATURE"
        assert screen.host["origin"] == ""
        assert not screen.offers_relaunch

    def test_a_token_that_is_not_yet_valid(self, stage: Stage) -> None:
        now = int(time.time())
        assert refused(stage, stage.apex_token(nbf=now + 60)) == (401, "NOT_YET_VALID")
        assert refused(stage, stage.apex_token(iat=now + 60, exp=now + 120)) == (401, "NOT_YET_VALID")

    def test_a_token_that_would_live_too_long_for_an_address(self, stage: Stage) -> None:
        assert refused(stage, stage.apex_token(exp=int(time.time()) + 3600)) == (401, "PROOF_LIVES_TOO_LONG")

    @pytest.mark.parametrize("name", ["exp", "iat", "sub", "aud", "jti", "object", "record_id", "fields"])
    def test_a_claim_that_is_missing(self, stage: Stage, name: str) -> None:
        claims = stage.apex_claims()
        del claims[name]
        assert refused(stage, stage.sign_apex(claims)) == (401, "INCOMPLETE_PROOF")

    def test_a_claim_of_the_wrong_shape(self, stage: Stage) -> None:
        wrong: list[Json] = [
            {"jti": ""},
            {"jti": 7},
            {"jti": ["x"]},
            {"sub": 7},
            {"exp": "soon"},
            {"exp": []},
            {"exp": 1e400},
            {"iat": "once"},
            {"iat": {}},
            {"nbf": "later"},
            {"nbf": []},
            {"object": 7},
            {"record_id": ["x"]},
            {"fields": ["Email"]},
            {"fields": {}},
            {"fields": {"read": ["Email"]}},
            {"fields": {"read": "Email", "edit": []}},
            {"aud": 7},
            {"aud": {}},
            {"iss": ["x"]},
        ]
        for claims in wrong:
            status, code = refused(stage, _raw_token(stage, claims))
            assert (status, claims) == (401, claims)
            assert code in ("INCOMPLETE_PROOF", "MALFORMED_PROOF", "WRONG_AUDIENCE", "UNKNOWN_ISSUER"), claims

    def test_times_written_as_text(self, stage: Stage) -> None:
        now = int(time.time())
        status, _ = refused(stage, _raw_token(stage, {"exp": str(now + 9999), "iat": str(now)}))
        assert status == 401

    def test_another_org_id_than_the_certificates(self, stage: Stage) -> None:
        assert refused(stage, stage.apex_token(org_id=ANOTHER_ORG)) == (401, "FOREIGN_ORG")
        assert refused(stage, stage.apex_token(org_id=None)) == (401, "FOREIGN_ORG")

    def test_a_malformed_record_id(self, stage: Stage) -> None:
        assert refused(stage, stage.apex_token(record_id="003")) == (400, "MALFORMED_ID")
        assert refused(stage, _raw_token(stage, {"record_id": ""})) == (400, "NO_RECORD")
        assert refused(stage, _raw_token(stage, {"object": "a b"})) == (400, "UNKNOWN_OBJECT")
        assert refused(stage, _raw_token(stage, {"sub": "nobody"})) == (400, "MALFORMED_ID")


class TestOtherTokens:
    def test_a_panel_token_is_no_launch(self, stage: Stage) -> None:
        panel = stage.open_panel()
        response = stage.get_lwc(panel.token)
        assert (response.status_code, Screen(response.text).refusal) == (401, "WRONG_ALGORITHM")

    def test_a_launch_token_is_no_panel_token(self, stage: Stage) -> None:
        token = stage.apex_token()
        response = stage.client.get("/panel/view", headers={"Authorization": f"Bearer {token}"})
        assert (response.status_code, response.json) == (
            401,
            {"error": "token_invalid", "message": "This panel has expired. Reload it to go on."},
        )


class TestPublishedVector:
    """RFC 7515, appendix A.1."""

    TOKEN = (
        "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9."
        "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ."
        "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"
    )

    def test_as_a_launch_it_has_the_wrong_algorithm(self) -> None:
        with pytest.raises(ProofRefused, match="WRONG_ALGORITHM"):
            open_proof(self.TOKEN, "joe", lambda issuer: Signer(1, "joe", ""))

    def test_as_a_panel_token_it_is_signed_with_no_key_of_ours(self, stage: Stage) -> None:
        response = stage.client.get("/panel/view", headers={"Authorization": f"Bearer {self.TOKEN}"})
        assert (response.status_code, response.json and response.json["error"]) == (401, "token_invalid")


def _raw_token(stage: Stage, claims: Json) -> str:
    """Any claims at all, rightly signed: PyJWT would refuse to write some of them."""
    return stage.secret(jwt.api_jws.encode(_json(stage.apex_claims() | claims), stage.private_key, algorithm="RS256"))


def _json(claims: Json) -> bytes:
    return json.dumps(claims).encode()


def _hs256(claims: Json, secret: str) -> str:
    """PyJWT refuses to sign with a certificate as a secret; an attacker's tool does not."""

    def part(raw: bytes) -> str:
        return urlsafe_b64encode(raw).decode().rstrip("=")

    head = part(_json({"alg": "HS256", "typ": "JWT"}))
    message = f"{head}.{part(_json(claims))}"
    return f"{message}.{part(hmac.new(secret.encode(), message.encode(), hashlib.sha256).digest())}"
