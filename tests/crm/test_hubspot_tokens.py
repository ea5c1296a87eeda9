"""HubSpot's tokens: renewed a little before they end, by one worker for all; and one that an admin pasted."""

from __future__ import annotations

from datetime import timedelta

import pytest

from jobs.crm.errors import AuthorizationLost
from jobs.crm.tokens import RENEW_BEFORE, STATIC_TOKEN
from jobs.models.connection import ACTIVE, BROKEN
from jobs.runtime import utc_now
from tests.support.portal_fixtures import install
from tests.support.portal_office import PortalOffice
from tests.support.together import together

FIELDS = {"jobtitle": "text"}


@pytest.fixture
def ana(portal_office: PortalOffice) -> str:
    """A contact; the token has been fetched."""
    ana = portal_office.in_crm("contacts", lastname="Sample", email="ana@example.com")
    portal_office.adapter().read("contacts", ana, FIELDS)
    return ana


def token_calls(office: PortalOffice) -> int:
    return sum(each["path"].endswith("/token") for each in office.org.journal("call")) - 1  # one by the installation


def ends_in(office: PortalOffice, span: timedelta) -> None:
    """As if so much of the token's life were left."""
    office.set_connection(token_expires_at=utc_now() + span)


class TestRenewal:
    def test_the_first_call_fetches_one_and_notes_its_end(self, portal_office: PortalOffice, ana: str) -> None:
        connection = portal_office.connection
        assert (token_calls(portal_office), connection.token_version) == (1, 1)
        assert connection.token_expires_at is not None
        left = connection.token_expires_at - utc_now()
        assert timedelta(minutes=29) < left <= timedelta(minutes=30)

    def test_one_with_time_left_is_used(self, portal_office: PortalOffice, ana: str) -> None:
        ends_in(portal_office, RENEW_BEFORE + timedelta(seconds=30))
        portal_office.adapter().read("contacts", ana, FIELDS)
        assert token_calls(portal_office) == 1

    @pytest.mark.parametrize("left", [timedelta(seconds=30), timedelta(seconds=-1)], ids=["nearly ended", "ended"])
    def test_many_who_find_it_at_its_end_renew_it_once(
        self, portal_office: PortalOffice, ana: str, left: timedelta
    ) -> None:
        office = portal_office
        ends_in(office, left)
        adapters = [office.adapter() for _ in range(8)]
        rows = together(*(lambda each=each: each.read("contacts", ana, FIELDS) for each in adapters))
        assert [row.record_id for row in rows] == [ana] * 8
        assert (token_calls(office), office.connection.token_version) == (2, 2)
        assert {each["status"] for each in office.org.journal("call")} == {200, 302}  # nobody met a 401

    def test_while_it_lives_a_token_endpoint_that_is_down_harms_nobody(
        self, portal_office: PortalOffice, ana: str
    ) -> None:
        office = portal_office
        ends_in(office, timedelta(seconds=30))
        office.org.fault("status", "/token", status=503, count=None)
        assert office.adapter().read("contacts", ana, FIELDS).record_id == ana
        assert (office.connection.state, office.connection.refreshing_until) == (ACTIVE, None)

    def test_one_that_died_before_its_time_is_renewed_and_the_call_repeated(
        self, portal_office: PortalOffice, ana: str
    ) -> None:
        office = portal_office
        office.org.control("expire_tokens", {})
        assert office.adapter().read("contacts", ana, FIELDS).record_id == ana
        assert (token_calls(office), office.connection.token_version) == (2, 2)

    def test_a_401_is_no_reason_to_renew_for_ever(self, portal_office: PortalOffice, ana: str) -> None:
        office = portal_office
        office.sync("contacts", ana)
        office.org.fault("status", "/contacts/", status=401, count=None)
        told = office.sync("contacts", ana)
        assert (told.status, told.code) == ("failed", "CONNECTION_BROKEN")
        assert token_calls(office) == 2

    def test_a_refresh_token_that_changes_is_kept(self, portal_office: PortalOffice, ana: str) -> None:
        office = portal_office
        before = office.runtime.vault.open(office.connection.refresh_token_sealed)
        office.org.control("oauth", {"rotate_refresh_tokens": True})
        for _ in range(2):
            ends_in(office, timedelta())
            assert office.adapter().read("contacts", ana, FIELDS).record_id == ana
        assert office.runtime.vault.open(office.connection.refresh_token_sealed) != before


class TestRevoked:
    def test_the_connection_breaks_and_nothing_is_lost_until_the_app_is_installed_again(
        self, portal_office: PortalOffice, ana: str
    ) -> None:
        office = portal_office
        office.sync("contacts", ana)
        office.change(office.linked("contacts", ana), job_title="Owner")
        good = office.connection.refresh_token_sealed
        office.set_connection(refresh_token_sealed=office.runtime.vault.seal("revoked"))
        ends_in(office, timedelta())
        told = office.sync("contacts", ana)
        assert (told.status, told.code, told.writes) == ("failed", "CONNECTION_BROKEN", [])
        assert "An admin can mend it" in told.entry.remedy
        connection = office.connection
        assert (connection.state, connection.broken_code) == (BROKEN, "invalid_grant")
        assert good != connection.refresh_token_sealed

        again = install(office.org)
        office.set_connection(refresh_token_sealed=office.runtime.vault.seal(again["refresh_token"]))
        told = office.sync("contacts", ana)
        assert (told.outcome, told.written) == ("updated", {"jobtitle": "Owner"})
        assert (office.connection.state, office.connection.broken_code) == (ACTIVE, "")


class TestStaticToken:
    """A service key or the token of a private app: it has no end, and nothing to renew it with."""

    @pytest.fixture(autouse=True)
    def pasted(self, portal_office: PortalOffice) -> None:
        sealed = portal_office.runtime.vault.seal(portal_office.org.static_token)
        portal_office.set_connection(
            auth_flow=STATIC_TOKEN, access_token_sealed=sealed, refresh_token_sealed="", client_secret_sealed=""
        )

    def test_it_is_used_as_it_is(self, portal_office: PortalOffice, ana: str) -> None:
        assert portal_office.sync("contacts", ana).outcome == "created"
        assert token_calls(portal_office) == 0

    def test_one_that_is_refused_is_an_authorisation_lost(self, portal_office: PortalOffice, ana: str) -> None:
        portal_office.org.control("scopes", {"works": False})
        with pytest.raises(AuthorizationLost):
            portal_office.adapter().read("contacts", ana, FIELDS)
        portal_office.org.control("scopes", {"works": True})
        assert token_calls(portal_office) == 0

    def test_one_pasted_meanwhile_is_found(self, portal_office: PortalOffice, ana: str) -> None:
        office = portal_office
        good = office.connection.access_token_sealed
        office.set_connection(access_token_sealed=office.runtime.vault.seal("pat-na1-an-old-one"))
        adapter = office.adapter()
        office.set_connection(access_token_sealed=good)
        assert adapter.read("contacts", ana, FIELDS).record_id == ana

    def test_the_daily_calls_are_told_with_it(self, portal_office: PortalOffice, ana: str) -> None:
        portal_office.org.control("limits", {"daily": 250_000, "used": 1_000})
        adapter = portal_office.adapter()
        adapter.read("contacts", ana, FIELDS)
        meter = adapter.client.meter  # type: ignore[attr-defined]  # HubSpot's adapter
        assert meter.calls_allowed == 250_000
        assert 1_000 <= (meter.calls_used or 0) < 1_010
