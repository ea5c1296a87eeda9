"""The panel token: what it proves, for how long, and under which key."""

from __future__ import annotations

import json
import time
from base64 import urlsafe_b64encode
from dataclasses import replace
from typing import Any

import jwt
import pytest
from werkzeug.test import TestResponse

from tests.support.answers import claims_of
from tests.support.proofs import Json, unsigned
from tests.support.stage import Panel, Stage
from tests.support.together import together
from widget import tokens
from widget.tokens import PanelClaims, TokenExpired, mint_panel_token, open_panel_token, renew_panel_token

NEW_KEY = "a new secret key, brought in while the old one still verifies"


def look(stage: Stage, token: str) -> TestResponse:
    return stage.client.get("/panel/view", headers={"Authorization": f"Bearer {token}"})


def refusal(stage: Stage, token: str) -> tuple[int, str]:
    response = look(stage, token)
    assert response.json is not None
    return response.status_code, response.json["error"]


def claims(stage: Stage, panel: Panel) -> PanelClaims:
    return open_panel_token(stage.settings, panel.token)


def minted(stage: Stage, panel: Panel, **changes: Any) -> str:
    return stage.secret(mint_panel_token(stage.settings, replace(claims(stage, panel), **changes))[0])


def renewed(stage: Stage, token: str) -> TestResponse:
    return stage.client.post("/panel/token", headers={"Authorization": f"Bearer {token}"})


def resigned(stage: Stage, token: str, *, key: bytes | None = None, head: Json | None = None, **changes: Any) -> str:
    """The token with claims or header changed, signed with the panel's own key unless told otherwise."""
    body = {name: value for name, value in (claims_of(token) | changes).items() if value is not None}
    own = tokens._key(stage.settings.signing_keys[0], "panel")
    headers = {"kid": own.id, "typ": "panel"} | (head or {})
    return stage.secret(jwt.encode(body, key or own.secret, algorithm="HS256", headers=headers))


class TestWhatItSays:
    def test_who_may_do_what_to_which_record(self, stage: Stage) -> None:
        body = claims_of(stage.open_panel("limited_rep").token)
        assert body["aud"] == "panel"
        assert (body["connection_id"], body["object"]) == (stage.connection_id, "Contact")
        assert body["crm_record_id"] == stage.org.record("Contact")
        assert body["sub"] == body["user_id"] == stage.user("limited_rep")["id"]
        assert body["scopes"] == ["view", "sync", "undo"]
        assert "Phone" not in body["readable"]
        assert "Title" in body["readable"]
        assert "Title" not in body["editable"]

    def test_for_five_minutes_in_a_session_of_eight_hours(self, stage: Stage) -> None:
        body = claims_of(stage.open_panel().token)
        assert body["exp"] - body["iat"] == 300
        assert abs(body["session_until"] - body["iat"] - 8 * 3600) <= 1

    def test_no_secret_and_no_value(self, stage: Stage) -> None:
        body = json.dumps(claims_of(stage.open_panel().token))
        for leak in ("00DWz", stage.org.credentials["client_secret"], "ana.sample", "Chief of Staff"):
            assert leak not in body


