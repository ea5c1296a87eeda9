"""Opening a `signed_request`: published vectors, every accepted spelling, every broken one."""

from __future__ import annotations

import base64
import hmac
import json
from typing import Any

import pytest

from tests.support.proofs import Json, canvas_envelope, encoded, signed, url_safe
from widget.launch.canvas import Envelope, EnvelopeRefused, _signers, open_envelope

SECRET = "a consumer secret"
SECRETS = [(7, SECRET)]
ORG: Json = {"org_id": "00Dxx0000000001EAA", "url": "https://sample.my.salesforce.com"}
USER: Json = {"id": "005xx0000000001AAA", "username": "riley@sample-org.example.com", "name": "Riley Rep"}
CONTACT = "003xx0000000001AAA"


def body(location: str = "Aura") -> Json:
    return canvas_envelope(
        org=ORG, user=USER, token="a token", object_name="Contact", record_id=CONTACT, location=location
    )


def sealed(envelope: Any, secret: str = SECRET) -> str:
    return signed(encoded(envelope), secret)


def opened(signed_request: str) -> Envelope:
    return open_envelope(signed_request, SECRETS)


def refusal(signed_request: str) -> str:
    with pytest.raises(EnvelopeRefused) as refused:
        opened(signed_request)
    return refused.value.code


def signature_with(characters: str) -> str:
    """An envelope whose signature holds all of `characters`: found by trying instance ids."""
    envelope = body()
    for number in range(10_000):
        envelope["client"]["instanceId"] = str(number)
        made = sealed(envelope)
        if all(each in made.partition(".")[0] for each in characters):
            return made
    raise AssertionError("no such signature in ten thousand")


class TestPublishedVectors:
    """The scheme is older than Canvas; these pairs of secret and envelope are in other people's tests."""

    FACEBOOK = "vlXgu64BQGFSQrY0ZcJBZASMvYvTHu9GQ0YM9rjPSso"
    FACEBOOK_PAYLOAD = "eyJhbGdvcml0aG0iOiJITUFDLVNIQTI1NiIsIjAiOiJwYXlsb2FkIn0"

    def test_the_unpadded_url_safe_vector_verifies_and_then_lacks_a_client(self) -> None:
        with pytest.raises(EnvelopeRefused, match="INCOMPLETE_ENVELOPE"):
            open_envelope(f"{self.FACEBOOK}.{self.FACEBOOK_PAYLOAD}", [(1, "secret")])

    def test_under_another_secret_its_signature_is_wrong(self) -> None:
        with pytest.raises(EnvelopeRefused, match="WRONG_SIGNATURE"):
            open_envelope(f"{self.FACEBOOK}.{self.FACEBOOK_PAYLOAD}", [(1, "Secret")])

    def test_the_vector_with_line_feeds_has_the_right_digest_but_is_not_an_envelope(self) -> None:
        signature, payload = "KRaQdnYrptqklePiUcR3w1o0yZSn9szI+DrFGQIM2kc=\n", "eyJrZXkiOiAidmFsdWUifQ==\n"
        assert _signers(base64.b64decode(signature), payload.encode(), [(1, "foo")]) == (1,)
        with pytest.raises(EnvelopeRefused, match="MALFORMED_ENVELOPE"):
            open_envelope(f"{signature}.{payload}", [(1, "foo")])


