"""Sign-ins that must not be finished: forged, foreign, stale, used twice, refused by the CRM, or by a viewer."""

from __future__ import annotations

from dataclasses import replace

import pytest
from flask import Flask

from config.redis import connect
from jobs.runtime import Runtime
from tests.admin.conftest import Org
from tests.admin.sign_in import CALLBACK, SignIn, asked, use_app_of
from tests.admin.site import Visitor, everything_stored
from tests.support.compiled import application

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture(autouse=True)
def _own_app(org: Org, monkeypatch: pytest.MonkeyPatch) -> None:
    use_app_of(org, monkeypatch)


@pytest.fixture
def sign_in(org: Org, admin: Visitor) -> SignIn:
    return SignIn(admin, org)


def signed_in(app: Flask, email: str = "admin@example.com") -> Visitor:
    visitor = Visitor(app.test_client())
    assert visitor.sign_in(email).status_code == 303
    return visitor


class TestTheState:
    @pytest.mark.parametrize(
        "query", ["", "?code=x", "?state=", "?code=x&state=forged", "?error=access_denied&state=x"]
    )
    def test_without_one_we_gave_out_nothing_happens(self, sign_in: SignIn, runtime: Runtime, query: str) -> None:
        before = everything_stored(runtime)
        answer = sign_in.come_back(CALLBACK + query)
        assert answer.status_code == 400
        assert "This sign-in cannot be finished" in answer.text
        assert "Nothing was changed." in answer.text
        assert everything_stored(runtime) == before

    def test_it_is_good_once(self, sign_in: SignIn, runtime: Runtime, org: Org) -> None:
        back = sign_in.decide(sign_in.start())
        assert sign_in.come_back(back).status_code == 303
        before = everything_stored(runtime)
        again = sign_in.come_back(back)
        assert again.status_code == 400
        assert "It was finished before" in again.text
        # The code did not reach the CRM a second time, which would have ended everything that grew from it.
        assert everything_stored(runtime) == before
        connection = sign_in.admin.get("/admin/connections/2")
        sign_in.admin.post("/admin/connections/2/check")
        assert "Connection successful" in sign_in.admin.get("/admin/connections/2").text, connection.text

    def test_it_is_good_once_even_when_the_sign_in_came_to_nothing(self, sign_in: SignIn) -> None:
        back = sign_in.decide(sign_in.start(), "deny")
        assert "Access was not allowed" in sign_in.come_back(back).text
        assert "This sign-in cannot be finished" in sign_in.come_back(back).text

    def test_it_ends_after_ten_minutes(self, sign_in: SignIn, runtime: Runtime) -> None:
        back = sign_in.decide(sign_in.start())
        [key] = runtime.redis.keys("widget:oauth:*")
        runtime.redis.pexpire(key, 1)
        while runtime.redis.exists(key):
            pass
        assert "took longer than ten minutes" in sign_in.come_back(back).text

    def test_another_admin_cannot_be_made_to_finish_it(self, app: Flask, sign_in: SignIn, runtime: Runtime) -> None:
        back = sign_in.decide(sign_in.start())
        other = signed_in(app)  # the same person, in another browser
        before = everything_stored(runtime)
        assert other.get(back).status_code == 400
        assert everything_stored(runtime) == before

    def test_it_does_not_outlive_the_login(self, sign_in: SignIn) -> None:
        back = sign_in.decide(sign_in.start())
        sign_in.admin.post("/admin/logout")
        sign_in.admin.sign_in("admin@example.com")
        assert sign_in.come_back(back).status_code == 400

    def test_a_second_sign_in_does_not_spoil_the_first(self, sign_in: SignIn) -> None:
        first, second = sign_in.start(), sign_in.start()
        assert sign_in.come_back(sign_in.decide(first)).status_code == 303
        assert sign_in.come_back(sign_in.decide(second)).status_code == 303

    def test_a_queue_server_that_is_down_is_told(self, runtime: Runtime) -> None:
        settings = runtime.settings.model_copy(update={"redis_url": "unix:///nowhere/redis.sock"})
        nowhere = replace(runtime, settings=settings, redis=connect(settings))
        admin = signed_in(application(nowhere))
        for answer in (admin.post("/admin/connections/connect/salesforce"), admin.get(f"{CALLBACK}?code=x&state=x")):
            assert answer.status_code == 503
            assert "The queue server does not answer" in answer.text


class TestWhoMayFinishIt:
    def test_a_viewer_may_not(self, app: Flask, sign_in: SignIn, runtime: Runtime) -> None:
        back = sign_in.decide(sign_in.start())
        viewer = signed_in(app, "viewer@example.com")
        before = everything_stored(runtime)
        answer = viewer.get(back)
        assert answer.status_code == 403
        assert "Your role is <strong>viewer</strong>" in answer.text
        assert everything_stored(runtime) == before

    def test_a_stranger_is_sent_to_the_login_without_the_code(self, sign_in: SignIn, stranger: Visitor) -> None:
        back = sign_in.decide(sign_in.start())
        answer = stranger.get(back)
        assert (answer.status_code, answer.location) == (303, "/admin/login?next=/admin/connections/")
        assert "You are not signed in here, at http://localhost." in stranger.get(answer.location).text

    def test_a_crm_we_do_not_know_has_no_pages(self, sign_in: SignIn) -> None:
        assert sign_in.admin.get("/admin/connections/connect/oracle").status_code == 404
        assert sign_in.admin.get("/admin/connections/oracle/callback?code=x&state=x").status_code == 404


