"""The people who may use the card in HubSpot: named by an admin, one address on each line."""

from __future__ import annotations

import pytest

from jobs.models import Connection
from jobs.runtime import Runtime, utc_now
from tests.admin.site import Visitor, audited

FIELD = 'name="allowed_emails"'


@pytest.fixture
def portal_id(runtime: Runtime) -> int:
    """A HubSpot account that somebody signed in for; answers the id of its connection."""
    with runtime.database.write() as session:
        connection = Connection(
            crm="hubspot",
            name="Sample Portal",
            org_id="140200300",
            base_url="https://api.hubapi.com",
            api_version="2026-09",
            auth_flow="authorization_code",
            client_id="sample",
            host_origins=["https://app.hubspot.com"],
            created_at=utc_now(),
            updated_at=utc_now(),
        )
        session.add(connection)
        session.flush()
        return connection.id


def people(runtime: Runtime, connection_id: int) -> list[str]:
    with runtime.database.read() as session:
        return session.get_one(Connection, connection_id).allowed_emails


def test_they_are_named_changed_and_shown(admin: Visitor, runtime: Runtime, portal_id: int) -> None:
    assert "everybody in the HubSpot account" in admin.get(f"/admin/connections/{portal_id}").text
    form = {"name": "Sample Portal", "allowed_emails": "Ana@example.com\r\nben@example.org\r\n"}
    assert admin.post(f"/admin/connections/{portal_id}/edit", form).status_code == 303
    assert people(runtime, portal_id) == ["ana@example.com", "ben@example.org"]
    assert "<code>ben@example.org</code>" in admin.get(f"/admin/connections/{portal_id}").text
    assert "ana@example.com\nben@example.org</textarea>" in admin.get(f"/admin/connections/{portal_id}/edit").text
    assert audited(runtime)[-1].details["after"] == {"allowed_emails": ["ana@example.com", "ben@example.org"]}
    admin.post(f"/admin/connections/{portal_id}/edit", {"name": "Sample Portal", "allowed_emails": ""})
    assert people(runtime, portal_id) == []


def test_what_is_no_address_is_told_beside_the_field_and_nothing_is_stored(
    admin: Visitor, runtime: Runtime, portal_id: int
) -> None:
    form = {"name": "Sample Portal", "allowed_emails": "ana@example.com\nben"}
    response = admin.post(f"/admin/connections/{portal_id}/edit", form)
    assert response.status_code == 422
    assert "“ben” is not an email address." in response.text
    assert "ana@example.com\nben</textarea>" in response.text  # as typed, to be corrected
    assert people(runtime, portal_id) == []


def test_salesforce_tells_itself_what_a_person_may_see(admin: Visitor, runtime: Runtime, portal_id: int) -> None:
    assert FIELD in admin.get(f"/admin/connections/{portal_id}/edit").text
    with runtime.database.write() as session:
        session.get_one(Connection, portal_id).crm = "salesforce"
    assert FIELD not in admin.get(f"/admin/connections/{portal_id}/edit").text