class TestAcceptedForms:
    def test_what_is_read_from_a_lightning_component(self) -> None:
        envelope = opened(sealed(body()))
        assert envelope.signers == (7,)
        assert (envelope.org_id, envelope.user_id, envelope.user_name) == (ORG["org_id"], USER["id"], "Riley Rep")
        assert (envelope.object, envelope.record_id) == ("Contact", CONTACT)
        assert envelope.instance_url == envelope.target_origin == ORG["url"]

    def test_what_is_read_from_a_page_layout(self) -> None:
        envelope = opened(sealed(body("PageLayout")))
        assert (envelope.object, envelope.record_id) == ("Contact", CONTACT)

    def test_a_standard_padded_signature(self) -> None:
        assert opened(signature_with("+/=")).record_id == CONTACT

    def test_a_url_safe_padded_signature(self) -> None:
        signature, _, payload = signature_with("+/=").partition(".")
        assert opened(f"{url_safe(signature)}.{payload}").record_id == CONTACT

    def test_a_url_safe_unpadded_signature(self) -> None:
        signature, _, payload = signature_with("+/=").partition(".")
        assert opened(f"{url_safe(signature).rstrip('=')}.{payload}").record_id == CONTACT

    def test_a_url_safe_unpadded_payload_signed_as_it_is(self) -> None:
        payload = url_safe(encoded(body())).rstrip("=")
        assert opened(signed(payload, SECRET)).record_id == CONTACT

    @pytest.mark.parametrize("issued_at", [None, -1882588807, 1294299664, 10**30, 0, "", "yesterday"])
    def test_issued_at_tells_nothing_and_is_not_asked(self, issued_at: Any) -> None:
        assert opened(sealed(body() | {"issuedAt": issued_at})).record_id == CONTACT

    def test_without_issued_at(self) -> None:
        envelope = body()
        del envelope["issuedAt"]
        assert opened(sealed(envelope)).record_id == CONTACT

    @pytest.mark.parametrize("algorithm", ["HMACSHA256", "HMAC-SHA256"])
    def test_both_spellings_of_the_algorithm(self, algorithm: str) -> None:
        assert opened(sealed(body() | {"algorithm": algorithm})).record_id == CONTACT

    def test_every_secret_that_fits_is_named(self) -> None:
        secrets = [(1, "another"), (2, SECRET), (3, ""), (4, SECRET)]
        assert open_envelope(sealed(body()), secrets).signers == (2, 4)

    @pytest.mark.parametrize("environment", [{}, None, [], "x", {"parameters": None, "record": None}])
    def test_a_page_that_names_no_record_leaves_it_blank(self, environment: Any) -> None:
        envelope = body()
        envelope["context"]["environment"] = environment
        assert opened(sealed(envelope)).record_id == ""

    def test_what_no_database_stores_is_replaced_in_names(self) -> None:
        envelope = body()
        envelope["context"]["user"]["fullName"] = "Riley \ud800\x00 Rep"
        assert opened(sealed(envelope)).user_name == "Riley \ufffd\ufffd Rep"


