"""The v3 signature by itself: HubSpot's published examples, what is decoded before signing, and when it is good."""

from __future__ import annotations

import hashlib
import hmac
from base64 import b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hubspot.utils.signature import Signature

from tests.support.portal_proofs import TWELVE, v1_headers, v2_headers, v3_signature
from widget.launch.hubspot_signature import ProofRefused, SignedRequest, caller, decoded, signers

SECRET = "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy"
URL = "https://www.example.com/webhook_uri"
BODY = b"{'example_field':'example_value'}"
EVENTS = (
    b'[{"eventId":1,"subscriptionId":12345,"portalId":62515,"occurredAt":1564113600000,'
    b'"subscriptionType":"contact.creation","attemptNumber":0,"objectId":123,"changeSource":"CRM",'
    b'"changeFlag":"NEW","appId":54321}]'
)
NOW = datetime(2026, 11, 3, 9, 30, tzinfo=UTC)
CALLER = "userId=11&portalId=22&userEmail=ana%40example.com&appId=33"
CARD = f"https://widget.example.com/launch/hubspot?{CALLER}"


def at(moment: datetime) -> str:
    return str(int(moment.timestamp() * 1000))


def request(url: str = CARD, body: bytes = b"{}", *, method: str = "POST", at_moment: datetime = NOW) -> SignedRequest:
    """A request that HubSpot has signed."""
    timestamp = at(at_moment)
    return SignedRequest(method, url.encode(), body, v3_signature(SECRET, method, url, body, timestamp), timestamp)


def accepted(signed: SignedRequest, now: datetime = NOW) -> bool:
    try:
        return signers(signed, [(7, SECRET)], now=now) == (7,)
    except ProofRefused:
        return False


def refusal(signed: SignedRequest, now: datetime = NOW, **changes: Any) -> str:
    with pytest.raises(ProofRefused) as refused:
        signers(replace(signed, **changes), [(7, SECRET)], now=now)
    return refused.value.code


class TestPublishedExamples:
    """From the tests of HubSpot's own clients."""

    @pytest.mark.parametrize(
        ("timestamp", "signature"),
        [
            ("1693657560000", "K36dawei4A+QBNolUOqo7s91KQDWQ5MXZ/QufNYuk/Y="),
            ("1700000300000", "RnbPH7+UMKVkbV32P8bz450N4M56aPmcru1+D3kSDtw="),
        ],
        ids=["python client", "ruby client"],
    )
    def test_v3(self, timestamp: str, signature: str) -> None:
        signed = SignedRequest("POST", URL.encode(), BODY, signature, timestamp)
        now = datetime.fromtimestamp(int(timestamp) / 1000, UTC)
        assert signers(signed, [(1, SECRET)], now=now) == (1,)
        assert refusal(signed, now, body=BODY.replace(b"'", b'"')) == "WRONG_SIGNATURE"
        assert refusal(signed, now, method="GET") == "WRONG_SIGNATURE"

    def test_v1_and_v2_which_these_tests_sign_with_to_be_refused(self) -> None:
        double = b'{"example_field":"example_value"}'
        published = {
            "69fc6631a867edd4f9e9e627fc5c1148e3fbdd8b21837b6d2b8901c1fa57f750": v1_headers(SECRET, BODY),
            "232db2615f3d666fe21a8ec971ac7b5402d33b9a925784df3ca654d05f4817de": v1_headers(SECRET, EVENTS),
            "4fe4e3a7d3cf09db53be39d0a58130e2aaba074ec123a9e355b876a689a1c383": v2_headers(SECRET, "POST", URL, BODY),
            "eee2dddcc73c94d699f5e395f4b9d454a069a6855fbfa152e91e88823087200e": v2_headers(SECRET, "GET", URL, b""),
            "9569219f8ba981ffa6f6f16aa0f48637d35d728c7e4d93d0d52efaa512af7900": v2_headers(SECRET, "POST", URL, double),
        }
        assert {known: made["X-HubSpot-Signature"] for known, made in published.items()} == {
            known: known for known in published
        }

    @pytest.mark.parametrize("older", [v1_headers(SECRET, BODY), v2_headers(SECRET, "POST", URL, BODY)])
    def test_the_older_kinds_are_no_v3_signature(self, older: dict[str, str]) -> None:
        signed = SignedRequest("POST", URL.encode(), BODY, older["X-HubSpot-Signature"], "1693657560000")
        now = datetime.fromtimestamp(1693657560, UTC)
        assert refusal(signed, now) == "MALFORMED_SIGNATURE"
        assert refusal(signed, now, signature=None) == "NO_SIGNATURE"

    def test_hubspots_own_client_signs_the_decoded_address_the_same(self) -> None:
        """No published example holds a code, and the client does not decode: it is handed what HubSpot signs."""
        for code, character in TWELVE.items():
            timestamp, decoded_url = at(NOW), f"{CARD}&x={character}".replace("%40", "@")
            signature = Signature.get_signature(SECRET, "{}", "v3", decoded_url, "POST", timestamp)
            assert accepted(SignedRequest("POST", f"{CARD}&x={code}".encode(), b"{}", signature, timestamp)), code