class TestRefused:
    def test_expired(self, stage: Stage) -> None:
        token = stage.open_panel().token
        now = int(time.time())
        assert refusal(stage, resigned(stage, token, iat=now - 400, exp=now - 1)) == (401, "token_expired")

    @pytest.mark.parametrize("purpose", ["ticket", "api"])
    def test_a_token_of_another_purpose(self, stage: Stage, purpose: Any) -> None:
        token = stage.open_panel().token
        key = tokens._key(stage.settings.signing_keys[0], purpose)
        assert refusal(stage, resigned(stage, token, key=key.secret, head={"kid": key.id}, aud=purpose)) == (
            401,
            "token_invalid",
        )
        assert refusal(stage, resigned(stage, token, key=key.secret, aud=purpose)) == (401, "token_invalid")
        assert refusal(stage, resigned(stage, token, aud=purpose)) == (401, "token_invalid")

    def test_algorithm_none(self, stage: Stage) -> None:
        body = claims_of(stage.open_panel().token)
        assert refusal(stage, unsigned(body)) == (401, "token_invalid")

    def test_algorithm_none_under_a_known_key_id(self, stage: Stage) -> None:
        token = stage.open_panel().token
        head = {"alg": "none", "kid": jwt.get_unverified_header(token)["kid"]}
        encoded = urlsafe_b64encode(json.dumps(head).encode()).decode().rstrip("=")
        assert refusal(stage, f"{encoded}.{token.split('.')[1]}.") == (401, "token_invalid")

    @pytest.mark.parametrize("algorithm", ["HS384", "HS512"])
    def test_another_algorithm_under_the_same_key(self, stage: Stage, algorithm: str) -> None:
        token = stage.open_panel().token
        key = tokens._key(stage.settings.signing_keys[0], "panel")
        other = jwt.encode(claims_of(token), key.secret * 2, algorithm=algorithm, headers={"kid": key.id})
        assert refusal(stage, other) == (401, "token_invalid")

    def test_an_unknown_key_id(self, stage: Stage) -> None:
        token = stage.open_panel().token
        for kid in ("nobody", "", "../../secret_key"):
            assert refusal(stage, resigned(stage, token, head={"kid": kid})) == (401, "token_invalid")

    def test_a_changed_claim(self, stage: Stage) -> None:
        panel = stage.open_panel()
        head, _, signature = panel.token.split(".")
        body = claims_of(panel.token) | {"crm_record_id": stage.org.record("Account")}
        changed = urlsafe_b64encode(json.dumps(body).encode()).decode().rstrip("=")
        assert refusal(stage, f"{head}.{changed}.{signature}") == (401, "token_invalid")

    def test_a_claim_that_is_missing(self, stage: Stage) -> None:
        token = stage.open_panel().token
        for name in ("exp", "iat", "sub", "jti", "aud", "iss", "connection_id", "object", "scopes", "readable"):
            assert refusal(stage, resigned(stage, token, **{name: None})) == (401, "token_invalid"), name

    def test_an_api_key_or_launch_proof_in_its_place(self, stage: Stage) -> None:
        for other in (stage.apex_token(), stage.canvas_request(), stage.org.token("rep"), "wk_live_123"):
            assert refusal(stage, other) == (401, "token_invalid")


class TestScopesAndRecords:
    def test_a_token_to_look_cannot_sync_or_link(self, stage: Stage) -> None:
        panel = stage.open_panel()
        panel.token = minted(stage, panel, scopes=("view",))
        assert panel.get("/panel/view").status_code == 200
        for path in ("/panel/sync", "/panel/link", "/panel/apart"):
            response = panel.post(path, data={"local_record_id": "1"})
            assert (response.status_code, response.json) == (
                403,
                {"error": "not_allowed", "message": "This panel may not do that."},
            )
        stage.work()
        assert stage.org.writes() == []

    def test_a_renewal_gives_no_more_than_there_was(self, stage: Stage) -> None:
        panel = stage.open_panel()
        token = minted(stage, panel, scopes=("view",), readable=("Email",), editable=())
        fresh = stage.secret(str((renewed(stage, token).json or {})["token"]))
        kept = (
            "scopes",
            "readable",
            "editable",
            "crm_record_id",
            "object",
            "connection_id",
            "user_id",
            "session_until",
        )
        assert {name: claims_of(fresh)[name] for name in kept} == {name: claims_of(token)[name] for name in kept}

    def test_a_token_of_one_record_shows_that_one_only(self, stage: Stage) -> None:
        contact, account = stage.open_panel("rep", "Contact"), stage.open_panel("rep", "Account")
        assert contact.view().name == "Ana Sample"
        assert account.view().name != "Ana Sample"

    def test_a_token_of_a_connection_that_is_gone(self, stage: Stage) -> None:
        panel = stage.open_panel()
        response = look(stage, minted(stage, panel, connection_id=4711))
        assert response.status_code in (401, 403, 404)
        assert response.json is not None


