"""A connection that an admin took out of service: a click says so and asks the CRM for nothing."""

from __future__ import annotations

from datetime import timedelta

from jobs.models.connection import BROKEN, DISCONNECTED
from jobs.runtime import utc_now
from tests.support.office import Office


def test_a_click_is_told_why_and_nothing_is_asked(office: Office) -> None:
    ana = office.in_crm("Contact", FirstName="Ana", LastName="Sample", Email="ana@example.com")
    since = utc_now() - timedelta(hours=1)
    office.set_connection(
        client_secret_sealed="", access_token_sealed="", state=BROKEN, broken_code=DISCONNECTED, broken_at=since
    )
    known = len(office.org.journal("call"))
    told = office.sync("Contact", ana)
    assert (told.status, told.code) == ("failed", DISCONNECTED)
    assert told.entry.message == "An admin has disconnected Salesforce here."
    assert "reconnect it under Connections" in told.entry.remedy
    assert len(office.org.journal("call")) == known
    connection = office.connection
    assert (connection.state, connection.broken_code, connection.broken_at) == (BROKEN, DISCONNECTED, since)
