"""The same sign-in at the other CRM: another way to send the secret, another lifetime, an account instead of an org."""

from __future__ import annotations

from datetime import timedelta

import pytest
import requests

from jobs.crm.adapters import open_adapter
from jobs.models import Connection, ObjectMapping
from jobs.models.connection import ACTIVE, DISCONNECTED
from jobs.runtime import Runtime, utc_now
from tests.admin.conftest import Org
from tests.admin.sign_in import SignIn, asked
from tests.admin.site import Visitor, everything_stored

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)


@pytest.fixture(autouse=True)
def _own_app(portal: Org, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HUBSPOT_LOGIN_URL", "HUBSPOT_API_URL"):
        monkeypatch.setenv(name, portal.url)
    monkeypatch.setenv("HUBSPOT_CLIENT_ID", portal.credentials["client_id"])
    monkeypatch.setenv("HUBSPOT_CLIENT_SECRET", portal.credentials["client_secret"])


@pytest.fixture
def sign_in(portal: Org, admin: Visitor) -> SignIn:
    return SignIn(admin, portal, crm="hubspot", yes="connect")


def stored(runtime: Runtime, connection_id: int) -> Connection:
    with runtime.database.read() as session:
        return session.get_one(Connection, connection_id)


def is_live(portal: Org, token: str) -> bool:
    form = {name: portal.credentials[name] for name in ("client_id", "client_secret")} | {"token": token}
    return bool(requests.post(f"{portal.url}/oauth/2026-09/token/introspect", data=form, timeout=10).json()["active"])


def test_the_crm_is_told_who_asks_for_what(sign_in: SignIn, portal: Org) -> None:
    url = sign_in.start()
    assert url.startswith(f"{portal.url}/oauth/authorize?")
    sent = asked(url)
    assert sent["redirect_uri"] == "http://127.0.0.1:8000/admin/connections/hubspot/callback"
    assert {"oauth", "crm.objects.contacts.write", "crm.objects.owners.read"} <= set(sent["scope"].split())
    assert sent["code_challenge_method"] == "S256"


def test_one_click_makes_a_connection_that_works(sign_in: SignIn, portal: Org, runtime: Runtime) -> None:
    connection_id = sign_in.connect()
    connection = stored(runtime, connection_id)
    assert (connection.crm, connection.state) == ("hubspot", ACTIVE)
    assert connection.org_id == str(portal.credentials["portal_id"])
    assert connection.base_url == portal.url
    assert connection.integration_user_id == sign_in.user_id("admin")
    assert open_adapter(runtime, connection).describe("contacts") is not None
    with runtime.database.read() as session:
        objects = {each.object for each in session.query(ObjectMapping).filter_by(connection_id=connection_id)}
    assert objects == {"companies", "contacts", "deals"}
    page = sign_in.admin.get(f"/admin/connections/{connection_id}").text
    assert "Connected to HubSpot account" in page
    assert ">Active<" in page


def test_it_knows_when_its_token_ends_and_renews_it_in_time(sign_in: SignIn, runtime: Runtime) -> None:
    connection_id = sign_in.connect()
    first = stored(runtime, connection_id)
    assert first.token_expires_at is not None
    assert timedelta(minutes=29) < first.token_expires_at - utc_now() < timedelta(minutes=31)
    with runtime.database.write() as session:
        session.get_one(Connection, connection_id).token_expires_at = utc_now()
    assert open_adapter(runtime, stored(runtime, connection_id)).describe("contacts") is not None
    assert stored(runtime, connection_id).token_version == first.token_version + 1


def test_an_app_that_is_not_let_in_is_told(sign_in: SignIn, runtime: Runtime) -> None:
    before = everything_stored(runtime)
    page = sign_in.come_back(sign_in.decide(sign_in.start(), "cancel")).text
    assert "Access was not allowed" in page
    assert "HubSpot says: The user denied the installation." in page
    assert everything_stored(runtime) == before


def test_a_code_that_belongs_to_another_sign_in_is_of_no_use(sign_in: SignIn, runtime: Runtime) -> None:
    before = everything_stored(runtime)
    stolen = sign_in.decide(sign_in.start()).partition("code=")[2].partition("&")[0]
    state = asked(sign_in.start())["state"]
    answer = sign_in.come_back(f"/admin/connections/hubspot/callback?state={state}&code={stolen}")
    assert answer.status_code == 400
    assert "invalid code verifier" in answer.text
    assert everything_stored(runtime) == before


def test_a_state_of_one_crm_is_no_good_at_the_other(sign_in: SignIn) -> None:
    back = sign_in.decide(sign_in.start())
    assert sign_in.come_back(back.replace("/hubspot/", "/salesforce/")).status_code == 400


def test_disconnecting_revokes_and_reconnecting_goes_on(sign_in: SignIn, portal: Org, runtime: Runtime) -> None:
    connection_id = sign_in.connect()
    refresh_token = runtime.vault.open(stored(runtime, connection_id).refresh_token_sealed)
    assert is_live(portal, refresh_token)
    sign_in.admin.post(f"/admin/connections/{connection_id}/disconnect")
    assert not is_live(portal, refresh_token)
    assert stored(runtime, connection_id).broken_code == DISCONNECTED
    url = sign_in.start(f"/admin/connections/{connection_id}/reconnect")
    assert sign_in.come_back(sign_in.decide(url)).status_code == 303
    assert open_adapter(runtime, stored(runtime, connection_id)).describe("contacts") is not None


def test_an_account_with_a_pasted_token_is_tested_disconnected_and_signed_in_to(
    sign_in: SignIn, portal: Org, runtime: Runtime
) -> None:
    connection_id = sign_in.connect()
    with runtime.database.write() as session:
        row = session.get_one(Connection, connection_id)
        row.auth_flow, row.refresh_token_sealed, row.token_expires_at = "static_token", "", None
        row.access_token_sealed = runtime.vault.seal(portal.credentials["access_token"])
    path = f"/admin/connections/{connection_id}"
    sign_in.admin.post(f"{path}/check")
    assert "Connection successful" in sign_in.admin.get(path).text
    sign_in.admin.post(f"{path}/disconnect")
    assert "Enter the access token under Edit to go on" in sign_in.admin.get(path).text
    sign_in.admin.post(f"{path}/check")
    assert stored(runtime, connection_id).broken_code == DISCONNECTED
    assert sign_in.connect() == connection_id
    assert stored(runtime, connection_id).auth_flow == "authorization_code"