class TestTheAddressThatIsSigned:
    @pytest.mark.parametrize(("code", "character"), TWELVE.items())
    def test_each_of_the_twelve_codes_is_decoded(self, code: str, character: str) -> None:
        assert decoded(f"https://h/a?b={code}c{code}".encode()) == f"https://h/a?b={character}c{character}".encode()

    @pytest.mark.parametrize(
        "code", ["%20", "%2B", "%26", "%3D", "%25", "%23", "%22", "%3C", "%5B", "%7E", "%2D", "%C3%A9", "%00"]
    )
    def test_no_other_code_is(self, code: str) -> None:
        assert decoded(f"https://h/a?b={code}".encode()) == f"https://h/a?b={code}".encode()

    @pytest.mark.parametrize("text", ["%2540", "%25%34%30", "%252F", "%253A", "%", "%4", "%4g", "%%40"])
    def test_nothing_is_decoded_twice_or_by_halves(self, text: str) -> None:
        expected = text.replace("%40", "@") if text == "%%40" else text
        assert decoded(text.encode()) == expected.encode()

    def test_a_code_in_small_letters_stays(self) -> None:
        assert decoded(b"https://h/?u=https%3a%2f%2fe") == b"https://h/?u=https%3a%2f%2fe"

    def test_what_holds_no_code_is_signed_as_it_is(self) -> None:
        assert decoded(CARD.replace("%40", "@").encode()) == CARD.replace("%40", "@").encode()

    def test_an_email_sent_encoded_is_signed_decoded(self) -> None:
        encoded = request()
        assert b"ana%40example.com" in encoded.url
        assert accepted(encoded)
        plain = v3_signature(SECRET, "POST", CARD.replace("%40", "@"), b"{}", at(NOW))
        assert encoded.signature == plain

    def test_signing_the_encoded_email_is_a_common_mistake_and_no_proof(self) -> None:
        mistaken = hmac.new(SECRET.encode(), f"POST{CARD}{{}}{at(NOW)}".encode(), hashlib.sha256).digest()
        assert refusal(request(), signature=b64encode(mistaken).decode()) == "WRONG_SIGNATURE"

    def test_the_query_is_never_sorted(self) -> None:
        base, _, query = CARD.partition("?")
        turned = "&".join(reversed(query.split("&")))
        assert accepted(request(f"{base}?{turned}"))
        assert refusal(request(), url=f"{base}?{turned}".encode()) == "WRONG_SIGNATURE"


class TestWhatIsSigned:
    @pytest.mark.parametrize("method", ["GET", "PUT", "post", ""])
    def test_method_changed(self, method: str) -> None:
        assert refusal(request(), method=method) == "WRONG_SIGNATURE"

    @pytest.mark.parametrize(
        "url",
        [
            CARD.replace("https", "http"),
            CARD.replace("widget.", "evil."),
            CARD.replace("example.com/", "example.com:8443/"),
            CARD.replace("/launch/hubspot?", "/launch/hubspot/sync?"),
            CARD.replace("userId=11", "userId=12"),
            CARD + "&extra=1",
            CARD + "#part",
            CARD.partition("?")[0],
        ],
    )
    def test_url_changed(self, url: str) -> None:
        assert refusal(request(), url=url.encode()) == "WRONG_SIGNATURE"

    @pytest.mark.parametrize("body", [b"", b"{ }", b"{}\n", b'{"object_id": "2"}'])
    def test_body_changed(self, body: bytes) -> None:
        assert refusal(request(), body=body) == "WRONG_SIGNATURE"

    def test_an_empty_body_is_no_empty_object(self) -> None:
        assert accepted(request(body=b""))
        assert refusal(request(body=b""), body=b"{}") == "WRONG_SIGNATURE"

    def test_names_in_other_scripts_are_signed_as_the_bytes_that_came(self) -> None:
        assert accepted(request(body='{"locale": "ελ", "time_zone": "日本"}'.encode()))
        escaped = b'{"locale": "\\u03b5\\u03bb", "time_zone": "\\u65e5\\u672c"}'
        assert (
            refusal(request(body='{"locale": "ελ", "time_zone": "日本"}'.encode()), body=escaped) == "WRONG_SIGNATURE"
        )

    def test_timestamp_changed(self) -> None:
        assert refusal(request(), timestamp=at(NOW + timedelta(seconds=1))) == "WRONG_SIGNATURE"


