"""A proof opens one panel. What a reload then shows, and that nothing brings a used proof back."""

from __future__ import annotations

import string
from collections.abc import Callable

import pytest

from tests.support.proofs import url_safe
from tests.support.screen import Screen
from tests.support.stage import Stage
from tests.support.stage_fixtures import StageWithQueue
from tests.support.together import together

ALPHABET = string.ascii_uppercase + string.ascii_lowercase + string.digits + "+/"


def other_last_character(signature: str) -> str:
    """The same bytes: the last character of base64 holds bits that are thrown away."""
    text = signature.rstrip("=")
    return text[:-1] + ALPHABET[ALPHABET.index(text[-1]) + 1] + signature[len(text) :]


SPELLINGS: dict[str, Callable[[str], str]] = {
    "without padding": lambda signature: signature.rstrip("="),
    "with more padding": lambda signature: f"{signature}=",
    "url safe": url_safe,
    "url safe without padding": lambda signature: url_safe(signature).rstrip("="),
    "another last character": other_last_character,
}


def respelled_at_will(stage: Stage) -> str:
    """A signed request whose signature reads otherwise in each spelling."""
    while not {"+", "/"} & set((signed_request := stage.canvas_request()).partition(".")[0]):
        pass
    return signed_request


def test_the_same_envelope_again_offers_a_reload_to_the_page_around_it(stage: Stage) -> None:
    envelope = stage.envelope()
    signed_request = stage.sign(envelope)
    assert stage.post_canvas(signed_request).status_code == 200
    again = stage.post_canvas(signed_request)
    screen = Screen(again.text)
    assert (again.status_code, screen.refusal) == (409, "USED_PROOF")
    assert screen.told == "This panel was opened before. Reload it to get a fresh one."
    assert screen.offers_relaunch
    instance = envelope["client"]["instanceId"]
    assert screen.host == {"protocol": "canvas", "origin": stage.org.url, "instance": instance}


def test_the_same_jwt_again_offers_a_reload_to_the_page_around_it(stage: Stage) -> None:
    token = stage.apex_token()
    assert stage.get_lwc(token).status_code == 200
    again = stage.get_lwc(token)
    screen = Screen(again.text)
    assert (again.status_code, screen.refusal) == (409, "USED_PROOF")
    assert screen.offers_relaunch
    assert screen.host == {"protocol": "lwc", "origin": stage.org.url, "instance": ""}


@pytest.mark.parametrize("respell", SPELLINGS.values(), ids=SPELLINGS.keys())
def test_a_used_envelope_in_another_spelling_of_its_signature_is_used_too(
    stage: Stage, respell: Callable[[str], str]
) -> None:
    signed_request = respelled_at_will(stage)
    signature, _, payload = signed_request.partition(".")
    assert stage.post_canvas(signed_request).status_code == 200
    assert respell(signature) != signature
    assert stage.post_canvas(f"{respell(signature)}.{payload}").status_code == 409


@pytest.mark.parametrize("respell", SPELLINGS.values(), ids=SPELLINGS.keys())
def test_any_one_spelling_of_a_fresh_envelope_opens_a_panel(stage: Stage, respell: Callable[[str], str]) -> None:
    signature, _, payload = respelled_at_will(stage).partition(".")
    assert stage.post_canvas(f"{respell(signature)}.{payload}").status_code == 200


def test_a_used_jwt_with_another_last_character_is_used_too(stage: Stage) -> None:
    """Two or four bits of it are not part of the signature: several characters say the same."""
    token = stage.apex_token()
    assert stage.get_lwc(token).status_code == 200
    assert stage.get_lwc(other_last_character(token)).status_code in (401, 409)
    assert stage.get_lwc(f"{token}==").status_code in (401, 409)


def test_another_jwt_with_a_used_jti_is_used_too(stage: Stage) -> None:
    assert stage.get_lwc(stage.apex_token(jti="one")).status_code == 200
    assert stage.get_lwc(stage.apex_token(jti="one", object_name="Account")).status_code == 409
    assert stage.get_lwc(stage.apex_token(jti="two")).status_code == 200


def test_going_back_to_the_page_shows_no_value_and_asks_the_crm_nothing(stage: Stage) -> None:
    signed_request = stage.canvas_request()
    stage.post_canvas(signed_request)
    calls = len(stage.org.journal("call"))
    again = stage.post_canvas(signed_request)
    assert "Ana" not in again.text
    assert len(stage.org.journal("call")) == calls


def test_a_refused_envelope_is_not_used_up_by_a_stranger_who_changed_it(stage: Stage) -> None:
    signed_request = stage.canvas_request()
    assert stage.post_canvas(signed_request + "A").status_code == 401
    assert stage.post_canvas(signed_request).status_code == 200


def test_a_used_proof_stays_used_after_the_queue_server_was_flushed(stage: Stage) -> None:
    signed_request, token = stage.canvas_request(), stage.apex_token()
    stage.post_canvas(signed_request)
    stage.get_lwc(token)
    stage.runtime.redis.flushall()
    assert stage.post_canvas(signed_request).status_code == 409
    assert stage.get_lwc(token).status_code == 409


def test_a_used_proof_stays_used_after_a_restart_and_a_tick(stage: Stage) -> None:
    signed_request, token = stage.canvas_request(), stage.apex_token()
    stage.post_canvas(signed_request)
    stage.get_lwc(token)
    stage.tick()
    after = stage.restarted()
    assert after.post_canvas(signed_request).status_code == 409
    assert after.get_lwc(token).status_code == 409


def test_a_used_proof_stays_used_while_the_queue_server_is_down(stage_with_own_queue: StageWithQueue) -> None:
    stage = stage_with_own_queue.stage
    stage_with_own_queue.queue_server.stop()
    signed_request = stage.canvas_request()
    assert stage.post_canvas(signed_request).status_code == 200
    assert stage.post_canvas(signed_request).status_code == 409


@pytest.mark.parametrize("protocol", ["canvas", "lwc"])
def test_of_many_at_once_exactly_one_opens(each_stage: Stage, protocol: str) -> None:
    stage = each_stage
    if protocol == "canvas":
        signed_request = stage.canvas_request()
        answers = together(*[lambda: stage.post_canvas(signed_request)] * 6)
    else:
        token = stage.apex_token()
        answers = together(*[lambda: stage.get_lwc(token)] * 6)
    assert sorted(each.status_code for each in answers) == [200, 409, 409, 409, 409, 409]


def test_a_look_at_the_address_does_not_use_the_proof_up(stage: Stage) -> None:
    """Link previews and scanners ask by HEAD."""
    token = stage.apex_token()
    assert stage.client.head(f"/launch/salesforce/lwc?token={token}").status_code == 405
    assert stage.get_lwc(token).status_code == 200
