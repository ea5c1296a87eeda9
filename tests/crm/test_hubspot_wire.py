"""What goes over the wire to HubSpot, and what each of its own ways of saying no means."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from jobs.crm.adapters import open_adapter
from jobs.crm.errors import (
    CrmError,
    DuplicateFound,
    MovedOn,
    NotAllowed,
    NotFound,
    RateLimited,
    Rejected,
    RowLocked,
    Unavailable,
)
from jobs.crm.http import Meter
from jobs.crm.hubspot import MOST_IN_ADDRESS, READ_JUST_NOW, HubSpotAdapter
from jobs.crm.hubspot_client import HubSpotClient
from jobs.crm.hubspot_people import People
from jobs.crm.limits import RateLimit
from jobs.crm.tokens import ConnectionTokens
from jobs.runtime import utc_now
from tests.support.org_server import Json
from tests.support.portal_office import PortalOffice

TITLE = {"jobtitle": "text"}
OWNER = {"hubspot_owner_id": "user"}


@pytest.fixture
def ana(portal_office: PortalOffice) -> str:
    return portal_office.in_crm("contacts", firstname="Ana", lastname="Sample", email="ana@example.com")


def last_call(office: PortalOffice, part: str = "/crm/objects/") -> Json:
    found: Json = [each for each in office.org.journal("call") if part in each["path"]][-1]
    return found


class TestReading:
    def test_one_get_of_the_dated_version_with_the_history_of_what_is_asked_for(
        self, portal_office: PortalOffice, ana: str
    ) -> None:
        portal_office.adapter().read("contacts", ana, TITLE | {"phone": "phone"})
        asked = last_call(portal_office)
        assert (asked["method"], asked["path"]) == ("GET", f"/crm/objects/2026-09/contacts/{ana}")
        assert asked["query"] == (
            "archived=false&properties=firstname,lastname,jobtitle,phone&propertiesWithHistory=jobtitle,phone"
        )

    def test_the_version_is_one_setting(self, portal_office: PortalOffice, ana: str) -> None:
        office = portal_office
        older = office.runtime.settings.model_copy(update={"hubspot_api_version": "2026-03"})
        adapter = open_adapter(replace(office.runtime, settings=older), office.connection)
        start = office.next_seq()
        adapter.read("contacts", ana, OWNER)
        adapter.describe("deals")
        paths = [each["path"] for each in office.org.journal("call") if each["seq"] >= start]
        assert len(paths) >= 5
        assert all("/2026-03" in path for path in paths)

    def test_each_field_has_a_time_of_its_own(self, portal_office: PortalOffice, ana: str) -> None:
        office = portal_office
        office.edit(ana, jobtitle="Buyer", ago=timedelta(minutes=20))
        office.edit(ana, lastname="Samples", ago=timedelta(minutes=5))
        row = office.adapter().read("contacts", ana, TITLE | {"lastname": "text", "phone": "phone"})
        ages = {name: row.read_at - at for name, at in row.field_modified_at.items()}
        assert ages.keys() == {"jobtitle", "lastname"}  # a phone there never was
        assert timedelta(minutes=4) < ages["lastname"] < timedelta(minutes=6)
        assert timedelta(minutes=19) < ages["jobtitle"] < timedelta(minutes=21)
        assert row.modified_at == row.field_modified_at["lastname"]

    def test_more_properties_than_an_address_can_name_are_asked_for_in_a_body(
        self, portal_office: PortalOffice, ana: str
    ) -> None:
        office = portal_office
        names = [f"sample_property_with_a_long_name_{number:03}" for number in range(100)]
        assert sum(map(len, names)) * 2 > MOST_IN_ADDRESS
        made = [{"name": name, "label": name} for name in names]
        office.org.control("objects", {"object": "contacts", "properties": made})
        office.edit(ana, **{names[7]: "seven"})
        adapter = office.adapter()
        row = adapter.read("contacts", ana, dict.fromkeys(names, "text"))
        assert (row.values[names[7]], row.values[names[8]], row.name) == ("seven", None, "Ana Sample")
        assert row.field_modified_at.keys() == {names[7]}
        assert last_call(office)["path"].endswith("/contacts/batch/read")
        with pytest.raises(NotFound):
            adapter.read("contacts", "987654321", dict.fromkeys(names, "text"))

    def test_an_archived_one_is_found_with_one_call_more(self, portal_office: PortalOffice, ana: str) -> None:
        portal_office.org.control("archive", {"object": "contacts", "id": ana})
        adapter = portal_office.adapter()
        assert adapter.read("contacts", ana, TITLE).is_deleted
        assert "archived=true" in last_call(portal_office)["query"]

    def test_dates_moments_and_yes_or_no(self, portal_office: PortalOffice, ana: str) -> None:
        fields = {
            "sample_birthday": "date",
            "sample_last_call": "datetime",
            "sample_newsletter": "boolean",
            "sample_lead_score": "number",
        }
        values = {
            "sample_birthday": "1969-07-20",
            "sample_last_call": "2026-05-01T10:30:00Z",
            "sample_newsletter": True,
            "sample_lead_score": -12.5,
        }
        adapter = portal_office.adapter()
        result = adapter.write("contacts", adapter.read("contacts", ana, fields), values, fields)
        assert result.after.values == values
        assert adapter.read("contacts", ana, fields).values == values

    def test_the_day_of_a_moment_is_written_and_read_as_a_day(self, portal_office: PortalOffice) -> None:
        """A deal's close date is a moment in HubSpot and a day here."""
        fields = {"closedate": "date", "amount": "currency"}
        deal = portal_office.in_crm("deals", dealname="Sample deal", dealstage="appointmentscheduled")
        adapter = portal_office.adapter()
        row = adapter.read("deals", deal, fields)
        result = adapter.write("deals", row, {"closedate": "2026-12-24", "amount": 1250.5}, fields)
        assert result.after.values == {"closedate": "2026-12-24", "amount": 1250.5}
        assert row.name == "Sample deal"

    def test_a_value_that_does_not_fit_its_type_is_told_apart_from_a_blank_one(
        self, portal_office: PortalOffice, ana: str
    ) -> None:
        portal_office.edit(ana, jobtitle="many")
        row = portal_office.adapter().read("contacts", ana, {"jobtitle": "number", "phone": "phone"})
        assert (row.unreadable, row.values) == (frozenset({"jobtitle"}), {"phone": None})


