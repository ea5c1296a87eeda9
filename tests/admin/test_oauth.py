"""Connecting by sign-in: one click to the CRM's own page and back, and a connection that works."""

from __future__ import annotations

import base64
import hashlib

import pytest
import requests
from flask import Flask

from jobs.crm.adapters import open_adapter
from jobs.models import Connection, ObjectMapping, RecordLink
from jobs.models.connection import ACTIVE, BROKEN, DISCONNECTED
from jobs.runtime import Runtime
from tests.admin.conftest import Org
from tests.admin.sign_in import CALLBACK, SignIn, asked, stored, use_app_of
from tests.admin.site import Visitor, audited, count, everything_stored


@pytest.fixture(autouse=True)
def _the_stand_in_is_where_people_sign_in(org: Org, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SALESFORCE_LOGIN_URL", org.url)


@pytest.fixture
def own_app(org: Org, monkeypatch: pytest.MonkeyPatch) -> None:
    use_app_of(org, monkeypatch)


@pytest.fixture
def sign_in(own_app: None, org: Org, admin: Visitor) -> SignIn:
    return SignIn(admin, org)


def is_live(org: Org, token: str) -> bool:
    app = {name: org.credentials[name] for name in ("client_id", "client_secret")}
    answer = requests.post(f"{org.url}/services/oauth2/introspect", data=app | {"token": token}, timeout=10)
    return bool(answer.json()["active"])


class TestLeaving:
    pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

    def test_the_crm_is_told_who_asks_for_what_and_where_to_send_people_back(self, sign_in: SignIn, org: Org) -> None:
        url = sign_in.start()
        assert url.startswith(f"{org.url}/services/oauth2/authorize?")
        sent = asked(url)
        assert sent["response_type"] == "code"
        assert sent["client_id"] == org.credentials["client_id"]
        assert sent["redirect_uri"] == f"http://127.0.0.1:8000{CALLBACK}"
        assert sent["scope"] == "api refresh_token id"
        assert len(sent["state"]) >= 43

    def test_the_way_back_is_built_from_public_url_and_not_from_the_address_in_use(self, app: Flask, org: Org) -> None:
        elsewhere = Visitor(app.test_client(), base_url="https://widget.example.com")
        referrer = {"Referer": "https://widget.example.com/admin/"}
        token = {"csrf_token": elsewhere.token()}
        form = token | {"email": "admin@example.com", "password": "correct horse battery"}
        assert elsewhere.http.post(
            "/admin/login", data=form, base_url=elsewhere.base_url, headers=referrer
        ).status_code in (303,)
        details = {name: org.credentials[name] for name in ("client_id", "client_secret")}
        page = elsewhere.post("/admin/connections/connect/salesforce", details, headers=referrer)
        assert "redirect_uri=http%3A%2F%2F127.0.0.1%3A8000%2Fadmin%2Fconnections%2Fsalesforce%2Fcallback" in page.text

    def test_the_proof_key_stays_here(self, sign_in: SignIn, admin: Visitor, runtime: Runtime) -> None:
        sent = asked(sign_in.start())
        [key] = runtime.redis.keys("widget:oauth:*")
        kept = runtime.redis.get(key)
        assert sent["state"].encode() not in key
        verifier = runtime.vault.open(kept.decode()).partition('"verifier": "')[2].partition('"')[0]
        digest = base64.urlsafe_b64encode(hashlib.sha256(verifier.encode()).digest()).rstrip(b"=").decode()
        assert (sent["code_challenge"], sent["code_challenge_method"]) == (digest, "S256")
        cookie = admin.http.get_cookie("widget_admin", path="/admin")
        assert cookie is not None
        assert verifier not in cookie.decoded_value
        assert 590 < runtime.redis.ttl(key) <= 600

    def test_every_sign_in_has_a_state_and_a_key_of_its_own(self, sign_in: SignIn) -> None:
        one, other = asked(sign_in.start()), asked(sign_in.start())
        assert one["state"] != other["state"]
        assert one["code_challenge"] != other["code_challenge"]

    def test_without_an_app_of_the_installation_one_is_asked_for(self, org: Org, admin: Visitor) -> None:
        assert 'href="/admin/connections/connect/salesforce"' in admin.get("/admin/connections/").text
        page = admin.get("/admin/connections/connect/salesforce").text
        assert f"http://127.0.0.1:8000{CALLBACK}" in page
        refused = admin.post("/admin/connections/connect/salesforce", {"client_id": "only-an-id"})
        assert refused.status_code == 422
        assert "Enter the client secret" in refused.text
        url = SignIn(admin, org).start(client_id="typed-id", client_secret="typed-secret", address=org.url)
        assert asked(url)["client_id"] == "typed-id"
        assert "typed-secret" not in url

    def test_the_secret_of_the_installation_is_not_sent_in_the_name_of_another_app(self, sign_in: SignIn) -> None:
        answer = sign_in.admin.post("/admin/connections/connect/salesforce", {"client_id": "another-app"})
        assert answer.status_code == 422

    def test_people_sign_in_where_they_say(self, sign_in: SignIn) -> None:
        for address, place in {
            "test.salesforce.com": "https://test.salesforce.com/services",
            "https://login.salesforce.com/": "https://login.salesforce.com/services",
            "sample.my.salesforce.com": "https://sample.my.salesforce.com/services",
            "https://sample.lightning.force.com/lightning/page": "https://sample.my.salesforce.com/services",
        }.items():
            assert sign_in.start(address=address).startswith(place), address

    def test_nobody_is_sent_anywhere_else(self, sign_in: SignIn) -> None:
        for address in ("https://evil.example", "http://login.salesforce.com", "javascript:alert(1)"):
            answer = sign_in.admin.post("/admin/connections/connect/salesforce", {"address": address})
            assert answer.status_code == 422, address
            assert "http-equiv" not in answer.text


class TestOnEachDatabase:
    def test_one_click_makes_a_connection_that_works(self, sign_in: SignIn, org: Org, runtime: Runtime) -> None:
        connection_id = sign_in.connect()
        connection = stored(runtime, connection_id)
        assert (connection.state, connection.auth_flow) == (ACTIVE, "authorization_code")
        assert (connection.base_url, connection.org_id[:15]) == (org.url, org.credentials["org_id"][:15])
        assert connection.host_origins == [org.url]
        assert connection.integration_user_id == sign_in.user_id("admin")
        assert open_adapter(runtime, connection).describe("Contact") is not None
        with runtime.database.read() as session:
            objects = session.query(ObjectMapping).filter_by(connection_id=connection_id)
            assert {each.object for each in objects} == {"Account", "Contact", "Lead", "Opportunity"}

    def test_it_revokes_at_the_crm_forgets_the_tokens_and_keeps_the_data(
        self, sign_in: SignIn, org: Org, runtime: Runtime
    ) -> None:
        connection_id = sign_in.connect()
        before = stored(runtime, connection_id)
        known = count(runtime, ObjectMapping), count(runtime, RecordLink)
        sign_in.admin.post(f"/admin/connections/{connection_id}/disconnect")
        after = stored(runtime, connection_id)
        assert (after.access_token_sealed, after.refresh_token_sealed) == ("", "")
        assert (after.state, after.broken_code) == (BROKEN, DISCONNECTED)
        assert (count(runtime, ObjectMapping), count(runtime, RecordLink)) == known
        for sealed in (before.access_token_sealed, before.refresh_token_sealed):
            assert not is_live(org, runtime.vault.open(sealed))
        entry = audited(runtime)[-1]
        assert (entry.user_email, entry.action) == ("admin@example.com", "connection.disconnect")
        page = sign_in.admin.get(f"/admin/connections/{connection_id}").text
        assert "The access is revoked in Salesforce" in page
        assert ">Disconnected<" in page


class TestConnecting:
    pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

    def test_it_is_named_after_the_org_and_shown_as_active(self, sign_in: SignIn, runtime: Runtime) -> None:
        connection_id = sign_in.connect()
        page = sign_in.admin.get(f"/admin/connections/{connection_id}").text
        assert "Connected to " in page
        assert ">Active<" in page
        assert "a person signed in and allowed it" in page
        assert stored(runtime, connection_id).name in page

    def test_tokens_and_secret_are_stored_sealed_and_shown_nowhere(
        self, sign_in: SignIn, org: Org, runtime: Runtime
    ) -> None:
        connection_id = sign_in.connect()
        connection = stored(runtime, connection_id)
        opened = [
            runtime.vault.open(sealed)
            for sealed in (
                connection.access_token_sealed,
                connection.refresh_token_sealed,
                connection.client_secret_sealed,
            )
        ]
        assert all(opened)
        assert opened[2] == org.credentials["client_secret"]
        paths = [f"/admin/connections/{connection_id}{page}" for page in ("", "/edit", "/reconnect", "/disconnect")]
        seen = "".join(sign_in.admin.get(path).text for path in [*paths, "/admin/audit/", "/admin/connections/"])
        told = repr([entry.details for entry in audited(runtime)])
        rows = repr(everything_stored(runtime))
        for secret in opened:
            assert secret not in seen + told + rows

    def test_an_ended_token_is_renewed_and_the_rotated_one_kept(
        self, sign_in: SignIn, org: Org, runtime: Runtime
    ) -> None:
        connection_id = sign_in.connect()
        first = stored(runtime, connection_id)
        org.fault(match="/describe", kind="expire_tokens", count=1)
        assert open_adapter(runtime, first).describe("Contact") is not None
        second = stored(runtime, connection_id)
        assert second.token_version == first.token_version + 1
        assert runtime.vault.open(second.refresh_token_sealed) != runtime.vault.open(first.refresh_token_sealed)

    def test_the_audit_trail_says_who_connected_what(self, sign_in: SignIn, runtime: Runtime) -> None:
        sign_in.connect()
        entry = audited(runtime)[-1]
        assert (entry.user_email, entry.action) == ("admin@example.com", "connection.connect")
        assert entry.details["after"]["user"] == sign_in.user_id("admin")
        assert entry.details["secrets"] == ["client secret", "tokens"]

    def test_an_org_that_is_connected_already_is_renewed_and_not_connected_twice(
        self, sign_in: SignIn, runtime: Runtime
    ) -> None:
        connection_id, known = sign_in.connect(), count(runtime, ObjectMapping)
        assert sign_in.connect() == connection_id
        assert count(runtime, ObjectMapping) == known
        assert audited(runtime)[-1].action == "connection.reconnect"

    def test_a_connection_that_works_in_the_apps_own_name_is_not_turned_into_a_persons(
        self, sign_in: SignIn, org: Org, admin: Visitor, runtime: Runtime
    ) -> None:
        form = {"name": "By itself", "base_url": org.url}
        form |= {name: org.credentials[name] for name in ("client_id", "client_secret")}
        assert admin.post("/admin/connections/new/salesforce", form).status_code == 303
        before = everything_stored(runtime)
        answer = sign_in.come_back(sign_in.decide(sign_in.start()))
        assert answer.status_code == 409
        assert "It is connected as “By itself”" in answer.text
        assert everything_stored(runtime) == before

    def test_test_connection_uses_the_tokens_and_notices_that_they_have_ended(
        self, sign_in: SignIn, org: Org, runtime: Runtime
    ) -> None:
        connection_id = sign_in.connect()
        path = f"/admin/connections/{connection_id}"
        sign_in.admin.post(f"{path}/check")
        assert "Connection successful" in sign_in.admin.get(path).text
        refresh = runtime.vault.open(stored(runtime, connection_id).refresh_token_sealed)
        requests.post(f"{org.url}/services/oauth2/revoke", data={"token": refresh}, timeout=10)
        sign_in.admin.post(f"{path}/check")
        page = sign_in.admin.get(path).text
        assert ">Expired<" in page
        assert "Press Reconnect and allow access again." in page
        assert ">Reconnect<" in page

    def test_the_name_can_be_changed_without_touching_the_access(self, sign_in: SignIn, runtime: Runtime) -> None:
        connection_id = sign_in.connect()
        before = stored(runtime, connection_id)
        page = sign_in.admin.get(f"/admin/connections/{connection_id}/edit").text
        assert "client_secret" not in page
        answer = sign_in.admin.post(f"/admin/connections/{connection_id}/edit", {"name": "Renamed"})
        assert answer.status_code == 303
        after = stored(runtime, connection_id)
        assert after.name == "Renamed"
        assert after.refresh_token_sealed == before.refresh_token_sealed
        assert (after.base_url, after.client_id) == (before.base_url, before.client_id)


class TestReconnecting:
    pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

    def test_it_keeps_the_connection_its_mappings_and_links(self, sign_in: SignIn, runtime: Runtime) -> None:
        connection_id = sign_in.connect()
        with runtime.database.write() as session:
            row = session.get_one(Connection, connection_id)
            row.name = "Our org"
            row.state, row.broken_code, row.broken_message = BROKEN, "invalid_grant", "expired access/refresh token"
        known = count(runtime, ObjectMapping), count(runtime, RecordLink)
        url = sign_in.start(f"/admin/connections/{connection_id}/reconnect")
        answer = sign_in.come_back(sign_in.decide(url, role="integration"))
        assert answer.location == f"/admin/connections/{connection_id}"
        connection = stored(runtime, connection_id)
        assert (connection.state, connection.broken_code, connection.name) == (ACTIVE, "", "Our org")
        assert connection.integration_user_id == sign_in.user_id("integration")
        assert (count(runtime, ObjectMapping), count(runtime, RecordLink)) == known
        assert open_adapter(runtime, connection).describe("Contact") is not None

    def test_the_sign_in_of_another_org_is_refused_and_nothing_is_changed(
        self, sign_in: SignIn, org: Org, runtime: Runtime
    ) -> None:
        with runtime.database.write() as session:
            row = session.get_one(Connection, 1)  # of another org than the stand-in
            row.auth_flow, row.base_url, row.client_id = "authorization_code", org.url, org.credentials["client_id"]
        before = everything_stored(runtime)
        back = sign_in.decide(sign_in.start("/admin/connections/1/reconnect"))
        answer = sign_in.come_back(back)
        assert answer.status_code == 409
        assert "This is another org" in answer.text
        assert "Links would point to the wrong records" in answer.text
        assert 'action="/admin/connections/1/reconnect"' in answer.text
        assert everything_stored(runtime) == before

    def test_an_app_with_a_new_secret_is_taken_from_the_form(self, sign_in: SignIn, runtime: Runtime, org: Org) -> None:
        connection_id = sign_in.connect()
        page = sign_in.admin.get(f"/admin/connections/{connection_id}/reconnect").text
        assert org.credentials["client_id"] in page
        path = f"/admin/connections/{connection_id}/reconnect"
        url = sign_in.start(path, client_id="another-app", client_secret="its-secret")
        assert asked(url)["client_id"] == "another-app"
        assert url.startswith(org.url)

    def test_only_what_somebody_signed_in_for_can_be_reconnected(self, sign_in: SignIn) -> None:
        assert sign_in.admin.post("/admin/connections/1/reconnect").status_code == 404
        assert sign_in.admin.get("/admin/connections/1/reconnect").status_code == 404
