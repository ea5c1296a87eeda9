"""An org says that records changed: believed only when signed, answered at once, and each record read by itself."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from sqlalchemy import select
from werkzeug.test import TestResponse

from jobs.models import Connection, LocalRecord, SyncLogEntry, SyncRun
from tests.support.stage import Stage
from widget.webhooks.salesforce import signature

SECRET = "a secret that is only an example"


@pytest.fixture(autouse=True)
def _secret(stage: Stage) -> None:
    stage.change_connection(hint_secret_sealed=stage.runtime.vault.seal(stage.secret(SECRET)))


def body_of(stage: Stage, *records: tuple[str, str], **changes: Any) -> bytes:
    hints = [{"object": name, "id": record_id, "event": "updated"} for name, record_id in records]
    told = {"version": 1, "org_id": stage.org.credentials["org_id"], "hints": hints} | changes
    return json.dumps(told).encode()


def send(
    stage: Stage,
    body: bytes,
    *,
    ago: float = 0,
    secret: str = SECRET,
    signed: str | None = None,
    path: str = "",
    timestamp: str = "",
) -> TestResponse:
    timestamp = timestamp or str(int(time.time() - ago))
    headers = {
        "X-CRM-Sync-Timestamp": timestamp,
        "X-CRM-Sync-Signature": signature(secret, timestamp, body) if signed is None else signed,
    }
    path = path or f"/webhooks/salesforce/{stage.connection_id}"
    return stage.client.post(path, data=body, headers=headers, content_type="application/json")


def runs(stage: Stage) -> list[SyncRun]:
    with stage.runtime.database.read() as session:
        return list(session.scalars(select(SyncRun).order_by(SyncRun.id)))


def contact(stage: Stage) -> tuple[str, str]:
    return "Contact", stage.org.record("Contact")


def test_the_example_of_the_package_is_signed_as_it_says() -> None:
    body = (
        b'{"version":1,"org_id":"00D000000000001EAA",'
        b'"hints":[{"object":"Contact","id":"003000000000001AAA","event":"updated"}]}'
    )
    expected = "v1=40d6d6512b6ae1e3d230fb6e362e336fb9c74dffe450862a3f47b68a02a4867f"
    assert signature(SECRET, "1795348800", body) == expected


def test_a_hint_brings_the_record_in_line(stage: Stage) -> None:
    stage.open_panel().synced()
    stage.org.edit("Contact", stage.org.record("Contact"), {"Title": "Head of Samples"}, user="rep")
    answer = send(stage, body_of(stage, contact(stage)))
    assert (answer.status_code, answer.json) == (202, {"taken": 1})
    stage.work()
    with stage.runtime.database.read() as session:
        ours = session.scalars(select(LocalRecord).where(LocalRecord.name == "Ana Sample")).one()
    assert ours.values["job_title"] == "Head of Samples"
    assert (runs(stage)[-1].trigger, runs(stage)[-1].status) == ("webhook", "succeeded")


def test_an_echo_of_our_own_write_leaves_no_line_in_the_log(stage: Stage) -> None:
    stage.open_panel().synced()
    with stage.runtime.database.read() as session:
        before = len(session.scalars(select(SyncLogEntry)).all())
    send(stage, body_of(stage, contact(stage)))
    stage.work()
    with stage.runtime.database.read() as session:
        assert len(session.scalars(select(SyncLogEntry)).all()) == before
    assert (runs(stage)[-1].status, runs(stage)[-1].unchanged_count) == ("succeeded", 1)


def test_no_crm_is_asked_before_the_answer(stage: Stage) -> None:
    since = int(stage.org.control("journal?limit=0", method="GET")["next"])
    assert send(stage, body_of(stage, contact(stage))).status_code == 202
    calls = stage.org.control(f"journal?since={since}&kind=call", method="GET")["entries"]
    assert [each for each in calls if "/services/" in each["path"]] == []


def test_many_hints_of_one_record_are_one_run(stage: Stage) -> None:
    send(stage, body_of(stage, *[contact(stage)] * 50))
    assert len(runs(stage)) == 1
    answer = send(stage, body_of(stage, contact(stage), ("Account", stage.org.record("Account"))))
    assert answer.json == {"taken": 1}
    assert [each.object for each in runs(stage)] == ["Contact", "Account"]


def test_both_spellings_of_an_id_are_one_record(stage: Stage) -> None:
    name, record_id = contact(stage)
    send(stage, body_of(stage, (name, record_id), (name, record_id[:15])))
    assert [each.crm_record_id for each in runs(stage)] == [record_id]


def test_the_same_delivery_again_starts_nothing(stage: Stage) -> None:
    body, now = body_of(stage, contact(stage)), str(int(time.time()))
    send(stage, body, timestamp=now)
    stage.work()
    answer = send(stage, body, timestamp=now)
    assert (answer.status_code, answer.json) == (202, {"taken": 0, "known": True})
    assert len(runs(stage)) == 1


class TestWhatIsNotToBeSynced:
    def test_an_object_that_is_not_mapped_is_passed_over(self, stage: Stage) -> None:
        answer = send(stage, body_of(stage, ("Case", "500000000000001AAA")))
        assert (answer.status_code, answer.json) == (202, {"taken": 0})

    def test_an_object_that_is_off_is_passed_over(self, stage: Stage) -> None:
        stage.change_object("Contact", enabled=False)
        assert send(stage, body_of(stage, contact(stage))).json == {"taken": 0}

    def test_nothing_is_taken_while_syncs_are_off(self, stage: Stage) -> None:
        stage.change_connection(syncs_enabled=False)
        assert send(stage, body_of(stage, contact(stage))).json == {"taken": 0}


class TestWhatIsNotBelieved:
    @pytest.fixture(autouse=True)
    def _nothing_was_started(self, stage: Stage) -> Any:
        yield
        assert runs(stage) == []

    def test_another_secret(self, stage: Stage) -> None:
        assert send(stage, body_of(stage, contact(stage)), secret="a guess").status_code == 401

    def test_a_body_changed_on_the_way(self, stage: Stage) -> None:
        now, body = str(int(time.time())), body_of(stage, contact(stage))
        signed = signature(SECRET, now, body)
        assert send(stage, body.replace(b"updated", b"deleted"), timestamp=now, signed=signed).status_code == 401

    @pytest.mark.parametrize("ago", [301, -90])
    def test_a_time_too_far_away(self, stage: Stage, ago: float) -> None:
        assert send(stage, body_of(stage, contact(stage)), ago=ago).status_code == 401

    @pytest.mark.parametrize("timestamp", ["soon", "1795348800.0", "-1", "٣"])
    def test_a_time_that_is_none(self, stage: Stage, timestamp: str) -> None:
        assert send(stage, body_of(stage, contact(stage)), timestamp=timestamp, signed="v1=x").status_code == 401

    def test_no_headers_at_all(self, stage: Stage) -> None:
        path = f"/webhooks/salesforce/{stage.connection_id}"
        assert stage.client.post(path, data=body_of(stage, contact(stage))).status_code == 401

    @pytest.mark.parametrize("path", ["/webhooks/salesforce/99", "/webhooks/hubspot/1", "/webhooks/nobody/1"])
    def test_another_connection_is_told_like_a_wrong_signature(self, stage: Stage, path: str) -> None:
        assert send(stage, body_of(stage, contact(stage)), path=path).status_code == 401

    def test_a_connection_without_a_secret_believes_nobody(self, stage: Stage) -> None:
        stage.change_connection(hint_secret_sealed="")
        assert send(stage, body_of(stage, contact(stage)), secret="").status_code == 401

    def test_another_org(self, stage: Stage) -> None:
        assert send(stage, body_of(stage, contact(stage), org_id="00D000000000009AAA")).status_code == 403

    @pytest.mark.parametrize(
        "changes",
        [
            {"version": 2},
            {"hints": []},
            {"hints": [{"object": "Contact"}]},
            {"hints": [{"object": "Contact", "id": "x' OR 1=1"}]},
            {"hints": [{"object": "../Contact", "id": "003000000000001AAA"}]},
            {"hints": "all"},
            {"hints": [{"object": "Contact", "id": "003000000000001AAA"}] * 201},
        ],
    )
    def test_a_body_that_means_nothing(self, stage: Stage, changes: Any) -> None:
        assert send(stage, body_of(stage, **changes)).status_code == 400

    @pytest.mark.parametrize("body", [b"", b"[]", b"{", b"\xff\xfe", b"[" * 100_000])
    def test_a_body_that_is_no_object(self, stage: Stage, body: bytes) -> None:
        assert send(stage, body).status_code in (400, 413)

    def test_a_body_too_large(self, stage: Stage) -> None:
        assert send(stage, body_of(stage, contact(stage), padding="x" * 70_000)).status_code == 413

    def test_get_is_no_way_in(self, stage: Stage) -> None:
        assert stage.client.get(f"/webhooks/salesforce/{stage.connection_id}").status_code == 405


def test_the_secret_is_sealed_and_not_logged(stage: Stage) -> None:
    send(stage, body_of(stage, contact(stage)))
    with stage.runtime.database.read() as session:
        assert SECRET not in session.get_one(Connection, stage.connection_id).hint_secret_sealed
    assert SECRET not in stage.logs.getvalue()