class TestWhatTheCrmRefuses:
    def test_a_person_who_says_no(self, sign_in: SignIn, runtime: Runtime) -> None:
        before = everything_stored(runtime)
        answer = sign_in.come_back(sign_in.decide(sign_in.start(), "deny"))
        assert answer.status_code == 400
        assert "Access was not allowed" in answer.text
        assert "Salesforce says: end-user denied authorization." in answer.text
        assert "choose Allow" in answer.text
        assert everything_stored(runtime) == before

    def test_a_person_who_is_not_active(self, sign_in: SignIn) -> None:
        page = sign_in.come_back(sign_in.decide(sign_in.start(), role="inactive")).text
        assert "Salesforce says: user is inactive." in page
        assert "Choose another user" in page

    def test_words_of_the_crm_are_shown_as_words(self, sign_in: SignIn) -> None:
        state = asked(sign_in.start())["state"]
        page = sign_in.come_back(f"{CALLBACK}?state={state}&error=odd&error_description=%3Cscript%3Ealert(1)").text
        assert "&lt;script&gt;alert(1)" in page
        assert "<script>alert" not in page

    def test_an_answer_with_neither_code_nor_reason(self, sign_in: SignIn) -> None:
        state = asked(sign_in.start())["state"]
        assert "Salesforce gave no reason." in sign_in.come_back(f"{CALLBACK}?state={state}").text

    def test_a_code_it_never_gave_out(self, sign_in: SignIn, runtime: Runtime) -> None:
        before = everything_stored(runtime)
        state = asked(sign_in.start())["state"]
        answer = sign_in.come_back(f"{CALLBACK}?state={state}&code=invented")
        assert answer.status_code == 400
        assert "Salesforce says: invalid authorization code." in answer.text
        assert everything_stored(runtime) == before

    def test_a_code_that_belongs_to_another_sign_in(self, sign_in: SignIn) -> None:
        """The proof key: a code that was stolen from one browser is of no use in another."""
        stolen = sign_in.decide(sign_in.start()).partition("code=")[2].partition("&")[0]
        state = asked(sign_in.start())["state"]
        page = sign_in.come_back(f"{CALLBACK}?state={state}&code={stolen}").text
        assert "Salesforce says: invalid code verifier." in page

    def test_a_wrong_secret(self, sign_in: SignIn, org: Org) -> None:
        url = sign_in.start(client_id=org.credentials["client_id"], client_secret="not-the-secret")
        answer = sign_in.come_back(sign_in.decide(url))
        assert answer.status_code == 400
        assert "Copy the consumer secret again" in answer.text
        assert "not-the-secret" not in answer.text

    @pytest.mark.parametrize(
        "fault", [{"kind": "drop"}, {"kind": "half_body"}, {"kind": "status", "status": 503}, {"kind": "lose_response"}]
    )
    def test_a_token_endpoint_that_is_down(
        self, sign_in: SignIn, org: Org, runtime: Runtime, fault: dict[str, str | int]
    ) -> None:
        before = everything_stored(runtime)
        back = sign_in.decide(sign_in.start())
        org.fault(match="/services/oauth2/token", count=1, **fault)
        try:
            answer = sign_in.come_back(back)
        finally:
            org.clear_faults()
        assert answer.status_code == 502
        assert "Salesforce does not answer" in answer.text
        assert everything_stored(runtime) == before

    def test_an_org_that_cannot_be_asked_who_it_is(self, sign_in: SignIn, org: Org, runtime: Runtime) -> None:
        before = everything_stored(runtime)
        back = sign_in.decide(sign_in.start())
        org.fault(match="/services/data/", kind="drop", count=5)
        try:
            answer = sign_in.come_back(back)
        finally:
            org.clear_faults()
        assert answer.status_code == 502
        assert everything_stored(runtime) == before

    def test_an_app_that_may_not_stay(self, sign_in: SignIn, runtime: Runtime) -> None:
        """Without the refresh scope the access would end within hours, and nobody would know why."""
        before = everything_stored(runtime)
        url = sign_in.start().replace("scope=api+refresh_token+id", "scope=api+id")
        answer = sign_in.come_back(sign_in.decide(url))
        assert answer.status_code == 400
        assert "Perform requests at any time" in answer.text
        assert everything_stored(runtime) == before


def test_too_many_starts_are_refused_in_words(sign_in: SignIn) -> None:
    answers = [sign_in.admin.post("/admin/connections/connect/salesforce") for _ in range(11)]
    assert [answer.status_code for answer in answers] == [200] * 10 + [429]
    assert "Too many tries" in answers[-1].text