class TestPeople:
    def test_an_owner_is_read_and_written_by_email(self, portal_office: PortalOffice, ana: str) -> None:
        office = portal_office
        adapter = office.adapter()
        row = adapter.read("contacts", ana, OWNER)
        result = adapter.write("contacts", row, {"hubspot_owner_id": "riley@example.com"}, OWNER)
        assert result.after.values == {"hubspot_owner_id": "riley@example.com"}
        assert office.shown_in_crm(ana, "hubspot_owner_id") == {"hubspot_owner_id": office.org.user("rep")["owner_id"]}

    def test_somebody_who_is_no_owner_is_refused_before_anything_is_sent(
        self, portal_office: PortalOffice, ana: str
    ) -> None:
        adapter = portal_office.adapter()
        row = adapter.read("contacts", ana, OWNER)
        with pytest.raises(Rejected) as caught:
            adapter.write("contacts", row, {"hubspot_owner_id": "nobody@example.com"}, OWNER)
        assert (caught.value.code, caught.value.fields) == ("NO_SUCH_OWNER", ("hubspot_owner_id",))
        assert all(each["method"] != "PATCH" for each in ours(portal_office))

    def test_one_who_left_is_known_too(self, portal_office: PortalOffice) -> None:
        office = portal_office
        ira = office.org.user("inactive")
        bo = office.in_crm("contacts", lastname="Specimen", hubspot_owner_id=ira["owner_id"])
        assert office.adapter().read("contacts", bo, OWNER).values == {"hubspot_owner_id": ira["email"]}

    def test_a_record_that_waits_in_a_queue_tells_nothing_of_its_owner(
        self, portal_office: PortalOffice, ana: str
    ) -> None:
        """To read it as blank would clear the owner that we know."""
        office = portal_office
        [queue] = office.org.credentials["queues"]
        office.edit(ana, jobtitle="Buyer", hubspot_owner_id=queue["owner_id"])
        row = office.adapter().read("contacts", ana, OWNER | {"jobtitle": "text"})
        assert (row.values, row.unreadable) == ({"jobtitle": "Buyer"}, {"hubspot_owner_id"})

    def test_without_the_right_to_see_owners_names_are_missing_and_records_are_not(
        self, portal_office: PortalOffice, ana: str
    ) -> None:
        office = portal_office
        office.edit(ana, jobtitle="Buyer", hubspot_owner_id=office.org.user("rep")["owner_id"])
        office.org.fault("status", "/crm/owners", status=403, count=None)
        row = office.adapter().read("contacts", ana, TITLE | OWNER)
        assert (row.values, row.modified_by) == ({"jobtitle": "Buyer"}, "")
        assert row.unreadable == {"hubspot_owner_id"}

    def test_they_are_asked_for_once_for_all_processes(self, portal_office: PortalOffice, ana: str) -> None:
        office = portal_office
        office.edit(ana, hubspot_owner_id=office.org.user("rep")["owner_id"])
        for _ in range(3):
            office.adapter().read("contacts", ana, OWNER)
        asked = [each for each in ours(office) if "/crm/owners/" in each["path"] + "/"]
        assert [each["query"] for each in asked] == ["limit=100&archived=false", "limit=100&archived=true"]