class TestRenewal:
    def test_a_fresh_token_for_the_same_record_under_a_new_id(self, stage: Stage) -> None:
        panel = stage.open_panel()
        answer = renewed(stage, panel.token).json or {}
        before, after = claims_of(panel.token), claims_of(stage.secret(answer["token"]))
        assert before["jti"] != after["jti"]
        assert after["session_until"] == before["session_until"]
        assert answer["expires_in"] == 300
        assert 0 < answer["session_expires_in"] <= 8 * 3600
        assert look(stage, answer["token"]).status_code == 200

    def test_the_old_one_stays_good_until_it_expires(self, stage: Stage) -> None:
        panel = stage.open_panel()
        renewed(stage, panel.token)
        assert look(stage, panel.token).status_code == 200

    def test_renewals_at_the_same_moment_all_get_one_of_their_own(self, stage: Stage) -> None:
        panel = stage.open_panel()
        answers = together(*[lambda: renewed(stage, panel.token)] * 5)
        assert [each.status_code for each in answers] == [200] * 5
        fresh = [stage.secret(each.json["token"]) for each in answers]
        assert len({claims_of(each)["jti"] for each in fresh}) == 5
        assert all(look(stage, each).status_code == 200 for each in fresh)

    def test_never_beyond_the_end_of_the_session(self, stage: Stage) -> None:
        panel = stage.open_panel()
        end = int(time.time()) + 40
        answer = renewed(stage, minted(stage, panel, session_until=end)).json or {}
        assert claims_of(stage.secret(answer["token"]))["exp"] <= end
        assert answer["expires_in"] <= 40

    def test_not_after_it(self, stage: Stage) -> None:
        panel = stage.open_panel()
        over = replace(claims(stage, panel), session_until=int(time.time()) - 1)
        with pytest.raises(TokenExpired):
            renew_panel_token(stage.settings, over)
        token = resigned(stage, panel.token, session_until=int(time.time()) - 1)
        response = renewed(stage, token)
        assert (response.status_code, (response.json or {})["error"]) == (401, "token_expired")

    def test_not_with_an_expired_token(self, stage: Stage) -> None:
        panel = stage.open_panel()
        now = int(time.time())
        response = renewed(stage, resigned(stage, panel.token, iat=now - 400, exp=now - 1))
        assert (response.status_code, (response.json or {})["error"]) == (401, "token_expired")

    def test_whatever_list_of_people_there_is_where_the_crm_itself_says_who_may_see_what(self, stage: Stage) -> None:
        stage.change_connection(allowed_emails=["somebody@example.com"])
        assert renewed(stage, stage.open_panel().token).status_code == 200

    def test_not_without_one(self, stage: Stage) -> None:
        assert stage.client.post("/panel/token").status_code == 401


class TestKeyRotation:
    def test_the_old_key_as_fallback_still_verifies_and_signs_nothing(self, stage: Stage) -> None:
        panel = stage.open_panel()
        after = stage.restarted(secret_key=NEW_KEY, secret_key_fallbacks=stage.settings.signing_keys)
        assert look(after, panel.token).status_code == 200
        fresh = stage.secret(str((renewed(after, panel.token).json or {})["token"]))
        assert jwt.get_unverified_header(fresh)["kid"] != jwt.get_unverified_header(panel.token)["kid"]
        assert look(after, fresh).status_code == 200
        assert refusal(stage, fresh) == (401, "token_invalid")

    def test_an_old_token_still_expires(self, stage: Stage) -> None:
        panel = stage.open_panel()
        now = int(time.time())
        old = resigned(stage, panel.token, iat=now - 400, exp=now - 1)
        after = stage.restarted(secret_key=NEW_KEY, secret_key_fallbacks=stage.settings.signing_keys)
        assert refusal(after, old) == (401, "token_expired")

    def test_without_the_fallback_it_is_refused_and_a_new_launch_works(self, stage: Stage) -> None:
        panel = stage.open_panel()
        after = stage.restarted(secret_key=NEW_KEY)
        assert refusal(after, panel.token) == (401, "token_invalid")
        assert look(after, after.open_panel().token).status_code == 200

    def test_new_launches_are_signed_with_the_new_key(self, stage: Stage) -> None:
        after = stage.restarted(secret_key=NEW_KEY, secret_key_fallbacks=stage.settings.signing_keys)
        assert refusal(stage, after.open_panel().token) == (401, "token_invalid")
