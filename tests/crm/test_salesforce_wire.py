"""What goes over the wire to Salesforce: the query, the composite with its headers, and whose name is on it."""

from __future__ import annotations

from contextlib import suppress

import pytest

from jobs.crm.adapters import open_adapter
from jobs.crm.errors import ConnectionBroken, MovedOn, Rejected
from jobs.crm.salesforce_client import WRITE_HEADERS
from tests.support.office import Office
from tests.support.org_server import Json


def sync_call(office: Office, end: str) -> Json:
    """The last call to that resource."""
    calls = [each for each in office.org.journal("call") if each["path"].endswith(end)]
    found: Json = calls[-1]
    return found


class TestReading:
    def test_one_query_that_also_finds_the_deleted(self, office: Office) -> None:
        ana = office.in_crm("Contact", LastName="Sample")
        office.adapter().read("Contact", ana, {"Title": "text", "OwnerId": "user"})
        asked = sync_call(office, "queryAll")
        assert asked["query"] == (
            "q=SELECT Id, Name, IsDeleted, LastModifiedDate, LastModifiedBy.Name, MasterRecordId, Title, Owner.Email "
            f"FROM Contact WHERE Id = '{ana}'"
        )

    def test_a_short_id_finds_its_record_and_the_full_one_is_told(self, office: Office) -> None:
        ana = office.in_crm("Contact", LastName="Sample")
        assert office.adapter().read("Contact", ana[:15], {"Title": "text"}).record_id == ana

    def test_a_lead_is_asked_for_what_it_became(self, office: Office) -> None:
        lead = office.in_crm("Lead", LastName="Sample", Company="Sample Mill")
        contact = office.org.control("convert_lead", {"id": lead})["contact_id"]
        row = office.adapter().read("Lead", lead, {"Title": "text"})
        assert (row.is_converted, row.converted_to) == (True, contact)

    def test_a_custom_lookup_to_a_user_is_read_through_its_relationship(self, office: Office) -> None:
        field = {"name": "Advisor__c", "type": "reference", "to": ["User"], "relationship": "Advisor__r"}
        office.org.control("objects", {"object": "Contact", "fields": [field]})
        ana = office.in_crm("Contact", LastName="Sample", Advisor__c=office.org.user("rep")["id"])
        row = office.adapter().read("Contact", ana, {"Advisor__c": "user"})
        assert row.values == {"Advisor__c": "riley@example.com"}

    def test_a_user_who_is_not_set_is_blank(self, office: Office) -> None:
        field = {"name": "Advisor__c", "type": "reference", "to": ["User"], "relationship": "Advisor__r"}
        office.org.control("objects", {"object": "Contact", "fields": [field]})
        ana = office.in_crm("Contact", LastName="Sample")
        assert office.adapter().read("Contact", ana, {"Advisor__c": "user"}).values == {"Advisor__c": None}

    def test_our_calls_bear_our_name(self, office: Office) -> None:
        office.adapter().read("Contact", office.in_crm("Contact", LastName="Sample"), {})
        assert sync_call(office, "queryAll")["client_name"] == "crm-sync-widget"


class TestWriting:
    def test_one_composite_reads_writes_and_reads_back(self, office: Office) -> None:
        adapter = office.adapter()
        ana = office.in_crm("Contact", LastName="Sample")
        adapter.write("Contact", adapter.read("Contact", ana, {"Title": "text"}), {"Title": "Owner"}, {"Title": "text"})
        parts = sync_call(office, "composite")["subrequests"]
        assert [(part["method"], part["status"]) for part in parts] == [("GET", 200), ("PATCH", 204), ("GET", 200)]
        assert parts[1]["path"].endswith(f"/sobjects/Contact/{ana}")
        assert sync_call(office, "composite")["client_name"] == "crm-sync-widget"

    def test_a_text_that_reads_as_a_reference_goes_by_itself_in_two_calls(self, office: Office) -> None:
        adapter = office.adapter()
        ana = office.in_crm("Contact", LastName="Sample")
        row = adapter.read("Contact", ana, {"Title": "text"})
        calls = adapter.calls
        adapter.write("Contact", row, {"Title": "@{before.records[0].Id}"}, {"Title": "text"})
        assert adapter.calls == calls + 2

    @pytest.mark.parametrize("title", ["Owner", "@{write}"], ids=["in a composite", "by itself"])
    def test_the_owner_of_a_lead_does_not_jump(self, office: Office, title: str) -> None:
        """The org's assignment rule would give it to somebody else with every save that does not say no."""
        rep = office.org.user("rep")["id"]
        lead = office.in_crm("Lead", LastName="Sample", Company="Sample Mill", LeadSource="Web", OwnerId=rep)
        adapter = office.adapter()
        row = adapter.read("Lead", lead, {"Title": "text"})
        adapter.write("Lead", row, {"Title": title}, {"Title": "text"})
        assert office.shown_in_crm(lead, "Title", "OwnerId") == {"Title": title, "OwnerId": rep}

    def test_without_that_header_it_would(self, office: Office) -> None:
        lead = office.in_crm(
            "Lead", LastName="Sample", Company="Sample Mill", LeadSource="Web", OwnerId=office.org.user("rep")["id"]
        )
        office.org.api().patch(f"/sobjects/Lead/{lead}", {"Title": "Owner"})
        assert office.shown_in_crm(lead, "OwnerId")["OwnerId"].startswith("00G")
        assert WRITE_HEADERS["Sforce-Auto-Assign"] == "FALSE"

    def test_an_account_is_guarded_the_same_way(self, office: Office) -> None:
        mill = office.in_crm("Account", Name="Sample Mill", Industry="Banking")
        owner = office.shown_in_crm(mill, "OwnerId")
        adapter = office.adapter()
        row = adapter.read("Account", mill, {"Phone": "phone"})
        adapter.write("Account", row, {"Phone": "1"}, {"Phone": "phone"})
        assert office.shown_in_crm(mill, "OwnerId") == owner


class TestFreshness:
    def test_a_record_changed_in_the_very_second_it_was_read_is_waited_for(self, office: Office) -> None:
        """The check has a resolution of one second: within it, a second change would go unseen."""
        ana = office.in_crm("Contact", LastName="Sample")
        office.org.edit("Contact", ana, {"Title": "Just now"}, user="rep")
        adapter = office.adapter()
        row = adapter.read("Contact", ana, {"Title": "text"})
        with pytest.raises(MovedOn):
            adapter.write("Contact", row, {"Title": "Owner"}, {"Title": "text"})
        for _ in range(3):
            with suppress(MovedOn):
                settled = adapter.read("Contact", ana, {"Title": "text"})
                result = adapter.write("Contact", settled, {"Title": "Owner"}, {"Title": "text"})
                break
        assert (result.before.values, result.after.values) == ({"Title": "Just now"}, {"Title": "Owner"})

    def test_an_id_too_short_never_reaches_the_wire(self, office: Office) -> None:
        adapter = office.adapter()
        with pytest.raises(Rejected):
            adapter.read("Contact", "1", {"Title": "text"})
        assert adapter.calls == 0


class TestVersions:
    def test_the_connections_version_is_spoken(self, office: Office) -> None:
        office.set_connection(api_version="60.0")
        office.adapter().describe("Contact")
        assert "/v60.0/" in sync_call(office, "describe")["path"]

    def test_a_retired_version_is_a_matter_for_the_admin(self, office: Office) -> None:
        office.set_connection(api_version="12.0")
        with pytest.raises(ConnectionBroken):
            open_adapter(office.runtime, office.connection).describe("Contact")