class TestDescribe:
    def test_it_tells_what_may_not_be_written(self, portal_office: PortalOffice) -> None:
        described = portal_office.adapter().describe("contacts")
        assert described is not None
        info = described.info
        assert (info.object, info.label) == ("contacts", "Contact")
        fields = info.fields
        assert (fields["hs_email_domain"].calculated, fields["hs_email_domain"].may_update) == (True, False)
        assert (fields["hs_analytics_source"].calculated, fields["hs_analytics_source"].may_update) == (False, False)
        assert ("primary", "Primary") in fields["sample_level"].options

    def test_each_kind_of_property_has_its_type(self, portal_office: PortalOffice) -> None:
        described = portal_office.adapter().describe("contacts")
        assert described is not None
        types = {name: field.field_type for name, field in described.info.fields.items()}
        expected = {
            "email": "email",
            "phone": "phone",
            "message": "long_text",
            "website": "url",
            "lifecyclestage": "select",
            "sample_languages": "multi_select",
            "sample_newsletter": "boolean",
            "sample_birthday": "date",
            "sample_last_call": "datetime",
            "sample_lead_score": "number",
            "hubspot_owner_id": "user",
        }
        assert {name: types[name] for name in expected} == expected

    def test_the_stages_of_a_deal_come_from_its_pipelines(self, portal_office: PortalOffice) -> None:
        described = portal_office.adapter().describe("deals")
        assert described is not None
        stages = dict(described.info.fields["dealstage"].options)
        assert any(label.startswith("Appointment") for label in stages.values())

    def test_a_new_option_makes_it_another_one(self, portal_office: PortalOffice) -> None:
        office = portal_office
        adapter = office.adapter()
        before = adapter.describe("contacts")
        assert before is not None
        level = {"name": "sample_level", "label": "Sample level", "type": "enumeration", "options": ["primary", "new"]}
        office.org.control("objects", {"object": "contacts", "properties": [level]})
        after = adapter.describe("contacts", unless_newer_than=before.last_modified)
        assert after is not None
        assert dict(after.info.fields["sample_level"].options).keys() == {"primary", "new"}


def validation(*problems: Json) -> Json:
    return {"status": "error", "message": f"Property values were not valid: {json.dumps(problems)}"}


SCOPES = "This app hasn't been granted all required scopes to make this call."
ANSWERS: list[tuple[int, Any, type[CrmError], str, tuple[str, ...]]] = [
    (
        400,
        validation({"message": "Email address x is invalid", "error": "INVALID_EMAIL", "name": "email"}),
        Rejected,
        "INVALID_EMAIL",
        ("email",),
    ),
    (
        400,
        {
            "message": "A value for firstname must be provided",
            "category": "VALIDATION_ERROR",
            "errors": [{"code": "MISSING_REQUIRED_PROPERTY", "context": {"propertyName": ["firstname"]}}],
        },
        Rejected,
        "MISSING_REQUIRED_PROPERTY",
        ("firstname",),
    ),
    (400, {"message": "Property values were not valid: [{"}, Rejected, "HTTP_400", ()),
    (400, {"message": "Invalid input JSON on line 1, column 2: x"}, Rejected, "HTTP_400", ()),
    (403, {"message": SCOPES, "category": "MISSING_SCOPES"}, NotAllowed, "MISSING_SCOPES", ()),
    (404, {"message": "resource not found", "category": "OBJECT_NOT_FOUND"}, NotFound, "OBJECT_NOT_FOUND", ()),
    (409, {"message": "Contact already exists. Existing ID: 6001"}, DuplicateFound, "CONFLICT", ("email",)),
    (423, {"message": "locked"}, RowLocked, "HTTP_423", ()),
    (477, {"message": "moving"}, RateLimited, "MIGRATION_IN_PROGRESS", ()),
    (522, "<html>", Unavailable, "HTTP_522", ()),
    (
        429,
        {"message": "x", "errorType": "RATE_LIMIT", "policyName": "TEN_SECONDLY_ROLLING"},
        RateLimited,
        "TEN_SECONDLY_ROLLING",
        (),
    ),
    (429, {"message": "x", "errorType": "RATE_LIMIT", "policyName": "DAILY"}, RateLimited, "DAILY", ()),
    (
        429,
        {"message": "You have reached your secondly limit.", "category": "RATE_LIMITS"},
        RateLimited,
        "SECONDLY",
        (),
    ),
    (429, None, RateLimited, "RATE_LIMIT", ()),
]


