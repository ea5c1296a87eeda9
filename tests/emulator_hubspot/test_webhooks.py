"""Webhooks of the stand-in: what happens in the portal is sent to the app for real, signed, and again when lost."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import requests

from tests.support.portal_server import PortalApi, PortalServer
from tests.support.processes import eventually
from tests.support.webhook_receiver import WebhookReceiver, slowly

Json = dict[str, Any]
PROJECT_FILE = Path(__file__).parents[2] / "packages/hubspot/src/app/webhooks/webhooks-hsmeta.json"
# A day of pauses in less than a second; no waiting for more events to come.
HURRIED = {"retry_scale": 0.000_005, "batch_seconds": 0.02}


@pytest.fixture(scope="module")
def _receiver() -> Iterator[WebhookReceiver]:
    server = WebhookReceiver()
    yield server
    server.stop()


@pytest.fixture
def receiver(_receiver: WebhookReceiver) -> WebhookReceiver:
    _receiver.forget()
    return _receiver


def asked(kind: str, object_type: str = "contact", name: str | None = None, **more: Any) -> Json:
    named = {} if name is None else {"propertyName": name}
    return {"subscriptionType": kind, "objectType": object_type, "active": True, **named, **more}


def subscribe(portal: PortalServer, receiver: WebhookReceiver, *subscriptions: Json, **more: Any) -> None:
    given: Json = {
        "settings": {"targetUrl": receiver.url + "/webhooks", "maxConcurrentRequests": 10},
        "subscriptions": {"crmObjects": list(subscriptions)},
        "sending": HURRIED,
    }
    portal.control("webhooks", given | more)


def misbehave(portal: PortalServer, **faults: Any) -> None:
    portal.control("webhooks", {"faults": faults})


JOB_TITLE = asked("object.propertyChange", name="jobtitle")


class TestWhatAnEventSays:
    def test_an_edit_by_a_person_has_the_persons_number(
        self, portal: PortalServer, receiver: WebhookReceiver, ana: str
    ) -> None:
        subscribe(portal, receiver, JOB_TITLE)
        portal.edit("contacts", ana, {"jobtitle": "Chief", "city": "Not asked for"}, user="rep")
        [event] = receiver.wait_for_events(1)
        told = {name: event[name] for name in event.keys() - {"eventId", "occurredAt"}}
        assert told == {
            "subscriptionId": 1000001,
            "portalId": portal.credentials["portal_id"],
            "appId": portal.credentials["app_id"],
            "subscriptionType": "object.propertyChange",
            "attemptNumber": 0,
            "objectId": int(ana),
            "objectTypeId": "0-1",
            "propertyName": "jobtitle",
            "propertyValue": "Chief",
            "changeSource": "CRM_UI",
            "sourceId": f"userId:{portal.user('rep')['id']}",
            "isSensitive": False,
        }
        assert isinstance(event["eventId"], int)
        assert event["occurredAt"] > 1_700_000_000_000

    def test_a_write_of_the_app_itself_says_so(
        self, portal: PortalServer, receiver: WebhookReceiver, api: PortalApi, ana: str
    ) -> None:
        subscribe(portal, receiver, JOB_TITLE)
        api.patch("contacts", ana, {"jobtitle": ""})
        [event] = receiver.wait_for_events(1)
        assert (event["changeSource"], event["sourceId"]) == ("INTEGRATION", str(portal.credentials["app_id"]))
        assert event["propertyValue"] == ""

    def test_a_save_that_changes_nothing_is_not_told(
        self, portal: PortalServer, receiver: WebhookReceiver, api: PortalApi, ana: str
    ) -> None:
        subscribe(portal, receiver, JOB_TITLE)
        api.patch("contacts", ana, {"jobtitle": "Chief"})
        api.patch("contacts", ana, {"jobtitle": "Chief"})
        api.patch("contacts", ana, {"jobtitle": "Last"})
        assert [each["propertyValue"] for each in receiver.wait_for_events(2)] == ["Chief", "Last"]

    def test_the_life_of_a_record(self, portal: PortalServer, receiver: WebhookReceiver, api: PortalApi) -> None:
        kinds = ("object.creation", "object.deletion", "object.restore")
        subscribe(portal, receiver, *(asked(kind, "company") for kind in kinds))
        made = api.create("companies", name="Sample Webhooks")
        api.delete("companies", made)
        portal.control("restore", {"object": "companies", "id": made, "user": "rep"})
        told = sorted(receiver.wait_for_events(3), key=lambda each: each["occurredAt"])
        assert [(each["subscriptionType"], each["objectId"]) for each in told] == [(kind, int(made)) for kind in kinds]
        assert [each["changeSource"] for each in told] == ["INTEGRATION", "INTEGRATION", "CRM_UI"]
        assert {each["objectTypeId"] for each in told} == {"0-2"}

    def test_a_merge_names_everybody(self, portal: PortalServer, receiver: WebhookReceiver, api: PortalApi) -> None:
        subscribe(portal, receiver, asked("object.merge"))
        first, other = (api.create("contacts", email=f"merge-{each}@example.com") for each in "ab")
        merged = portal.control("merge", {"object": "contacts", "primary": first, "other": other})["id"]
        [event] = receiver.wait_for_events(1)
        assert (event["primaryObjectId"], event["mergedObjectIds"]) == (int(first), [int(other)])
        assert event["newObjectId"] == event["objectId"] == int(merged)
        assert isinstance(event["numberOfPropertiesMoved"], int)

    def test_an_association_is_told_from_both_sides(
        self, portal: PortalServer, receiver: WebhookReceiver, ana: str
    ) -> None:
        subscribe(portal, receiver, *(asked("object.associationChange", each) for each in ("deal", "contact")))
        deal = portal.control("edit", {"object": "deals", "fields": {"dealname": "x", "dealstage": "closedwon"}})["id"]
        ends = {"object": "deals", "id": deal, "to_object": "contacts", "to_id": ana}
        portal.control("associate", ends)
        made = receiver.wait_for_events(2)
        assert {(each["fromObjectTypeId"], each["fromObjectId"], each["toObjectId"]) for each in made} == {
            ("0-3", int(deal), int(ana)),
            ("0-1", int(ana), int(deal)),
        }
        assert not any("objectId" in each or each["associationRemoved"] for each in made)
        portal.control("disassociate", ends)
        assert all(each["associationRemoved"] for each in receiver.wait_for_events(4)[2:])

    def test_what_was_rolled_back_or_imported_is_not_told(
        self, portal: PortalServer, receiver: WebhookReceiver, api: PortalApi, ana: str
    ) -> None:
        subscribe(portal, receiver, JOB_TITLE)
        assert api.patch("contacts", ana, {"jobtitle": "Never", "email": "no email"}).status_code == 400
        portal.control("records", {"object": "contacts", "records": [{"jobtitle": "Imported"}]})
        api.patch("contacts", ana, {"jobtitle": "Told"})
        assert [each["propertyValue"] for each in receiver.wait_for_events(1)] == ["Told"]


class TestHowItIsSent:
    def test_each_request_is_signed_over_the_whole_address(
        self, portal: PortalServer, receiver: WebhookReceiver, ana: str
    ) -> None:
        target = receiver.url + "/webhooks/hubspot/1?for=a%40b.com&kept=%2B%2540"
        subscribe(portal, receiver, JOB_TITLE, settings={"targetUrl": target})
        portal.edit("contacts", ana, {"jobtitle": "Größe"})
        [request] = receiver.wait_for(len)
        assert request.url == target
        assert request.is_signed_by(portal.credentials["client_secret"])
        assert not request.is_signed_by("another secret")
        assert "Größe".encode() in request.body

    def test_a_burst_comes_in_batches_below_a_hundred(
        self, portal: PortalServer, receiver: WebhookReceiver, api: PortalApi
    ) -> None:
        subscribe(portal, receiver, asked("object.creation"), sending=HURRIED | {"batch_seconds": 0.5})
        for start in (0, 100, 200):
            inputs = [{"properties": {"email": f"burst-{start + each}@example.com"}} for each in range(100)]
            assert api.batch("contacts", "create", inputs).status_code == 201
        told = receiver.wait_for_events(300)
        assert len({each["objectId"] for each in told}) == len(told) == 300
        assert max(len(each.events) for each in receiver.received) == 99

    def test_no_more_requests_at_once_than_allowed(
        self, portal: PortalServer, receiver: WebhookReceiver, api: PortalApi, ana: str
    ) -> None:
        receiver.answer = slowly(0.1)
        settings = {"targetUrl": receiver.url, "maxConcurrentRequests": 2}
        subscribe(portal, receiver, JOB_TITLE, settings=settings, sending=HURRIED | {"batch_seconds": 0})
        for each in range(8):
            api.patch("contacts", ana, {"jobtitle": f"Number {each}"})
        receiver.wait_for_events(8)
        assert receiver.most_at_once <= 2

    def test_the_journal_has_every_request(self, portal: PortalServer, receiver: WebhookReceiver, ana: str) -> None:
        receiver.answer = lambda number: 500 if number == 1 else 204
        subscribe(portal, receiver, JOB_TITLE)
        portal.edit("contacts", ana, {"jobtitle": "Chief"})
        failed, taken = sent(portal, 2)
        assert (failed["status"], failed["attempt"], taken["status"], taken["attempt"]) == (500, 0, 204, 1)
        assert failed["retry_in_seconds"] > 0
        assert taken["retry_in_seconds"] is None
        assert taken["events"] == receiver.received[1].events


class TestWhatIsNotTaken:
    @pytest.mark.parametrize("status", [404, 503, 302, None])
    def test_it_comes_again_with_a_higher_number(
        self, portal: PortalServer, receiver: WebhookReceiver, ana: str, status: int | None
    ) -> None:
        receiver.answer = lambda number: status if number <= 2 else 200
        subscribe(portal, receiver, JOB_TITLE)
        portal.edit("contacts", ana, {"jobtitle": "Chief"})
        requests = receiver.wait_for(lambda received: len(received) == 3)
        assert [each.events[0]["attemptNumber"] for each in requests] == [0, 1, 2]
        assert len({each.events[0]["eventId"] for each in requests}) == 1
        assert all(each.is_signed_by(portal.credentials["client_secret"]) for each in requests)

    def test_an_answer_that_takes_too_long_is_none(
        self, portal: PortalServer, receiver: WebhookReceiver, ana: str
    ) -> None:
        receiver.answer = slowly(0.5)
        subscribe(portal, receiver, JOB_TITLE, sending=HURRIED | {"timeout_seconds": 0.1, "retry_scale": 1})
        portal.edit("contacts", ana, {"jobtitle": "Chief"})
        assert sent(portal, 1)[0]["error"] == "ReadTimeout"

    def test_ten_repeats_within_a_day_and_no_more(
        self, portal: PortalServer, receiver: WebhookReceiver, ana: str
    ) -> None:
        receiver.answer = lambda number: 500
        subscribe(portal, receiver, JOB_TITLE)
        portal.edit("contacts", ana, {"jobtitle": "Chief"})
        entries = sent(portal, 11)
        assert [each["attempt"] for each in entries] == list(range(11))
        pauses = [each["retry_in_seconds"] / HURRIED["retry_scale"] for each in entries[:-1]]
        assert pauses == sorted(pauses)
        assert 80_000 < sum(pauses) < 24 * 3600
        assert entries[-1]["retry_in_seconds"] is None
        assert portal.control("webhooks", {})["waiting"] == 0

    def test_a_reset_forgets_what_waits_and_who_asked(
        self, portal: PortalServer, receiver: WebhookReceiver, ana: str
    ) -> None:
        receiver.answer = lambda number: 500
        subscribe(portal, receiver, JOB_TITLE, sending=HURRIED | {"retry_scale": 1})
        portal.edit("contacts", ana, {"jobtitle": "Chief"})
        sent(portal, 1)
        portal.reset()
        stands = portal.control("webhooks", {})
        assert (stands["target_url"], stands["subscriptions"], stands["waiting"]) == ("", 0, 0)


class TestFaults:
    def test_a_delivery_comes_twice(self, portal: PortalServer, receiver: WebhookReceiver, ana: str) -> None:
        subscribe(portal, receiver, JOB_TITLE, faults={"duplicate": True})
        portal.edit("contacts", ana, {"jobtitle": "Chief"})
        first, second = receiver.wait_for_events(2)
        assert first == second

    def test_a_delivery_is_lost(self, portal: PortalServer, receiver: WebhookReceiver, ana: str) -> None:
        subscribe(portal, receiver, JOB_TITLE, faults={"drop": 1})
        portal.edit("contacts", ana, {"jobtitle": "Lost"})
        assert sent(portal, 1)[0]["fault"] == "drop"
        portal.edit("contacts", ana, {"jobtitle": "Found"})
        assert [each["propertyValue"] for each in receiver.wait_for_events(1)] == ["Found"]

    def test_what_happened_last_comes_first(self, portal: PortalServer, receiver: WebhookReceiver, ana: str) -> None:
        city = asked("object.propertyChange", name="city")
        subscribe(portal, receiver, JOB_TITLE, city, faults={"reorder": True})
        portal.edit("contacts", ana, {"jobtitle": "First", "city": "Second"})
        assert [each["propertyValue"] for each in receiver.wait_for_events(2)] == ["Second", "First"]

    def test_a_later_delivery_overtakes(self, portal: PortalServer, receiver: WebhookReceiver, ana: str) -> None:
        subscribe(portal, receiver, JOB_TITLE, faults={"delay_seconds": 0.3})
        portal.edit("contacts", ana, {"jobtitle": "Early"})
        misbehave(portal)
        other = portal.control("edit", {"object": "contacts", "fields": {"lastname": "Sample", "jobtitle": "x"}})["id"]
        portal.edit("contacts", other, {"jobtitle": "Late"})
        assert [each["propertyValue"] for each in receiver.wait_for_events(3)][-1] == "Late"


class TestTheConfiguration:
    def test_the_projects_own_file_will_do(self, portal: PortalServer, receiver: WebhookReceiver, ana: str) -> None:
        config = json.loads(PROJECT_FILE.read_text("utf-8"))["config"]
        variables = {"SERVER_URL": receiver.url, "CONNECTION": "7"}
        stands = portal.control("webhooks", {**config, "variables": variables, "sending": HURRIED})
        assert stands["subscriptions"] == len(config["subscriptions"]["crmObjects"])
        portal.edit("contacts", ana, {"jobtitle": "Chief"})
        [request] = receiver.wait_for(len)
        assert request.url == f"{receiver.url}/webhooks/hubspot/7"

    def test_it_can_stand_in_the_portal_file_and_outlives_a_restart(
        self, tmp_path: Path, receiver: WebhookReceiver
    ) -> None:
        demo = Path(__file__).parents[2] / "emulator/hubspot/portals/demo.json"
        file = tmp_path / "portal.json"
        webhooks = {
            "settings": {"targetUrl": "${SERVER_URL}/from-the-file"},
            "subscriptions": {"crmObjects": [JOB_TITLE]},
            "sending": HURRIED,
        }
        file.write_text(json.dumps(json.loads(demo.read_text("utf-8")) | {"webhooks": webhooks}), "utf-8")
        own = PortalServer(tmp_path / "portal", panel_url=receiver.url, file=file)
        try:
            own.control("webhooks", {"settings": {"targetUrl": receiver.url + "/changed"}})
            own.stop()
            own.start()
            own.edit("contacts", own.record("contacts"), {"jobtitle": "Chief"})
            assert receiver.wait_for(len)[0].url == receiver.url + "/changed"
            own.reset()
            assert own.control("webhooks", {})["target_url"] == receiver.url + "/from-the-file"
        finally:
            own.stop()

    @pytest.mark.parametrize(
        "given",
        [
            {"settings": {"targetUrl": "ftp://example.com"}},
            {"settings": {"targetUrl": "https://example.com/${UNKNOWN}"}},
            {"settings": {"maxConcurrentRequests": 0}},
            {"subscriptions": {"crmObjects": [asked("contact.creation")]}},
            {"subscriptions": {"crmObjects": [asked("object.creation", "nothing")]}},
            {"subscriptions": {"crmObjects": [asked("object.propertyChange")]}},
            {"subscriptions": {"crmObjects": [asked("object.propertyChange", name="nothing")]}},
            {"subscriptions": {"crmObjects": [asked("object.creation", name="jobtitle")]}},
            {"sending": {"patience": 1}},
            {"sending": {"timeout_seconds": "long"}},
            {"faults": {"drop": True}},
            {"faults": {"duplicate": 1}},
            {"settings": []},
        ],
    )
    def test_nonsense_is_refused_and_changes_nothing(
        self, portal: PortalServer, receiver: WebhookReceiver, given: Json
    ) -> None:
        subscribe(portal, receiver, JOB_TITLE)
        before = portal.control("webhooks", {})
        assert requests.post(f"{portal.url}/_emulator/webhooks", json=given, timeout=10).status_code == 400
        assert portal.control("webhooks", {}) == before

    def test_an_inactive_subscription_is_none(self, portal: PortalServer, receiver: WebhookReceiver) -> None:
        subscribe(portal, receiver, JOB_TITLE, asked("object.creation", active=False))
        assert portal.control("webhooks", {})["subscriptions"] == 1


def sent(portal: PortalServer, count: int) -> list[Json]:
    """The journal's webhooks, as soon as there are that many."""
    assert eventually(lambda: len(portal.journal("webhook")) >= count)
    return portal.journal("webhook")