class TestWhen:
    @pytest.mark.parametrize("age", [timedelta(0), timedelta(minutes=4, seconds=59), timedelta(minutes=5)])
    def test_good_for_five_minutes(self, age: timedelta) -> None:
        assert accepted(request(), NOW + age)

    @pytest.mark.parametrize(
        "age", [timedelta(minutes=5, milliseconds=1), timedelta(minutes=5, seconds=1), timedelta(days=400)]
    )
    def test_late(self, age: timedelta) -> None:
        assert refusal(request(), NOW + age) == "EXPIRED_PROOF"

    def test_a_clock_that_is_a_little_ahead_is_forgiven(self) -> None:
        assert accepted(request(at_moment=NOW + timedelta(seconds=60)))

    @pytest.mark.parametrize("ahead", [timedelta(seconds=60, milliseconds=1), timedelta(hours=1), timedelta(days=400)])
    def test_future(self, ahead: timedelta) -> None:
        assert refusal(request(at_moment=NOW + ahead)) == "NOT_YET_VALID"

    def test_seconds_in_place_of_milliseconds(self) -> None:
        timestamp = str(int(NOW.timestamp()))
        signature = v3_signature(SECRET, "POST", CARD, b"{}", timestamp)
        assert refusal(request(), timestamp=timestamp, signature=signature) == "EXPIRED_PROOF"

    @pytest.mark.parametrize(
        "timestamp", ["", " ", "now", "-1", "+1", "1.5", "1e12", "１７００００００００００", "9" * 16, "1,2", "0x10"]
    )
    def test_what_is_no_number_of_milliseconds(self, timestamp: str) -> None:
        signature = v3_signature(SECRET, "POST", CARD, b"{}", timestamp)
        assert refusal(request(), timestamp=timestamp, signature=signature) == "MALFORMED_TIMESTAMP"

    def test_a_number_beyond_every_calendar(self) -> None:
        assert refusal(request(), timestamp="9" * 15) == "NOT_YET_VALID"

    def test_no_timestamp(self) -> None:
        assert refusal(request(), timestamp=None) == "NO_TIMESTAMP"


class TestTheSignatureItself:
    def test_forged(self) -> None:
        assert refusal(request(), signature="A" * 43 + "=") == "WRONG_SIGNATURE"

    @pytest.mark.parametrize(
        "mangled",
        [
            lambda text: "",
            lambda text: text.rstrip("="),
            lambda text: text + "=",
            lambda text: text + "\n",
            lambda text: " " + text,
            lambda text: f"{text},{text}",
            lambda text: text.replace("+", " ").replace("/", " "),
            lambda text: "%2B" + text[1:],
            lambda text: text[:-2] + "é=",
            lambda text: "A" * 5000,
        ],
    )
    def test_what_is_no_base64_of_32_bytes(self, mangled: Any) -> None:
        signed = next(
            each for each in (request(body=str(n).encode()) for n in range(50)) if "+" in (each.signature or "")
        )
        assert refusal(signed, signature=mangled(signed.signature)) == "MALFORMED_SIGNATURE"

    def test_of_several_secrets_the_ones_that_fit_are_named(self) -> None:
        secrets = [(1, "another"), (2, SECRET), (3, ""), (4, SECRET)]
        assert signers(request(), secrets, now=NOW) == (2, 4)

    def test_an_empty_secret_signs_nothing(self) -> None:
        signature = v3_signature("", "POST", CARD, b"{}", at(NOW))
        with pytest.raises(ProofRefused):
            signers(replace(request(), signature=signature), [(1, "")], now=NOW)


class TestWhoAsks:
    def test_the_four_that_hubspot_adds(self) -> None:
        who = caller(request())
        assert (who.portal_id, who.user_id, who.user_email, who.app_id) == ("22", "11", "ana@example.com", "33")

    def test_in_any_order_and_among_others(self) -> None:
        url = "https://h/launch/hubspot?x=1&appId=33&userEmail=b%40example.com&y=&portalId=22&userId=11"
        assert caller(request(url)).user_email == "b@example.com"

    @pytest.mark.parametrize("sent", ["a%2Bb%40example.com", "a+b%40example.com", "a+b@example.com"])
    def test_a_plus_in_an_email_stays_one(self, sent: str) -> None:
        assert caller(request(CARD.replace("ana%40example.com", sent))).user_email == "a+b@example.com"

    @pytest.mark.parametrize("name", ["userId", "portalId", "userEmail", "appId"])
    def test_twice_or_missing_or_empty_is_nobody(self, name: str) -> None:
        value = dict(pair.split("=") for pair in CALLER.split("&"))[name]
        for url in (
            f"{CARD}&{name}={value}",
            f"{CARD}&{name}=99",
            CARD.replace(name, "other"),
            CARD.replace(value, ""),
        ):
            with pytest.raises(ProofRefused, match="UNCLEAR_CALLER"):
                caller(request(url))

    @pytest.mark.parametrize(
        "url",
        [
            CARD.replace("portalId=22", "portalId=22x"),
            CARD.replace("portalId=22", "portalId=" + "2" * 21),
            CARD.replace("portalId=22", "portalId=%D9%A2"),
            CARD.replace("ana%40example.com", "a%0Ab%40example.com"),
            CARD.replace("ana%40example.com", "a" * 330),
            CARD + "&a=1" * 100,
        ],
    )
    def test_what_is_no_id_or_email_is_nobody(self, url: str) -> None:
        with pytest.raises(ProofRefused, match="UNCLEAR_CALLER"):
            caller(request(url))
