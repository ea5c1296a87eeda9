"""A thousand events at once: everything converges, and nothing is read more often than it must be."""

from __future__ import annotations

import random
from collections import Counter
from typing import Any

from sqlalchemy import select

from jobs.models import LocalRecord, RecordLink
from jobs.models.run import OPEN
from tests.support.portal_stage import PortalStage
from tests.support.processes import eventually
from tests.webhooks.test_hubspot_events import event, runs, send

RECORDS, EVENTS_EACH, AT_ONCE = 40, 25, 99


def test_a_thousand_events_are_at_most_two_reads_of_each_record(portal_stage: PortalStage) -> None:
    stage = portal_stage
    ids = new_contacts(stage)
    told = ids * EVENTS_EACH
    random.Random(7).shuffle(told)
    deliveries = [told[start : start + AT_ONCE] for start in range(0, len(told), AT_ONCE)]
    for number, record_id in enumerate(ids):
        stage.org.edit("contacts", record_id, {"jobtitle": f"First {number}"}, user="rep")
    since = len(calls(stage))
    tell(stage, deliveries[:5])
    with stage.working():  # what comes meanwhile tells of a change that the reads may have missed
        for number, record_id in enumerate(ids):
            stage.org.edit("contacts", record_id, {"jobtitle": f"Last {number}"}, user="rep")
        tell(stage, deliveries[5:])
    assert eventually(lambda: is_quiet_after_a_tick(stage))
    assert {each.status for each in runs(stage)} == {"succeeded"}
    assert job_titles(stage) == {record_id: f"Last {number}" for number, record_id in enumerate(ids)}
    reads = Counter(each["path"].rpartition("/")[2] for each in calls(stage)[since:] if each["method"] == "GET")
    assert [record_id for record_id in ids if not 1 <= reads[record_id] <= 2] == []


def new_contacts(stage: PortalStage) -> list[str]:
    records = [{"lastname": f"Sample {number}", "email": f"sample.{number}@example.com"} for number in range(RECORDS)]
    made = stage.org.control("records", {"object": "contacts", "records": records})
    return [str(each) for each in made["ids"]]


def tell(stage: PortalStage, deliveries: list[list[str]]) -> None:
    for place, ids in enumerate(deliveries):
        events = [event(stage, record_id, eventId=1000 * place + number) for number, record_id in enumerate(ids)]
        assert send(stage, events).status_code == 202


def is_quiet_after_a_tick(stage: PortalStage) -> bool:
    """A run more, for what came during a read, waits a moment."""
    stage.tick()
    stage.work()
    return not any(each.status in OPEN for each in runs(stage))


def calls(stage: PortalStage) -> list[dict[str, Any]]:
    entries: list[dict[str, Any]] = stage.org.journal("call")
    return entries


def job_titles(stage: PortalStage) -> dict[str, Any]:
    query = select(RecordLink.crm_record_id, LocalRecord.values).join(
        LocalRecord, LocalRecord.id == RecordLink.local_record_id
    )
    with stage.runtime.database.read() as session:
        return {record_id: values.get("job_title") for record_id, values in session.execute(query)}
