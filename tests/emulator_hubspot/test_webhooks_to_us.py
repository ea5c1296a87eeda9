"""From an edit in the portal to our record: the stand-in's webhook, our real server, our real worker."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from jobs.crm.adapters import open_adapter
from jobs.crm.describes import describe
from jobs.models import Connection, LocalRecord, RecordLink, SyncRun
from jobs.new_objects import OWN_KIND, add_object
from jobs.runtime import utc_now
from tests.support.portal_stage import PortalStage
from tests.support.processes import eventually
from tests.support.served_stage import WebServer

SUBSCRIBED = [
    {"subscriptionType": "object.propertyChange", "objectType": "contact", "propertyName": name}
    for name in ("email", "jobtitle", "phone")
]


@pytest.fixture
def subscribed(served_stage: PortalStage) -> PortalStage:
    stage = served_stage
    stage.org.control(
        "webhooks",
        {
            "settings": {"targetUrl": f"${{SERVER_URL}}/webhooks/hubspot/{stage.connection_id}"},
            "subscriptions": {"crmObjects": SUBSCRIBED},
            "sending": {"batch_seconds": 0.02, "retry_scale": 0.000_005},
        },
    )
    return stage


def runs(stage: PortalStage) -> list[SyncRun]:
    with stage.runtime.database.read() as session:
        return list(session.scalars(select(SyncRun).order_by(SyncRun.id)))


def our_values(stage: PortalStage, record_id: str) -> Any:
    query = select(LocalRecord).join(RecordLink).where(RecordLink.crm_record_id == record_id)
    with stage.runtime.database.read() as session:
        return session.scalars(query).one().values


def deliveries(stage: PortalStage) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = stage.org.journal("webhook")
    return entries


def test_an_edit_in_the_portal_is_here_after_one_run(subscribed: PortalStage) -> None:
    ana = subscribed.org.record("contacts")
    subscribed.org.edit("contacts", ana, {"jobtitle": "Head of Samples"}, user="rep")
    assert eventually(subscribed.has_work)
    subscribed.work()
    [run] = runs(subscribed)
    assert (run.trigger, run.object, run.crm_record_id, run.status) == ("webhook", "contacts", ana, "succeeded")
    assert our_values(subscribed, ana)["job_title"] == "Head of Samples"
    assert eventually(lambda: [each["status"] for each in deliveries(subscribed)] == [202])


def test_an_edit_of_a_custom_object_is_here_after_one_run(subscribed: PortalStage) -> None:
    stage, name = subscribed, "2-140001"
    add_projects(stage, name)
    told = {"subscriptionType": "object.propertyChange", "objectType": name, "propertyName": "project_name"}
    stage.org.control("webhooks", {"subscriptions": {"crmObjects": [told]}})
    mill = {"object": name, "records": [{"project_name": "Sample Mill"}]}
    project = str(stage.org.control("records", mill)["ids"][0])
    stage.org.edit(name, project, {"project_name": "Sample Renamed"}, user="rep")
    assert eventually(stage.has_work)
    stage.work()
    assert [(run.object, run.crm_record_id, run.status) for run in runs(stage)] == [(name, project, "succeeded")]
    assert our_values(stage, project) == {"name": "Sample Renamed"}


def test_of_two_that_were_merged_one_link_is_left(subscribed: PortalStage) -> None:
    stage = subscribed
    merges = {"subscriptionType": "object.merge", "objectType": "contact"}
    stage.org.control("webhooks", {"subscriptions": {"crmObjects": [*SUBSCRIBED, merges]}})
    records = [{"lastname": name, "email": f"{name}@example.com"} for name in ("first", "second")]
    pair = [str(each) for each in stage.org.control("records", {"object": "contacts", "records": records})["ids"]]
    for each in pair:
        stage.org.edit("contacts", each, {"jobtitle": "Sample"}, user="rep")
    assert eventually(lambda: works(stage) and linked(stage) == set(pair))
    survivor = stage.org.control("merge", {"object": "contacts", "primary": pair[0], "other": pair[1]})["id"]
    assert eventually(lambda: works(stage) and linked(stage) == {str(survivor)})


def add_projects(stage: PortalStage, name: str) -> None:
    """As an admin leaves them who has added and turned them on."""
    runtime = stage.runtime
    with runtime.database.read() as session:
        connection = session.get_one(Connection, stage.connection_id)
    info = describe(runtime, open_adapter(runtime, connection), connection.id, name)
    with runtime.database.write() as session:
        mapping = add_object(session, connection, info, label="Sample project", kind=OWN_KIND, at=utc_now())
        mapping.enabled = True


def works(stage: PortalStage) -> bool:
    stage.work()
    return True


def linked(stage: PortalStage) -> set[str]:
    with stage.runtime.database.read() as session:
        return set(session.scalars(select(RecordLink.crm_record_id).where(RecordLink.object == "contacts")))


def test_a_delivery_that_comes_twice_and_out_of_order_is_one_run(subscribed: PortalStage) -> None:
    ana = subscribed.org.record("contacts")
    subscribed.org.control("webhooks", {"faults": {"duplicate": True, "reorder": True}})
    subscribed.org.edit("contacts", ana, {"jobtitle": "First", "phone": "+1 555 0100"}, user="rep")
    subscribed.org.edit("contacts", ana, {"jobtitle": "Last"}, user="rep")
    assert eventually(lambda: sum(len(each["events"]) for each in deliveries(subscribed)) == 6)
    subscribed.work()
    assert [each.status for each in runs(subscribed)] == ["succeeded"]
    assert our_values(subscribed, ana)["job_title"] == "Last"


def test_a_webhook_that_finds_us_away_comes_again(subscribed: PortalStage, web_server: WebServer) -> None:
    ana = subscribed.org.record("contacts")
    web_server.app = None
    subscribed.org.edit("contacts", ana, {"jobtitle": "Patient"}, user="rep")
    assert eventually(lambda: [each["status"] for each in deliveries(subscribed)][:1] == [503])
    web_server.app = subscribed.app
    assert eventually(subscribed.has_work)
    subscribed.work()
    assert our_values(subscribed, ana)["job_title"] == "Patient"
