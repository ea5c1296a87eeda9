"""HubSpot says that records changed: signed over the address it called, in any order, more than once."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from sqlalchemy import select
from sqlalchemy.event import listen, remove
from sqlalchemy.exc import OperationalError
from werkzeug.test import TestResponse

from config.redis import QUEUE_NAMES, blocking_client, queue
from jobs.models import RecordLink, SyncLogEntry, SyncRun
from tests.support import portal_proofs
from tests.support.portal_stage import PUBLIC_URL, PortalStage


def event(stage: PortalStage, record_id: str, **changes: Any) -> dict[str, Any]:
    """As HubSpot sends one today; ids are numbers."""
    return {
        "eventId": 1000000001,
        "subscriptionId": 1000002,
        "portalId": int(stage.org.credentials["portal_id"]),
        "appId": int(stage.org.credentials["app_id"]),
        "occurredAt": 1788597072520,
        "subscriptionType": "object.propertyChange",
        "attemptNumber": 0,
        "objectId": int(record_id),
        "objectTypeId": "0-1",
        "propertyName": "jobtitle",
        "propertyValue": "x",
        "changeSource": "CRM_UI",
        "sourceId": "userId:10000006",
        "isSensitive": False,
    } | changes


def address(stage: PortalStage) -> str:
    return f"{PUBLIC_URL}/webhooks/hubspot/{stage.connection_id}"


def send(stage: PortalStage, events: Any, **options: Any) -> TestResponse:
    return stage.send(options.pop("url", address(stage)), json.dumps(events).encode(), **options)


def runs(stage: PortalStage) -> list[SyncRun]:
    with stage.runtime.database.read() as session:
        return list(session.scalars(select(SyncRun).order_by(SyncRun.id)))


@pytest.fixture
def contact(portal_stage: PortalStage) -> str:
    return str(portal_stage.org.record("contacts"))


def test_an_event_brings_the_record_in_line(portal_stage: PortalStage, contact: str) -> None:
    answer = send(portal_stage, [event(portal_stage, contact)])
    assert (answer.status_code, answer.json) == (202, {"taken": 1})
    portal_stage.work()
    [run] = runs(portal_stage)
    assert (run.trigger, run.object, run.crm_record_id, run.status) == ("webhook", "contacts", contact, "succeeded")


def test_the_older_form_names_the_object_in_its_type(portal_stage: PortalStage, contact: str) -> None:
    older = event(portal_stage, contact, subscriptionType="contact.creation", changeFlag="CREATED")
    del older["objectTypeId"]
    send(portal_stage, [older])
    assert [(each.object, each.crm_record_id) for each in runs(portal_stage)] == [("contacts", contact)]


def test_a_hundred_events_of_one_record_in_any_order_are_one_run(portal_stage: PortalStage, contact: str) -> None:
    told = [event(portal_stage, contact, eventId=each, occurredAt=2_000_000 - each) for each in range(99)]
    send(portal_stage, told)
    send(portal_stage, told[::-1])
    assert len(runs(portal_stage)) == 1


def test_our_own_write_is_looked_at_like_any_other(portal_stage: PortalStage, contact: str) -> None:
    """To tell an echo by its sender would lose what a person changed in the same moment."""
    ours = event(
        portal_stage, contact, changeSource="INTEGRATION", sourceId=str(portal_stage.org.credentials["app_id"])
    )
    assert send(portal_stage, [ours]).json == {"taken": 1}


def test_a_merge_leads_to_the_survivor(portal_stage: PortalStage, contact: str) -> None:
    merge = event(portal_stage, contact, subscriptionType="object.merge", primaryObjectId=int(contact))
    merge |= {"objectId": int(contact), "mergedObjectIds": [4711], "newObjectId": int(contact)}
    send(portal_stage, [merge])
    assert [each.crm_record_id for each in runs(portal_stage)] == [contact, "4711"]


def test_what_is_associated_with_what_is_not_synced_and_starts_nothing(portal_stage: PortalStage, contact: str) -> None:
    told = event(portal_stage, contact, subscriptionType="object.associationChange", associationType="DEAL_TO_CONTACT")
    told |= {"fromObjectId": 501, "fromObjectTypeId": "0-3", "toObjectId": int(contact), "toObjectTypeId": "0-1"}
    for name in ("objectId", "objectTypeId", "propertyName", "propertyValue"):
        del told[name]
    older = told | {"subscriptionType": "contact.associationChange"}
    answer = send(portal_stage, [told, older])
    assert (answer.status_code, answer.json) == (202, {"taken": 0})
    assert runs(portal_stage) == []


def test_a_hint_waits_behind_the_clicks(portal_stage: PortalStage, contact: str) -> None:
    send(portal_stage, [event(portal_stage, contact)])
    with blocking_client(portal_stage.settings) as connection:
        waiting = {name: queue(name, connection).count for name in QUEUE_NAMES}
    assert waiting == dict.fromkeys(QUEUE_NAMES, 0) | {"default": 1}


def test_a_delivery_of_long_texts_is_taken(portal_stage: PortalStage, contact: str) -> None:
    longest = "\N{WHITE SMILING FACE}" * 65_536
    told = [event(portal_stage, contact, propertyName="message", propertyValue=longest) for _ in range(9)]
    assert send(portal_stage, told).json == {"taken": 1}


def test_a_delivery_that_failed_half_way_is_taken_when_it_comes_again(portal_stage: PortalStage, contact: str) -> None:
    events, now = [event(portal_stage, contact)], portal_proofs.now_ms()
    headers = portal_proofs.v3_headers(
        portal_stage.app_secret, "POST", address(portal_stage), json.dumps(events).encode(), now
    )
    with refusing("INSERT INTO sync_run", portal_stage):
        assert send(portal_stage, events, headers=headers).status_code == 503
    assert send(portal_stage, events, headers=headers).json == {"taken": 1}
    assert send(portal_stage, events, headers=headers).json == {"taken": 0, "known": True}


@contextmanager
def refusing(statement: str, stage: PortalStage) -> Iterator[None]:
    """A database that fails at this statement."""

    def fail(_connection: Any, _cursor: Any, told: str, *_: Any) -> None:
        if told.startswith(statement):
            raise OperationalError(told, {}, Exception("disk I/O error"))

    engine = stage.runtime.database.engine
    listen(engine, "before_cursor_execute", fail)
    try:
        yield
    finally:
        remove(engine, "before_cursor_execute", fail)


def test_archived_and_restored_its_link_waits_and_goes_on(portal_stage: PortalStage, contact: str) -> None:
    stage = portal_stage
    stage.synced("contacts", contact)
    for control, told in (("archive", "object.deletion"), ("restore", "object.restore")):
        stage.org.control(control, {"object": "contacts", "id": contact})
        assert send(stage, [event(stage, contact, subscriptionType=told)]).json == {"taken": 1}
        stage.work()
    with stage.runtime.database.read() as session:
        outcomes = [each.outcome for each in session.scalars(select(SyncLogEntry).order_by(SyncLogEntry.id))]
        [link] = session.scalars(select(RecordLink).where(RecordLink.object == "contacts"))
    assert (outcomes[-1], link.crm_record_id) == ("skipped", contact)
    assert [(each.trigger, each.status) for each in runs(stage)[1:]] == [("webhook", "succeeded")] * 2
    assert (runs(stage)[-1].unchanged_count, runs(stage)[-2].skipped_count) == (1, 1)


def test_the_same_delivery_again_starts_nothing(portal_stage: PortalStage, contact: str) -> None:
    events, now = [event(portal_stage, contact)], portal_proofs.now_ms()
    body = json.dumps(events).encode()
    headers = portal_proofs.v3_headers(portal_stage.app_secret, "POST", address(portal_stage), body, now)
    send(portal_stage, events, headers=headers)
    portal_stage.work()
    assert send(portal_stage, events, headers=headers).json == {"taken": 0, "known": True}
    assert len(runs(portal_stage)) == 1


@pytest.mark.parametrize("spelling", ["last character", "a code in the address", "another header beside it"])
def test_the_same_delivery_respelled_starts_nothing(portal_stage: PortalStage, contact: str, spelling: str) -> None:
    """The last character of the signature says four bits of 256; the address is signed with its codes read."""
    events, url = [event(portal_stage, contact)], f"{address(portal_stage)}?to=%40"
    headers = portal_proofs.v3_headers(portal_stage.app_secret, "POST", url, json.dumps(events).encode())
    assert send(portal_stage, events, headers=headers, url=url).json == {"taken": 1}
    if spelling == "last character":
        name = "X-HubSpot-Signature-v3"
        headers[name] = f"{headers[name][:-2]}{chr(ord(headers[name][-2]) + 1)}="
    elif spelling == "a code in the address":
        url = url.replace("%40", "@")
    else:
        headers["X-CRM-Sync-Signature"] = "v1=anything"
    again = send(portal_stage, events, headers=headers, url=url)
    assert again.status_code == 401 or again.json == {"taken": 0, "known": True}
    portal_stage.work()
    assert len(runs(portal_stage)) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"portalId": 99},  # another portal of the same app
        {"objectTypeId": "2-999"},  # not mapped
        {"objectTypeId": "0-5"},  # not mapped either
        {"objectId": None},
        {"objectId": True},
        {"objectId": "x"},
        {"objectId": -1},
        {"objectTypeId": None, "subscriptionType": "conversation.creation"},
    ],
)
def test_what_does_not_concern_us_is_passed_over(
    portal_stage: PortalStage, contact: str, changes: dict[str, Any]
) -> None:
    answer = send(portal_stage, [event(portal_stage, contact, **changes), "no event"])
    assert (answer.status_code, answer.json) == (202, {"taken": 0})
    assert runs(portal_stage) == []


class TestWhatIsNotBelieved:
    @pytest.fixture(autouse=True)
    def _nothing_was_started(self, portal_stage: PortalStage) -> Any:
        yield
        assert runs(portal_stage) == []

    def test_no_signature(self, portal_stage: PortalStage, contact: str) -> None:
        assert send(portal_stage, [event(portal_stage, contact)], headers={}).status_code == 401

    def test_only_an_older_signature(self, portal_stage: PortalStage, contact: str) -> None:
        events = [event(portal_stage, contact)]
        headers = portal_proofs.v1_headers(portal_stage.app_secret, json.dumps(events).encode())
        assert send(portal_stage, events, headers=headers).status_code == 401

    def test_a_signature_with_another_secret(self, portal_stage: PortalStage, contact: str) -> None:
        body = json.dumps(events := [event(portal_stage, contact)]).encode()
        headers = portal_proofs.v3_headers("a guess", "POST", address(portal_stage), body)
        assert send(portal_stage, events, headers=headers).status_code == 401

    @pytest.mark.parametrize("seconds", [-301, 90])
    def test_a_time_too_far_away(self, portal_stage: PortalStage, contact: str, seconds: int) -> None:
        events = [event(portal_stage, contact)]
        timestamp = str(int(portal_proofs.now_ms()) + seconds * 1000)
        body = json.dumps(events).encode()
        headers = portal_proofs.v3_headers(portal_stage.app_secret, "POST", address(portal_stage), body, timestamp)
        assert send(portal_stage, events, headers=headers).status_code == 401

    def test_a_body_changed_on_the_way(self, portal_stage: PortalStage, contact: str) -> None:
        headers = portal_proofs.v3_headers(portal_stage.app_secret, "POST", address(portal_stage), b"[]")
        assert send(portal_stage, [event(portal_stage, contact)], headers=headers).status_code == 401

    def test_another_connections_address(self, portal_stage: PortalStage, contact: str) -> None:
        url = f"{PUBLIC_URL}/webhooks/hubspot/99"
        assert send(portal_stage, [event(portal_stage, contact)], url=url).status_code == 401

    def test_a_signature_for_another_address(self, portal_stage: PortalStage, contact: str) -> None:
        body = json.dumps(events := [event(portal_stage, contact)]).encode()
        headers = portal_proofs.v3_headers(portal_stage.app_secret, "POST", f"{PUBLIC_URL}/webhooks/hubspot/99", body)
        assert send(portal_stage, events, headers=headers).status_code == 401

    @pytest.mark.parametrize("body", [{}, None, "text", 7])
    def test_a_body_that_is_no_list(self, portal_stage: PortalStage, body: Any) -> None:
        assert send(portal_stage, body).status_code == 400