class TestRefusedForms:
    def test_no_period(self) -> None:
        assert refusal(sealed(body()).replace(".", "")) == "MALFORMED_ENVELOPE"

    def test_an_empty_signature(self) -> None:
        assert refusal("." + encoded(body())) == "MALFORMED_ENVELOPE"

    def test_an_empty_payload(self) -> None:
        assert refusal(sealed(body()).partition(".")[0] + ".") == "MALFORMED_ENVELOPE"

    def test_nothing_at_all(self) -> None:
        assert refusal("") == "MALFORMED_ENVELOPE"

    @pytest.mark.parametrize("signature", ["!!!!", "ä" * 43, "a===", "AAAAA"])
    def test_a_signature_that_is_not_base64(self, signature: str) -> None:
        assert refusal(f"{signature}.{encoded(body())}") == "MALFORMED_ENVELOPE"

    @pytest.mark.parametrize("length", [1, 20, 31, 33, 64])
    def test_a_signature_of_the_wrong_length(self, length: int) -> None:
        signature = base64.b64encode(b"x" * length).decode()
        assert refusal(f"{signature}.{encoded(body())}") == "MALFORMED_SIGNATURE"

    def test_a_shorter_digest_that_is_right_in_itself(self) -> None:
        payload = encoded(body())
        signature = base64.b64encode(hmac.digest(SECRET.encode(), payload.encode(), "sha1")).decode()
        assert refusal(f"{signature}.{payload}") == "MALFORMED_SIGNATURE"

    def test_a_wrong_signature(self) -> None:
        signature = base64.b64encode(b"x" * 32).decode()
        assert refusal(f"{signature}.{encoded(body())}") == "WRONG_SIGNATURE"

    def test_a_wrong_secret(self) -> None:
        assert refusal(sealed(body(), "another secret")) == "WRONG_SIGNATURE"

    def test_a_connection_without_a_secret_verifies_nothing(self) -> None:
        with pytest.raises(EnvelopeRefused, match="WRONG_SIGNATURE"):
            open_envelope(sealed(body(), ""), [(7, "")])

    def test_no_connection_at_all(self) -> None:
        with pytest.raises(EnvelopeRefused, match="WRONG_SIGNATURE"):
            open_envelope(sealed(body()), [])

    def test_a_payload_changed_by_one_byte(self) -> None:
        signature, _, payload = sealed(body()).partition(".")
        for place in (0, len(payload) // 2, len(payload) - 5):
            other = "A" if payload[place] != "A" else "B"
            assert refusal(f"{signature}.{payload[:place]}{other}{payload[place + 1 :]}") == "WRONG_SIGNATURE"

    def test_a_payload_whose_padding_was_taken_off_after_signing(self) -> None:
        envelope = body()
        while not encoded(envelope).endswith("="):
            envelope["client"]["instanceId"] += "x"
        assert refusal(sealed(envelope).rstrip("=")) == "WRONG_SIGNATURE"

    def test_a_second_period_belongs_to_the_payload(self) -> None:
        assert refusal(sealed(body()) + ".more") == "MALFORMED_ENVELOPE"

    @pytest.mark.parametrize("payload", ["%%%", "a b", "abc!", "a=b"])
    def test_a_signed_payload_that_is_not_base64(self, payload: str) -> None:
        assert refusal(signed(payload, SECRET)) == "MALFORMED_ENVELOPE"

    @pytest.mark.parametrize("text", [b"not json", b"\xff\xfe{}", b'{"a":', b"[" * 200_000])
    def test_a_signed_payload_that_is_not_json(self, text: bytes) -> None:
        assert refusal(signed(base64.b64encode(text).decode(), SECRET)) == "MALFORMED_PAYLOAD"

    @pytest.mark.parametrize("value", [[], "text", 7, None, True])
    def test_a_signed_payload_that_is_not_an_object(self, value: Any) -> None:
        assert refusal(sealed(value)) == "MALFORMED_PAYLOAD"

    @pytest.mark.parametrize("missing", ["client", "context"])
    def test_without_client_or_context(self, missing: str) -> None:
        envelope = body()
        del envelope[missing]
        assert refusal(sealed(envelope)) == "INCOMPLETE_ENVELOPE"

    @pytest.mark.parametrize("missing", ["user", "organization"])
    @pytest.mark.parametrize("instead", [None, [], "text"])
    def test_without_user_or_organization(self, missing: str, instead: Any) -> None:
        envelope = body()
        envelope["context"][missing] = instead
        assert refusal(sealed(envelope)) == "INCOMPLETE_ENVELOPE"

    @pytest.mark.parametrize(
        ("part", "name"), [("user", "userId"), ("organization", "organizationId")], ids=["user", "organization"]
    )
    @pytest.mark.parametrize("instead", [None, "", 7])
    def test_without_the_id_of_user_or_organization(self, part: str, name: str, instead: Any) -> None:
        envelope = body()
        envelope["context"][part][name] = instead
        assert refusal(sealed(envelope)) == "INCOMPLETE_ENVELOPE"

    @pytest.mark.parametrize(
        "algorithm", ["none", "NONE", "HMACSHA1", "RS256", "hmacsha256", "", None, 256, ["HMACSHA256"]]
    )
    def test_another_algorithm(self, algorithm: Any) -> None:
        assert refusal(sealed(body() | {"algorithm": algorithm})) == "WRONG_ALGORITHM"

    def test_the_algorithm_is_looked_at_only_after_the_signature(self) -> None:
        assert refusal("." + encoded(body() | {"algorithm": "none"})) == "MALFORMED_ENVELOPE"
        assert refusal(sealed(body() | {"algorithm": "none"}, "another secret")) == "WRONG_SIGNATURE"

    @pytest.mark.parametrize("white", ["\n", "\r\n", " ", "\t"])
    def test_white_space_inside_or_around_either_part(self, white: str) -> None:
        signature, _, payload = sealed(body()).partition(".")
        for broken in (
            f"{white}{signature}.{payload}",
            f"{signature[:9]}{white}{signature[9:]}.{payload}",
            f"{signature}{white}.{payload}",
            f"{signature}.{white}{payload}",
            f"{signature}.{payload[:9]}{white}{payload[9:]}",
            f"{signature}.{payload}{white}",
        ):
            assert refusal(broken) == "MALFORMED_ENVELOPE"

    def test_a_plus_that_a_proxy_turned_into_a_space(self) -> None:
        assert refusal(signature_with("+").replace("+", " ", 1)) == "MALFORMED_ENVELOPE"

    def test_the_same_json_in_another_spelling_is_not_the_same_payload(self) -> None:
        signature = sealed(body()).partition(".")[0]
        respelled = base64.b64encode(json.dumps(body(), indent=1).encode()).decode()
        assert refusal(f"{signature}.{respelled}") == "WRONG_SIGNATURE"
