"""Access that HubSpot ends in the midst of a run: the run and the admin's page say what to do, and nothing is lost."""

from __future__ import annotations

import pytest

from jobs.crm.tokens import AUTHORIZATION_CODE
from jobs.models.connection import ACTIVE, BROKEN
from jobs.runtime import utc_now
from tests.support.portal_fixtures import install
from tests.support.portal_office import PortalOffice
from tests.support.told import Told
from widget.admin.connection_health import health_of


@pytest.fixture
def office(portal_office: PortalOffice) -> PortalOffice:
    return portal_office


@pytest.fixture
def ana(office: PortalOffice) -> str:
    """A contact that both sides agree on but for her title, which was changed here."""
    ana = office.in_crm("contacts", lastname="Sample", email="ana@example.com", jobtitle="Buyer")
    office.sync("contacts", ana)
    office.change(office.linked("contacts", ana), job_title="Owner")
    return ana


def synced_while_access_ends(office: PortalOffice, ana: str, method: str) -> Told:
    """The app is removed from the account while such a call of ours is on its way: tokens and all."""
    with office.while_waiting(ana, lambda: office.org.control("uninstall", {}), method=method):
        return office.sync("contacts", ana)


def reconnect(office: PortalOffice) -> None:
    """What is stored when somebody has pressed Reconnect and let us in again; the state is left as it was."""
    granted, seal = install(office.org), office.runtime.vault.seal
    office.set_connection(
        refresh_token_sealed=seal(granted["refresh_token"]),
        access_token_sealed=seal(granted["access_token"]),
        token_version=office.connection.token_version + 1,
        token_expires_at=None,
    )


def assert_broken_with_a_remedy(office: PortalOffice) -> None:
    connection = office.connection
    assert (connection.auth_flow, connection.state) == (AUTHORIZATION_CODE, BROKEN)
    assert connection.broken_code == "invalid_grant"
    health = health_of(connection, utc_now())  # what the admin's page says of it
    assert (health.word, health.offer) == ("Expired", "reconnect")
    assert "Press Reconnect and allow access again" in health.remedy


@pytest.mark.parametrize("method", ["GET", "PATCH"])
def test_ended_before_the_write_the_run_says_so_and_the_change_goes_after_reconnecting(
    office: PortalOffice, ana: str, method: str
) -> None:
    told = synced_while_access_ends(office, ana, method)
    assert (told.status, told.code, told.writes) == ("failed", "CONNECTION_BROKEN", [])
    assert told.changes == set()  # nothing was written, and nothing is said to have been
    assert "An admin can mend it under Connections" in told.entry.remedy
    assert_broken_with_a_remedy(office)
    assert office.values(office.linked("contacts", ana), "job_title") == {"job_title": "Owner"}
    reconnect(office)
    told = office.sync("contacts", ana)
    assert (told.outcome, told.written) == ("updated", {"jobtitle": "Owner"})
    assert (office.connection.state, office.connection.broken_code) == (ACTIVE, "")


def test_ended_after_the_write_it_stays_in_the_log_and_is_not_made_twice(office: PortalOffice, ana: str) -> None:
    def once_written() -> None:
        with office.while_waiting(ana, lambda: office.org.control("uninstall", {}), method="GET"):
            pass  # the read that follows the write is held up as soon as it comes

    with office.while_waiting(ana, once_written, method="PATCH"):
        cut = office.sync("contacts", ana)
    assert (cut.status, cut.written) == ("queued", {"jobtitle": "Owner"})
    told = office.again(cut)
    assert (told.status, told.code, told.writes) == ("failed", "WRITE_UNKNOWN", [])
    assert told.changes == {("job_title", "crm", "Buyer", "Owner")}
    assert_broken_with_a_remedy(office)
    reconnect(office)
    told = office.sync("contacts", ana)
    assert (told.status, told.changes, told.writes) == ("succeeded", set(), [])
    assert office.shown_in_crm(ana, "jobtitle") == {"jobtitle": "Owner"}
    assert office.connection.state == ACTIVE


def test_ended_in_an_undo_nothing_is_taken_back_until_it_is_asked_for_again(office: PortalOffice, ana: str) -> None:
    done = office.sync("contacts", ana)
    with office.while_waiting(ana, lambda: office.org.control("uninstall", {}), method="PATCH"):
        told = office.undo(done)
    assert (told.status, told.code, told.writes) == ("failed", "CONNECTION_BROKEN", [])
    assert told.changes == set()
    assert_broken_with_a_remedy(office)
    reconnect(office)
    assert office.undo(done).written == {"jobtitle": "Buyer"}