class TestRefusals:
    @pytest.mark.parametrize(("status", "body", "kind", "code", "fields"), ANSWERS)
    def test_each_answer_has_its_meaning(
        self,
        portal_office: PortalOffice,
        ana: str,
        status: int,
        body: Any,
        kind: type[CrmError],
        code: str,
        fields: tuple[str, ...],
    ) -> None:
        adapter = portal_office.adapter()
        row = adapter.read("contacts", ana, TITLE)
        portal_office.org.fault("status", "/contacts/", method="PATCH", status=status, body=body)
        with pytest.raises(CrmError) as caught:
            adapter.write("contacts", row, {"jobtitle": "Owner"}, TITLE)
        error = caught.value
        assert (type(error), error.code, error.fields) == (kind, code, fields)
        if isinstance(error, DuplicateFound):
            assert error.record_ids == ("6001",)
        if isinstance(error, RateLimited):
            assert error.retry_at is not None
            assert utc_now() < error.retry_at < utc_now() + timedelta(minutes=6)

    def test_the_wait_an_answer_names_is_kept(self, portal_office: PortalOffice, ana: str) -> None:
        portal_office.org.fault("status", "/contacts/", status=477, headers={"Retry-After": "600"})
        with pytest.raises(RateLimited) as caught:
            portal_office.adapter().read("contacts", ana, TITLE)
        assert caught.value.retry_at is not None
        assert timedelta(minutes=9) < caught.value.retry_at - utc_now() <= timedelta(minutes=10)

    def test_a_click_waits_out_a_limit_and_then_goes_on(self, portal_office: PortalOffice, ana: str) -> None:
        office = portal_office
        office.sync("contacts", ana)
        office.org.fault("rate_limit", "/contacts/", limit="burst")
        told = office.sync("contacts", ana)
        assert (told.status, told.run.code) == ("queued", "TEN_SECONDLY_ROLLING")
        assert office.connection.paused_until is not None
        office.set_connection(paused_until=None)
        assert office.again(told).outcome == "unchanged"


def ours(office: PortalOffice) -> list[Json]:
    return [each for each in office.org.journal("call") if "/authorize" not in each["path"]]


class BusyLine:
    """A line in which much happens until the next turn comes."""

    meanwhile: Callable[[], object] | None = None

    def wait(self, limit: RateLimit) -> None:
        if self.meanwhile is not None:
            self.meanwhile()
            self.meanwhile = None
            time.sleep(READ_JUST_NOW.total_seconds() + 0.1)

    def learn(self, limit: RateLimit, calls: int) -> None:
        pass


def in_line(office: PortalOffice, line: BusyLine) -> HubSpotAdapter:
    tokens = ConnectionTokens(office.runtime, office.connection, Meter())
    client = HubSpotClient(office.runtime.settings, office.org.url, tokens, line=line)
    return HubSpotAdapter(client, People(office.runtime, office.connection_id, client))


class TestWritingOnWhatWasRead:
    def test_a_row_that_grew_old_in_the_line_is_compared_once_more(self, portal_office: PortalOffice, ana: str) -> None:
        """Other workers' calls came first: what was read before them may hold no longer."""
        office = portal_office
        line = BusyLine()
        adapter = in_line(office, line)
        row = adapter.read("contacts", ana, TITLE)
        line.meanwhile = lambda: office.edit(ana, jobtitle="Theirs", ago=timedelta())
        with pytest.raises(MovedOn):
            adapter.write("contacts", row, {"jobtitle": "Ours"}, TITLE)
        assert office.shown_in_crm(ana, "jobtitle") == {"jobtitle": "Theirs"}

    def test_so_is_one_that_grew_old_while_a_new_token_was_fetched(self, portal_office: PortalOffice, ana: str) -> None:
        office = portal_office
        adapter = office.adapter()
        row = adapter.read("contacts", ana, TITLE)
        office.org.control("expire_tokens", {})
        slow = office.while_waiting("/token", lambda: office.edit(ana, jobtitle="Theirs", ago=timedelta()), seconds=2.5)
        with slow, pytest.raises(MovedOn):
            adapter.write("contacts", row, {"jobtitle": "Ours"}, TITLE)
        assert office.shown_in_crm(ana, "jobtitle") == {"jobtitle": "Theirs"}
