"""One person, known to an org and to a HubSpot account: what is changed in one reaches the other by way of ours."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from sqlalchemy import select

from config.embedded_valkey import EmbeddedValkey
from config.settings import load_settings
from jobs.mapping_defaults import add_default_mappings
from jobs.models import Connection, RecordLink
from jobs.runtime import open_runtime, utc_now
from tests.support.office import Office
from tests.support.org_server import Json, OrgServer
from tests.support.portal_fixtures import install
from tests.support.portal_office import PortalOffice
from tests.support.portal_server import PortalServer

QUIET_ROUNDS = 20


@dataclass
class Both:
    """Two offices of one installation, and one person in both CRMs."""

    org: Office
    portal: PortalOffice
    contact: str
    hubspot_contact: str

    def sync_both(self) -> None:
        self.org.sync("Contact", self.contact)
        self.portal.sync("contacts", self.hubspot_contact)

    def phone(self) -> str | None:
        """Here."""
        return self.org.values(self.org.linked("Contact", self.contact), "phone")["phone"]

    def assert_silence(self, rounds: int = QUIET_ROUNDS) -> None:
        """Quiet rounds change nothing, on no side."""
        for _ in range(rounds):
            of_org = self.org.sync("Contact", self.contact)
            of_portal = self.portal.sync("contacts", self.hubspot_contact)
            for told in (of_org, of_portal):
                assert (told.outcome, told.changes, told.writes) == ("unchanged", set(), [])

    def titles(self) -> tuple[str | None, str | None, str | None]:
        """In the org, here, in HubSpot."""
        local_id = self.org.linked("Contact", self.contact)
        return (
            self.org.shown_in_crm(self.contact, "Title")["Title"],
            self.org.values(local_id, "job_title")["job_title"],
            self.portal.shown_in_crm(self.hubspot_contact, "jobtitle")["jobtitle"],
        )


@pytest.fixture
def both(
    tmp_path: Path,
    valkey_server: EmbeddedValkey,
    office_org: OrgServer,
    office_portal: PortalServer,
    office_database: Path,
    office_keys: Json,
) -> Iterator[Both]:
    office_org.reset()
    office_portal.reset()
    hosts = tuple(each.url.removeprefix("http://") for each in (office_org, office_portal))
    settings = load_settings(
        {
            "data_dir": tmp_path / "data",
            "redis_url": valkey_server.url,
            "trusted_crm_hosts": hosts,
            "crm_timeout_read": 10,
            **office_keys,
        }
    )
    shutil.copy(office_database, settings.data_dir / "widget.sqlite3")
    runtime = open_runtime(settings)
    for key in runtime.redis.scan_iter("crm-limit:*"):
        runtime.redis.delete(key)
    with runtime.database.write() as session:
        org_id = session.scalars(select(Connection.id)).one()
        portal = _connected(settings.hubspot_api_version, office_portal, runtime.vault.seal)
        session.add(portal)
        session.flush()
        add_default_mappings(session, portal)
        portal_id = portal.id
    org_office, portal_office = Office(runtime, office_org, org_id), PortalOffice(runtime, office_portal, portal_id)
    contact = org_office.in_crm(
        "Contact", FirstName="Ana", LastName="Sample", Email="ana@two.example.com", Title="Buyer"
    )
    hubspot_contact = portal_office.in_crm(
        "contacts", firstname="Ana", lastname="Sample", email="ana@two.example.com", jobtitle="Buyer"
    )
    yield Both(org_office, portal_office, contact, hubspot_contact)
    runtime.close()


def _connected(version: str, portal: PortalServer, seal: object) -> Connection:
    known, granted, now = portal.credentials, install(portal), utc_now()
    return Connection(
        crm="hubspot",
        name="Sample Portal",
        org_id=str(known["portal_id"]),
        base_url=known["url"],
        api_version=version,
        auth_flow="authorization_code",
        client_id=known["client_id"],
        client_secret_sealed=seal(known["client_secret"]),  # type: ignore[operator]
        refresh_token_sealed=seal(granted["refresh_token"]),  # type: ignore[operator]
        created_at=now,
        updated_at=now,
    )


def test_both_find_the_same_record_of_ours(both: Both) -> None:
    both.sync_both()
    assert both.org.linked("Contact", both.contact) == both.portal.linked("contacts", both.hubspot_contact)
    assert both.org.how_many("contact") == 1
    with both.org.runtime.database.read() as session:
        assert len(session.scalars(select(RecordLink)).all()) == 2


def test_an_edit_in_salesforce_reaches_hubspot_in_two_single_runs(both: Both) -> None:
    both.sync_both()
    both.org.edit(both.contact, Title="Owner")
    assert both.org.sync("Contact", both.contact).changes == {("job_title", "here", "Buyer", "Owner")}
    assert both.portal.sync("contacts", both.hubspot_contact).changes == {("job_title", "crm", "Buyer", "Owner")}
    assert both.titles() == ("Owner", "Owner", "Owner")


def test_an_edit_in_hubspot_reaches_salesforce_in_two_single_runs(both: Both) -> None:
    both.sync_both()
    both.portal.edit(both.hubspot_contact, jobtitle="Owner")
    assert both.portal.sync("contacts", both.hubspot_contact).changes == {("job_title", "here", "Buyer", "Owner")}
    assert both.org.sync("Contact", both.contact).changes == {("job_title", "crm", "Buyer", "Owner")}
    assert both.titles() == ("Owner", "Owner", "Owner")


def test_a_field_that_both_bring_in_keeps_what_came_last_and_falls_silent(both: Both) -> None:
    """Phone comes from both, and they disagree: without a rule each sync would bring back its own CRM's."""
    both.org.edit(both.contact, Phone="111")
    both.portal.edit(both.hubspot_contact, phone="222")
    both.sync_both()
    assert both.phone() == "222"
    both.assert_silence()
    assert both.phone() == "222"

    both.org.edit(both.contact, Phone="333")
    assert both.org.sync("Contact", both.contact).changes == {("phone", "here", "222", "333")}
    both.assert_silence()
    assert both.phone() == "333"

    both.portal.edit(both.hubspot_contact, phone="444")
    assert both.portal.sync("contacts", both.hubspot_contact).changes == {("phone", "here", "333", "444")}
    both.assert_silence()
    assert both.phone() == "444"


