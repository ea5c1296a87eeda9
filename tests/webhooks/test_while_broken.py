"""Word of a change that comes while our access has ended is heeded once an admin has entered a new access token."""

from __future__ import annotations

import json

from jobs.models import SyncRun
from tests.admin import site
from tests.admin.site import Visitor
from tests.support.portal_stage import PUBLIC_URL, PortalStage


def test_the_record_is_looked_at_once_we_are_let_in_again(portal_stage: PortalStage) -> None:
    stage, runtime = portal_stage, portal_stage.runtime
    runtime.redis.flushall()
    stage.change_connection(access_token_sealed=runtime.vault.seal("pat-ended"))
    record_id = str(stage.org.record("contacts"))
    event = {
        "portalId": int(stage.org.credentials["portal_id"]),
        "subscriptionType": "object.propertyChange",
        "objectTypeId": "0-1",
        "objectId": int(record_id),
    }
    url = f"{PUBLIC_URL}/webhooks/hubspot/{stage.connection_id}"
    assert stage.send(url, json.dumps([event]).encode()).json == {"taken": 1}
    stage.work()
    assert stage.tick() == []
    site.add_people(runtime)
    admin = Visitor(stage.app.test_client(), base_url=PUBLIC_URL)
    referrer = {"headers": {"Referer": f"{PUBLIC_URL}/admin/"}}
    signed_in = {"email": "admin@example.com", "password": site.PASSWORD}
    assert admin.post("/admin/login", signed_in, **referrer).status_code == 303
    form = {"name": "Sample Portal", "access_token": stage.secret(str(stage.org.credentials["access_token"]))}
    answer = admin.post(f"/admin/connections/{stage.connection_id}/edit", form, **referrer)
    assert answer.status_code == 303, answer.text
    assert "1 record had to wait for the connection." in admin.get(answer.location).text
    [run_id] = stage.tick()
    stage.work()
    with runtime.database.read() as session:
        run = session.get_one(SyncRun, run_id)
    assert (run.crm_record_id, run.status) == (record_id, "succeeded")
