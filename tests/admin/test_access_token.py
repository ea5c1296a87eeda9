"""Connecting a HubSpot account with an access token, without a sign-in: tested first, kept sealed, replaced, mended."""

from __future__ import annotations

from typing import Any

import pytest
import requests

from jobs.crm.adapters import open_adapter
from jobs.models import Connection, ObjectMapping
from jobs.models.connection import ACTIVE, BROKEN, DISCONNECTED
from jobs.runtime import Runtime, utc_now
from tests.admin.conftest import Org
from tests.admin.site import Visitor, audited, count, everything_stored

pytestmark = pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)

NEW, TEST = "/admin/connections/new/hubspot", "/admin/connections/test/hubspot"
HTMX = {"HX-Request": "true"}


@pytest.fixture(autouse=True)
def _api_of_the_portal(portal: Org, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HUBSPOT_API_URL", portal.url)


def details(portal: Org, **changes: str) -> dict[str, str]:
    return {"name": "Stand-in portal", "access_token": str(portal.credentials["access_token"])} | changes


def stored(runtime: Runtime, connection_id: int) -> Connection:
    with runtime.database.read() as session:
        return session.get_one(Connection, connection_id)


@pytest.fixture
def connected(portal: Org, admin: Visitor) -> int:
    answer = admin.post(NEW, details(portal, client_secret="the client secret"))
    assert answer.status_code == 303, answer.text
    return int(answer.location.rsplit("/", 1)[1])


def test_the_form_is_found_from_where_people_sign_in_and_speaks_of_hubspot_alone(admin: Visitor) -> None:
    assert f'href="{NEW}"' in admin.get("/admin/connections/").text
    assert f'href="{NEW}"' in admin.get("/admin/connections/connect/hubspot").text
    page = admin.get(NEW).text
    assert "Connect HubSpot</h1>" in page
    assert "Access token" in page
    assert "Salesforce" not in page
    assert admin.get("/admin/connections/new/pipedrive").status_code == 404
    assert admin.post("/admin/connections/test/pipedrive").status_code == 404


def test_test_connection_names_the_account_and_stores_nothing(portal: Org, runtime: Runtime, admin: Visitor) -> None:
    before = everything_stored(runtime)
    answer = admin.post(TEST, details(portal), headers=HTMX)
    assert "Connection successful" in answer.text
    assert str(portal.credentials["portal_id"]) in answer.text
    assert "Signed in as" not in answer.text
    assert everything_stored(runtime) == before


@pytest.mark.parametrize(
    ("token", "sentence"),
    [
        ("", "Enter the access token"),
        ("pat-na1-not-the-token", "Copy the access token again"),
        ("p" * 501, "At most 500 characters"),
    ],
)
def test_a_token_that_does_not_open_is_told_and_nothing_is_stored(
    portal: Org, runtime: Runtime, admin: Visitor, token: str, sentence: str
) -> None:
    before = everything_stored(runtime)
    assert sentence in admin.post(TEST, details(portal, access_token=token), headers=HTMX).text
    answer = admin.post(NEW, details(portal, access_token=token))
    assert answer.status_code == 422
    assert sentence in answer.text
    assert everything_stored(runtime) == before


def test_connecting_stores_sealed_secrets_and_the_default_objects_works_and_shows_no_secret(
    portal: Org, runtime: Runtime, admin: Visitor, connected: int
) -> None:
    connection = stored(runtime, connected)
    assert (connection.crm, connection.auth_flow, connection.state) == ("hubspot", "static_token", ACTIVE)
    assert connection.org_id == str(portal.credentials["portal_id"])
    assert connection.base_url == portal.url
    assert connection.host_origins == [portal.url]
    assert runtime.vault.open(connection.access_token_sealed) == portal.credentials["access_token"]
    assert runtime.vault.open(connection.client_secret_sealed) == "the client secret"
    with runtime.database.read() as session:
        objects = session.query(ObjectMapping).filter_by(connection_id=connected)
        assert {each.object for each in objects} == {"companies", "contacts", "deals"}
    assert audited(runtime)[-1].details["secrets"] == ["access token", "client secret"]
    assert open_adapter(runtime, connection).describe("contacts") is not None
    for path in (f"/admin/connections/{connected}", f"/admin/connections/{connected}/edit", "/admin/audit/"):
        page = admin.get(path).text
        assert portal.credentials["access_token"] not in page
        assert "the client secret" not in page


def test_an_account_is_connected_once(portal: Org, runtime: Runtime, admin: Visitor, connected: int) -> None:
    known = count(runtime, Connection)
    answer = admin.post(NEW, details(portal, name="Again"))
    assert answer.status_code == 422
    assert "is connected already, as “Stand-in portal”" in answer.text
    assert count(runtime, Connection) == known


def test_empty_secrets_leave_the_stored_ones_alone(runtime: Runtime, admin: Visitor, connected: int) -> None:
    before = stored(runtime, connected)
    form = {"name": "Renamed", "allowed_emails": "ana@example.com"}
    assert admin.post(f"/admin/connections/{connected}/edit", form).status_code == 303
    after = stored(runtime, connected)
    assert (after.name, after.allowed_emails) == ("Renamed", ["ana@example.com"])
    assert after.access_token_sealed == before.access_token_sealed
    assert after.client_secret_sealed == before.client_secret_sealed


def test_a_connection_cannot_be_turned_to_another_account(
    portal: Org, runtime: Runtime, admin: Visitor, connected: int
) -> None:
    with runtime.database.write() as session:
        session.get_one(Connection, connected).org_id = "999"
    before = everything_stored(runtime)
    answer = admin.post(f"/admin/connections/{connected}/edit", details(portal))
    assert answer.status_code == 422
    assert "This access token belongs to another account" in answer.text
    assert everything_stored(runtime) == before


def test_a_broken_one_is_mended_by_a_test_that_succeeds(runtime: Runtime, admin: Visitor, connected: int) -> None:
    with runtime.database.write() as session:
        row = session.get_one(Connection, connected)
        row.state, row.broken_code, row.broken_message = BROKEN, "INVALID_AUTHENTICATION", "The token was refused."
        row.broken_at = utc_now()
    path = f"/admin/connections/{connected}"
    assert "enter new credentials under Edit" in admin.get(path).text
    admin.post(f"{path}/check")
    assert "Connection successful: HubSpot account" in admin.get(path).text
    assert stored(runtime, connected).state == ACTIVE


def test_disconnecting_forgets_the_token_and_entering_it_again_goes_on(
    portal: Org, runtime: Runtime, admin: Visitor, connected: int
) -> None:
    path = f"/admin/connections/{connected}"
    assert "In HubSpot it stays good until it is rotated" in admin.get(f"{path}/disconnect").text
    admin.post(f"{path}/disconnect")
    assert stored(runtime, connected).broken_code == DISCONNECTED
    assert stored(runtime, connected).access_token_sealed == ""
    page = admin.get(path).text
    assert "the access token stays good until it is rotated" in page
    assert "Enter the access token under Edit to go on" in page
    assert works(portal)  # nobody but HubSpot's admin takes a static token back
    admin.post(f"{path}/check")
    assert stored(runtime, connected).broken_code == DISCONNECTED
    assert admin.post(f"{path}/edit", details(portal)).status_code == 303
    after = stored(runtime, connected)
    assert (after.state, after.broken_code) == (ACTIVE, "")
    assert runtime.vault.open(after.client_secret_sealed) == "the client secret"


def works(portal: Org) -> bool:
    headers: dict[str, Any] = {"Authorization": f"Bearer {portal.credentials['access_token']}"}
    return requests.get(f"{portal.url}/crm/objects/2026-09/contacts?limit=1", headers=headers, timeout=10).ok