def test_what_one_brings_in_does_not_take_back_what_goes_both_ways_with_the_other(both: Both) -> None:
    both.portal.set_field("contacts", "phone", direction="two_way")
    both.org.edit(both.contact, Phone="111")
    both.sync_both()
    both.portal.edit(both.hubspot_contact, phone="222")
    assert both.portal.sync("contacts", both.hubspot_contact).changes == {("phone", "here", "111", "222")}
    both.assert_silence()
    assert both.portal.shown_in_crm(both.hubspot_contact, "phone") == {"phone": "222"}
    both.org.edit(both.contact, Phone="333")
    both.sync_both()
    assert both.portal.shown_in_crm(both.hubspot_contact, "phone") == {"phone": "333"}


def test_a_value_of_ours_that_nobody_brought_in_is_put_right_all_the_same(both: Both) -> None:
    both.org.edit(both.contact, Phone="111")
    both.portal.edit(both.hubspot_contact, phone="111")
    both.sync_both()
    both.org.put_raw(both.org.linked("Contact", both.contact), phone="stray")
    both.org.sync("Contact", both.contact)
    assert both.phone() == "111"


def test_then_there_is_silence(both: Both) -> None:
    both.sync_both()
    both.org.edit(both.contact, Title="Owner")
    both.portal.edit(both.hubspot_contact, firstname="Anna")
    for _ in range(2):
        both.sync_both()
        both.org.time_passes()
    assert both.titles() == ("Owner", "Owner", "Owner")
    writes = []
    for _ in range(QUIET_ROUNDS):
        writes += both.org.sync("Contact", both.contact).writes
        writes += both.portal.sync("contacts", both.hubspot_contact).writes
    assert writes == []
